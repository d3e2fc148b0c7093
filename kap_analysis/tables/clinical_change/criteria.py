"""Response, remission and the smallest important change, of those assessed and of those who started."""

import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, FORMAT
from kap_analysis.tables.clinical_change.clinical_change import share_interval
from kap_analysis.tables.page.cells import assemble, checked_frame, enough_notes, format_heading, texts, with_enough
from kap_analysis.tables.page.layout import Column, Layout, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import INTERVAL, count_of, is_missing
from kap_analysis.writing.sentences import sentence_case

COLUMNS = (FORMAT, "criterion", "n", "n_assessed", "n_started", CI_LOW, CI_HIGH)


def table_criteria(*, criteria: pd.DataFrame, stamp: str = "") -> Table:
    """Show how many patients met each criterion of improvement or worsening, with both denominators.

    Parameters
    ----------
    criteria : pandas.DataFrame
        ``clinical_change(outcomes).criteria``: ``format``, ``criterion`` (in words), ``n``, ``n_assessed``,
        ``n_started``, ``ci_low``, ``ci_high`` (of the share of those assessed), and where known ``side`` (better,
        worse) and ``source``.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        Row groups by criterion, one row per format.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    frame = checked_frame(criteria, COLUMNS, name="criteria", caller="table_criteria")
    cells = pd.DataFrame(
        {
            "criterion": _criteria(frame),
            "label": [format_heading(name) for name in frame[FORMAT].astype(str)],
            "assessed": texts(frame, count_of, "n", "n_assessed"),
            "interval": texts(with_enough(frame, "n_assessed"), share_interval, CI_LOW, CI_HIGH),
            "started": texts(frame, count_of, "n", "n_started"),
        }
    )
    columns = (
        label_column("Format"),
        Column("assessed", "Of assessed"),
        Column("interval", INTERVAL),
        Column("started", "Of started"),
    )
    return assemble(
        "criteria",
        "Response, remission and smallest important change by format",
        cells,
        Layout(columns, groups="criterion"),
        raw=frame,
        notes=[
            "Interval: confidence interval of the share of those assessed. "
            "There is no control arm: change is not an effect.",
            *_sources(frame),
            *enough_notes(frame, counted="n_assessed"),
        ],
        stamp=stamp,
    )


def _criteria(frame: pd.DataFrame) -> list[str]:
    """Each criterion in words, with the side: the same threshold counts those who improved and those who got worse."""
    words = [sentence_case(criterion) for criterion in frame["criterion"]]
    if "side" not in frame.columns:
        return words
    sides = {"better": "improved", "worse": "worsened"}
    told = [sides.get(str(side), str(side)) if not is_missing(side) else "" for side in frame["side"]]
    both = frame.groupby("criterion", observed=True)["side"].transform("nunique") > 1
    return [f"{word} ({side})" if two else word for word, side, two in zip(words, told, both, strict=True)]


def _sources(frame: pd.DataFrame) -> list[str]:
    if "source" not in frame.columns:
        return []
    told = frame.drop_duplicates("criterion")
    return [
        f"{sentence_case(row['criterion'])}: {row['source']}"
        for _, row in told.iterrows()
        if not is_missing(row["source"]) and row["source"]
    ]
