"""A design whose levels are given: the same columns on all rows, on a part of them and on none."""

import numpy as np
import pytest

from kap_analysis.mixed.design.build import build_design
from kap_analysis.mixed.design.given_levels import design_with_levels
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.model import MixedModel
from tests.mixed.summed import made_up

FORMULA = "score ~ visit*(practice + base) + (0 + group | cohort) + us(visit | practice/patient)"
LEVELS = {"visit": ("v0", "v1", "v2"), "practice": ("A", "B", "C")}


def test_on_all_rows_it_is_the_design_that_finds_its_levels():
    frame = made_up()
    given, found = design_with_levels(FORMULA, frame, LEVELS), build_design(FORMULA, frame)
    assert given.fixed.names == found.fixed.names
    assert np.array_equal(given.x, found.x)
    assert np.array_equal(given.y, found.y)
    assert [bar.names for bar in given.bars] == [bar.names for bar in found.bars]
    assert given.residual.strata == found.residual.strata
    assert given.residual.visits == found.residual.visits
    assert MixedModel(given).fit().criterion == pytest.approx(MixedModel(found).fit().criterion, abs=1e-10)


def test_a_part_that_lacks_a_level_and_no_row_at_all_have_the_same_columns():
    frame = made_up()
    whole = design_with_levels(FORMULA, frame, LEVELS)
    part = design_with_levels(FORMULA, frame[frame["practice"] == "A"], LEVELS)
    none = design_with_levels(FORMULA, frame.iloc[:0], LEVELS)
    for one in (part, none):
        assert one.fixed.names == whole.fixed.names
        assert one.residual.strata == whole.residual.strata
        assert one.x.shape[1] == whole.x.shape[1]
    assert np.array_equal(part.x, whole.x[(frame["practice"] == "A").to_numpy()])
    assert len(none.y) == 0


def test_strata_of_residual_variances_are_given_too():
    frame = made_up()
    design = design_with_levels("score ~ base + (1 | patient)", frame, LEVELS, residual_by="practice")
    found = build_design("score ~ base + (1 | patient)", frame, residual_by="practice")
    assert design.residual.strata == found.residual.strata
    assert np.array_equal(design.residual.stratum, found.residual.stratum)
    assert design.bars[0].names == ("(Intercept)",)


def test_a_level_that_is_not_given_and_an_expression_are_refused():
    frame = made_up()
    with pytest.raises(MixedModelError, match=r"practice has 'C' in the new rows"):
        design_with_levels(FORMULA, frame, LEVELS | {"practice": ("A", "B")})
    with pytest.raises(MixedModelError, match="a formula multiplies columns only"):
        design_with_levels("score ~ log(base) + (1 | patient)", frame, LEVELS)
