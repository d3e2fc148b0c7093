"""Pooling of estimates from imputed data sets (Rubin 1987; df of Barnard & Rubin 1999, doi 10.1093/biomet/86.4.948)."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtr, stdtrit

from kap_analysis.errors import AnalysisError


@dataclass(frozen=True, slots=True)
class Pooled:
    """One pooled estimate.

    Attributes
    ----------
    estimate, std_error, df : float
    within, between : float
        Mean of the squared standard errors; variance of the estimates.
    missing_information : float
        Share of the total variance that is due to the missing values.
    complete_df : float
        Degrees of freedom that the analysis would have without missing values.
    """

    estimate: float
    std_error: float
    df: float
    within: float
    between: float
    missing_information: float
    complete_df: float = np.inf

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Limits of the t interval."""
        half = float(stdtrit(self.df, (1 + level) / 2)) * self.std_error
        return self.estimate - half, self.estimate + half

    @property
    def p_value(self) -> float:
        """Two-sided p of the value 0."""
        return float(2 * stdtr(self.df, -abs(self.estimate / self.std_error)))

    def anchored(self, at_random: "Pooled") -> "Pooled":
        """The information-anchored reading: missing scores lose the share of information that they lose at random.

        T = W T_random / W_random, with the df of the estimate at random (Cro, Carpenter & Kenward 2019, doi
        10.1111/rssa.12423). Rubin's rules hold it approximately where the scores are drawn around a reference mean.
        """
        total = self.within * at_random.std_error**2 / at_random.within
        return replace(
            self, std_error=float(np.sqrt(total)), df=at_random.df, missing_information=at_random.missing_information
        )

    def row(self, level: float = 0.95) -> dict[str, float]:
        """The estimate columns."""
        low, high = self.interval(level)
        return {
            "estimate": self.estimate, "std_error": self.std_error, "df": self.df,
            "statistic": self.estimate / self.std_error, "p_value": self.p_value, "ci_low": low, "ci_high": high,
        }  # fmt: skip


def pool(estimates: np.ndarray, std_errors: np.ndarray, complete_df: float = np.inf) -> Pooled:
    """Pool estimates by Rubin's rules.

    Parameters
    ----------
    estimates, std_errors : arrays (m,)
        From m >= 2 imputed data sets.
    complete_df : float
        Degrees of freedom that the analysis would have without missing values.

    Notes
    -----
    T = W + (1 + 1/m) B; with g = (1 + 1/m) B / T: df_old = (m - 1) / g^2,
    df_obs = (df_com + 1) / (df_com + 3) df_com (1 - g), df = 1 / (1/df_old + 1/df_obs).
    """
    estimates, std_errors = np.asarray(estimates, float), np.asarray(std_errors, float)
    m = len(estimates)
    if m < 2 or len(std_errors) != m:
        raise AnalysisError(
            f"Pooling needs two or more estimates with as many standard errors; got {m} and {len(std_errors)}."
        )
    within, between = float(np.mean(std_errors**2)), float(np.var(estimates, ddof=1))
    return pool_parts(float(estimates.mean()), within, between, m, complete_df)


def pool_parts(estimate: float, within: float, between: float, m: int, complete_df: float = np.inf) -> Pooled:
    """The pooled estimate from the mean, the variances within and between, and the number of data sets."""
    total = within + (1 + 1 / m) * between
    share = (1 + 1 / m) * between / total
    observed = (
        complete_df if np.isinf(complete_df) else (complete_df + 1) / (complete_df + 3) * complete_df * (1 - share)
    )
    old = np.inf if share == 0 else (m - 1) / share**2
    df = 1 / (1 / old + 1 / observed) if np.isfinite(old) or np.isfinite(observed) else np.inf
    return Pooled(estimate, float(np.sqrt(total)), float(df), within, between, float(share), complete_df)
