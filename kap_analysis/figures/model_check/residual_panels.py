"""Residuals against fitted scores, and their correlation by lag."""

from typing import Final

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from kap_analysis.figures.marks.density import MOST_POINTS, draw_density
from kap_analysis.figures.page.frames import numbers_of, rows_of
from kap_analysis.figures.page.style import Theme
from kap_analysis.writing.numbers import count, number

_FEWEST_FOR_TREND: Final = 50
_MOST_FOR_SMOOTH: Final = 1000
_MOST_LAGS: Final = 5
_Z: Final = 1.96


def draw_residuals(ax: Axes, whole: pd.DataFrame, formats: list[str], theme: Theme) -> bool:
    """Standardised residuals against fitted scores, by format where given; return whether a density was drawn.

    The line is a lowess smooth (Cleveland 1979) through all of them, drawn from 50 residuals on; it should stay near 0.
    """
    fitted, residual = numbers_of(whole, "fitted"), numbers_of(whole, "standardised")
    for at in (-2, 0, 2):
        ax.axhline(at, color=theme.muted, linewidth=0.7 if at == 0 else 0.5, linestyle="-" if at == 0 else (0, (1, 2)))
    is_dense = len(whole) > MOST_POINTS
    if is_dense:
        draw_density(ax, fitted, residual, theme)
    else:
        for name in formats or ["all"]:
            one, look = (rows_of(whole, name) if formats else whole), theme.look(name)
            ax.plot(
                numbers_of(one, "fitted"),
                numbers_of(one, "standardised"),
                marker=look.marker if formats else "o",
                markersize=2.6 if len(whole) <= 1000 else 1.6,
                markeredgewidth=0.5,
                markerfacecolor=theme.marker_face(name) if len(whole) <= 200 else "none",
                linestyle="none",
                color=look.colour,
                alpha=0.9 if len(whole) <= 1000 else 0.5,
                gid=f"residuals {name}",
            )
    if len(whole) >= _FEWEST_FOR_TREND:
        _draw_smooth(ax, fitted, residual, theme)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 0)))
    ax.set_title("Residuals" if len(whole) < _FEWEST_FOR_TREND else "Residuals (line: lowess)")
    ax.set_ylabel("Standardised residual (SD)")
    return is_dense


def _draw_smooth(ax: Axes, fitted: np.ndarray, residual: np.ndarray, theme: Theme) -> None:
    """A lowess line; of very many residuals through every k-th by fitted score: its cost grows with the square."""
    order = np.argsort(fitted, kind="stable")
    some = order[:: -(-len(order) // _MOST_FOR_SMOOTH)]
    look = {"color": theme.foreground, "linewidth": 1.3, "gid": "trend"}
    seaborn.regplot(x=fitted[some], y=residual[some], lowess=True, scatter=False, ci=None, ax=ax, line_kws=look)


def draw_lags(ax: Axes, lags: pd.DataFrame, theme: Theme) -> None:
    """Correlation of normalised residuals by lag, with the band of no correlation and the number of pairs."""
    frame = lags.sort_values("lag", kind="stable")
    lag, correlation, pairs = (numbers_of(frame, column) for column in ("lag", "correlation", "n_pairs"))
    half = _Z / np.sqrt(np.where(pairs > 0, pairs, np.nan))
    ax.axhline(0, color=theme.muted, linewidth=0.7, zorder=1)
    ax.bar(lag, 2 * half, bottom=-half, width=0.7, color=theme.muted, alpha=0.22, linewidth=0, gid="band")
    ax.vlines(lag, 0, correlation, color=theme.accent, linewidth=1.2)
    ax.plot(lag, correlation, "o", color=theme.accent, gid="correlation")
    values = np.abs(np.concatenate([half, correlation]))
    reach = min(1.05, max(0.25, 1.2 * float(np.nanmax(values)))) if np.isfinite(values).any() else 1.05
    ax.set_ylim(-reach, reach)
    ax.set_xlim(lag.min() - 0.6, lag.max() + 0.6)
    step = -(-len(lag) // _MOST_LAGS)
    ax.set_xticks(lag[::step], [f"{at:g}\n{count(n)}" for at, n in zip(lag[::step], pairs[::step], strict=True)])
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 1 if reach > 0.45 else 2)))
    ax.set_title("Correlation by lag")
    ax.set_xlabel("Lag in visits; below it the number of pairs")
    ax.set_ylabel("Correlation")


def lag_sentence(lags: pd.DataFrame) -> str:
    """The sentence on correlation by lag for the alternative text."""
    told = [f"{number(row['correlation'], 2)} at lag {row['lag']:g}" for _, row in lags.sort_values("lag").iterrows()]
    return f"Correlation of normalised residuals: {', '.join(told)}."
