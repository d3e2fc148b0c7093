"""The totals of an exchange as the gate asks after them."""

from dataclasses import replace

import numpy as np

from kap_analysis.disclosure.published import decide
from kap_analysis.pooling.agreed_model import usable_rows
from kap_analysis.pooling.answering import practice_outcomes
from kap_analysis.pooling.counts import PooledPatients, count_rows
from kap_analysis.pooling.practices import make_pooling_plan


def test_the_populations_are_the_patients_that_are_modelled_and_those_of_each_visit(few_visits, few_covariates):
    plan = make_pooling_plan(few_visits, few_covariates)
    rows = usable_rows(practice_outcomes(few_visits, plan, "A"), plan.question, plan.visits)
    pooled = PooledPatients(count_rows(rows, plan), plan)
    found = pooled.populations().set_index(["population", "format"])["n"]
    assert found["analysed", "all"] == rows["patient_id"].nunique()
    at = rows[rows["visit"] == "month 3"]
    assert found["assessed at month 3", "group"] == at.loc[at["format"] == "group", "patient_id"].nunique()
    assert (found["assessed at month 3"] <= found["analysed"]).all()


def test_a_small_number_of_all_practices_is_not_shown(few_visits, few_covariates):
    plan = make_pooling_plan(few_visits, few_covariates)
    rows = usable_rows(practice_outcomes(few_visits, plan, "A"), plan.question, plan.visits)
    counts = replace(count_rows(rows, plan), formats=np.array([60.0, 7.0, 0.0]))
    shown = decide(PooledPatients(counts, plan).populations()).to_frame().set_index(["population", "format"])["n"]
    assert np.isnan(shown["analysed", "group"])
    assert not {"all", "individual"} <= set(shown["analysed"].dropna().index)
