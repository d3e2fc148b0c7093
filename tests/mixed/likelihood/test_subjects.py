"""Rows in the order of their subjects: which grouping that is, what stands above it, and the columns that are left."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.likelihood.levels import Level
from kap_analysis.mixed.likelihood.subjects import complete, is_inside, scaled_columns, triangle
from tests.mixed.likelihood.written_out import model, sorted_rows


def level(codes: list[int]) -> Level:
    return Level(np.array(codes), max(codes) + 1, np.ones((len(codes), 1)), (0,), np.ones((1, 1, 1)))


def test_the_grouping_with_the_most_levels_is_the_subject_and_the_others_stand_above() -> None:
    made = model("score ~ month + (1 | rater) + (0 + is_group | cohort) + (1 | patient)")
    work = sorted_rows(made.design)
    assert len(work.starts) == made.design.frame["patient"].nunique()
    assert [one.n_levels for one in work.upper] == [5, made.design.frame.query("is_group == 1")["cohort"].nunique()]
    assert work.own is not None and not work.inner and not work.dense
    assert (np.diff(work.subject) >= 0).all()


def test_a_residual_covariance_makes_its_subject_the_subject_and_bars_inside_it_are_part_of_v() -> None:
    work = sorted_rows(model("score ~ visit + (1 | practice) + (month | patient) + ar1(visit | patient)").design)
    assert work.own is None and work.dense
    assert [one.z.shape[1] for one in work.inner] == [2] and [one.z.shape[1] for one in work.upper] == [1]


def test_a_variance_that_changes_within_subjects_has_v_written_out() -> None:
    formula = "score ~ month + (1 | patient)"
    assert sorted_rows(model(formula, residual_by="half").design).dense
    assert not sorted_rows(model(formula, residual_by="format").design).dense


def test_rows_without_a_subject_share_one_where_stratum_and_all_levels_above_are_the_same() -> None:
    subject, stratum = np.array([0, -1, -1, -1, -1, 1, -1]), np.array([0, 0, 0, 1, 0, 0, 0])
    cohort, rater = level([0, 0, 0, 0, 1, 1, 0]), level([0, 0, 0, 0, 0, 0, 1])
    made = complete(subject, stratum, [cohort, rater])
    assert made[[0, 5]].tolist() == [0, 1]
    assert made[1] == made[2] and len({*made[[1, 3, 4, 6]]}) == 4
    assert complete(np.array([1, 0]), np.zeros(2, int), []).tolist() == [1, 0]


@pytest.mark.parametrize(("codes", "inside"), [([0, 0, 1, 2, -1], True), ([0, 0, 0, 1, -1], False), ([-1] * 5, True)])
def test_a_grouping_is_inside_when_each_of_its_levels_has_one_subject(codes: list[int], inside: bool) -> None:
    assert is_inside(np.array(codes), np.array([0, 0, 1, 1, 1])) is inside


@pytest.mark.parametrize("weights", [None, "weight"])
def test_scaled_columns_are_orthogonal_and_lead_back_to_the_response(weights: str | None) -> None:
    design = model("score ~ month * format + baseline", **({"weights": weights} if weights else {})).design
    w, centre, r, scale = scaled_columns(design.x, design.y[:, None], design.weights)
    n, p = design.x.shape
    root = np.ones(n) if design.weights is None else np.sqrt(design.weights)
    np.testing.assert_allclose(w.T @ w, np.diag([n] * p + [n - p]), atol=1e-8 * n)
    np.testing.assert_allclose(w[:, :p] @ r, design.x * root[:, None], atol=1e-10)
    np.testing.assert_allclose(w[:, p] * scale, (design.y - design.x @ centre[:, 0]) * root, atol=1e-9)
    several = scaled_columns(design.x, np.column_stack([design.y, 3 - design.y]), design.weights)
    np.testing.assert_allclose(several[0][:, [p, p + 1]], np.column_stack([w[:, p], -w[:, p]]), atol=1e-12)
    np.testing.assert_allclose(several[3], [scale[0], scale[0]])


def test_a_cholesky_factor_is_taken_only_where_it_is_exact_enough() -> None:
    rng = np.random.default_rng(2)
    x = rng.standard_normal((50, 3))
    r = triangle(x * [1.0, 1e8, 1e-8])
    assert r is not None and not np.tril(r, -1).any()
    np.testing.assert_allclose(r.T @ r, (x * [1.0, 1e8, 1e-8]).T @ (x * [1.0, 1e8, 1e-8]) / 50, rtol=1e-10)
    x[:, 2] = x[:, 0] + 1e-3 * x[:, 2]
    assert triangle(x) is None
