"""Risks of an event by format in one data set: logistic GEE, standardised over the patients.

The format of every patient is set to group, then to individual, and the predicted risks are averaged. Clusters are
the cohorts of the group format and single patients otherwise; the working correlation is independence, so that the
coefficients are those of a logistic regression, and the covariance is the sandwich with the correction for few clusters
of Mancl & DeRouen (2001, doi 10.1111/j.0006-341X.2001.00126.x). The variances of the averages follow by the delta
method, given the patients.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.tools.sm_exceptions import PerfectSeparationError, PerfectSeparationWarning

#: A coefficient beyond this (per SD of its column) indicates complete or nearly complete separation.
LARGEST_COEFFICIENT = 10.0


@dataclass(frozen=True, slots=True)
class Risks:
    """Standardised risks of one data set.

    Attributes
    ----------
    group, individual : float
    covariance : array (2, 2)
        Of the two risks, group first.
    """

    group: float
    individual: float
    covariance: np.ndarray

    def difference(self) -> tuple[float, float]:
        """Risk difference and its standard error."""
        return self.group - self.individual, self._error(np.array([1.0, -1.0]))

    def log_ratio(self) -> tuple[float, float]:
        """Logarithm of the risk ratio and its standard error."""
        slope = np.array([1 / self.group, -1 / self.individual])
        return float(np.log(self.group / self.individual)), self._error(slope)

    def logit(self, which: int) -> tuple[float, float]:
        """Log odds of the risk of one format (0 group, 1 individual) and its standard error."""
        risk = (self.group, self.individual)[which]
        slope = np.zeros(2)
        slope[which] = 1 / (risk * (1 - risk))
        return float(np.log(risk / (1 - risk))), self._error(slope)

    def _error(self, slope: np.ndarray) -> float:
        return float(np.sqrt(slope @ self.covariance @ slope))


def standardised_risks(event: np.ndarray, group: np.ndarray, design: np.ndarray, cluster: np.ndarray) -> Risks | None:
    """The risks in both formats; None if the model does not converge or the covariates separate the events.

    Parameters
    ----------
    event, group : arrays (n,) of 0 and 1
    design : array (n, k)
        Covariates as numbers, without a constant; k may be 0.
    cluster : array (n,)
        A label of the cohort, or of the patient where there is none.
    """
    spread = design.std(axis=0)
    scaled = (design[:, spread > 0] - design[:, spread > 0].mean(axis=0)) / spread[spread > 0]
    x = np.column_stack([np.ones(len(event)), group, scaled])
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error", PerfectSeparationWarning)
            fit = GLM(event, x, family=Binomial()).fit()
    except (PerfectSeparationError, PerfectSeparationWarning, np.linalg.LinAlgError):
        return None
    beta = np.asarray(fit.params)
    if not fit.converged or not np.isfinite(beta).all() or np.abs(beta[1:]).max() > LARGEST_COEFFICIENT:
        return None
    covariance = few_clusters_covariance(event, x, beta, cluster)
    if covariance is None:
        return None
    risks, slopes = [], []
    for arm in (1.0, 0.0):
        rows = x.copy()
        rows[:, 1] = arm
        predicted = expit(rows @ beta)
        risks.append(float(predicted.mean()))
        slopes.append((rows * (predicted * (1 - predicted))[:, None]).mean(axis=0))
    jacobian = np.array(slopes)
    return Risks(risks[0], risks[1], jacobian @ covariance @ jacobian.T)


def few_clusters_covariance(
    event: np.ndarray, x: np.ndarray, beta: np.ndarray, cluster: np.ndarray
) -> np.ndarray | None:
    """The sandwich of Mancl & DeRouen for logistic coefficients: residuals of a cluster are divided by I - H.

    Clusters of one size are worked on together. None where the information, or I - H of a cluster, is singular.

    Parameters
    ----------
    event : array (n,) of 0 and 1
    x : array (n, p)
    beta : array (p,)
    cluster : array (n,)
    """
    predicted = expit(x @ beta)
    weight = predicted * (1 - predicted)
    codes = pd.factorize(cluster)[0]
    sizes = np.bincount(codes)
    by_cluster = np.argsort(codes, kind="stable")
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    meat = np.zeros((x.shape[1], x.shape[1]))
    try:
        naive = np.linalg.inv(x.T @ (x * weight[:, None]))
        for size in np.unique(sizes):
            rows = by_cluster[first[sizes == size][:, None] + np.arange(size)]  # (clusters, size)
            columns, weights = x[rows], weight[rows]
            leverage = (weights[:, :, None] * columns) @ naive @ columns.transpose(0, 2, 1)
            left = np.linalg.solve(np.eye(size) - leverage, (event - predicted)[rows][:, :, None])
            scores = np.einsum("csp,cs->cp", columns, left[:, :, 0])
            meat += scores.T @ scores
    except np.linalg.LinAlgError:
        return None
    covariance = naive @ meat @ naive
    return covariance if np.isfinite(covariance).all() else None
