"""Clinically significant change in the sentences of a Results section, made from the frames of the result."""

from typing import TYPE_CHECKING

import pandas as pd

from kap_analysis.analysis.observed import NO_CONTROL
from kap_analysis.analysis.reliable_change import DETERIORATED, IMPROVED, RECOVERED
from kap_analysis.analysis.wording import WITHHELD, count_words, interval, number, percent, sentence_case, share
from kap_analysis.columns import CI_HIGH, CI_LOW, FORMAT

if TYPE_CHECKING:
    from kap_analysis.analysis.significant_change import ClinicalChange


def change_paragraph(result: "ClinicalChange") -> str:
    """Who was assessed, who was reliably better, who worse, and by which thresholds."""
    rows = {str(row["class"]): row for _, row in result.shares[result.shares[FORMAT] == "all"].iterrows()}
    first = rows[RECOVERED]
    told = [
        f"{sentence_case(share(first['n_assessed'], first['n_started']))} patients who started had "
        f"{result.instrument} at baseline and at {result.visit}.",
        f"Of those assessed, {_class_words(rows, result)}.",
        f"Of all who started, {_of_started(rows)}.",
        _thresholds(result),
    ]
    if result.cutoff is not None:
        told.append(_eligible_words(result))
    return " ".join([*told, *result.notes, NO_CONTROL])


def _class_words(rows: dict[str, pd.Series], result: "ClinicalChange") -> str:
    side = "above" if result.higher_is_better else "below"
    worse = f"{_count(rows[DETERIORATED])} {_was(rows[DETERIORATED])} reliably worse"
    if result.cutoff is None:
        return f"{_count(rows[IMPROVED])} {_was(rows[IMPROVED])} reliably better and {worse}"
    crossed = f"reliably better and now {side} the cut-off of {number(result.cutoff)}"
    return (
        f"{_count(rows[RECOVERED])} {_was(rows[RECOVERED])} {crossed}, {_count(rows[IMPROVED])} "
        f"{_was(rows[IMPROVED])} reliably better without that, and {worse}"
    )


def _of_started(rows: dict[str, pd.Series]) -> str:
    better = rows[RECOVERED]["n"] + rows[IMPROVED]["n"]
    started = rows[RECOVERED]["n_started"]
    worse = rows[DETERIORATED]["n"]
    return f"{share(better, started)} are known to be reliably better and {share(worse, started)} reliably worse"


def _thresholds(result: "ClinicalChange") -> str:
    words = f"A change of {number(result.reliable_change)} points or more is reliable (Jacobson-Truax; {result.basis})"
    if result.method == "Jacobson-Truax":
        return f"{words}."
    return f"The classes are those of {result.method}; for comparison, {words[0].lower()}{words[1:]}."


def _eligible_words(result: "ClinicalChange") -> str:
    row = result.eligible[result.eligible[FORMAT] == "all"].iloc[0]
    side = "above" if result.higher_is_better else "below"
    n_below = sentence_case(count_words(row["n_below_cut_at_baseline"]))
    ends = "" if pd.isna(row[CI_LOW]) else f" (95% interval {_percent_interval(row[CI_LOW], row[CI_HIGH])})"
    return (
        f"{n_below} of those assessed {'was' if row['n_below_cut_at_baseline'] == 1 else 'were'} already {side} the "
        "cut-off at baseline and cannot count as recovered; of the others, "
        f"{share(row['n'], row['n_eligible'])} recovered{ends}."
    )


def _count(row: pd.Series) -> str:
    if pd.isna(row["n"]):
        return WITHHELD
    ends = _percent_interval(row[CI_LOW], row[CI_HIGH])
    return f"{number(row['n'], 0)} ({percent(row['share_of_assessed'])}, 95% interval {ends})"


def _was(row: pd.Series) -> str:
    return "was" if row["n"] == 1 else "were"


def _percent_interval(low: float, high: float) -> str:
    return f"{interval(100 * low, 100 * high, 0)}%"
