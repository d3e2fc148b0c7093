"""Cluster-robust covariance of the fixed effects: right on average even where the covariance model is wrong.

CR0 is the sandwich of Liang & Zeger 1986. CR2 is the bias-reduced linearisation of Bell & McCaffrey 2002 in the form of
Pustejovsky & Tipton 2018, doi:10.1080/07350015.2016.1247004, with their Satterthwaite df: unbiased where the covariance
model is right. R's clubSandwich gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from kap_analysis.mixed.coefficients.estimates import estimate_frame, rows_of_l
from kap_analysis.mixed.errors import MixedModelError, listed, require_name
from kap_analysis.mixed.fitted_model import FittedModel

KINDS = ("CR2", "CR0")


@dataclass(frozen=True)
class ClusterRobust:
    """A sandwich covariance and what its degrees of freedom need.

    Attributes
    ----------
    kind : str
        "CR2" or "CR0".
    n_clusters : int
        Independent clusters that were summed over.
    names : tuple of str
        The p terms.
    beta, covariance : numpy.ndarray
        Coefficients (p,) and their robust covariance (p, p).
    """

    kind: str
    n_clusters: int
    names: tuple[str, ...]
    beta: np.ndarray
    covariance: np.ndarray
    _own: np.ndarray  # (clusters, p, p): u_i' V_i u_i under the working model
    _shared: np.ndarray  # (clusters, p, p): X_i' u_i
    _unscaled_cov: np.ndarray

    def cov_params(self) -> pd.DataFrame:
        """The covariance with its terms."""
        return pd.DataFrame(self.covariance, self.names, self.names)

    def degrees_of_freedom(self, rows: np.ndarray) -> np.ndarray:
        """Satterthwaite df of each row of L under the working covariance model."""
        return np.array([self._df(row) for row in np.atleast_2d(rows)])

    def _df(self, row: np.ndarray) -> float:
        shared = self._shared @ row
        products = -shared @ self._unscaled_cov @ shared.T
        products[np.diag_indices(len(products))] += np.einsum("p,cpq,q->c", row, self._own, row)
        return float(np.trace(products) ** 2 / np.sum(products**2))

    def estimates(self, rows: np.ndarray, labels: Sequence[str], *, level: float = 0.95) -> pd.DataFrame:
        """The rows of L as a tidy frame with the labels under ``term``."""
        rows = rows_of_l(rows, len(self.beta))
        std_error = np.sqrt(np.einsum("lp,pq,lq->l", rows, self.covariance, rows))
        frame = pd.DataFrame({"term": list(labels)})
        return estimate_frame(frame, rows @ self.beta, std_error, self.degrees_of_freedom(rows), level=level)

    def coefficients(self, *, level: float = 0.95) -> pd.DataFrame:
        """``term estimate std_error df statistic p_value ci_low ci_high``, one row per coefficient."""
        return self.estimates(np.eye(len(self.beta)), self.names, level=level)


def cluster_robust(fit: FittedModel, *, kind: str = "CR2", cluster: str | ArrayLike | None = None) -> ClusterRobust:
    """The sandwich covariance of the fixed effects.

    Parameters
    ----------
    fit : FittedModel
        The fit; its covariance model is the working model.
    kind : {"CR2", "CR0"}
        CR2 corrects the small-sample bias; CR0 does not and needs 50 clusters or more.
    cluster : str or array, optional
        A column of the formula within whose levels rows may depend, or labels, one per row of the data. By default the
        independent units of the model: the cohort for the patients of a cohort, the patient otherwise.

    Returns
    -------
    ClusterRobust
        With ``coefficients()``, ``cov_params()`` and ``estimates(rows, labels)``.

    Raises
    ------
    MixedModelError
        When a unit of the model lies in two clusters, or there are fewer than two clusters.
    """
    require_name(kind, KINDS, "kind of sandwich")
    members = _clusters(fit, cluster)
    if len(members) < 2:
        raise MixedModelError(
            "A cluster-robust covariance needs two clusters or more; the model has one independent unit."
        )
    design = fit.design
    residual = design.y - design.x @ fit.beta
    meat = np.zeros_like(fit.unscaled_cov)
    own, shared = [], []
    for units in members:
        rows = np.concatenate([fit.units.rows[unit] for unit in units])
        v = _block_diagonal([fit.units.covariance(unit) for unit in units])
        x = design.x[rows]
        u = np.linalg.solve(v, x) @ fit.unscaled_cov
        if kind == "CR2":
            u = _adjustment(v, x, fit.unscaled_cov).T @ u
        score = u.T @ residual[rows]
        meat += np.outer(score, score)
        own.append(u.T @ v @ u)
        shared.append(x.T @ u)
    return ClusterRobust(
        kind, len(members), tuple(design.fixed.names), fit.beta, meat, np.array(own), np.array(shared), fit.unscaled_cov
    )


def _adjustment(v: np.ndarray, x: np.ndarray, unscaled_cov: np.ndarray) -> np.ndarray:
    """A_i = D' G^(+1/2) D with V = D'D and G = D (V - X Phi X') D' (equation 11), by the symmetric pseudo-root."""
    d = np.linalg.cholesky(v).T
    g = d @ (v - x @ unscaled_cov @ x.T) @ d.T
    values, vectors = np.linalg.eigh((g + g.T) / 2)
    kept = values > 1e-10 * max(values.max(), 0.0)
    root = (vectors[:, kept] / np.sqrt(values[kept])) @ vectors[:, kept].T
    return d.T @ root @ d


def _clusters(fit: FittedModel, cluster: str | ArrayLike | None) -> list[list[int]]:
    """The units of each cluster."""
    if cluster is None:
        return [[unit] for unit in range(len(fit.units))]
    column = _labels(fit, cluster)
    found: dict[object, list[int]] = {}
    split = []
    for unit in range(len(fit.units)):
        here = list(dict.fromkeys(column[fit.units.rows[unit]]))
        if len(here) > 1:
            split.append(here)
        found.setdefault(here[0], []).append(unit)
    if split:
        raise MixedModelError(
            f"{len(split)} independent units of the model lie in more than one level of "
            f"{repr(cluster) if isinstance(cluster, str) else 'the clusters'} "
            f"({listed(split[0], 3)} share a random effect). Choose a cluster that holds whole units."
        )
    return list(found.values())


def _labels(fit: FittedModel, cluster: str | ArrayLike) -> np.ndarray:
    """The cluster of each row that is used."""
    if isinstance(cluster, str):
        require_name(cluster, fit.design.frame.columns, "column of the formula")
        return fit.design.frame[cluster].to_numpy()
    labels = np.asarray(cluster, dtype=object)
    if labels.shape != fit.design.kept.shape:
        raise MixedModelError(
            f"The clusters must be one label per row of the data ({len(fit.design.kept)}), found {len(labels)}."
        )
    labels = labels[fit.design.kept]
    if pd.isna(labels).any():
        raise MixedModelError(f"The cluster is missing in {int(pd.isna(labels).sum())} of the rows that are used.")
    return labels


def _block_diagonal(blocks: list[np.ndarray]) -> np.ndarray:
    """The blocks along the diagonal of one matrix."""
    if len(blocks) == 1:
        return blocks[0]
    sizes = np.cumsum([0] + [len(block) for block in blocks])
    matrix = np.zeros((sizes[-1], sizes[-1]))
    for block, low, high in zip(blocks, sizes[:-1], sizes[1:], strict=True):
        matrix[low:high, low:high] = block
    return matrix
