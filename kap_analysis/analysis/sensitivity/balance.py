"""Balance of the formats before and after weighting, and what is left of the number of patients."""

import numpy as np
import pandas as pd

from kap_analysis.analysis.sensitivity.difference_estimators import weighted_difference
from kap_analysis.columns import FORMAT, N_PATIENTS

#: Covariates with levels: the column of a level is named ``covariate_level``.
WITH_LEVELS = ("primary_diagnosis", "practice", "sex", "gender", "race_ethnicity")


def weighted_balance(design: pd.DataFrame, group: np.ndarray, weights: dict[str, np.ndarray]) -> pd.DataFrame:
    """Standardised differences under each weighting: the rows of `AllocationSensitivity.balance`.

    The standard deviation is always the unweighted one, so that weighting moves the numerator only.
    """
    rows = []
    for column in design:
        values = design[column].to_numpy(float)
        pooled = np.sqrt((values[group == 1].var(ddof=1) + values[group == 0].var(ddof=1)) / 2)
        for name, weight in weights.items():
            difference = weighted_difference(values, group, weight)
            rows.append([*_characteristic(str(column)), name, difference / pooled if pooled > 0 else np.nan])
    return pd.DataFrame(rows, columns=["characteristic", "level", "weighting", "smd"])


def effective_sizes(formats: pd.Series, weights: dict[str, np.ndarray]) -> pd.DataFrame:
    """Effective sample size (sum w)^2 / sum w^2 per weighting and format."""
    words = formats.astype("str")
    rows = []
    for name, weight in weights.items():
        for arm in words.unique():
            w = weight[(words == arm).to_numpy()]
            rows.append([name, arm, len(w), w.sum() ** 2 / (w**2).sum()])
    return pd.DataFrame(rows, columns=["weighting", FORMAT, N_PATIENTS, "effective"])


def _characteristic(column: str) -> tuple[str, str]:
    for source in WITH_LEVELS:
        if column.startswith(f"{source}_"):
            return source, column[len(source) + 1 :].removeprefix("is_")
    return column, ""
