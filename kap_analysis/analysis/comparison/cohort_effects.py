"""How far each cohort is from the average cohort, as predicted by the primary model."""

from dataclasses import dataclass, field

import pandas as pd
from scipy.special import ndtri

from kap_analysis.analysis.comparison.comparison_result import FormatComparison
from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.columns import COHORT_ID, FORMAT, INDIVIDUAL, N_PATIENTS, PATIENT_ID, PRACTICE
from kap_analysis.errors import AnalysisError
from kap_analysis.mixed.random_effects.effects import estimated_effects
from kap_analysis.run_memory import once_per_run
from kap_analysis.study.first_argument import asked_of
from kap_analysis.writing.sentences import number, plural


@dataclass(frozen=True)
class CohortEffects(Result):
    """Predicted effects of the cohorts.

    Attributes
    ----------
    effects : DataFrame
        ``cohort_id``, ``practice`` (where recorded), ``estimate`` (points from the average cohort, shrunken towards 0),
        ``std_error``, ``ci_low``, ``ci_high`` (95%, given the variances), ``n_patients``.
    """

    effects: pd.DataFrame
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def paragraph(self) -> str:
        low, high = self.effects["estimate"].min(), self.effects["estimate"].max()
        if number(low) == number(high) == number(0.0):
            return (
                f"The effects of all {plural(len(self.effects), 'cohort')} lie within 0.05 points of the average: the "
                "variance of the cohorts is estimated as nearly 0, which does not prove that they are alike."
            )
        return (
            f"The effects of {plural(len(self.effects), 'cohort')} range from {number(low)} to {number(high)} points. "
            "They are shrunken towards zero, more so in small cohorts, and their order is not a ranking."
        )


@asked_of(FormatComparison, words="a comparison", remedy="Ask first: kap.compare_formats(study)")
@once_per_run
def list_cohort_effects(comparison: FormatComparison) -> CohortEffects:
    """The effect of each cohort in a comparison of formats.

    Raises
    ------
    AnalysisError
        When the model has no cohort, or the study is public and of real patients.
    """
    fit = comparison.fit
    if fit is None:
        raise AnalysisError("Effects of single cohorts are not shown for a public study of real patients.")
    frame = estimated_effects(fit) if fit.design.bars else pd.DataFrame({"grouping": []})
    found = frame[frame["grouping"] == COHORT_ID]
    if found.empty:
        raise AnalysisError("The model has no random effect of the cohort, so there are no cohort effects to show.")
    rows = fit.design.frame
    nested = rows[rows[FORMAT].astype("str") != INDIVIDUAL]
    who = nested[PATIENT_ID] if PATIENT_ID in nested else pd.Series(nested.index, nested.index)  # one visit: rows
    sizes = who.groupby(nested[COHORT_ID].astype("str")).nunique()
    half = float(ndtri(0.975)) * found["std_error"]
    effects = pd.DataFrame({
        COHORT_ID: found["level"].astype("str"), "estimate": found["estimate"], "std_error": found["std_error"],
        "ci_low": found["estimate"] - half, "ci_high": found["estimate"] + half,
    })  # fmt: skip
    if PRACTICE in rows:
        effects[PRACTICE] = effects[COHORT_ID].map(nested.groupby(nested[COHORT_ID].astype("str"))[PRACTICE].first())
    effects[N_PATIENTS] = effects[COHORT_ID].map(sizes).fillna(0).astype(int)
    return CohortEffects(effects[effects[N_PATIENTS] > 0].reset_index(drop=True))
