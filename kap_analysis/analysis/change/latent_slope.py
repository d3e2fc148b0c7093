"""Do patients who start worse change more: the latent correlation of starting score and slope."""

import numpy as np
import pandas as pd

from kap_analysis.columns import PATIENT_ID
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.results import MixedResults
from kap_analysis.writing.sentences import interval, number

#: Beyond this the covariance matrix of the patients is singular, and the correlation is not estimated.
AT_THE_EDGE = 0.995


def latent_correlation(fit: MixedResults) -> pd.DataFrame:
    """The correlation of starting score and slope between patients, free of the error of single scores."""
    theta = fit.theta
    names = [
        f"var((Intercept) | {PATIENT_ID})",
        f"cov((Intercept), early | {PATIENT_ID})",
        f"var(early | {PATIENT_ID})",
    ]
    if not set(names) <= set(theta.index) or theta[names[0]] * theta[names[2]] <= 0:
        return pd.DataFrame(columns=["correlation", "ci_low", "ci_high", "warning"])

    def correlation(values: pd.Series) -> float:
        return float(np.clip(values[names[1]] / np.sqrt(values[names[0]] * values[names[2]]), -1.0, 1.0))

    estimate = correlation(theta)
    try:
        limits = fit.profile({"correlation": correlation}).iloc[0]
        low, high = float(limits["ci_low"]), float(limits["ci_high"])
    except (MixedModelError, np.linalg.LinAlgError):
        low, high = np.nan, np.nan  # on the boundary there is no certified interval
    warning = (
        "An observed baseline score includes measurement error, so extreme baselines tend to move towards the mean on "
        "their own (regression to the mean). This is the correlation of the underlying values. It is not evidence that "
        "treatment works better in severe illness."
    )
    return pd.DataFrame([{"correlation": estimate, "ci_low": low, "ci_high": high, "warning": warning}])


def latent_sentence(latent: pd.DataFrame) -> str:
    if latent.empty:
        return ""
    row = latent.iloc[0]
    if abs(row["correlation"]) > AT_THE_EDGE:
        return "The scores do not tell how the latent starting score and the latent slope of a patient are correlated."
    known = pd.notna(row["ci_low"]) and pd.notna(row["ci_high"])
    limits = f"95% interval {interval(row['ci_low'], row['ci_high'], decimals=2)}" if known else "no interval"
    return (
        f"The correlation of the latent starting score with the latent slope is {number(row['correlation'], 2)} "
        f"({limits}). {row['warning']}"
    )
