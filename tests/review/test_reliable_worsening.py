"""Reliable worsening is looked for at every assessment and on every instrument, whatever is known of the main visit."""

from dataclasses import replace

import pandas as pd
import pytest

import kap_analysis as kap
from kap_analysis.analysis.model.plan_file import study_plan
from kap_analysis.review.part_of_study import part_of
from kap_analysis.review.practice_page import render_list, render_practice
from kap_analysis.review.reliable_worsening import reliable_points, reliably_worse
from kap_analysis.review.short_answers import answer_questions
from tests.review.conftest import with_tables


@pytest.fixture(scope="module")
def early(study):
    """Practice A before anybody was due at month 2, with two patients 20 points worse on the BDI-II at month 1."""
    alone = part_of(study, "A", None)
    scores = alone.assessments[alone.assessments["day"] <= 60].reset_index(drop=True)
    frame = alone.outcomes("BDI-II", population="started").frame
    low = frame[(frame["visit"].astype(str) == "month 1") & (frame["baseline"] < 40)].head(2)
    for patient, day, baseline in zip(low["patient_id"], low["day"], low["baseline"], strict=True):
        own = (scores["patient_id"] == patient) & (scores["day"] == day) & (scores["instrument"] == "BDI-II")
        scores.loc[own, "score"] = baseline + 20
    people = alone.patients.assign(observed_until_day=60.0, follow_up_end_day=float("nan"))
    items = alone.items[alone.items["day"] <= 60].reset_index(drop=True)
    return with_tables(alone, patients=people, assessments=scores, items=items), list(low["patient_id"])


def test_worsening_is_found_before_anybody_reaches_the_main_visit(early):
    made, patients = early
    found = kap.review_practice(made)
    assert found.classes.empty
    worse = found.chart_list[found.chart_list["why"] == "reliably worse"]
    assert set(patients) <= set(worse["patient_id"])
    told = {one.question: one.answer for one in answer_questions(found)}["How many got worse?"]
    assert f"{len(worse)} patients scored reliably worse than at the start once or more" in told
    assert f"the {len(worse)} patients who, at any time" in " ".join(found.next_steps)


def test_an_assessment_between_two_visits_and_every_instrument_count(study):
    """A GAD-7 that rose by 6 on a day of no visit: the smallest reliable change is 5.4 points."""
    alone = part_of(study, "A", None)
    plan = study_plan(study)
    before, _ = reliably_worse(alone, plan)
    frame = alone.outcomes("GAD-7", population="started").frame
    row = frame[(frame["visit"].astype(str) == "baseline") & (frame["score"] <= 10)]
    row = row[~row["patient_id"].isin(before["patient_id"])].iloc[0]
    scores = alone.assessments
    like = scores[(scores["patient_id"] == row["patient_id"]) & (scores["instrument"] == "GAD-7")].head(1)
    more = like.assign(day=7, score=row["score"] + 6)
    added = pd.concat([scores, more.astype(scores.dtypes.to_dict())], ignore_index=True)
    found, _ = reliably_worse(with_tables(alone, assessments=added), plan)
    own = found[found["patient_id"] == row["patient_id"]].iloc[0]
    assert (own["instrument"], own["visit"], own["day"]) == ("GAD-7", "between visits", 7)
    assert own["times_error"] == pytest.approx(6 / reliable_points(study.instruments["GAD-7"]))


def test_an_instrument_without_a_norm_is_not_known_and_never_nobody(study, review):
    """The main questionnaire has no norm: the page says so, and not that nobody was assessed."""
    assert pd.isna(reliable_points(study.instruments["HAM-A"]))
    assert "HAM-A" in review.notes["worsening"]
    assert review.notes["worsening"] in render_list(review)
    plan = kap.study_plan(study)
    other = kap.review_practice(study, practice="A", plan=replace(plan, instrument="HAM-A"))
    told = {one.question: one.answer for one in answer_questions(other)}
    n = other.started["n_assessed"].iloc[0]
    assert n > 50
    assert told["How many got better?"].startswith(f"That is not known of the {n} patients assessed at month 3")
    assert "Pass the norms" not in render_practice(other)
