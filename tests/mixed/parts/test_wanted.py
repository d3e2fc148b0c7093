"""Which rows of a part can be used: as of a table in memory."""

import numpy as np
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.formula.parser import read_formula
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.parts.parts_of_data import FramePart
from kap_analysis.mixed.parts.wanted import Wanted, check_formula, used_rows
from tests.mixed.summed import made_up

COHORTS = "score ~ visit*group + (0 + group | cohort) + us(visit | patient)"


def wanted(formula):
    return Wanted(read_formula(formula), None, None)


def test_the_rows_that_are_used_are_those_of_a_table_in_memory():
    frame = made_up()
    frame.loc[frame.index % 7 == 2, "score"] = np.nan
    frame.loc[frame.index % 5 == 1, "cohort"] = None  # left out in groups, kept alone
    rows = used_rows(FramePart(frame), wanted(COHORTS))
    design = mixedlm(COHORTS, frame).design
    assert rows.columns.data["score"].tolist() == design.y.tolist()
    assert rows.n_left_out == design.n_left_out


def test_groupings_are_named_once_and_strata_are_visits_and_strata():
    one = wanted("score ~ visit + (1 | cohort) + (0 + month | cohort) + us(visit | group/patient)")
    assert one.groupings == (("cohort",), ("patient",))
    assert one.strata == ("visit", "group")


def test_a_part_without_rows_has_none():
    assert len(used_rows(FramePart(made_up().iloc[:0]), wanted(COHORTS))) == 0


def test_an_expression_is_refused_and_named():
    with pytest.raises(MixedModelError, match="found score - base"):
        check_formula(wanted("score - base ~ visit + (1 | patient)"))
