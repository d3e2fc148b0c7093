"""The result of `compare_formats`, and its sentences for a Results section."""

from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from kap_analysis.analysis.comparison.margins import EQUIVALENCE, NON_INFERIORITY
from kap_analysis.analysis.model.covariates import PRACTICES_APART
from kap_analysis.analysis.model.ladder import DESCRIPTIVE
from kap_analysis.analysis.model.unadjusted import unadjusted_sentence
from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.columns import (
    FORMAT,
    GROUP,
    INDIVIDUAL,
    INSTRUMENT,
    N_PATIENTS,
    VISIT,
)
from kap_analysis.mixed.results import MixedResults
from kap_analysis.writing.sentences import (
    estimate_sentence,
    estimate_words,
    in_points,
    interval,
    join_words,
    n_statement,
    number,
    p_statement,
    plural,
    sentence_case,
    within_sentence,
)
from kap_analysis.writing.small_numbers import interval_words

#: An intraclass correlation below this is a variance that was estimated as 0.
NO_VARIANCE: Final = 1e-6


@dataclass(frozen=True)
class FormatComparison(Result):
    """Group compared with individual format on one instrument.

    Attributes
    ----------
    means : DataFrame
        Adjusted means: ``format``, ``visit``, ``estimate``, ``std_error``, ``df``, ``statistic``, ``p_value``
        (both missing: a mean is not tested), ``ci_low``, ``ci_high``, ``n_patients`` (scored at the visit).
    course : DataFrame
        The adjusted means from one common baseline, as `trace_adjusted_course`: ``instrument``, ``format``, ``visit``
        (baseline first), ``month``, ``estimate``, ``ci_low``, ``ci_high``, ``n_patients``.
    contrasts : DataFrame
        ``visit``, ``contrast`` ("group - individual"; "mixed - individual" where there is a third arm), the estimate
        columns, ``n_patients`` (scored at the visit), ``standardised``, ``standardised_low``, ``standardised_high``
        (the limits by the same SD), ``is_primary`` (the requested contrast). Only the plan's primary instrument
        and visit is tested: the others have no ``p_value``, and none has one when the comparison is descriptive.
    secondary : DataFrame
        The same contrast at the primary visit for the plan's other instruments: ``instrument``, ``visit``,
        ``contrast``, the estimate columns, ``n_patients``, ``standardised``, ``standardised_low``,
        ``standardised_high``, ``p_holm``, ``rung``, ``note`` (why it could not be compared).
    icc : DataFrame
        One row: ``estimate``, ``ci_low``, ``ci_high`` (profile interval), ``design_effect``, ``n_cohorts`` (with two
        or more patients), ``mean_cohort_size``, ``note``; empty without cohorts.
    margins : DataFrame
        As `assess_margins`; empty without a stated margin, and when the comparison is descriptive.
    unadjusted : DataFrame
        As `describe_unadjusted`, for the primary visit.
    model : DataFrame
        One row: ``instrument``, ``visit``, ``rung`` (full, compound, descriptive), ``formula``, ``n_patients``,
        ``n_observations``, ``why``, ``ddf``, ``standardised_by``, ``plan_origin``, ``margin`` (stated, in points;
        missing: none), ``is_planned`` (whether this is the plan's primary instrument and visit).
    notes : DataFrame
        ``note``: how data and model were prepared, and what was changed.
    higher_is_better : bool
    fit : MixedResults or None
    """

    means: pd.DataFrame
    course: pd.DataFrame
    contrasts: pd.DataFrame
    secondary: pd.DataFrame
    icc: pd.DataFrame
    margins: pd.DataFrame
    unadjusted: pd.DataFrame
    model: pd.DataFrame
    notes: pd.DataFrame
    higher_is_better: bool = False
    fit: MixedResults | None = None
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def is_descriptive(self) -> bool:
        """Whether there are too few cohorts or patients for a comparison."""
        return bool(self.model["rung"].iloc[0] == DESCRIPTIVE)

    @property
    def primary(self) -> pd.Series:
        """The row of `contrasts` that the plan names."""
        return self.contrasts[self.contrasts["is_primary"]].iloc[0]

    @property
    def answer(self) -> str:
        """The answer in one sentence: the adjusted difference, its interval, and what follows from it."""
        adjusted = "after adjustment for the baseline score" if self.is_descriptive else "after adjustment"
        size = difference_sentence(self.primary, self.model[INSTRUMENT].iloc[0], self.higher_is_better, adjusted)
        if self.is_descriptive:
            return f"Descriptive only: {self.model['why'].iloc[0]}. {size}; this is a description, not a comparison."
        return f"{size}; {what_the_interval_says(self.primary)}."

    @property
    def paragraph(self) -> str:
        return comparison_paragraph(self)


def comparison_paragraph(result: FormatComparison) -> str:
    """The difference, means, ICC, margin, unadjusted difference, other formats and secondary instruments."""
    row, model = result.primary, result.model.iloc[0]
    parts = [
        result.answer,
        PRACTICES_APART if PRACTICES_APART in set(result.notes["note"]) else "",
        _not_planned(model),
        _means_sentence(result.means, row, model),
        f"Standardised, the difference is {number(row['standardised'], 2)} (95% interval "
        f"{interval(row['standardised_low'], row['standardised_high'], decimals=2)}; "
        f"{model['standardised_by']}).",
        "" if "icc" in set(result.withheld["frame"]) else _icc_sentence(result.icc, float(row["df"])),
        _margin_sentence(result),
        unadjusted_sentence(result.unadjusted, result.higher_is_better),
        _other_formats(result.contrasts, row),
        _secondary_sentence(result.secondary),
    ]
    return " ".join(part for part in parts if part)


def difference_sentence(
    row: pd.Series, instrument: str, higher_is_better: bool, adjusted: str = "after adjustment"
) -> str:
    """Which format scored better and by how much, with the estimate in brackets; without a full stop."""
    size = f"group minus individual {estimate_sentence(row)}; {plural(row[N_PATIENTS], 'patient')} scored at that visit"
    shown = number(abs(row["estimate"]))
    if shown == number(0.0):
        return (
            f"At {row[VISIT]}, patients treated in groups and patients seen individually differed by less than 0.05 "
            f"{instrument} points, {adjusted}: {size}"
        )
    side = "better" if (row["estimate"] > 0) == higher_is_better else "worse"
    return (
        f"At {row[VISIT]}, patients treated in groups scored {shown} {instrument} points {side} than patients seen "
        f"individually, {adjusted}: {size}"
    )


def what_the_interval_says(row: pd.Series) -> str:
    """Whether the interval is compatible with either format being better."""
    if pd.isna(row["ci_low"]) or pd.isna(row["ci_high"]):
        return "its interval is not available"
    if row["ci_low"] <= 0 <= row["ci_high"]:
        return "the data are compatible with either format being better"
    return "the interval does not include zero"


def _not_planned(model: pd.Series) -> str:
    if model["is_planned"]:
        return ""
    return (
        f"{model[INSTRUMENT]} at {model[VISIT]} is not the plan's primary outcome, so it is estimated and not tested."
    )


def _means_sentence(means: pd.DataFrame, row: pd.Series, model: pd.Series) -> str:
    at_visit = means[means[VISIT].astype("str") == str(row[VISIT])]
    told = [
        f"{number(mean['estimate'])} ({interval_words(mean)}; {n_statement(mean[N_PATIENTS])}) in {mean[FORMAT]} format"
        for _, mean in at_visit.iterrows()
    ]
    return (
        f"The adjusted means were {join_words(told)}, from {plural(model['n_observations'], 'score')} after baseline "
        f"in {plural(model[N_PATIENTS], 'patient')}."
    )


def _icc_sentence(icc: pd.DataFrame, df: float) -> str:
    if icc.empty:
        return (
            "No variance between therapy cohorts could be estimated (that takes two or more recorded cohorts with two "
            "or more analysed patients, and scores that tell it from other variance), so clustering within cohorts is "
            "not modelled: the degrees of freedom are those of patients, and the interval is too narrow if patients "
            "who were treated together are alike."
        )
    row = icc.iloc[0]
    if pd.isna(row["ci_high"]) and row["note"]:
        limits = f"95% interval not bounded: {row['note']}"
    else:
        limits = f"95% interval {interval(row['ci_low'], row['ci_high'], 2)}"
    found = number(row["estimate"], 2)
    none = ""
    if found == number(0.0, 2):
        much = "No" if row["estimate"] < NO_VARIANCE else "Hardly any"
        many = ", so the degrees of freedom exceed the number of cohorts" if df > row["n_cohorts"] else ""
        none = f" {much} variance between cohorts was found{many}; this does not prove that cohorts are alike."
    return (
        f"The intraclass correlation of the {plural(row['n_cohorts'], 'cohort')} with two or more analysed patients is "
        f"{found} ({limits}; design effect {number(row['design_effect'], 2)}).{none}"
    )


def _margin_sentence(result: FormatComparison) -> str:
    row, points = result.primary, result.model["margin"].iloc[0]
    if len(result.margins):
        stated = result.margins[result.margins["is_stated"]].set_index("kind")
        told = [f"{sentence_case(conclusion)}." for conclusion in stated["conclusion"]]
        if stated.loc[EQUIVALENCE, "holds"] and not stated.loc[NON_INFERIORITY, "holds"]:
            told.append("The first is judged by the wider interval, so that the second can hold without it.")
        return " ".join(told)
    if pd.notna(points):
        return f"The margin of {in_points(points)} is not assessed, because the comparison is descriptive."
    width = row["ci_high"] - row["ci_low"]
    return f"No margin was set, so none is assessed; the interval is {number(width)} points wide."


def _other_formats(contrasts: pd.DataFrame, row: pd.Series) -> str:
    """The third arm, if there is one: an estimate, never a test."""
    at_visit = contrasts[(contrasts[VISIT].astype("str") == str(row[VISIT])) & ~contrasts["is_primary"]]
    told = [
        f"{sentence_case(other['contrast'].replace(' - ', ' minus '))} format: {estimate_sentence(other)}, not tested."
        for _, other in at_visit.iterrows()
        if other["contrast"] != f"{GROUP} - {INDIVIDUAL}"
    ]
    return " ".join(told)


def _secondary_sentence(secondary: pd.DataFrame) -> str:
    if secondary.empty:
        return ""
    known = secondary["estimate"].notna()
    parts = []
    if known.any():
        tested = secondary.loc[known, "p_holm"].notna()
        how = f"p adjusted by Holm's method over {plural(int(tested.sum()), 'test')}" if tested.any() else "not tested"
        told = [
            f"{other[INSTRUMENT]} {estimate_words(other)} points (95% interval "
            f"{interval(other['ci_low'], other['ci_high'])}"
            + (f"; {p_statement(other['p_holm'])})" if pd.notna(other["p_holm"]) else f"; {other['rung']})")
            for _, other in secondary[known].iterrows()
        ]
        parts.append(f"Secondary instruments, group minus individual ({how}): {join_words(told)}.")
    for _, other in secondary[~known].iterrows():
        why = other["note"] if pd.notna(other["note"]) and other["note"] else "withheld."
        parts.append(f"{other[INSTRUMENT]} could not be compared: {within_sentence(why)}")
    return " ".join(parts)
