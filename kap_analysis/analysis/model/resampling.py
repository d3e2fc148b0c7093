"""Bootstrap samples of clusters: whole cohorts in the group format, single patients in the individual format.

A sample may lack a level of a covariate, for instance a practice with two individual patients. A coefficient of the
model is then not estimable, and scores of the patients who were not drawn cannot be predicted. Such samples are drawn
again. This conditions on all coefficients being estimable, which matters only for levels of a few patients.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kap_analysis.columns import COHORT_ID, IS_GROUP, PATIENT_ID
from kap_analysis.mixed.design.collinearity import independent_columns

#: Draws after which a model is given up: fewer than 1 in 20 samples can estimate it.
MOST_DRAWS = 60


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


@dataclass(frozen=True, slots=True)
class Sample:
    """One bootstrap sample: positions of the rows, the drawn cluster of each, and how many draws were discarded."""

    rows: np.ndarray
    cluster: np.ndarray
    n_discarded: int


@dataclass(frozen=True, slots=True)
class ClusterBootstrap:
    """Draws as many cohorts as the group format has, and as many patients as the individual format, with replacement.

    Attributes
    ----------
    arms : tuple of ClusteredRows
        Individual format, group format.
    design : array (rows, p)
        Linearly independent columns that must stay independent in a sample.
    """

    arms: tuple[ClusteredRows, ClusteredRows]
    design: np.ndarray

    @classmethod
    def of(cls, patients: pd.DataFrame, rows: pd.DataFrame, design: np.ndarray) -> "ClusterBootstrap":
        """The clusters of some patients.

        Parameters
        ----------
        patients : DataFrame
            One row per patient: ``patient_id``, ``cohort_id`` (a label for every patient), ``is_group``.
        rows : DataFrame
            The rows to draw, with ``patient_id``; a patient may have none.
        design : array (rows, p)
            Columns of the model; those that depend on earlier ones are left out of the check.
        """
        patient = pd.Index(patients[PATIENT_ID]).get_indexer(pd.Index(rows[PATIENT_ID]))
        is_group = patients[IS_GROUP].to_numpy() == 1
        arms = []
        for here, key in ((~is_group, PATIENT_ID), (is_group, COHORT_ID)):
            codes, labels = pd.factorize(patients[key].astype("str").where(here), sort=True)
            of_arm = np.flatnonzero(here[patient])
            arms.append(ClusteredRows.by_code(of_arm, codes[patient[of_arm]], len(labels)))
        return cls((arms[0], arms[1]), design[:, independent_columns(design)])

    def draw(self, generator: np.random.Generator) -> Sample | None:
        """A sample in which the model is estimable; None if there is none in `MOST_DRAWS`."""
        for discarded in range(MOST_DRAWS):
            (individual, first), (group, second) = (arm.draw(generator) for arm in self.arms)
            rows = np.concatenate([individual, group])
            if len(independent_columns(self.design[rows])) == self.design.shape[1]:
                return Sample(rows, np.concatenate([first, second + len(self.arms[0].sizes)]), discarded)
        return None
