"""A tipping-point analysis in which one number varies: the estimate against the points added."""

from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, ESTIMATE, GROUP, INDIVIDUAL
from kap_analysis.figures.missing.tipping_grid import X, Y
from kap_analysis.figures.page.frames import numbers_of
from kap_analysis.figures.page.page import Page
from kap_analysis.figures.page.scales import Scale
from kap_analysis.figures.page.style import SMALL_PT
from kap_analysis.writing.numbers import number

AT_RANDOM: Final = "nothing changed: scores imputed, missing at random"
_ADDED: Final = {X: "in individual format", Y: "in group format", "both": "in both formats"}


def draw_path(
    page: Page, tipping: pd.DataFrame, varies: str, scale: Scale, margin: float | None, primary: pd.Series | None
) -> None:
    """Estimate and interval against the points added; the first analyses that exclude 0 are filled.

    Parameters
    ----------
    varies : str
        ``delta_individual``, ``delta_group`` or ``both``.
    margin : float, optional
        On its side of 0.
    primary : Series, optional
        The estimate that imputes nothing, with its interval.
    """
    ax, theme = page.axes[0], page.theme
    column = Y if varies == "both" else varies
    frame = tipping.sort_values(column)
    at, estimate, low, high = (numbers_of(frame, name) for name in (column, ESTIMATE, CI_LOW, CI_HIGH))
    ax.axhline(0, color=theme.muted, linewidth=0.7, zorder=1, gid="no difference")
    if margin is not None:
        ax.axhline(margin, color=theme.worse, linewidth=1.0, linestyle=(0, (3, 2)), zorder=1, gid="margin")
        _name(page, f"margin {number(margin)}", margin, theme.worse)
    ax.fill_between(at, low, high, color=theme.accent, alpha=0.18, linewidth=0, gid="interval")
    ax.plot(at, estimate, color=theme.accent, gid="estimate")
    excludes = (low > 0) | (high < 0)
    for chosen, face in ((~excludes, theme.background), (excludes, theme.accent)):
        ax.plot(at[chosen], estimate[chosen], "o", color=theme.accent, markerfacecolor=face, gid="analysis")
    unchanged = (frame[X].to_numpy(float) == 0) & (frame[Y].to_numpy(float) == 0)
    ax.plot(at[unchanged], estimate[unchanged], "D", color=theme.foreground, markersize=6, zorder=5, gid="at random")
    if primary is not None:
        left = float(at.min()) - 0.06 * float(np.ptp(at) or 1.0)
        ax.plot([left, left], [primary[CI_LOW], primary[CI_HIGH]], color=theme.foreground, gid="primary interval")
        ax.plot([left], [primary[ESTIMATE]], "s", color=theme.foreground, markersize=5, zorder=5, gid="primary")
    fixed = "" if varies == "both" else _fixed(frame, X if varies == Y else Y)
    ax.set_xlabel(f"{changed(scale)} after dropout {_ADDED[varies]}, {scale.points}{fixed}")
    above = scale.from_low_to_high(GROUP, INDIVIDUAL)[1]
    side = f"\nabove 0: {above} better" if scale.direction_known else ""
    ax.set_ylabel(f"Group minus individual,\n{scale.points} (95% interval){side}")
    page.note(f"Diamond: {AT_RANDOM}. Filled circles: the 95% interval excludes 0.")
    if primary is not None:
        page.note("Square: primary analysis.")
    if not np.any(excludes):
        page.note("The 95% interval excludes 0 in no analysis drawn.")


def changed(scale: Scale) -> str:
    """What is done to scores to make them worse, as the first word of an axis."""
    if not scale.direction_known:
        return "Points worse"
    return "Subtracted" if scale.higher_is_better else "Added"


def _fixed(frame: pd.DataFrame, other: str) -> str:
    value = float(frame[other].iloc[0])
    return f" ({number(value)} {_ADDED[other]})" if value else ""


def _name(page: Page, text: str, y: float, colour: str) -> None:
    page.axes[0].annotate(
        text,
        xy=(1, y),
        xycoords=("axes fraction", "data"),
        xytext=(0, 2),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=SMALL_PT,
        color=colour,
        gid="margin name",
    )
