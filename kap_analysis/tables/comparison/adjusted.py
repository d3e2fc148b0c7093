"""Adjusted means of the formats at each visit, and their difference with interval, df and p."""

from typing import Any

import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, DF, ESTIMATE, FORMAT, N_PATIENTS, P_VALUE, STD_ERROR, VISIT
from kap_analysis.tables.page.cells import (
    across,
    assemble,
    checked_frame,
    enough_notes,
    format_heading,
    formats_in,
    given_frame,
    in_order,
    stacked,
    texts,
    with_enough,
)
from kap_analysis.tables.page.layout import Column, Layout, Spanner, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import (
    DASH,
    INTERVAL,
    coefficient,
    count,
    degrees,
    difference,
    interval,
    is_missing,
    number,
    p_value,
    plural,
    with_interval,
)
from kap_analysis.writing.sentences import sentence_case

MEANS = (FORMAT, VISIT, ESTIMATE, CI_LOW, CI_HIGH, N_PATIENTS)
CONTRASTS = (VISIT, "contrast", ESTIMATE, STD_ERROR, DF, P_VALUE, CI_LOW, CI_HIGH)
IN_SDS = "In SDs: the difference divided by the standard deviation (SD) of the baseline score, pooled over the formats."
ICC = (ESTIMATE, CI_LOW, CI_HIGH)


def table_adjusted(
    *, means: pd.DataFrame, contrasts: pd.DataFrame, icc: pd.DataFrame | None = None, stamp: str = ""
) -> Table:
    """Show the adjusted means of the formats at each visit and the difference between them.

    Parameters
    ----------
    means : pandas.DataFrame
        ``compare_formats(...).means``: ``format``, ``visit``, ``estimate``, ``ci_low``, ``ci_high``, ``n_patients``.
    contrasts : pandas.DataFrame
        ``compare_formats(...).contrasts``: ``visit``, ``contrast``, ``estimate``, ``std_error``, ``df``, ``p_value``,
        ``ci_low``, ``ci_high``, and where known ``standardised`` and ``is_primary``. Without a p-value (visits that
        are not tested) the cell holds a dash.
    icc : pandas.DataFrame, optional
        ``compare_formats(...).icc``: one row with ``estimate``, ``ci_low``, ``ci_high``, and where known
        ``design_effect``, ``n_cohorts``, ``mean_cohort_size``; written as a note.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per visit (and contrast, where there are several); per format n and adjusted mean with interval,
        then difference with interval, standard error, df, p and the standardised difference.

    Raises
    ------
    TableError
        If a frame lacks a column or has no rows.
    """
    rows = in_order(checked_frame(means, MEANS, name="means", caller="table_adjusted"), VISIT)
    tested = in_order(checked_frame(contrasts, CONTRASTS, name="contrasts", caller="table_adjusted"), VISIT)
    cohorts = given_frame(icc, ICC, name="icc", caller="table_adjusted")
    formats = formats_in(rows)
    written = {
        "n": texts(rows, count, N_PATIENTS),
        "mean": texts(with_enough(rows), with_interval, ESTIMATE, CI_LOW, CI_HIGH),
    }
    cells = _beside(across(rows, [VISIT], written, FORMAT), tested)
    columns = [label_column("Visit")]
    spanners = []
    for name in formats:
        columns += [Column(f"n|{name}", "n"), Column(f"mean|{name}", f"Mean ({INTERVAL})")]
        spanners.append(Spanner(format_heading(name), (f"n|{name}", f"mean|{name}")))
    shown = _contrast_columns(tested)
    columns += shown
    several = tested["contrast"].nunique() > 1
    over = "Difference" if several else sentence_case(tested["contrast"].iloc[0]).replace(" - ", " − ")
    spanners.append(Spanner(over, tuple(column.key for column in shown)))
    return assemble(
        "adjusted-means",
        "Adjusted means by format and visit, and their difference",
        cells,
        Layout(tuple(columns), tuple(spanners)),
        raw=stacked(means=rows, contrasts=tested, icc=cohorts),
        notes=[*_notes(tested, cohorts), *enough_notes(rows, tested)],
        dash="not estimated, or not tested at this visit.",
        stamp=stamp,
    )


def _beside(cells: pd.DataFrame, tested: pd.DataFrame) -> pd.DataFrame:
    """The means with the contrasts of the same visit beside them, further contrasts on lines of their own."""
    lines = pd.DataFrame(
        {
            VISIT: tested[VISIT].astype(str),
            "contrast": tested["contrast"].astype(str).str.replace(" - ", " − "),
            "difference": texts(tested, difference, ESTIMATE),
            "interval": texts(with_enough(tested), interval, CI_LOW, CI_HIGH),
            "error": texts(tested, coefficient, STD_ERROR),
            "df": texts(tested, degrees, DF),
            "p": texts(with_enough(tested), p_value, P_VALUE),
        }
    )
    if "standardised" in tested.columns:
        lines["standardised"] = texts(tested, coefficient, "standardised")
    whole = cells.merge(lines, on=VISIT, how="outer" if set(lines[VISIT]) - set(cells[VISIT]) else "left", sort=False)
    whole = whole.fillna(DASH)
    primary = _primary_visits(tested)
    whole["label"] = [sentence_case(visit) + (" (primary)" if visit in primary else "") for visit in whole[VISIT]]
    again = whole.duplicated(VISIT)
    for column in [VISIT, "label", *(name for name in whole.columns if "|" in name)]:
        whole.loc[again, column] = ""
    return whole


def _contrast_columns(tested: pd.DataFrame) -> list[Column]:
    columns = [
        Column("difference", "Estimate"),
        Column("interval", INTERVAL),
        Column("error", "SE"),
        Column("df", "df"),
        Column("p", "p"),
    ]
    if tested["contrast"].nunique() > 1:
        columns.insert(0, Column("contrast", "Contrast", "left"))
    if "standardised" in tested.columns:
        columns.append(Column("standardised", "In SDs"))
    return columns


def _primary_visits(tested: pd.DataFrame) -> set[str]:
    if "is_primary" not in tested.columns:
        return set()
    return set(tested.loc[tested["is_primary"].fillna(False).astype(bool), VISIT].astype(str))


def _notes(tested: pd.DataFrame, icc: pd.DataFrame | None) -> list[str]:
    notes = ["Means are adjusted for what the model holds. Interval: confidence interval; SE: standard error."]
    if "standardised" in tested.columns:
        notes.append(IN_SDS)
    if _primary_visits(tested):
        notes.append("Only the primary visit is tested; the other visits are estimates.")
    notes.append("Unless patients were randomised, a difference between the formats is not an effect of the format.")
    return notes + ([_icc_note(icc.iloc[0])] if icc is not None else [])


def _icc_note(icc: "pd.Series[Any]") -> str:
    ends = f"95% interval {interval(icc[CI_LOW], icc[CI_HIGH], 2)}"
    note = f"Patients of one cohort: ICC {coefficient(icc[ESTIMATE])} ({ends})"
    effect, size, n_cohorts = (icc.get(name) for name in ("design_effect", "mean_cohort_size", "n_cohorts"))
    note += f"; design effect {coefficient(effect)}" if not is_missing(effect) else ""
    note += f"; {plural(n_cohorts, 'cohort')}" if not is_missing(n_cohorts) else ""
    note += f" of {number(size)} patients on average" if not (is_missing(size) or is_missing(n_cohorts)) else ""
    return f"{note}."
