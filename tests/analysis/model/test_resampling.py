"""Bootstrap samples keep cohorts together, and every coefficient of a model estimable."""

import numpy as np
import pandas as pd

from kap_analysis.analysis.model.resampling import ClusterBootstrap, ClusteredRows


def constant(rows: pd.DataFrame) -> np.ndarray:
    return np.ones((len(rows), 1))


def test_cohorts_are_drawn_whole_and_patients_single():
    rows = pd.DataFrame({"patient_id": list("abcdef"), "cohort_id": ["a", "b", "G", "G", "H", "H"]})
    rows["is_group"] = [0.0, 0.0, 1.0, 1.0, 1.0, 1.0]
    bootstrap, generator = ClusterBootstrap.of(rows, rows, constant(rows)), np.random.default_rng(1)
    for _ in range(20):
        sample = bootstrap.draw(generator)
        counts = np.bincount(sample.rows, minlength=6)
        assert counts[:2].sum() == 2
        assert counts[2] == counts[3] and counts[4] == counts[5] and counts[2:].sum() == 4
        of_groups = sample.cluster[sample.rows >= 2]
        assert len(set(of_groups)) == 2 and not set(of_groups) & set(sample.cluster[sample.rows < 2])


def test_all_rows_of_a_patient_come_together():
    rows = pd.DataFrame({
        "patient_id": ["a", "a", "b", "c", "d"], "cohort_id": ["x", "x", "x", "patient c", "patient d"],
        "is_group": [1.0, 1.0, 1.0, 0.0, 0.0],
    })  # fmt: skip
    patients = rows.drop_duplicates("patient_id").reset_index(drop=True)
    bootstrap, generator = ClusterBootstrap.of(patients, rows, constant(rows)), np.random.default_rng(4)
    for _ in range(20):
        sample = bootstrap.draw(generator).rows.tolist()
        assert sample[2:] == [0, 1, 2] and set(sample[:2]) <= {3, 4}


def test_clusters_are_drawn_whole_and_an_empty_one_counts():
    clusters = ClusteredRows.by_code(np.array([4, 7, 5, 6]), np.array([0, 2, 0, 2]), 3)
    assert clusters.sizes.tolist() == [2, 0, 2]
    rows, number = clusters.draw(np.random.default_rng(3))
    picks = np.random.default_rng(3).integers(0, 3, 3)
    expected = [[4, 5], [], [7, 6]]
    assert rows.tolist() == [row for pick in picks for row in expected[pick]]
    assert number.tolist() == [draw for draw, pick in enumerate(picks) for _ in expected[pick]]


def rare_level(n: int, rare: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Single patients, some of them of a level of their own, and the design of that level."""
    rows = pd.DataFrame({"patient_id": [f"P{i}" for i in range(n)], "is_group": 0.0})
    rows["cohort_id"] = rows["patient_id"]
    return rows, np.column_stack([np.ones(n), np.arange(n) < rare])


def test_samples_without_a_level_are_drawn_again():
    """Without the rule, (1 - 2/20)^20 = 12% of the samples would lack both patients of the level."""
    rows, design = rare_level(20, 2)
    bootstrap, generator = ClusterBootstrap.of(rows, rows, design), np.random.default_rng(6)
    samples = [bootstrap.draw(generator) for _ in range(2000)]
    assert all(design[sample.rows, 1].any() for sample in samples)
    discarded = sum(sample.n_discarded for sample in samples)
    assert abs(discarded / (2000 + discarded) - 0.9**20) < 0.03


def test_a_design_that_no_sample_can_estimate_is_given_up():
    rows, _ = rare_level(12, 2)
    saturated = np.eye(12)
    assert ClusterBootstrap.of(rows, rows, saturated).draw(np.random.default_rng(1)) is None


def test_columns_that_are_dependent_to_begin_with_need_not_become_independent():
    rows, design = rare_level(20, 8)
    twice = np.column_stack([design, design[:, 1]])
    assert ClusterBootstrap.of(rows, rows, twice).draw(np.random.default_rng(1)) is not None
