"""Data sets one after the other: which models can be stacked, and how large each data set is."""

import numpy as np
import pytest

from kap_analysis.mixed.many.stack import make_template, stack_rows
from kap_analysis.mixed.model import mixedlm
from tests.mixed.dense_cases import patients
from tests.mixed.many.data_sets_drawn import CROSSED, FORMULAS, SETS, SLOPES, model, responses


@pytest.mark.parametrize("formula", FORMULAS)
def test_each_data_set_has_its_rows_and_its_subjects(formula: str) -> None:
    design, y = model(formula).design, responses(formula, missing=True)
    stack = stack_rows(make_template(design), design.x[None], y.T)
    seen = ~np.isnan(y)
    assert stack.n.tolist() == seen.sum(axis=0).tolist()
    patient = design.frame["patient"].to_numpy()
    expected = [len(np.unique(patient[rows])) for rows in seen.T]
    assert np.bincount(stack.owner, minlength=SETS).tolist() == expected


def test_crossed_groupings_and_correlations_in_time_are_not_stacked() -> None:
    in_time = "score ~ month + exponential(month | patient)"
    assert not make_template(mixedlm(in_time, patients()).design).can_stack
    assert not make_template(model(CROSSED).design).can_stack
    assert make_template(model(SLOPES).design).can_stack


def test_columns_that_say_the_same_in_one_data_set_are_marked_there() -> None:
    design, y = model(SLOPES).design, responses(SLOPES, missing=True).T
    x = np.broadcast_to(design.x, (SETS, *design.x.shape)).copy()
    x[2, :, -1] = 2 * x[2, :, 0]
    regular = stack_rows(make_template(design), x, y).regular
    assert regular.tolist() == [True, True, False, True, True, True]
