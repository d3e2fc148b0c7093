"""The names in a figure of trajectories: of its panels, and of the lines by format."""

import textwrap

import pandas as pd
from matplotlib.axes import Axes

from kap_analysis.columns import PATIENT_ID
from kap_analysis.figures.change.trajectory_layers import Layers
from kap_analysis.figures.marks.marks import LineEnd, format_handles, label_line_ends
from kap_analysis.figures.marks.mean_lines import kind_handles, marks_beside
from kap_analysis.figures.marks.time_axis import panel_points
from kap_analysis.figures.page.frames import rows_of
from kap_analysis.figures.page.page import Page
from kap_analysis.figures.page.style import CHARACTER_WIDTH, SMALL_PT, TEXT_PT, is_narrow
from kap_analysis.figures.page.text_size import text_width
from kap_analysis.writing.names import readable
from kap_analysis.writing.numbers import count
from kap_analysis.writing.sentences import sentence_case


def name_panels(
    page: Page, facet_by: str | None, levels: list[object], columns: int, patients: pd.DataFrame | None
) -> None:
    """Titles of the panels, with the name of the column where all of them stay on one line with it, and n."""
    if facet_by is None:
        return
    wide = panel_points(page.axes[0], columns=columns, given=page.given is not None) + 14
    characters = int(wide / (TEXT_PT * CHARACTER_WIDTH * 1.12))
    size = [_of_patients(patients, facet_by, level) for level in levels]
    named = [f"{sentence_case(readable(facet_by))}: {level}" for level in levels]
    whole = [f"{name}{n}" for name, n in zip(named, size, strict=True)]
    if max(map(len, whole)) > characters:
        whole = [
            textwrap.fill(f"{sentence_case(str(level))}{n}", characters) for level, n in zip(levels, size, strict=True)
        ]
    for panel, title in zip(page.axes, whole, strict=True):
        panel.set_title(title)


def _of_patients(patients: pd.DataFrame | None, facet_by: str, level: object) -> str:
    if patients is None or facet_by not in patients.columns:
        return ""
    n = patients.loc[patients[facet_by] == level, PATIENT_ID].nunique()
    return f", n\u00a0=\u00a0{count(n)}"


def name_formats(page: Page, formats: list[str], layers: Layers, time: str, columns: int) -> None:
    """Name each line at its end; with several panels, where there is no room for that, in a key above them.

    Beside adjusted means the observed ones are named in the key.
    """
    kinds = kind_handles(page.theme) if layers.adjusted is not None and layers.means is not None else []
    if len(page.axes) > 1 or (kinds and is_narrow(page.width_mm)):
        page.key([*format_handles(formats, page.theme), *kinds], ncols=2 if kinds else len(formats))
        return
    label_formats(page.axes[0], page, formats, layers, time, columns)
    if kinds:
        page.key(kinds)


def label_formats(ax: Axes, page: Page, formats: list[str], layers: Layers, time: str, columns: int) -> None:
    """Names of the formats right of the last mark of each, and the room that they take."""
    frame, value = layers.named
    lasts = {name: rows_of(frame, name).dropna(subset=[value]).sort_values(time).tail(1) for name in formats}
    found = {name: (float(last[time].iloc[0]), float(last[value].iloc[0])) for name, last in lasts.items() if len(last)}
    if not found:
        return
    right = max(x for x, _ in found.values())
    if layers.by_visit is not None:
        right += max(marks_beside(formats, time).values())
    ends = [LineEnd(right, y, sentence_case(name), page.theme.look(name).colour) for name, (_, y) in found.items()]
    low, high = ax.get_xlim()
    wide = panel_points(ax, columns=columns, given=page.given is not None)
    share = (max(text_width(end.text, size=SMALL_PT) for end in ends) + 12.0) / wide
    ax.set_xlim(low, high + share / (1 - share) * (high - low))
    label_line_ends(ax, ends, offset=9.0)
