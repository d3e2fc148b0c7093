"""The result of `compare_clinical_change`, and its sentences for a Results section."""

from dataclasses import dataclass, field

import pandas as pd

from kap_analysis.analysis.clinical_change.pooled_risks import DIFFERENCE, RATIO
from kap_analysis.analysis.clinical_change.response import WORSE
from kap_analysis.analysis.model.unadjusted import NOT_BY_CHANCE
from kap_analysis.analysis.result import Result, empty_withheld, told_of
from kap_analysis.columns import CI_HIGH, CI_LOW, ESTIMATE, FORMAT, GROUP, INDIVIDUAL, N_PATIENTS
from kap_analysis.writing.sentences import (
    count,
    interval,
    join_words,
    number,
    p_statement,
    percent,
    percent_interval,
    ratio_interval,
    sentence_case,
    share,
)


@dataclass(frozen=True)
class ClinicalChangeComparison(Result):
    """Clinically significant change compared between the formats.

    Attributes
    ----------
    contrasts : DataFrame
        One row per event and measure: ``event`` ("reliably better and below the cut-off", of a published one "at or
        below", "reliably better", "reliably worse", and response if the instrument has a response rule), ``side``
        (better, worse), ``measure`` ("risk difference", group minus individual; "risk ratio", group over individual,
        whose ``std_error`` is that of its logarithm), the estimate columns (Rubin's rules, Barnard-Rubin df),
        ``missing_information``, ``n_patients``, ``n_fewest`` (patients with the event in the format that has fewer of
        them, on average over the imputed data), ``adjusted_for``, ``note`` (why there is no interval).
    risks : DataFrame
        ``event``, ``side``, ``format``, ``n_with_event`` (on average over the imputed data), ``risk`` (standardised
        over all patients), ``ci_low``, ``ci_high``.
    needed : DataFrame
        Number needed to treat: ``event``, ``meaning``, ``estimate``, ``ci_low``, ``ci_high``; only for events whose
        risk difference excludes zero, and only if the difference is an effect of the format.
    observed : DataFrame
        Observed counts, without imputation: ``event``, ``side``, ``format``, and the columns of
        `ClinicalChange.shares`.
    about : DataFrame
        One row: ``instrument``, ``visit``, ``method``, ``n_patients`` (in individual or group format, with a
        score), ``n_started`` (in these formats), ``n_clusters`` (cohorts of the group format, a patient without
        one counted alone), ``complete_df``.
    n_imputations : int
    cutoff : float or None
        The cut-off used; None if none is established, in which case recovery is not assessed.
    notes : tuple of str
    """

    contrasts: pd.DataFrame
    risks: pd.DataFrame
    needed: pd.DataFrame
    observed: pd.DataFrame
    about: pd.DataFrame
    n_imputations: int
    cutoff: float | None = None
    notes: tuple[str, ...] = ()
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    @told_of("about", "contrasts")
    def paragraph(self) -> str:
        return comparison_of_classes(self)


def comparison_of_classes(result: ClinicalChangeComparison) -> str:
    """Who was compared, each event, and the observed counts without imputation."""
    about = result.about.iloc[0]
    told = [
        f"At {about['visit']}, in {share(about[N_PATIENTS], about['n_started'])} patients who started in individual or "
        f"group format, with missing {about['instrument']} scores imputed {count(result.n_imputations)} times:"
    ]
    before = ""
    for event in dict.fromkeys(result.contrasts["event"].astype(str)):
        sentence, before = _event_sentence(result, event, before)
        told.append(sentence)
    told += [_needed_sentence(row) for _, row in result.needed.iterrows()]
    last = f"The intervals are not adjusted for the number of events compared. {NOT_BY_CHANCE}."
    return " ".join([*told, *result.notes, last])


def _event_sentence(result: ClinicalChangeComparison, event: str, before: str) -> tuple[str, str]:
    """The sentence of one event, and its covariates (named only if they differ from `before`)."""
    rows = result.contrasts[result.contrasts["event"] == event].set_index("measure")
    risks = result.risks[result.risks["event"] == event].set_index(FORMAT)["risk"]
    observed = _observed_words(result.observed[result.observed["event"] == event])
    difference, ratio = rows.loc[DIFFERENCE], rows.loc[RATIO]
    start = f"{sentence_case(event)}: {percent(risks[GROUP])} in groups and {percent(risks[INDIVIDUAL])} individually"
    if pd.isna(difference[CI_LOW]):
        return f"{start}; {difference['note'] or 'no interval'}{observed}.", before
    adjusted = str(difference["adjusted_for"])
    words = "unadjusted" if adjusted == "nothing" else f"adjusted for {adjusted}"
    ends = interval(100 * difference[CI_LOW], 100 * difference[CI_HIGH])
    sentence = (
        f"{start}{'' if adjusted == before else f' ({words})'}, a difference of "
        f"{number(100 * difference[ESTIMATE])} percentage points (95% interval {ends}; df {number(difference['df'])}; "
        f"{p_statement(difference['p_value'])}) and a ratio of {number(ratio[ESTIMATE], 2)} "
        f"({ratio_interval(ratio[CI_LOW], ratio[CI_HIGH])}){observed}."
    )
    return sentence, adjusted


def _observed_words(seen: pd.DataFrame) -> str:
    """Counts of patients assessed; for a worsening with the interval, because a small count is not none.

    Empty if all counts are withheld.
    """
    if seen["n"].isna().all():
        return ""
    told = []
    for _, row in seen.iterrows():
        ends = (
            f" (95% interval {percent_interval(row[CI_LOW], row[CI_HIGH])})"
            if row["side"] == WORSE and pd.notna(row[CI_LOW])
            else ""
        )
        told.append(f"{share(row['n'], row['n_assessed'])} in {row[FORMAT]} format{ends}")
    return f"; of those assessed {join_words(told)}"


def _needed_sentence(row: pd.Series) -> str:
    ends = f"{number(row[CI_LOW])} to {number(row[CI_HIGH])}"
    return (
        f"If this difference were an effect of the format, the number needed to treat would be {number(row[ESTIMATE])} "
        f"(95% interval {ends}) {row['meaning']}."
    )
