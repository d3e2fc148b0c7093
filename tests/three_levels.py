"""Three-level models as powerlmm plans them: the rows and the covariance parameters of `power_three_levels.json`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

NESTED = "y ~ time*treatment + (1 + time | subject) + (0 + treatment + late {} cluster)"
BOTH = "y ~ time*treatment + (1 + time | subject) + (1 + time | cluster)"


def formula_of(plan: dict[str, Any]) -> str:
    """The formula, with `late` for treatment:time."""
    if "(1 + time | cluster)" in plan["formula"]:
        return BOTH
    return NESTED.format("||" if "||" in plan["formula"] else "|")


def rows_of(plan: dict[str, Any]) -> pd.DataFrame:
    """One row per subject and time at which it is seen; the response is any number."""
    subjects = pd.DataFrame({name: [int(one) for one in text.split()] for name, text in plan["subjects"].items()})
    at = np.repeat(np.arange(len(subjects)), subjects["seen"])
    rows = subjects.iloc[at].reset_index(drop=True).assign(subject=at)
    rows["time"] = np.array(plan["times"])[rows.groupby("subject").cumcount()]
    rows["late"] = rows["treatment"] * rows["time"]
    rows["y"] = np.arange(len(rows), dtype=float) % 7
    return rows


def covariances(plan: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, float]:
    """Of intercept and slope of subjects, of clusters (2, 2), and the residual variance."""
    sd = [plan["sd"][f"sigma_{name}"] for name in ("subject_intercept", "subject_slope")]
    above = [plan["sd"][f"sigma_{name}"] for name in ("cluster_intercept", "cluster_slope")]
    found = []
    for (one, other), correlation in ((sd, plan["cor_subject"]), (above, plan["cor_cluster"] or 0.0)):
        found.append(np.array([[one**2, correlation * one * other], [correlation * one * other, other**2]]))
    return found[0], found[1], plan["sd"]["sigma_error"] ** 2


def theta_of(plan: dict[str, Any], names: tuple[str, ...]) -> dict[str, float]:
    """The covariance parameters by the engine's names."""
    subject, cluster, residual = covariances(plan)
    values = [*subject[np.tril_indices(2)], *cluster[np.tril_indices(2)], residual]
    if plan["cor_cluster"] is None:
        del values[4]
    return dict(zip(names, map(float, values), strict=True))


def units_of(plan: dict[str, Any]) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, int]]:
    """X, V, the directions of V and the number of the clusters, or subjects without one, that are alike."""
    subject, cluster, residual = covariances(plan)
    frame = rows_of(plan)
    alone = (frame["treatment"] == 0) & ("(1 + time | cluster)" not in plan["formula"])
    unit = np.where(alone, -1 - frame["subject"], frame["cluster"])
    found: dict[tuple[Any, ...], list[Any]] = {}
    for _, rows in frame.groupby(unit, sort=False):
        z = np.column_stack([np.ones(len(rows)), rows["time"]])
        same = np.equal.outer(rows["subject"].to_numpy(), rows["subject"].to_numpy())
        nested = 0.0 if alone[rows.index[0]] else 1.0
        moves = [one * (z @ way @ z.T) for one in (same, nested) for way in _ways(one is not same, plan)]
        moves.append(np.eye(len(rows)))
        v = same * (z @ subject @ z.T) + nested * (z @ cluster @ z.T) + residual * np.eye(len(rows))
        x = np.column_stack([z[:, 0], z[:, 1], rows["treatment"] * z[:, 0], rows["treatment"] * z[:, 1]])
        key = (*rows["treatment"], *rows["time"], *(rows["subject"] - rows["subject"].iloc[0]))
        found.setdefault(key, [x, v, np.array(moves), 0])[3] += 1
    return [tuple(one) for one in found.values()]


def _ways(above: bool, plan: dict[str, Any]) -> list[np.ndarray]:
    """Intercept variance, covariance and slope variance; clusters may have no covariance."""
    ways = [np.diag([1.0, 0.0]), np.array([[0.0, 1.0], [1.0, 0.0]]), np.diag([0.0, 1.0])]
    return ways[::2] if above and plan["cor_cluster"] is None else ways
