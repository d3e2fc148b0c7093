"""Independent units and their covariance, written out."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.fitted_covariance.units import make_units, unit_codes
from tests.mixed.dense_cases import CASES, covariance_at, model_of


@pytest.mark.parametrize("name", CASES)
def test_v_of_all_rows_is_the_one_written_out(name: str) -> None:
    """At parameters that are no solution, in the user's units."""
    model, theta = model_of(name), np.array(CASES[name].theta)
    scaling, inside = model.layout.scaling, model.parameters.inside(theta, model.layout.scaling)
    units = make_units(model.design, scaling.outside(inside))
    found, expected = units.covariance_of_rows(np.arange(len(model.design.y))), covariance_at(name)(theta)
    np.testing.assert_allclose(found, expected, atol=1e-9 * np.abs(expected).max())
    across = units.codes[:, None] != units.codes
    assert not expected[across].any()
    for at, rows in enumerate(units.rows):
        np.testing.assert_allclose(
            units.covariance(at), expected[np.ix_(rows, rows)], atol=1e-9 * np.abs(expected).max()
        )


def test_rows_that_share_a_level_of_any_term_are_one_unit() -> None:
    design = model_of("one arm").design
    frame, codes = design.frame, unit_codes(design)
    expected = np.where(frame["is_group"] == 1, frame["cohort"], frame["patient"])
    pairs = {(unit, label) for unit, label in zip(codes, expected, strict=True)}
    assert len(pairs) == len(set(codes)) == len(set(expected))
    assert codes[0] == 0 and codes.max() == len(set(codes)) - 1
    apart = unit_codes(design, without=["cohort"])
    assert len(set(apart)) == frame["patient"].nunique()


def test_without_random_effects_every_row_is_a_unit() -> None:
    design = model_of("no random effects").design
    assert unit_codes(design).tolist() == list(range(len(design.y)))


def test_crossed_effects_tie_all_patients_into_one_unit() -> None:
    assert set(unit_codes(model_of("crossed").design)) == {0}
