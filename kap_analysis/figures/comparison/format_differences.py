"""Figure 5: group minus individual, per instrument and visit, with the margin if one was stated."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, ESTIMATE, GROUP, INDIVIDUAL, INSTRUMENT, N_PATIENTS, P_VALUE, VISIT
from kap_analysis.figures.marks.forest import (
    ForestRow,
    column_width,
    draw_forest,
    forest_height,
    label_column,
    margin_marks,
    sides,
    value_of,
)
from kap_analysis.figures.marks.forest_fit import fitted_rows
from kap_analysis.figures.page.frames import check_positive, checked_frame, given_frame
from kap_analysis.figures.page.page import AxesGiven, Drawn, Page, open_page
from kap_analysis.figures.page.scales import Scale, scale_of
from kap_analysis.figures.page.statement import draw_statement
from kap_analysis.figures.page.style import Width, width_in_mm
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.result_frames import levels_of
from kap_analysis.writing.numbers import DASH, count, number, p_value, with_interval
from kap_analysis.writing.sentences import sentence_case
from kap_analysis.writing.small_numbers import of_enough, said_of_few

_FIGURE = "plot_format_differences"
_CONTRASTS = (VISIT, "contrast", ESTIMATE, CI_LOW, CI_HIGH, N_PATIENTS, "is_primary")
_SECONDARY = (INSTRUMENT, VISIT, ESTIMATE, CI_LOW, CI_HIGH, N_PATIENTS)
_NOTHING = "There is no difference between formats to draw: the comparison has no rows, as with one format only."
_ONLY = f"{GROUP} - {INDIVIDUAL}"


def plot_format_differences(
    *,
    contrasts: pd.DataFrame,
    secondary: pd.DataFrame | None = None,
    margin: float | None = None,
    margin_source: str = "",
    instrument: Instrument | str | None = None,
    instruments: Iterable[Instrument] = (),
    ax: AxesGiven = None,
    theme: str = "light",
    width: Width = "double",
    stamp: str | None = None,
) -> Drawn:
    """How far apart the formats are at each visit, adjusted, with 95% intervals; one panel per instrument.

    Parameters
    ----------
    contrasts : pandas.DataFrame
        The ``contrasts`` of ``compare_formats``: ``visit``, ``contrast`` ("group - individual", "mixed -
        individual", ...), ``estimate``, ``ci_low``, ``ci_high`` in points of the instrument, ``n_patients``,
        ``is_primary`` (drawn strong), optionally ``p_value``.
    secondary : pandas.DataFrame, optional
        The ``secondary`` of ``compare_formats``: ``instrument``, ``visit``, ``estimate``, ``ci_low``, ``ci_high``,
        ``n_patients``, optionally ``contrast``, ``p_holm`` and ``note`` (why it could not be compared); one panel
        per instrument below the first.
    margin : float, optional
        Non-inferiority margin of the primary instrument in points, drawn on the side where group is worse. There is
        no default.
    margin_source : str
        Where the margin comes from, written under the panels.
    instrument : Instrument or str, optional
        Of ``contrasts``, unless that frame has the column ``instrument``.
    instruments : iterable of Instrument
        Instruments that the registry does not know.
    ax : Axes or sequence of Axes, optional
        One per instrument; returned instead of a new Figure.
    theme, width, stamp
        As in :func:`plot_participant_flow`.

    Returns
    -------
    matplotlib.figure.Figure, matplotlib.axes.Axes or sequence of Axes

    Raises
    ------
    FigureError
        If a column is missing, or the margin is not positive. Frames without rows (as with one format only) give a
        figure that says so.
    """
    contrasts = checked_frame(contrasts, _CONTRASTS, name="contrasts", caller=_FIGURE, may_be_empty=True)
    secondary = given_frame(secondary, _SECONDARY, name="secondary", caller=_FIGURE)
    check_positive(margin, "A margin is a positive number of points")
    contrasts, secondary = of_enough(contrasts), None if secondary is None else of_enough(secondary)
    if contrasts.empty and secondary is None:
        return draw_statement(_NOTHING, ax=ax, theme=theme, width=width, stamp=stamp)
    own = tuple(instruments)
    panels = [] if contrasts.empty else [(_scale_of_contrasts(contrasts, instrument, own), contrasts)]
    if secondary is not None:
        names = levels_of(secondary[INSTRUMENT])
        panels += [(scale_of(str(name), own), secondary[secondary[INSTRUMENT] == name]) for name in names]
    fitted = [fitted_rows(_rows(frame), _headers(frame), width_in_mm(width)) for _, frame in panels]
    rows = [one for one, _ in fitted]
    heights = [forest_height(one) for one in rows]
    with open_page(
        ax,
        theme=theme,
        width=width,
        height=sum(heights) + 18 * len(panels) + 4,
        stamp=stamp,
        rows=len(panels),
        height_ratios=heights,
    ) as page:
        wide = max(label_column(one) for one in rows)
        alike = len({scale.direction for scale, _ in panels}) == 1
        columns = _column_widths(fitted)
        last = max((place for place, (_, frame) in enumerate(panels) if _has_number(frame)), default=0)
        for place, (panel, (one, headers), (scale, frame)) in enumerate(zip(page.axes, fitted, panels, strict=True)):
            primary = frame is contrasts
            stated = margin_marks(scale, margin) if primary else []
            label = _axis_label(scale, frame, with_sides=not alike or place == last)
            alone: Any = {"label": label, "margins": stated} if primary or _has_number(frame) else {"zero": None}
            draw_forest(
                panel,
                one,
                page.theme,
                headers=headers,
                title=scale.name,
                label_width=wide,
                column_widths=columns,
                **alone,
            )
            if "label" not in alone:
                panel.set_xticks([])
                panel.spines["bottom"].set_visible(False)
            page.describe(_alternative(scale, frame, margin if primary else None))
        _say_reasons(page, panels)
        if margin is not None and margin_source and not contrasts.empty:
            page.note(f"Margin of {number(margin)} points: {margin_source}.")
        page.note_withheld(contrasts, secondary)
        page.notes += said_of_few(contrasts, secondary)
    return page.result


def _scale_of_contrasts(
    contrasts: pd.DataFrame, instrument: Instrument | str | None, own: tuple[Instrument, ...]
) -> Scale:
    if instrument is None and INSTRUMENT in contrasts.columns:
        return scale_of(str(contrasts[INSTRUMENT].iloc[0]), own)
    return scale_of(instrument, own)


def _headers(frame: pd.DataFrame) -> tuple[str, ...]:
    return ("Difference (95% CI)", "n scored", *_p_header(frame))


def _p_header(frame: pd.DataFrame) -> tuple[str, ...]:
    if P_VALUE in frame.columns and "p_holm" not in frame.columns:
        return ("p",)
    return ("p (Holm)",) if "p_holm" in frame.columns else ()


def _column_widths(fitted: list[tuple[list[ForestRow], tuple[str, ...]]]) -> list[float]:
    """Widths of the columns of numbers, the same in every panel."""
    most = max(len(headers) for _, headers in fitted)
    return [
        max(column_width(rows, place, headers[place]) for rows, headers in fitted if place < len(headers))
        for place in range(most)
    ]


def _has_number(frame: pd.DataFrame) -> bool:
    return bool(frame[ESTIMATE].notna().any())


def _is_withheld(row: pd.Series) -> bool:
    return bool(row.get("withheld", False))


def _reasons(frame: pd.DataFrame) -> list[str]:
    """Why rows of an instrument were not compared, where the frame says so."""
    if "note" not in frame.columns:
        return []
    return [
        str(row["note"])
        for _, row in frame.iterrows()
        if pd.isna(row[ESTIMATE]) and not _is_withheld(row) and not pd.isna(row["note"]) and str(row["note"])
    ]


def _say_reasons(page: Page, panels: list[tuple[Scale, pd.DataFrame]]) -> None:
    for scale, frame in panels:
        for reason in dict.fromkeys(_reasons(frame)):
            page.note(f"{scale.name} is not compared. {reason}")


def _difference(row: pd.Series) -> str:
    """The difference with its interval; a withheld one is a dash, one that could not be made "not compared"."""
    if pd.isna(row[ESTIMATE]):
        return DASH if _is_withheld(row) or "note" not in row.index else "not compared"
    return with_interval(row[ESTIMATE], row[CI_LOW], row[CI_HIGH])


def _several(frame: pd.DataFrame) -> bool:
    return "contrast" in frame.columns and frame["contrast"].nunique() > 1


def _rows(frame: pd.DataFrame) -> list[ForestRow]:
    rows = []
    for _, row in frame.iterrows():
        label = sentence_case(str(row[VISIT]))
        if _several(frame):
            label += f", {str(row['contrast']).replace(' - ', ' minus ')}"
        cells = (_difference(row), count(row[N_PATIENTS]))
        p = row.get("p_holm", row.get(P_VALUE))
        primary = bool(row.get("is_primary", False))
        rows.append(
            ForestRow(
                label=f"{label} (primary)" if primary else label,
                estimate=value_of(row[ESTIMATE]),
                low=value_of(row[CI_LOW]),
                high=value_of(row[CI_HIGH]),
                columns=cells if p is None else (*cells, p_value(p)),
                is_primary=primary,
            )
        )
    return rows


def _axis_label(scale: Scale, frame: pd.DataFrame, *, with_sides: bool) -> str:
    quantity = f"{'Difference between formats' if _several(frame) else 'Group minus individual'}, {scale.name} points"
    if not scale.direction_known or not (with_sides or _several(frame)):
        return quantity
    ends = ("first format better", "second better") if _several(frame) else ("group better", "individual better")
    return sides(*scale.from_low_to_high(*ends), quantity)


def _alternative(scale: Scale, frame: pd.DataFrame, margin: float | None) -> str:
    parts = []
    for _, row in frame.iterrows():
        what = _ONLY if "contrast" not in frame.columns or pd.isna(row["contrast"]) else str(row["contrast"])
        primary = ", primary" if bool(row.get("is_primary", False)) else ""
        parts.append(f"{row[VISIT]}{primary}: {what.replace(' - ', ' minus ')} {_difference(row)}")
    why = "".join(f" {reason}" for reason in dict.fromkeys(_reasons(frame)))
    stated = f" The stated margin is {number(margin)} points." if margin is not None else ""
    better = f" ({scale.direction})" if scale.direction else ""
    return f"{scale.name}{better}, adjusted difference in points with 95% interval. {'; '.join(parts)}.{why}{stated}"
