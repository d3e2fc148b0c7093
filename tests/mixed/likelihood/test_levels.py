"""Bars merged by grouping, with columns of mean square 1."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.covariance.symmetric import matrix_of
from kap_analysis.mixed.likelihood.levels import Level, scaled_bars
from tests.mixed.likelihood.written_out import model

SLOPES = "score ~ month * format + (month | rater) + (0 + is_group | cohort) + (1 | patient)"


def covariance(level: Level, elements: np.ndarray) -> np.ndarray:
    """Z G Z' of one grouping, G from the elements of all bars."""
    g = np.tensordot(elements[list(level.params)], level.directions, axes=1)
    same = (level.codes[:, None] == level.codes) & (level.codes >= 0)[:, None]
    return (level.z @ g @ level.z.T) * same


def test_bars_of_one_grouping_are_one_level_with_independent_effects() -> None:
    made = scaled_bars(model("score ~ month + (1 | rater) + (1 | patient) + (0 + month | rater)").design)
    assert [level.z.shape[1] for level in made.levels] == [2, 1]
    rater = made.levels[0]
    assert rater.params == (0, 2)  # in the order of the formula that of the patients stands between
    assert rater.directions.tolist() == [np.diag([1.0, 0]).tolist(), np.diag([0.0, 1]).tolist()]
    assert made.n_elements == 3


@pytest.mark.parametrize("weights", [None, "weight"])
def test_scaled_columns_with_scaled_elements_give_the_covariance_of_the_user_s_columns(weights: str | None) -> None:
    """Rows are multiplied by the roots of their weights, and so is what the bars give to their covariance."""
    design = model(SLOPES, **({"weights": weights} if weights else {})).design
    made, elements = scaled_bars(design), np.array([4.0, -0.5, 2.0, 3.0, 5.0])
    expected, at = np.zeros((len(design.y),) * 2), 0
    for bar in design.bars:
        size = bar.z.shape[1] * (bar.z.shape[1] + 1) // 2
        g = matrix_of(elements[at : at + size], bar.z.shape[1])
        expected += (bar.z @ g @ bar.z.T) * ((bar.codes[:, None] == bar.codes) & (bar.codes >= 0)[:, None])
        at += size
    root = np.ones(len(design.y)) if design.weights is None else np.sqrt(design.weights)
    found = sum(covariance(level, elements * np.concatenate(made.scales)) for level in made.levels)
    np.testing.assert_allclose(found, expected * np.outer(root, root), atol=1e-10)


def test_columns_have_a_mean_square_of_one_where_they_act() -> None:
    for level in scaled_bars(model(SLOPES).design).levels:
        for column in level.z.T:
            assert np.mean(column[column != 0] ** 2) == pytest.approx(1.0)


def test_a_row_in_which_no_column_acts_belongs_to_no_level() -> None:
    design = model(SLOPES).design
    cohort = scaled_bars(design).levels[1]
    alone = design.frame["is_group"].to_numpy() == 0
    assert (cohort.codes[alone] == -1).all() and (cohort.codes[~alone] >= 0).all()
