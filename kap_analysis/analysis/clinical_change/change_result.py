"""The result of `clinical_change`, and its sentences for a Results section."""

from dataclasses import dataclass, field

import pandas as pd

from kap_analysis.analysis.clinical_change.cutoffs import functional_side
from kap_analysis.analysis.clinical_change.reliable_change import (
    DETERIORATED,
    IMPROVED,
    RECOVERED,
)
from kap_analysis.analysis.result import Result, empty_withheld, told_of
from kap_analysis.analysis.visits import NO_CONTROL
from kap_analysis.columns import CI_HIGH, CI_LOW, FORMAT
from kap_analysis.writing.numbers import exact
from kap_analysis.writing.sentences import (
    WITHHELD_NUMBER,
    count,
    percent,
    percent_interval,
    sentence_case,
    share,
)


@dataclass(frozen=True)
class ClinicalChange(Result):
    """Clinically significant change from baseline to a visit.

    Attributes
    ----------
    instrument, visit, method : str
    reliable_change : float
        The smallest reliable change in points (Jacobson-Truax).
    basis : str
        What it is based on: the SD, its population, and the reliability.
    cutoff : float or None
        The cut-off used; None if none is established, in which case no patient can be "recovered".
    cutoff_name : "a", "b", "c", "published" or "none"
    higher_is_better : bool
    patients : DataFrame
        One row per patient of the outcomes: ``patient_id``, ``format``, ``baseline``, ``follow_up``, ``change``,
        ``percent_change``, ``rci`` (index of `method`), ``class`` (recovered, improved, unchanged, deteriorated;
        missing where not assessed), ``below_cut_at_baseline`` (already on the functional side at baseline;
        for scales on which higher is better that is above the cut-off; missing without a cut-off or a baseline).
    shares : DataFrame
        One row per format ("all" first) and class ("recovered" only with a cut-off): ``n``, ``n_assessed``,
        ``n_started``, ``n_not_assessed``, ``share_of_assessed``, ``ci_low``, ``ci_high`` (Wilson),
        ``share_of_started``, ``started_ci_low``, ``started_ci_high``.
    eligible : DataFrame
        Recovery among patients who could recover; empty without a cut-off: ``format``, ``n_assessed``,
        ``n_below_cut_at_baseline``, ``n_eligible`` (on the clinical side at baseline), ``n`` (of them recovered),
        ``share``, ``ci_low``, ``ci_high``.
    methods : DataFrame
        Sensitivity to the method (`METHODS`, and the growth model if enough patients have three scores):
        ``method``, ``format``, ``class``, ``n``, ``n_assessed``, ``share``.
    criteria : DataFrame
        Response, remission and smallest important change: ``format``, ``criterion`` (in words), ``kind``, ``side``
        (better, worse), ``population`` (for whom the threshold holds), ``source``, and the columns of `shares`.
    cutoffs : DataFrame
        ``cutoff`` (a, b, c, published, reliable change), ``value``, ``formula``, ``source``, ``is_used``,
        ``qualification``.
    notes : tuple of str
        Who is not counted or not due yet, what could not be computed, and why.
    """

    instrument: str
    visit: str
    method: str
    reliable_change: float
    basis: str
    cutoff: float | None
    cutoff_name: str
    higher_is_better: bool
    patients: pd.DataFrame
    shares: pd.DataFrame
    eligible: pd.DataFrame
    methods: pd.DataFrame
    criteria: pd.DataFrame
    cutoffs: pd.DataFrame
    notes: tuple[str, ...] = ()
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    @told_of("shares")
    def paragraph(self) -> str:
        return change_paragraph(self)


def change_paragraph(result: ClinicalChange) -> str:
    """How many were assessed, reliably better and reliably worse, and by which thresholds."""
    rows = {str(row["class"]): row for _, row in result.shares[result.shares[FORMAT] == "all"].iterrows()}
    first = rows[DETERIORATED]
    told = [
        f"{sentence_case(share(first['n_assessed'], first['n_started']))} patients who started had "
        f"{result.instrument} at baseline and at {result.visit}.",
        f"Of those assessed, {_class_words(rows, result)}.",
        f"Of all who started, {_of_started(rows)}.",
        _thresholds(result),
    ]
    if result.cutoff is not None and len(result.eligible):
        told.append(_eligible_words(result))
    return " ".join([*told, *result.notes, NO_CONTROL])


def _class_words(rows: dict[str, pd.Series], result: ClinicalChange) -> str:
    side = functional_side(result.cutoff_name, higher_is_better=result.higher_is_better)
    worse = f"{_count(rows[DETERIORATED])} {_was(rows[DETERIORATED])} reliably worse"
    if result.cutoff is None:
        return f"{_count(rows[IMPROVED])} {_was(rows[IMPROVED])} reliably better and {worse}"
    crossed = f"reliably better and now {side} the cut-off of {exact(round(result.cutoff, 2))}"
    return (
        f"{_count(rows[RECOVERED])} {_was(rows[RECOVERED])} {crossed}, {_count(rows[IMPROVED])} "
        f"{_was(rows[IMPROVED])} reliably better without that, and {worse}"
    )


def _of_started(rows: dict[str, pd.Series]) -> str:
    better = sum(row["n"] for label, row in rows.items() if label in (RECOVERED, IMPROVED))
    started = rows[DETERIORATED]["n_started"]
    worse = rows[DETERIORATED]["n"]
    return f"{share(better, started)} are known to be reliably better and {share(worse, started)} reliably worse"


def _thresholds(result: ClinicalChange) -> str:
    enough = exact(round(result.reliable_change, 2))
    words = f"A change of {enough} points or more is reliable (Jacobson-Truax; {result.basis})"
    if result.method == "Jacobson-Truax":
        return f"{words}."
    return f"The classes are those of {result.method}; for comparison, {words[0].lower()}{words[1:]}."


def _eligible_words(result: ClinicalChange) -> str:
    row = result.eligible[result.eligible[FORMAT] == "all"].iloc[0]
    side = functional_side(result.cutoff_name, higher_is_better=result.higher_is_better)
    n_below = sentence_case(count(row["n_below_cut_at_baseline"]))
    ends = "" if pd.isna(row[CI_LOW]) else f" (95% interval {percent_interval(row[CI_LOW], row[CI_HIGH])})"
    return (
        f"{n_below} of those assessed {'was' if row['n_below_cut_at_baseline'] == 1 else 'were'} already {side} the "
        "cut-off at baseline and cannot pass it; reliably better and past it, of the others: "
        f"{share(row['n'], row['n_eligible'])}{ends}."
    )


def _count(row: pd.Series) -> str:
    if pd.isna(row["n"]):
        return WITHHELD_NUMBER
    ends = percent_interval(row[CI_LOW], row[CI_HIGH])
    return f"{count(row['n'])} ({percent(row['share_of_assessed'])}, 95% interval {ends})"


def _was(row: pd.Series) -> str:
    return "was" if row["n"] == 1 else "were"
