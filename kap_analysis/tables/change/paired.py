"""Scores before and after, of the patients who have both: means and their change."""

import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, INSTRUMENT, N_PATIENTS, VISIT
from kap_analysis.tables.page.cells import assemble, checked_frame, enough_notes, stacked, texts, with_enough
from kap_analysis.tables.page.layout import Column, Layout, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import DASH, INTERVAL, count, count_of, mean_sd, number, with_interval
from kap_analysis.writing.sentences import sentence_case

MEANS = (INSTRUMENT, "time", VISIT, N_PATIENTS, "mean", "sd")
CHANGE = (INSTRUMENT, VISIT, N_PATIENTS, "mean_change", "sd_change", CI_LOW, CI_HIGH)


def table_paired_change(*, means: pd.DataFrame, change: pd.DataFrame, stamp: str = "") -> Table:
    """Show the mean score at baseline and at follow-up, and the mean change, of patients who have both.

    Parameters
    ----------
    means : pandas.DataFrame
        ``paired_scores(outcomes, visit).means``, of one instrument or of several under each other: ``instrument``,
        ``time`` (baseline, follow-up), ``visit``, ``n_patients``, ``mean``, ``sd``.
    change : pandas.DataFrame
        ``paired_scores(outcomes, visit).change``: ``instrument``, ``visit``, ``n_patients``, ``mean_change`` (follow-up
        minus baseline), ``sd_change``, ``ci_low``, ``ci_high``, and, where known, ``n_started`` (with a baseline).
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per instrument and follow-up visit: pairs, mean (SD) at both times, mean change with interval, its SD.

    Raises
    ------
    TableError
        If a frame lacks a column or has no rows.
    """
    scores = checked_frame(means, MEANS, name="means", caller="table_paired_change")
    changes = checked_frame(change, CHANGE, name="change", caller="table_paired_change")
    scores["text"] = texts(scores, mean_sd, "mean", "sd")
    has_started = "n_started" in changes.columns
    pairs = texts(changes, count_of, N_PATIENTS, "n_started") if has_started else texts(changes, count, N_PATIENTS)
    before, after = _by_time(scores, changes, 0), _by_time(scores, changes, 1)
    cells = pd.DataFrame(
        {
            "label": changes[INSTRUMENT].astype(str),
            "visit": [sentence_case(visit) for visit in changes[VISIT].astype(str)],
            "pairs": pairs,
            "before": before,
            "after": after,
            "change": texts(with_enough(changes), with_interval, "mean_change", CI_LOW, CI_HIGH),
            "sd": texts(changes, number, "sd_change"),
        }
    )
    layout = Layout(
        (
            label_column("Instrument"),
            Column("visit", "Visit", "left"),
            Column("pairs", "Pairs/with baseline" if has_started else "Pairs"),
            Column("before", "Baseline, mean (SD)"),
            Column("after", "Follow-up, mean (SD)"),
            Column("change", f"Mean change ({INTERVAL})"),
            Column("sd", "SD of change"),
        )
    )
    return assemble(
        "paired-change",
        "Scores at baseline and follow-up of patients who have both",
        cells,
        layout,
        raw=stacked(means=scores.drop(columns="text"), change=changes),
        notes=(
            "Change is follow-up minus baseline. SD: standard deviation; Interval: confidence interval (t).",
            "There is no control arm: change is not an effect of treatment.",
            "Patients without a follow-up score are not in the table.",
            *enough_notes(changes),
        ),
        stamp=stamp,
    )


def _by_time(scores: pd.DataFrame, changes: pd.DataFrame, position: int) -> list[str]:
    """The text of the earlier (0) or the later (1) mean, for each row of the changes."""
    found = []
    for _, change in changes.iterrows():
        same = scores[scores[INSTRUMENT].astype(str) == str(change[INSTRUMENT])]
        is_before = same["time"].astype(str) == "baseline"
        wanted = (
            same[is_before] if position == 0 else same[~is_before & (same[VISIT].astype(str) == str(change[VISIT]))]
        )
        found.append(str(wanted["text"].iloc[0]) if len(wanted) else DASH)
    return found
