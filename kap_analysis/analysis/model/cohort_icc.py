"""How alike the patients of one cohort are: the intraclass correlation in the group format, with its interval.

ICC = cohort variance / (cohort variance + variance of a group patient at the visit apart from the cohort). The
interval is profiled: the cohort variance is held over a range of values, everything else refitted, and the values
kept whose criterion lies within the chi-squared quantile of the best; it can include 0.
"""

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import chdtri

from kap_analysis.analysis.model.model_frame import IN_COHORT, ModelFrame
from kap_analysis.columns import COHORT_ID, GROUP, IS_GROUP, PATIENT_ID
from kap_analysis.mixed.fitted_model import FittedModel
from kap_analysis.mixed.results import MixedResults

COLUMNS = ("estimate", "ci_low", "ci_high", "design_effect", "n_cohorts", "mean_cohort_size", "note")
#: The largest ICC that the profile looks at.
LARGEST_ICC = 0.95


def estimate_icc(fit: MixedResults, model: ModelFrame, visit: str, *, level: float = 0.95) -> pd.DataFrame:
    """Intraclass correlation of the cohorts at a visit.

    Returns
    -------
    DataFrame
        One row: ``estimate``, ``ci_low``, ``ci_high``, ``design_effect`` (1 + (mean size - 1) ICC), ``n_cohorts`` (with
        two or more analysed patients), ``mean_cohort_size`` (of those), ``note``; no row without a cohort term.
    """
    name = cohort_variance_name(fit)
    patients = model.patients
    sizes = patients.loc[patients["in_cohort"] == 1, COHORT_ID].value_counts()
    sizes = sizes[sizes >= 2]
    if name is None or sizes.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    between, within = float(fit.theta[name]), group_variance(fit, visit)
    icc = between / (between + within)
    low, high, note = _profile(fit, name, visit, between, within, level)
    row = [icc, low, high, 1 + (sizes.mean() - 1) * icc, len(sizes), sizes.mean(), note]
    return pd.DataFrame([row], columns=list(COLUMNS))


def cohort_variance_name(fit: FittedModel) -> str | None:
    """The name of the cohort's variance among the covariance parameters, if the model has one."""
    components = fit.variance_components
    terms = components.loc[components["grouping"] == COHORT_ID, "term1"]
    return None if terms.empty else f"var({terms.iloc[0]} | {COHORT_ID})"


def group_variance(fit: FittedModel, visit: str) -> float:
    """Variance of a group patient's score at a visit apart from the cohort: residual and patient together."""
    residual = fit.residual
    of_groups = residual["stratum"].isin([GROUP, IN_COHORT])
    rows = residual[of_groups] if of_groups.any() else residual  # one residual variance for everybody
    rows = rows[rows["visit2"].isna() & (rows["visit1"].isna() | (rows["visit1"] == visit))]
    components = fit.variance_components
    of_patients = components["grouping"] == PATIENT_ID
    between = components.loc[of_patients & components["term1"].isin([IS_GROUP, "(Intercept)"]), "variance"]
    return float(rows["variance"].iloc[0] + between.sum())


def _profile(
    fit: MixedResults, name: str, visit: str, between: float, within: float, level: float
) -> tuple[float, float, str]:
    """Limits of the ICC where the profiled criterion exceeds its minimum by the chi-squared quantile."""
    allowed = float(chdtri(1, 1 - level))

    def excess(value: float) -> float:
        held = fit.model.fit(**{**fit.settings.as_keywords(), "fixed": {name: value}, "ddf": "normal"})
        return float(held.criterion - fit.criterion - allowed)

    def icc_at(value: float) -> float:
        held = fit.model.fit(**{**fit.settings.as_keywords(), "fixed": {name: value}, "ddf": "normal"})
        return value / (value + group_variance(held, visit))

    try:
        best = max(between, 0.0)
        low = 0.0 if best == 0 or excess(0.0) <= 0 else icc_at(brentq(excess, 0.0, best, xtol=1e-3 * within))
        upper = best + 0.1 * within
        while excess(upper) < 0:
            upper = best + 2 * (upper - best)
            if upper / (upper + within) > LARGEST_ICC:
                return low, np.nan, f"the upper limit lies above {LARGEST_ICC}"
        return low, icc_at(brentq(excess, best, upper, xtol=1e-3 * within)), ""
    except ValueError as error:
        return np.nan, np.nan, f"the interval could not be profiled: {error}"
