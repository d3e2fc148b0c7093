"""Bootstrap samples of clusters: whole cohorts in the group format, single patients in the individual format."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kap_analysis.columns import COHORT_ID, PATIENT_ID


@dataclass(frozen=True, slots=True)
class ClusteredRows:
    """Rows, grouped by the cluster with which they are drawn.

    Attributes
    ----------
    rows : int array
        Positions of the rows, sorted by cluster.
    first, sizes : int arrays (clusters,)
        Where each cluster begins in ``rows``, and its number of rows, which may be 0.
    """

    rows: np.ndarray
    first: np.ndarray
    sizes: np.ndarray

    @classmethod
    def by_code(cls, rows: np.ndarray, codes: np.ndarray, n_clusters: int) -> "ClusteredRows":
        """From the positions of rows and the cluster number of each row."""
        sizes = np.bincount(codes, minlength=n_clusters)
        return cls(rows[np.argsort(codes, kind="stable")], np.cumsum(sizes) - sizes, sizes)

    def draw(self, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw clusters with replacement, as many as there are: positions of their rows, and the number of the draw."""
        n = len(self.sizes)
        picks = generator.integers(0, n, n)
        sizes = self.sizes[picks]
        number = np.repeat(np.arange(n), sizes)
        within = np.arange(len(number)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return self.rows[self.first[picks][number] + within], number


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
        codes, labels = pd.factorize(rows[key].astype("str").to_numpy(object)[here], sort=True)
        arms.append(ClusteredRows.by_code(here, codes, len(labels)))
    for _ in range(n_samples):
        yield np.concatenate([arm.draw(generator)[0] for arm in arms])


def percentile_interval(values: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of bootstrap estimates; missing if fewer than 100 could be computed."""
    known = values[np.isfinite(values)]
    if len(known) < 100:
        return np.nan, np.nan
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(known, [tail, 100 - tail])
    return float(low), float(high)
