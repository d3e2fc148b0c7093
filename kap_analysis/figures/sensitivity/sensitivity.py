"""Figure 14: the primary difference under other assumptions."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, ESTIMATE, N_PATIENTS
from kap_analysis.figures.marks.forest import (
    ForestRow,
    difference_label,
    draw_forest,
    forest_height,
    margin_marks,
    value_of,
)
from kap_analysis.figures.marks.forest_fit import fitted_rows
from kap_analysis.figures.page.frames import check_positive, checked_frame, given_frame
from kap_analysis.figures.page.page import AxesGiven, Drawn, open_page
from kap_analysis.figures.page.scales import scale_of
from kap_analysis.figures.page.statement import draw_statement
from kap_analysis.figures.page.style import Width, width_in_mm
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.result_frames import levels_of
from kap_analysis.writing.numbers import DASH, count, difference, plural, with_interval
from kap_analysis.writing.sentences import sentence_case
from kap_analysis.writing.small_numbers import of_enough, said_of_few

_FIGURE = "plot_sensitivity"
_COLUMNS = ("group", "label", ESTIMATE, CI_LOW, CI_HIGH, N_PATIENTS, "assumes", "is_primary")
_BESIDE = (ESTIMATE, CI_LOW, CI_HIGH, N_PATIENTS, "assumes")
_HEADERS = ("Difference (95% interval)", "n analysed")
_BIASED = "known to be biased"
_TALLEST_MM = 230.0
"""How high the rows may be on one page of a journal; of more rows the tables say what each assumes."""
_NOTHING = "There is no sensitivity analysis to draw: none was made."


def plot_sensitivity(
    *,
    estimates: pd.DataFrame,
    weighted: pd.DataFrame | None = None,
    imputed: pd.DataFrame | None = None,
    margin: float | None = None,
    instrument: Instrument | str | None = None,
    ax: AxesGiven = None,
    theme: str = "light",
    width: Width = "double",
    stamp: str | None = None,
) -> Drawn:
    """The difference between formats again, each time under another assumption, with the primary estimate marked.

    Parameters
    ----------
    estimates : pandas.DataFrame
        The ``estimates`` of ``check_sensitivity``: ``group`` (heading of related analyses), ``label``, ``estimate``,
        ``ci_low``, ``ci_high`` in points, ``n_patients``, ``assumes`` (in words; may be empty; not drawn where the
        rows would be higher than a page of a journal), ``is_primary``. Rows with a
        missing estimate are listed as not estimated; those that the Boolean column ``withheld`` marks have a dash.
    weighted : pandas.DataFrame, optional
        The ``estimates`` of ``check_allocation``: ``method``, ``estimate``, ``ci_low``, ``ci_high``, ``n_patients``,
        ``assumes``; drawn below the primary analysis.
    imputed : pandas.DataFrame, optional
        The ``estimates`` of ``check_dropout``: ``assumption`` instead of ``method``; drawn next.
    margin : float, optional
        Non-inferiority margin in points, if one was stated.
    instrument : Instrument or str, optional
        For the unit and the direction of the axis.
    ax, theme, width, stamp
        As in :func:`plot_participant_flow`.

    Returns
    -------
    matplotlib.figure.Figure or matplotlib.axes.Axes

    Raises
    ------
    FigureError
        If a column is missing. A frame without rows gives a figure that says so.
    """
    estimates = checked_frame(estimates, _COLUMNS, name="estimates", caller=_FIGURE, may_be_empty=True)
    check_positive(margin, "A margin is a positive number of points")
    if estimates.empty:
        return draw_statement(_NOTHING, ax=ax, theme=theme, width=width, stamp=stamp)
    weighted = given_frame(weighted, ("method", *_BESIDE), name="weighted", caller=_FIGURE)
    imputed = given_frame(imputed, ("assumption", *_BESIDE), name="imputed", caller=_FIGURE)
    estimates = of_enough(_in_order(estimates, weighted, imputed))
    scale = scale_of(instrument)
    rows, headers, is_short = _rows_of_one_page(estimates, width)
    with open_page(ax, theme=theme, width=width, height=forest_height(rows) + 21, stamp=stamp) as page:
        panel = page.axes[0]
        page.notes += draw_forest(
            panel,
            rows,
            page.theme,
            headers=headers,
            label=difference_label(instrument),
            margins=margin_marks(scale, margin),
        )
        primary = estimates[estimates["is_primary"].astype(bool)]
        for value in primary[ESTIMATE].dropna():
            panel.axvline(value, color=page.theme.accent, linewidth=0.7, linestyle=(0, (1, 2)), zorder=0, gid="primary")
        if is_short:
            page.note("What each analysis assumes stands in the tables.")
        if (estimates["group"] == _BIASED).any():
            page.note("Crosses: shortcuts known to be wrong, for contrast; they are no check of the answer.")
        page.note_withheld(estimates)
        page.notes += said_of_few(estimates)
        page.describe(_alternative(estimates))
    return page.result


def _in_order(estimates: pd.DataFrame, weighted: pd.DataFrame | None, imputed: pd.DataFrame | None) -> pd.DataFrame:
    """The primary analysis, those that weight or impute, the others, and last those that are known to be wrong."""
    primary, wrong = estimates["is_primary"].astype(bool), estimates["group"].astype(str) == _BIASED
    parts = [estimates[primary]]
    for frame, column, group in ((weighted, "method", "weighted"), (imputed, "assumption", "imputed scores")):
        if frame is not None:
            named = frame.rename(columns={column: "label"}).assign(group=group, is_primary=False)
            parts.append(named.assign(label=[sentence_case(label) for label in named["label"]]))
    parts += [estimates[~primary & ~wrong], estimates[wrong]]
    whole = pd.concat([part for part in parts if len(part)], ignore_index=True)
    return whole.assign(group=whole["group"].astype(str))


def _rows_of_one_page(estimates: pd.DataFrame, width: Width) -> tuple[list[ForestRow], Sequence[str], bool]:
    """The rows with what each assumes; without it, and True, where they would be higher than a page."""
    found, wide = _rows(estimates), width_in_mm(width)
    rows, headers = fitted_rows(found, _HEADERS, wide)
    if forest_height(rows) <= _TALLEST_MM:
        return rows, headers, False
    return *fitted_rows([replace(row, small=()) for row in found], _HEADERS, wide), True


def _rows(estimates: pd.DataFrame) -> list[ForestRow]:
    rows = []
    for group in levels_of(estimates["group"]):
        here = estimates[estimates["group"] == group]
        headed = bool(str(group)) and not (len(here) == 1 and str(here["label"].iloc[0]) == str(group))
        if headed:
            rows.append(ForestRow(sentence_case(str(group)), is_heading=True))
        rows += [_row(row, indent=headed) for _, row in here.iterrows()]
    return rows


def _row(row: pd.Series, *, indent: bool) -> ForestRow:
    assumes = "" if pd.isna(row["assumes"]) else str(row["assumes"])
    estimate, low, high = (value_of(row[column]) for column in (ESTIMATE, CI_LOW, CI_HIGH))
    missing = DASH if row.get("withheld", False) else "not estimated"
    return ForestRow(
        label=str(row["label"]),
        estimate=estimate,
        low=low,
        high=high,
        columns=(
            missing if pd.isna(estimate) else with_interval(estimate, low, high),
            count(row[N_PATIENTS]),
        ),
        small=(assumes,) if assumes else (),
        is_primary=bool(row["is_primary"]),
        indent=indent,
        is_apart=str(row["group"]) == _BIASED,
    )


def _alternative(estimates: pd.DataFrame) -> str:
    primary = estimates[estimates["is_primary"].astype(bool)].dropna(subset=[ESTIMATE])
    others = estimates[~estimates["is_primary"].astype(bool) & (estimates["group"] != _BIASED)].dropna(
        subset=[ESTIMATE]
    )
    text = "Forest plot of the difference group minus individual under different assumptions."
    for _, row in primary.iterrows():
        text += f" Primary, {row['label']}: {with_interval(row[ESTIMATE], row[CI_LOW], row[CI_HIGH])}."
    if len(others):
        ordered = others.sort_values(ESTIMATE, kind="stable")
        least, most = ordered.iloc[0], ordered.iloc[-1]
        text += (
            f" {plural(len(others), 'other analysis', 'other analyses')} from {difference(least[ESTIMATE])} "
            f"({least['label']}) to {difference(most[ESTIMATE])} ({most['label']})."
        )
    return text
