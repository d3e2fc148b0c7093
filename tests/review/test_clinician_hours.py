"""Hours that cannot be shared, or are partly blank, are not known: they are no smaller and no larger number."""

import numpy as np
import pytest

import kap_analysis as kap
from kap_analysis.analysis.model.plan_file import study_plan
from kap_analysis.review.clinician_hours import count_hours
from kap_analysis.review.part_of_study import part_of
from kap_analysis.review.practice_review_result import row_of
from tests.review.conftest import with_tables


@pytest.fixture(scope="module")
def alone(study):
    return part_of(study, "A", None)


def hours(made, review):
    return count_hours(made, made, study_plan(made), review.classes)


def test_all_that_is_recorded_gives_the_hours_of_the_exposure(alone, review):
    found = hours(alone, review).set_index("format")
    minutes = kap.describe_exposure(alone).clinician_minutes.set_index("format")["mean"]
    assert found.loc[minutes.index, "hours_per_patient"].tolist() == pytest.approx((minutes / 60).tolist())
    assert (found["why"] == "").all()


def test_hours_of_a_group_that_nobody_is_known_to_share_are_not_known(alone, review):
    nobody = alone.sessions["group_session_id"].where(alone.sessions["group_session_id"].isna())
    found = row_of(hours(with_tables(alone, sessions=alone.sessions.assign(group_session_id=nobody)), review), "group")
    assert np.isnan(found["hours_per_patient"]) and np.isnan(found["hours_per_better"])
    assert found["why"].startswith("it is not recorded who shared ")


@pytest.mark.parametrize(("every", "is_known"), [(2, False), (40, True)])
def test_blank_minutes_are_not_zero(alone, review, every, is_known):
    minutes = alone.sessions["minutes"].mask(np.arange(len(alone.sessions)) % every == 0)
    found = row_of(hours(with_tables(alone, sessions=alone.sessions.assign(minutes=minutes)), review), "all")
    assert found["n_blank"] > 0
    assert np.isnan(found["hours_per_patient"]) != is_known
    assert found["why"].startswith("" if is_known else "minutes or clinicians are blank at ")


def test_a_group_is_shared_with_those_who_started_in_another_period(alone, review):
    """Two quarters of one group: the hours of both together are those of the whole."""
    together = alone.sessions["group_session_id"].notna() & (alone.sessions["kind"].astype(str) == "ketamine")
    ids = alone.sessions.loc[together, "patient_id"].unique()
    first, second = alone.of_patients(ids[::2]), alone.of_patients(ids[1::2])
    plan = study_plan(alone)
    found = [row_of(count_hours(alone, one, plan, review.classes), "all") for one in (first, second)]
    both = row_of(count_hours(alone, alone.of_patients(ids), plan, review.classes), "all")
    totals = [one["hours_per_patient"] * one["n_patients"] for one in (*found, both)]
    assert totals[0] + totals[1] == pytest.approx(totals[2])
