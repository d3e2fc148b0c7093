"""The residual covariance within subjects and its inverse, against V written out."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.fitted_covariance.residual import residual_blocks, residual_covariance, residual_inverse
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed.reference_values import read_data
from tests.places import PAIRS

PARTIAL = read_data(PAIRS, "partial.csv").sample(frac=1, random_state=8).reset_index(drop=True)
MODELS = [
    ("score ~ month + (1 | patient)", {}),
    ("score ~ month + (1 | patient)", {"residual_by": "format", "weights": "weight"}),
    ("score ~ visit + us(visit | format/patient)", {}),
    ("score ~ visit + (1 | cohort) + ar1h(visit | patient)", {"weights": "weight"}),
    ("score ~ month + exponential(month | format/patient)", {}),
]


def fitted(formula: str, **keywords: str) -> MixedResults:
    return mixedlm(formula, PARTIAL, **keywords).fit()


@pytest.mark.parametrize(("formula", "keywords"), MODELS)
def test_the_inverse_is_that_of_the_residual_part_of_v(formula: str, keywords: dict[str, str]) -> None:
    units = fitted(formula, **keywords).units
    whole = units.residual_of_rows(np.arange(len(PARTIAL)))
    np.testing.assert_allclose((residual_inverse(units) @ whole), np.eye(len(PARTIAL)), atol=1e-9)


def test_blocks_are_those_of_subjects_with_as_many_rows() -> None:
    units = fitted("score ~ visit + us(visit | format/patient)").units
    three = [np.sort(rows) for rows in units.rows if len(rows) == 3]
    blocks = residual_blocks(units, np.array(three))
    for block, rows in zip(blocks, three, strict=True):
        np.testing.assert_allclose(block, units.residual_of_rows(rows))


def test_covariance_between_visits_of_one_patient_is_that_of_the_arm() -> None:
    units = fitted("score ~ visit + us(visit | format/patient)").units
    one, other = np.array([[0], [2]]), np.array([[1], [2]])
    found = residual_covariance(units, np.array([0, 1]), one, other)
    assert found.tolist() == [[units.residual[0][0, 1]], [units.residual[1][2, 2]]]
