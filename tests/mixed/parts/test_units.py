"""Which rows belong together, and which of them lie in several parts."""

import numpy as np
import pytest

from kap_analysis.mixed.design.columns import Columns
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.formula.parser import read_formula
from kap_analysis.mixed.parts.part_counts import count_part
from kap_analysis.mixed.parts.parts_of_data import FileParts, FramePart
from kap_analysis.mixed.parts.units import find_units
from kap_analysis.mixed.parts.wanted import Wanted
from tests.mixed.parts.written import cut
from tests.mixed.summed import made_up

COHORTS = Wanted(read_formula("score ~ visit + (0 + group | cohort) + us(visit | patient)"), None, None)
PATIENTS = Wanted(read_formula("score ~ visit + (1 | patient)"), None, None)


def units_of(frames, wanted):
    parts = FileParts(tuple(FramePart(one) for one in frames))
    return find_units(parts, wanted, parts.total(count_part, wanted))


@pytest.mark.parametrize("shuffled", [False, True], ids=["sorted ids, by their ends", "ids in any order, by numbers"])
def test_the_patients_in_several_parts_are_found(shuffled):
    frame = made_up()
    frame = frame.sample(frac=1, random_state=1) if shuffled else frame
    frames = cut(frame, every=50)
    units = units_of(frames, PATIENTS)
    for one in frames:
        others = set().union(*(set(other["patient"]) for other in frames if other is not one))
        assert np.array_equal(units.of_rows(Columns(one))[1], one["patient"].isin(others).to_numpy())


def test_the_grouping_of_fewest_groups_is_the_highest():
    frame = made_up()
    frame["cohort"] = frame["cohort"].where(frame["group"] == 1)  # missing of patients who are treated alone
    units = units_of(cut(frame, every=50), COHORTS)
    assert units.groupings == (("cohort",), ("patient",))
    unit, _ = units.of_rows(Columns(frame))
    together = frame.assign(unit=unit).groupby("unit")
    alone = frame["group"] == 0
    assert len(together) == frame["cohort"].nunique() + frame.loc[alone, "patient"].nunique()


def test_a_patient_in_two_cohorts_is_named():
    frame = made_up()
    frame.loc[0, "cohort"] = "elsewhere"
    frame.loc[0, "group"] = 1.0
    units = units_of([frame], COHORTS)
    columns = Columns(frame)
    with pytest.raises(MixedModelError, match=r"patient p000 has rows in several groups of cohort"):
        units.check_nested(columns, units.of_rows(columns)[0])
