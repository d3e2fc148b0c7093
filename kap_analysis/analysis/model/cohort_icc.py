"""How similar patients of one cohort are: the intraclass correlation in the group format, with its interval.

ICC = cohort variance / (cohort variance + variance of a group patient at the visit apart from the cohort). The
interval is a profile likelihood interval: at each value of the ratio the other parameters are refitted, and the
interval holds the values whose criterion is within the chi-squared quantile of the minimum. It can include 0.
"""

import numpy as np
import pandas as pd

from kap_analysis.analysis.model.model_frame import IN_COHORT, ModelFrame
from kap_analysis.columns import COHORT_ID, GROUP, IS_GROUP, PATIENT_ID
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.fitted_model import FittedModel
from kap_analysis.mixed.results import MixedResults

COLUMNS = ("estimate", "ci_low", "ci_high", "design_effect", "n_cohorts", "mean_cohort_size", "note")


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
    low, high, note = _profile(fit, visit, level)
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


def _profile(fit: MixedResults, visit: str, level: float) -> tuple[float, float, str]:
    """Limits of the ICC itself, everything else refitted at each of its values."""
    residual = fit.design.residual
    columns = {name for bar in fit.design.formula.bars for name in bar.part.columns}
    stratum = next((name for name in residual.strata if name in (GROUP, IN_COHORT)), None)
    try:
        found = fit.icc_interval(
            COHORT_ID,
            at={name: float(name in (IS_GROUP, "in_cohort")) for name in columns},
            visit=visit if residual.structure.over_visits else None,
            stratum=stratum,
            level=level,
        )
    except MixedModelError as error:
        return np.nan, np.nan, f"the interval could not be profiled: {error}"
    return float(found["ci_low"].iloc[0]), float(found["ci_high"].iloc[0]), ""
