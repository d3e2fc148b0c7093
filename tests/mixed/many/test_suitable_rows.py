"""Which data sets have rows enough to be fitted with the others."""

import numpy as np
import pytest

from kap_analysis.mixed.many.data_sets import DataSets
from kap_analysis.mixed.many.suitable_rows import suited
from tests.mixed.many.data_sets_drawn import SLOPES, VISITS, model


@pytest.mark.parametrize("formula", [SLOPES, VISITS])
def test_rows_that_leave_one_cohort_no_visit_or_nothing_do_not_suit(formula: str) -> None:
    design = model(formula).design
    frame = design.frame
    grouped, cohort = frame["is_group"].to_numpy() == 1, frame["cohort"].astype(str).to_numpy()
    last = frame["month" if "month" in frame else "visit"].astype(float).to_numpy() == 6
    y = np.tile(design.y, (5, 1))
    y[1, grouped & (cohort != cohort[np.flatnonzero(grouped)[0]])] = np.nan
    y[2, :] = np.nan
    y[3, last] = np.nan
    y[4, :5] = np.nan
    x = np.broadcast_to(design.x, (5, *design.x.shape)).copy()
    assert suited(design, DataSets(y, x)).tolist() == [True, False, False, formula == SLOPES, True]


def test_cohorts_of_one_patient_each_are_looked_at_closer() -> None:
    design = model(VISITS).design
    frame = design.frame
    names = frame.loc[frame["is_group"] == 1].drop_duplicates("cohort")["patient"]
    only = frame["patient"].isin(names).to_numpy()
    y = np.where(only, design.y, np.nan)[None]
    assert suited(design, DataSets(y, design.x[None])).tolist() == [False]
