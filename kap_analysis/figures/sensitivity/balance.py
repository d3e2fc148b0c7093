"""Figure 9, first part: how far apart the formats were at the start, before and after weighting (love plot)."""

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from kap_analysis.columns import FORMAT, N_PATIENTS
from kap_analysis.errors import FigureError
from kap_analysis.figures.page.frames import check_positive, checked_frame, given_frame
from kap_analysis.figures.page.label_fit import lines_within
from kap_analysis.figures.page.page import AxesGiven, Drawn, Page
from kap_analysis.figures.page.parts import Part, draw_parts
from kap_analysis.figures.page.statement import why_nothing
from kap_analysis.figures.page.style import (
    LINE_HEIGHT,
    NARROW_MM,
    POINTS_PER_MM,
    SMALL_PT,
    Theme,
    Width,
    is_narrow,
    width_in_mm,
)
from kap_analysis.figures.page.text_size import text_width
from kap_analysis.result_frames import levels_of
from kap_analysis.writing.names import name_with_level
from kap_analysis.writing.numbers import count, number, plural
from kap_analysis.writing.sentences import join_words

_FIGURE = "plot_balance"
_COLUMNS = ("characteristic", "level", "weighting", "smd")
_SIZES = ("weighting", FORMAT, N_PATIENTS, "effective")
_ROW_MM: Final = 4.6
_LINE_MM: Final = SMALL_PT * LINE_HEIGHT / POINTS_PER_MM
_NAMES_SHARE: Final = 0.38
"""Share of a page that is left to names of characteristics."""
_MOST_ROWS: Final = 60
_NOTHING = "There is no balance to draw: the formats were not compared."
UNWEIGHTED: Final = "unweighted"
_NAMES: Final = {
    UNWEIGHTED: "Unweighted",
    "ipw": "Inverse-probability weights",
    "overlap": "Overlap weights",
}


def plot_balance(
    *,
    balance: pd.DataFrame,
    effective_sample_size: pd.DataFrame | None = None,
    threshold: float = 0.1,
    ax: AxesGiven = None,
    theme: str = "light",
    width: Width = "double",
    stamp: str | None = None,
) -> Drawn:
    """A love plot: the standardised difference between the formats per characteristic, before and after weighting.

    Sorted by the size of the unweighted difference, the largest on top.

    Parameters
    ----------
    balance : pandas.DataFrame
        The ``balance`` of ``check_allocation``: ``characteristic``, ``level`` (empty for numbers), ``weighting``
        ("unweighted", "ipw", "overlap"), ``smd`` (group minus individual in pooled SDs; missing: no mark).
    effective_sample_size : pandas.DataFrame, optional
        That of ``check_allocation``: ``weighting``, ``format``, ``n_patients``, ``effective``. Says of how many
        patients the differences are.
    threshold : float
        Differences within plus or minus this are shaded: commonly taken as balanced.
    ax, theme, width, stamp
        As in :func:`plot_participant_flow`.

    Returns
    -------
    matplotlib.figure.Figure or matplotlib.axes.Axes

    Raises
    ------
    FigureError
        If a column is missing, the threshold is not positive, or there are more than 60 rows. A frame without any
        difference gives a figure that says so.
    """
    part = balance_part(balance, effective_sample_size, threshold, width)
    return draw_parts([part], ax=ax, theme=theme, width=width, stamp=stamp)


def balance_part(balance: pd.DataFrame, sizes: pd.DataFrame | None, threshold: float, width: Width) -> Part:
    """The love plot as a part of a page."""
    balance = checked_frame(balance, _COLUMNS, name="balance", caller=_FIGURE, may_be_empty=True)
    sizes = given_frame(sizes, _SIZES, name="effective_sample_size", caller=_FIGURE)
    check_positive(threshold, "The threshold of a standardised difference is a positive number")
    if balance["smd"].isna().all():
        return Part(nothing=why_nothing(_NOTHING, balance))
    everything = _sorted_differences(balance)
    table = everything.dropna(how="all")
    absent = list(everything.index.difference(table.index, sort=False))
    if len(table) > _MOST_ROWS:
        raise FigureError(f"{_FIGURE} draws {_MOST_ROWS} rows at most, found {len(table)}; pool the rare levels.")
    names = _names_in_lines(table, width)
    height = sum(_ROW_MM + name.count("\n") * _LINE_MM for name in names) + (36 if is_narrow(width) else 26)

    def draw(page: Page) -> None:
        places = _places(names)
        _draw_threshold(page.axes[0], threshold, page.theme)
        _draw_differences(page, page.axes[0], table, places)
        _dress(page, page.axes[0], table, threshold)
        page.axes[0].set_yticks(places, names)
        page.axes[0].set_ylim(places[-1] + _half(names[-1]) + 0.1, -_half(names[0]) - 0.1)
        if sizes is not None and (told := _said_of_sizes(sizes)):
            page.note(told)
            page.describe(told)
        if absent:
            page.note(f"No difference is shown of: {join_words(absent)}.")
        page.note_withheld(balance, sizes)
        page.describe(_alternative(table, threshold))

    return Part(draw, height)


def _said_of_sizes(sizes: pd.DataFrame) -> str:
    """Of how many patients the differences are, and how many they are worth after weighting, where it is known."""
    told = []
    for name, part in sizes.groupby("weighting", sort=False, observed=True):
        before = str(name) == UNWEIGHTED
        after = "Patients" if before else f"effective after {_NAMES.get(str(name), str(name)).lower()}"
        n = N_PATIENTS if before else "effective"
        if part[n].notna().any():
            told.append(f"{after}: " + ", ".join(f"{row[FORMAT]} {count(row[n])}" for _, row in part.iterrows()))
    return f"{'; '.join(told)}." if told else ""


def _sorted_differences(balance: pd.DataFrame) -> pd.DataFrame:
    """One row per characteristic and level, one column per weighting; rows by the size of the first column."""
    rows = [name_with_level(c, v) for c, v in zip(balance["characteristic"], balance["level"], strict=True)]
    weightings = [str(weighting) for weighting in levels_of(balance["weighting"])]
    order = sorted(weightings, key=lambda name: list(_NAMES).index(name) if name in _NAMES else len(_NAMES))
    wide = balance.assign(row=rows).pivot_table(
        index="row", columns="weighting", values="smd", aggfunc="first", sort=False, dropna=False, observed=True
    )
    wide = wide.reindex(columns=order).reindex(list(dict.fromkeys(rows)))
    return wide.loc[wide[order[0]].abs().fillna(-1.0).sort_values(ascending=False, kind="stable").index].astype(float)


def _names_in_lines(table: pd.DataFrame, width: Width) -> list[str]:
    room = _NAMES_SHARE * width_in_mm(width) * POINTS_PER_MM
    return ["\n".join(lines_within(str(name), room, size=SMALL_PT)) for name in table.index]


def _half(name: str) -> float:
    return 0.5 + 0.5 * name.count("\n") * _LINE_MM / _ROW_MM


def _places(names: list[str]) -> np.ndarray:
    """Where the rows stand, in rows of one line: further apart where their names have several."""
    half = np.array([_half(name) for name in names])
    places = np.concatenate([[0.0], np.cumsum(half[1:] + half[:-1])])
    return np.asarray(places, dtype=float)


def _look(weighting: str, place: int, theme: Theme) -> dict[str, object]:
    """Marks that are not those of a format: open circle before, filled shapes after weighting."""
    looks = {
        UNWEIGHTED: ("o", theme.foreground, theme.background, 5.0),
        "ipw": ("D", theme.muted, theme.muted, 3.8),
        "overlap": ("v", theme.foreground, theme.foreground, 4.6),
    }
    marker, colour, face, size = looks.get(weighting, ("Ph*X"[place % 4], theme.muted, theme.background, 4.6))
    return {"marker": marker, "color": colour, "markerfacecolor": face, "markersize": size, "linestyle": "none"}


def _draw_threshold(ax: Axes, threshold: float, theme: Theme) -> None:
    ax.axvspan(-threshold, threshold, facecolor=theme.sequence[2], edgecolor="none", zorder=0, gid="threshold band")
    ax.axvline(0.0, color=theme.muted, linewidth=0.7, zorder=1, gid="no difference")
    for at in (-threshold, threshold):
        ax.axvline(at, color=theme.muted, linewidth=0.7, linestyle=(0, (3, 2)), zorder=1, gid="threshold")


def _draw_differences(page: Page, ax: Axes, table: pd.DataFrame, places: np.ndarray) -> None:
    low, high = table.min(axis=1), table.max(axis=1)
    ax.hlines(places, low, high, color=page.theme.muted, linewidth=0.5, zorder=1, gid="span of a row")
    for place, weighting in enumerate(table.columns):
        look = _look(str(weighting), place, page.theme)
        ax.plot(table[weighting].to_numpy(float), places, zorder=3 + place, gid=f"smd {weighting}", **look)  # type: ignore[arg-type]


def _dress(page: Page, ax: Axes, table: pd.DataFrame, threshold: float) -> None:
    narrow = page.width_mm < NARROW_MM
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    widest = max(float(np.nanmax(np.abs(table.to_numpy()))), 2 * threshold)
    ax.set_xlim(-1.08 * widest, 1.08 * widest)
    ax.xaxis.set_major_locator(MaxNLocator(nbins="auto" if page.width_mm > NARROW_MM else 5, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(lambda value, _: number(value, 1 if widest > 0.4 else 2))
    ax.set_xlabel(
        f"Standardised mean difference, group minus individual (pooled SDs; shaded: within ±{threshold:g})\n"
        "←  higher in individual     higher in group  →"
        if not narrow
        else f"Standardised difference,\ngroup minus individual\n(pooled SDs; shaded: ±{threshold:g})"
    )
    _key(page, ax, [str(weighting) for weighting in table.columns])


def _key(page: Page, ax: Axes, weightings: list[str]) -> None:
    names = [_NAMES.get(weighting, weighting) for weighting in weightings]
    handles = [
        Line2D([], [], label=name, **_look(weighting, place, page.theme))  # type: ignore[arg-type]
        for place, (weighting, name) in enumerate(zip(weightings, names, strict=True))
    ]
    wide = sum(text_width(name, size=SMALL_PT) + 24 for name in names) / 72 * 25.4
    ax.legend(
        handles=handles,
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=len(handles) if wide < 0.6 * page.width_mm else 1,
        handletextpad=0.2,
        columnspacing=1.2,
        borderaxespad=0.2,
    )


def _alternative(table: pd.DataFrame, threshold: float) -> str:
    text = (
        f"Love plot of {plural(len(table), 'characteristic')}: standardised difference, group minus individual, "
        "in pooled standard deviations."
    )
    for weighting in table.columns:
        values = table[weighting].dropna()
        if values.empty:
            continue
        worst = str(values.abs().idxmax())
        name = f" ({worst})" if abs(values[worst]) >= 0.005 else ""
        beyond = int((values.abs() > threshold).sum())
        text += (
            f" {_NAMES.get(str(weighting), str(weighting))}: largest {number(values[worst], 2)}{name}, "
            f"{beyond} of {len(values)} beyond ±{threshold:g}."
        )
    left_out = [str(name) for name in table.columns if table[name].isna().all()]
    return text + (f" Not available: {join_words(left_out)}." if left_out else "")
