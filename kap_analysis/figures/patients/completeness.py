"""Figure 11: scores due, done, late and missing at every visit, and who is still followed, by format."""

from typing import Any, Final

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb

from kap_analysis.columns import FORMAT, MONTH, N_PATIENTS, PRACTICE, VISIT
from kap_analysis.figures.marks.marks import numbers_under_axis
from kap_analysis.figures.marks.retention_lines import draw_retention
from kap_analysis.figures.marks.row_key import draw_row_key
from kap_analysis.figures.marks.stacked_bars import draw_withheld
from kap_analysis.figures.marks.time_axis import panel_points, time_label
from kap_analysis.figures.page.frames import checked_frame, formats_in, given_frame, rows_of
from kap_analysis.figures.page.label_fit import tick_lines
from kap_analysis.figures.page.page import AxesGiven, Drawn, Page, open_page
from kap_analysis.figures.page.statement import ALL_WITHHELD, draw_statement
from kap_analysis.figures.page.style import Theme, Width, panel_grid
from kap_analysis.result_frames import levels_of
from kap_analysis.writing.numbers import count, plural
from kap_analysis.writing.sentences import sentence_case

_FIGURE = "plot_completeness"
_PARTS: Final = {"n_done": "done", "n_late": "late", "n_missing": "missing"}
_COMPLETENESS = (FORMAT, VISIT, "n_due", *_PARTS)
_RETENTION = (FORMAT, MONTH, "n_at_risk", N_PATIENTS, "share")
_BAR_WIDTH: Final = 0.7
_GAP_PT: Final = 16.0
_LATE_TINT: Final = 0.45
"""How far the colour of late scores is from that of scores on time towards the background."""


def plot_completeness(
    *,
    completeness: pd.DataFrame,
    retention: pd.DataFrame | None = None,
    ax: AxesGiven = None,
    theme: str = "light",
    width: Width = "double",
    stamp: str | None = None,
) -> Drawn:
    """How many of the scores that were due are there, came late or are missing, and how many patients are still seen.

    Parameters
    ----------
    completeness : pandas.DataFrame
        The ``completeness`` of ``describe_completeness``: ``format``, ``visit``, ``n_due``, ``n_done``, ``n_late``,
        ``n_missing``; with a column ``practice`` its rows "all" are drawn, or the sum of the practices if there are
        none. Bars are shares of the patients due; a bar with a withheld part is an empty outline with that word. Where
        no bar and no line is left, the figure says so.
    retention : pandas.DataFrame, optional
        The ``retention``: ``format``, ``month``, ``n_at_risk`` (treated and due), ``n_patients`` (seen at this visit or
        later), ``share``. One more panel, with a line per format that begins at 100% in month 0; none where all is
        withheld.
    ax : Axes or sequence of Axes, optional
        One per format, and one more with ``retention``.
    theme, width, stamp
        As in :func:`plot_participant_flow`.

    Returns
    -------
    matplotlib.figure.Figure, matplotlib.axes.Axes or sequence of Axes

    Raises
    ------
    FigureError
        If a column is missing, there are no rows, or a format is unknown.
    """
    completeness = checked_frame(completeness, _COMPLETENESS, name="completeness", caller=_FIGURE)
    retention = given_frame(retention, _RETENTION, name="retention", caller=_FIGURE)
    if retention is not None and retention["share"].isna().all():
        retention = None
    formats = formats_in(completeness, caller=_FIGURE, at_least=1)
    visits = [str(visit) for visit in levels_of(completeness[VISIT])]
    counted = {name: _counts(_of_all_practices(rows_of(completeness, name)), visits) for name in formats}
    if retention is None and not any(_is_whole(counts).any() for counts in counted.values()):
        return draw_statement(ALL_WITHHELD, ax=ax, theme=theme, width=width, stamp=stamp)
    panels = len(formats) + (retention is not None)
    rows, columns = panel_grid(width, panels, 3 if panels < 4 else 2)
    grid: Any = {"rows": rows, "columns": columns, "panels": panels, "sharey": True}
    height = 76 if rows == 1 else 64 * rows if columns == 1 else 74 * rows
    with open_page(ax, theme=theme, width=width, height=height, stamp=stamp, **grid) as page:
        for place, (panel, (name, counts)) in enumerate(zip(page.axes, counted.items(), strict=False)):
            _draw_bars(panel, counts, _faces(name, page.theme), page.theme)
            room = panel_points(panel, columns=columns, given=ax is not None)
            _dress_bars(page, panel, counts, name, named=place % columns == 0, room=room)
            page.describe(_told(counts, name))
        if retention is not None:
            last, in_lines = page.axes[-1], columns > 2
            kept = formats_in(retention, caller=_FIGURE)
            page.describe(draw_retention(last, retention, kept, page.theme))
            last.set_title("Patients seen then\nor later (%)" if in_lines else "Patients seen then or later (%)")
            last.set_xlabel(time_label(MONTH, in_lines=in_lines))
        page.note_withheld(completeness, retention)
    return page.result


def _of_all_practices(one: pd.DataFrame) -> pd.DataFrame:
    if PRACTICE not in one.columns:
        return one
    whole = one[one[PRACTICE].astype(str) == "all"]
    return one if whole.empty else whole


def _counts(one: pd.DataFrame, visits: list[str]) -> pd.DataFrame:
    """Numbers by visit (rows); a withheld one stays missing, a visit without a row too."""
    columns = ["n_due", *_PARTS]
    summed = one[columns].astype(float).groupby(one[VISIT].astype(str), sort=False)
    return summed.sum(min_count=1).reindex(visits)


def _is_whole(counts: pd.DataFrame) -> pd.Series:
    """The visits of which no part is withheld; those without a row are not."""
    return counts[list(_PARTS)].notna().all(axis=1)


def _faces(name: str, theme: Theme) -> dict[str, dict[str, Any]]:
    """Done in the colour of the format, late in a tint of it, missing hatched: ordered in greyscale too."""
    colour = theme.look(name).colour
    pairs = zip(to_rgb(colour), to_rgb(theme.background), strict=True)
    red, green, blue = (a + (1 - _LATE_TINT) * (b - a) for a, b in pairs)
    tint = to_hex((red, green, blue))
    edge = {"edgecolor": theme.muted, "linewidth": 0.5}
    return {
        "n_done": {"facecolor": colour, **edge},
        "n_late": {"facecolor": tint, **edge},
        "n_missing": {"facecolor": theme.background, "hatch": "/" * 6, **edge},
    }


def _draw_bars(ax: Axes, counts: pd.DataFrame, faces: dict[str, dict[str, Any]], theme: Theme) -> None:
    for x, (visit, row) in enumerate(counts.iterrows()):
        if row[list(faces)].isna().any() and not row.isna().all():
            draw_withheld(ax, x, 100, theme, wide=_BAR_WIDTH, gid=f"withheld, {visit}")
            continue
        bottom = 0.0
        for part, face in faces.items():
            tall = 100 * row[part] / row["n_due"] if row["n_due"] > 0 else np.nan
            if not tall > 0:
                continue
            with matplotlib.rc_context({"hatch.color": theme.muted}):
                ax.bar(x, tall, _BAR_WIDTH, bottom=bottom, gid=f"{_PARTS[part]}, {visit}", **face)
            bottom += tall


def _dress_bars(page: Page, ax: Axes, counts: pd.DataFrame, name: str, *, named: bool, room: float) -> None:
    ax.set_xlim(-0.6, len(counts) - 0.4)
    ax.set_ylim(0, 100)
    labels, taller = tick_lines([sentence_case(visit) for visit in counts.index], room / len(counts))
    ax.set_xticks(range(len(counts)), labels)
    ax.tick_params(axis="x", length=0)
    ax.set_title(sentence_case(name)).set_color(page.theme.look(name).colour)
    if named:
        ax.set_ylabel("Scores due (%)")
    rows = {part.removeprefix("n_"): {float(x): n for x, n in enumerate(counts[part])} for part in ("n_due", *_PARTS)}
    numbers_under_axis(ax, rows, page.theme, heading="Scores", gap=_GAP_PT + taller, names=named)
    faces = {_PARTS[part]: face for part, face in _faces(name, page.theme).items()}
    draw_row_key(ax, faces, page.theme, gap=_GAP_PT + taller, first=2)


def _told(counts: pd.DataFrame, name: str) -> str:
    visits = [
        f"{visit}: {plural(row['n_due'], 'score')} due, {count(row['n_done'])} done, {count(row['n_late'])} late, "
        f"{count(row['n_missing'])} missing"
        for visit, row in counts.iterrows()
    ]
    return f"Scores in {name} format. {'; '.join(visits)}."
