"""Items on suicidality: the list for chart review leaves nobody out; the comparison of formats has its denominators."""

import dataclasses

import pandas as pd
import pytest

import kap_analysis as kap
from kap_analysis.errors import AnalysisError
from tests.places import SHIPPED_STUDY


@pytest.fixture(scope="module")
def study():
    return kap.load_study(SHIPPED_STUDY)


@pytest.fixture(scope="module")
def safety(study):
    return kap.review_safety(study)


def answers_of(study, **of_patients):
    """The study with made-up answers to item 9 of the PHQ-9: patient = {day: answer}."""
    rows = [
        {"patient_id": patient, "day": day, "instrument": "PHQ-9", "item": 9, "answer": float(answer), "rater": "self"}
        for patient, answers in of_patients.items()
        for day, answer in answers.items()
    ]
    items = pd.DataFrame(rows).astype({"day": "Int64", "item": "Int64"})
    return dataclasses.replace(study, tables={**study.tables, "items": items})


def test_every_positive_answer_and_every_rise_of_the_shipped_study_is_listed(study, safety):
    item = study.items[(study.items["instrument"] == "PHQ-9") & (study.items["item"].astype(str) == "9")]
    positive = item[(item["answer"] >= 1) & (item["day"] > 0)]
    listed = safety.for_review
    found = set(zip(listed["patient_id"], listed["day"], strict=True))
    assert set(zip(positive["patient_id"], positive["day"], strict=True)) <= found
    assert listed["patient_id"].nunique() == 150
    rises = item.sort_values(["patient_id", "day"]).assign(
        before=lambda rows: rows.groupby("patient_id")["answer"].shift()
    )
    rises = rises[rises["answer"] > rises["before"]]
    assert set(zip(rises["patient_id"], rises["day"], strict=True)) <= found
    assert f"For chart review {listed['patient_id'].nunique()} patients are listed" in safety.paragraph


def test_a_rise_from_one_a_rise_between_visits_and_a_first_answer_are_listed_most_serious_first(study):
    listed = kap.review_safety(
        answers_of(
            study, P001={-7: 1, 28: 3}, P002={-7: 0, 7: 3}, P003={31: 3}, P004={-7: 2, 29: 1}, P005={-7: 0, 30: 0}
        )
    ).for_review
    assert list(listed["patient_id"]) == ["P003", "P002", "P001", "P004"]
    assert list(listed["answer"]) == [3, 3, 3, 1]
    assert list(listed["change"]) == ["first answer", "rise", "rise", "fall"]
    assert list(listed["answer_before"].fillna(-1)) == [-1, 0, 1, 2]
    assert list(listed["day"]) == [31, 7, 28, 29]
    assert listed["visit"].iloc[1] == "between visits"


def test_a_patient_who_never_started_is_listed_too(study):
    unstarted = study.sessions[study.sessions["patient_id"] != "P001"]
    changed = dataclasses.replace(study, tables={**study.tables, "sessions": unstarted})
    assert list(kap.review_safety(answers_of(changed, P001={20: 2})).for_review["patient_id"]) == ["P001"]


def test_newly_endorsed_names_those_at_risk_and_those_reassessed(safety):
    n = safety.newly_endorsed[["n_at_risk", "n_reassessed", "n_endorsed"]].sum()
    assert list(n) == [134, 115, 44]
    assert "Of 134 patients who did not endorse the item on suicidality of PHQ-9 at baseline, 115" in safety.paragraph


def test_an_instrument_without_such_answers_is_refused_in_words(study):
    with pytest.raises(
        AnalysisError, match="No answer to an item on suicidality of GAD-7 is in the data; this study has"
    ):
        kap.review_safety(study, suicidality_instrument="GAD-7")


def test_without_items_nothing_is_said_about_them(study):
    without = dataclasses.replace(study, tables={**study.tables, "items": study.items.iloc[:0]})
    told = kap.review_safety(without)
    assert told.suicidality.empty and told.for_review.empty and "suicidality" not in told.paragraph
