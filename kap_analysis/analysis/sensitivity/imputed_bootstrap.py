"""An estimate repeated on imputed data sets, with a cluster bootstrap within each, pooled by Rubin's rules.

Patients who were not scored at the visit are in the estimate with imputed scores. An estimate from the patients who
were scored would take dropout that depends on format and earlier scores for a difference between the formats. The
bootstrap needs no normal distribution of the scores and keeps cohorts together (Schomaker & Heumann 2018,
doi 10.1002/sim.7654).
"""

from collections.abc import Callable
from math import ceil

import numpy as np

from kap_analysis.analysis.missing.imputation import Completed
from kap_analysis.analysis.missing.rubin import Pooled, pool_parts
from kap_analysis.analysis.model.resampling import ClusterBootstrap
from kap_analysis.analysis.result import Progress
from kap_analysis.analysis.sensitivity.difference_estimators import covariate_matrix
from kap_analysis.columns import IS_GROUP, SCORE
from kap_analysis.errors import AnalysisError

#: From the design (patients, covariates), the format (1 group, 0 individual) and the scores to k estimates.
Estimator = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def pool_bootstrap(
    completed: Completed,
    covariates: tuple[str, ...],
    visit: str,
    estimator: Estimator,
    *,
    n_bootstrap: int,
    seed: int,
    progress: Progress | None = None,
) -> tuple[list[Pooled], int]:
    """The pooled estimates at a visit, and how many bootstrap samples they rest on.

    Parameters
    ----------
    estimator : callable
        Gives k estimates.
    n_bootstrap : int
        Bootstrap samples over all imputed data sets; at least two in each.

    Returns
    -------
    (k pooled estimates, bootstrap samples used). Samples that `estimator` refuses, such as those whose formats do not
    overlap, are left out. The complete-data df are the clusters of the group format minus one.
    """
    m = len(completed.scores)
    group = completed.patients[IS_GROUP].to_numpy(float)
    generator = np.random.default_rng(seed)
    bootstrap: ClusterBootstrap | None = None
    points, squares, freedom, used = [], [], 0, 0
    for which in range(m):
        people = completed.at_visit(which, visit)
        design, score = covariate_matrix(people, covariates).to_numpy(), people[SCORE].to_numpy(float)
        if bootstrap is None:
            full = np.column_stack([np.ones(len(group)), group, design])
            bootstrap = ClusterBootstrap.of(completed.patients, people, full)
        points.append(estimator(design, group, score))
        drawn = _draws(bootstrap, estimator, design, group, score, max(ceil(n_bootstrap / m), 2), generator)
        if len(drawn) > 1:
            squares.append(((drawn - drawn.mean(axis=0)) ** 2).sum(axis=0))
            freedom += len(drawn) - 1
        used += len(drawn)
        if progress is not None:
            progress(which + 1, m, "imputed data sets")
    assert bootstrap is not None
    estimates = np.array(points)
    within = np.sum(squares, axis=0) / freedom if freedom else np.full(estimates.shape[1], np.nan)
    complete_df = len(bootstrap.arms[1].sizes) - 1
    pooled = [
        pool_parts(float(column.mean()), float(variance), float(column.var(ddof=1)), m, complete_df)
        for column, variance in zip(estimates.T, within, strict=True)
    ]
    return pooled, used


def _draws(
    bootstrap: ClusterBootstrap,
    estimator: Estimator,
    design: np.ndarray,
    group: np.ndarray,
    score: np.ndarray,
    n: int,
    generator: np.random.Generator,
) -> np.ndarray:
    """Estimates (samples, k) on up to n bootstrap samples of one data set."""
    drawn = []
    for _ in range(n):
        sample = bootstrap.draw(generator)
        if sample is None:
            continue
        rows = sample.rows
        try:
            drawn.append(estimator(design[rows], group[rows], score[rows]))
        except (AnalysisError, np.linalg.LinAlgError):
            continue  # a sample without overlap has no weighted estimate; the number used is reported
    return np.array(drawn)
