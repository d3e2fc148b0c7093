"""Effect sizes of change, each with the formula that makes it: the same data give different numbers by formula."""

import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, ESTIMATE, INSTRUMENT, VISIT
from kap_analysis.tables.page.cells import assemble, checked_frame, enough_notes, texts, with_enough
from kap_analysis.tables.page.layout import Column, Layout, label_column, text_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import INTERVAL, coefficient, count, interval
from kap_analysis.writing.sentences import sentence_case

COLUMNS = (INSTRUMENT, VISIT, "effect_size", "formula", ESTIMATE, CI_LOW, CI_HIGH)


def table_effect_sizes(*, effect_sizes: pd.DataFrame, stamp: str = "") -> Table:
    """Show effect sizes of change with their formulas and intervals.

    Parameters
    ----------
    effect_sizes : pandas.DataFrame
        ``estimate_change(outcomes).effect_sizes``: ``instrument``, ``visit``, ``effect_size`` (its name),
        ``formula``, ``estimate``, ``ci_low``, ``ci_high``, and where known ``n_patients``.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per instrument, visit and effect size.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    frame = checked_frame(effect_sizes, COLUMNS, name="effect_sizes", caller="table_effect_sizes")
    several = frame[INSTRUMENT].nunique() > 1
    has_n = "n_patients" in frame.columns
    visit = [sentence_case(value) for value in frame[VISIT].astype(str)]
    where = [f"{name}, {at.lower()}" for name, at in zip(frame[INSTRUMENT].astype(str), visit, strict=True)]
    cells = pd.DataFrame(
        {
            "group": where if several else visit,
            "label": [sentence_case(name) for name in frame["effect_size"]],
            "formula": frame["formula"].astype(str),
            "n": texts(frame, count, "n_patients") if has_n else "",
            "estimate": texts(frame, coefficient, ESTIMATE),
            "interval": texts(with_enough(frame), lambda low, high: interval(low, high, 2), CI_LOW, CI_HIGH),
        }
    )
    columns = [label_column("Effect size"), text_column("formula", "Formula", prose=True)]
    columns += [Column("n", "n")] if has_n else []
    columns += [Column("estimate", "Estimate"), Column("interval", INTERVAL)]
    return assemble(
        "effect-sizes",
        "Effect sizes of change from baseline",
        cells,
        Layout(tuple(columns), groups="group"),
        raw=frame,
        notes=(
            "Interval: confidence interval. Effect sizes of different formulas cannot be compared.",
            "There is no control arm: change is not an effect of treatment.",
            *enough_notes(frame),
        ),
        stamp=stamp,
    )
