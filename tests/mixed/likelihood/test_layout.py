"""What the likelihood needs of the data: elements, units and the rows in their batches."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.likelihood.layout import make_layout
from tests.mixed.likelihood.written_out import model


@pytest.mark.parametrize(
    ("formula", "keywords", "sizes"),
    [
        ("score ~ month + (1 | patient)", {}, [1]),
        ("score ~ month + (1 | patient)", {"residual_by": "format"}, [1, 1]),
        ("score ~ visit + ar1(visit | format/patient)", {}, [10, 10]),
        ("score ~ month + exponential(month | patient)", {}, [2]),
    ],
)
def test_a_residual_has_its_elements_in_each_stratum(formula: str, keywords: dict, sizes: list[int]) -> None:
    """Over four visits every structure is ten variances and covariances, in which V is linear."""
    design = model(formula, **keywords).design
    assert [design.residual.structure.n_elements(len(design.residual.visits))] * len(sizes) == sizes
    bars = sum(bar.z.shape[1] * (bar.z.shape[1] + 1) // 2 for bar in design.bars)
    assert make_layout(design).n_elements == bars + sum(sizes)


@pytest.mark.parametrize(
    "formula",
    [
        "score ~ month + (1 | patient)",
        "score ~ month + (month | rater) + (0 + is_group | cohort) + (1 | patient)",
        "score ~ visit + (0 + is_group | cohort) + us(visit | format/patient)",
    ],
)
def test_every_row_is_in_one_batch(formula: str) -> None:
    made = model(formula)
    layout = made.layout
    assert sum(batch.n_rows for batch in layout.batches) == layout.n == len(made.design.y)
    assert sum(len(batch.d) for batch in layout.batches) == made.design.frame["patient"].nunique()
    assert sum(batch.counts.sum() for batch in layout.batches) == sum(len(batch.d) for batch in layout.batches)


def test_elements_below_an_upper_group_are_those_of_its_subjects() -> None:
    """The arms have matrices of their own, and only patients in groups have a cohort above them."""
    formula = "score ~ visit + (0 + is_group | cohort) + us(visit | format/patient)"
    assert model(formula).layout.low == tuple(range(11, 21))
    assert model("score ~ month + (1 | patient)").layout.low == ()


def test_elements_have_the_units_of_the_squared_scores_over_those_of_the_columns() -> None:
    plain = model("score ~ month + (0 + month | patient)")
    stretched = model("score ~ month + (0 + I(10 * month) | patient)")
    ratio = plain.layout.scaling.elements / stretched.layout.scaling.elements
    np.testing.assert_allclose(ratio, [100.0, 1.0])
    assert plain.layout.scaling.elements[1] == pytest.approx(plain.layout.scaling.scale**2)
