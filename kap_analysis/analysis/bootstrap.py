"""Resampling that keeps together what belongs together: cohorts in the group format, patients in the individual one."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from kap_analysis.columns import COHORT_ID, PATIENT_ID


def bootstrap_samples(rows: pd.DataFrame, n_samples: int, seed: int) -> Iterator[np.ndarray]:
    """Positions of the rows of each bootstrap sample.

    Parameters
    ----------
    rows : DataFrame
        ``patient_id``, ``cohort_id`` (a label for everybody) and ``is_group``; any number of rows per patient.

    Yields
    ------
    Integer array: as many cohorts as the group format has, and as many patients as the individual one, drawn with
    replacement; all rows of what was drawn.
    """
    generator = np.random.default_rng(seed)
    arms = []
    for arm, key in ((0.0, PATIENT_ID), (1.0, COHORT_ID)):
        here = np.flatnonzero(rows["is_group"].to_numpy() == arm)
        labels = rows[key].astype("str").to_numpy()[here]
        arms.append([here[index] for index in pd.Series(labels).groupby(labels, sort=True).indices.values()])
    for _ in range(n_samples):
        drawn = [clusters[i] for clusters in arms for i in generator.integers(0, len(clusters), len(clusters))]
        yield np.concatenate(drawn)


def percentile_interval(values: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of bootstrap estimates; missing where fewer than 100 could be computed."""
    known = values[np.isfinite(values)]
    if len(known) < 100:
        return np.nan, np.nan
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(known, [tail, 100 - tail])
    return float(low), float(high)
