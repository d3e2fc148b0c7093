"""Did they change: model means and change from baseline over all observed data, visit by visit."""

import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, DF, ESTIMATE, INSTRUMENT, N_PATIENTS, P_VALUE, STD_ERROR, VISIT
from kap_analysis.tables.page.cells import (
    assemble,
    checked_frame,
    enough_notes,
    given_frame,
    in_order,
    stacked,
    texts,
    with_enough,
)
from kap_analysis.tables.page.layout import Column, Layout, Spanner, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import (
    INTERVAL,
    coefficient,
    count,
    degrees,
    difference,
    interval,
    number,
    p_value,
    with_interval,
)
from kap_analysis.writing.sentences import sentence_case

MEANS = (INSTRUMENT, VISIT, ESTIMATE, CI_LOW, CI_HIGH, N_PATIENTS)
CHANGE = (INSTRUMENT, VISIT, ESTIMATE, STD_ERROR, DF, P_VALUE, CI_LOW, CI_HIGH)
PUBLISHED = (INSTRUMENT, "quantity", "value", "source")


def table_change(
    *, means: pd.DataFrame, change: pd.DataFrame, published: pd.DataFrame | None = None, stamp: str = ""
) -> Table:
    """Show the model means at each visit and the change from baseline.

    Parameters
    ----------
    means : pandas.DataFrame
        ``estimate_change(outcomes).means``, of one instrument or of several under each other: ``instrument``,
        ``visit``, ``estimate``, ``ci_low``, ``ci_high``, ``n_patients``.
    change : pandas.DataFrame
        ``estimate_change(outcomes).change``: ``instrument``, ``visit``, ``estimate``, ``std_error``, ``df``,
        ``p_value``, ``ci_low``, ``ci_high``.
    published : pandas.DataFrame, optional
        ``estimate_change(outcomes).published``: ``instrument``, ``quantity``, ``value``, ``source``; written as notes.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per instrument and visit: n, model mean with interval, change with interval, standard error, df, p.

    Raises
    ------
    TableError
        If a frame lacks a column or has no rows.
    """
    rows = in_order(checked_frame(means, MEANS, name="means", caller="table_change"), VISIT)
    changes = checked_frame(change, CHANGE, name="change", caller="table_change")
    context = given_frame(published, PUBLISHED, name="published", caller="table_change")
    cells = _beside(rows, changes)
    instruments = list(dict.fromkeys(cells[INSTRUMENT]))
    columns = (
        label_column("Visit"),
        Column("n", "n"),
        Column("mean", f"Model mean ({INTERVAL})"),
        Column("change", "Estimate"),
        Column("interval", INTERVAL),
        Column("error", "SE"),
        Column("df", "df"),
        Column("p", "p"),
    )
    layout = Layout(
        columns,
        (Spanner("Change from baseline", ("change", "interval", "error", "df", "p")),),
        groups=INSTRUMENT if len(instruments) > 1 else "",
    )
    return assemble(
        "change",
        f"Change from baseline{f' on the {instruments[0]}' if len(instruments) == 1 else ''}, all formats together",
        cells,
        layout,
        raw=stacked(means=rows, change=changes, published=context),
        notes=[*_notes(context), *enough_notes(rows, changes)],
        stamp=stamp,
    )


def _beside(rows: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    """The means with the change from baseline beside them, which the baseline itself does not have."""
    left = pd.DataFrame(
        {
            INSTRUMENT: rows[INSTRUMENT].astype(str),
            VISIT: rows[VISIT].astype(str),
            "n": texts(rows, count, N_PATIENTS),
            "mean": texts(with_enough(rows), with_interval, ESTIMATE, CI_LOW, CI_HIGH),
        }
    )
    right = pd.DataFrame(
        {
            INSTRUMENT: changes[INSTRUMENT].astype(str),
            VISIT: changes[VISIT].astype(str),
            "change": texts(changes, difference, ESTIMATE),
            "interval": texts(with_enough(changes), interval, CI_LOW, CI_HIGH),
            "error": texts(changes, coefficient, STD_ERROR),
            "df": texts(changes, degrees, DF),
            "p": texts(with_enough(changes), p_value, P_VALUE),
        }
    )
    cells = left.merge(right, on=[INSTRUMENT, VISIT], how="left", sort=False)
    cells[["change", "interval", "error", "df", "p"]] = cells[["change", "interval", "error", "df", "p"]].fillna("")
    cells["label"] = [sentence_case(visit) for visit in cells[VISIT]]
    return cells


def _notes(published: pd.DataFrame | None) -> list[str]:
    notes = [
        "n: patients scored at the visit. Interval: confidence interval; SE: standard error. "
        "From a mixed model over all "
        "observed scores.",
        "There is no control arm: change is not an effect of treatment.",
    ]
    if published is not None:
        notes += [
            f"Published, for context: {row[INSTRUMENT]}, {row['quantity']} {number(row['value'], 2)}: {row['source']}"
            for _, row in published.iterrows()
        ]
    return notes
