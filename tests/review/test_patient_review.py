from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import kap_analysis as kap
from kap_analysis.errors import AnalysisError
from kap_analysis.review.patient_page import render_patient
from tests.review.conftest import with_tables


@pytest.fixture(scope="module")
def patient(study):
    return kap.review_patient(study, "P001", similar=True)


def test_it_holds_what_the_tables_hold(study, patient):
    taken = study.assessments[
        (study.assessments["patient_id"] == "P001") & (study.assessments["instrument"] == "BDI-II")
    ]
    found = patient.scores[patient.scores["instrument"] == "BDI-II"]
    assert found["score"].tolist() == taken.sort_values("day")["score"].tolist()
    own = study.sessions[study.sessions["patient_id"] == "P001"]
    held = own[(own["kind"] == "ketamine") & (own["status"] == "attended")]
    assert (patient.sessions["kind"] == "ketamine").sum() == len(held)
    assert set(patient.adverse_events["day"]) == set(
        study.adverse_events.loc[study.adverse_events["patient_id"] == "P001", "day"]
    )


def test_reliable_change_in_words(patient):
    row = patient.changes.set_index("instrument").loc["BDI-II"]
    assert row["change"] == row["latest"] - row["baseline"]
    assert ("reliably better" in row["words"]) == (-row["change"] >= row["reliable_change"])
    unknown = patient.changes[patient.changes["reliable_change"].isna() & (patient.changes["change"] != 0)]
    assert unknown["words"].str.contains("is not known").all()


def test_the_range_is_the_prediction_interval_of_the_others(study, patient):
    frame = study.outcomes("BDI-II", population="started").frame
    wide = frame.assign(visit=frame["visit"].astype(str)).pivot_table(
        index="patient_id", columns="visit", values="score"
    )
    own, others = wide.loc["P001"], wide.drop(index="P001")
    both = others[["baseline", "month 1", "month 2"]].dropna()
    fit = sm.OLS(both["month 2"], sm.add_constant(both[["baseline", "month 1"]])).fit()
    ends = fit.get_prediction(np.r_[1.0, own["baseline"], own["month 1"]][None]).conf_int(obs=True, alpha=0.2)[0]
    row = patient.ranges.query("instrument == 'BDI-II' and visit == 'month 2'").iloc[0]
    assert [row["low"], row["high"]] == pytest.approx(list(ends))
    assert row["n_patients"] == len(both)


@pytest.mark.slow
def test_the_range_does_not_know_later_scores(study):
    """Another score at a later visit changes no earlier range."""
    later = study.assessments.copy()
    own = (later["patient_id"] == "P001") & (later["instrument"] == "BDI-II") & (later["day"] > 60)
    later.loc[own, "score"] = 63
    changed = replace(study, tables={**study.tables, "assessments": later})
    early = "instrument == 'BDI-II' and day < 60"
    now = kap.review_patient(changed, "P001", similar=True).ranges.query(early)
    assert now.equals(kap.review_patient(study, "P001", similar=True).ranges.query(early))


def test_what_is_refused(study):
    with pytest.raises(AnalysisError, match="Found no patient 'P01'"):
        kap.review_patient(study, "P01")
    few = study.of_patients(study.patients["patient_id"].head(99))
    with pytest.raises(AnalysisError, match="needs 100 or more"):
        kap.review_patient(few, "P001", similar=True)
    assert set(kap.review_patient(study, "P001", similar=True).ranges["n_patients"] >= 100) == {True}
    assert kap.review_patient(few, "P001").ranges.empty
    public = replace(study, settings=replace(study.settings, visibility="public", provenance="real"))
    with pytest.raises(AnalysisError, match="private study only"):
        kap.review_patient(public, "P001")


def test_answers_without_a_total_are_scored_and_their_item_on_suicide_is_told(study):
    """The answers to the PHQ-9 are in items.csv, and assessments.csv has no PHQ-9 at all."""
    own = study.items[(study.items["instrument"].astype(str) == "PHQ-9") & (study.items["item"] == 9)]
    patient = own["patient_id"].iloc[0]
    alone = study.of_patients([patient])
    kept = alone.assessments[alone.assessments["instrument"].astype(str) != "PHQ-9"].reset_index(drop=True)
    found = kap.review_patient(with_tables(alone, assessments=kept), patient)
    answers = own[own["patient_id"] == patient].sort_values("day")
    assert found.scores.loc[found.scores["instrument"] == "PHQ-9", "day"].nunique() == answers["day"].nunique()
    row = found.suicidality.set_index("instrument").loc["PHQ-9"]
    assert (row["day"], row["answer"]) == (answers["day"].iloc[-1], answers["answer"].iloc[-1])


def test_the_last_known_answer_stays_where_later_answers_are_not_in_the_data(study):
    own = study.items[(study.items["instrument"].astype(str) == "PHQ-9") & (study.items["item"] == 9)]
    patient = own.loc[own["answer"] > 0, "patient_id"].iloc[0]
    answers = own[(own["patient_id"] == patient) & (own["answer"] > 0)].sort_values("day")
    day, answer = answers["day"].iloc[-1], answers["answer"].iloc[-1]
    alone = study.of_patients([patient])
    kept = alone.items[alone.items["day"] <= day].reset_index(drop=True)
    last = alone.assessments[alone.assessments["instrument"].astype(str) == "PHQ-9"].tail(1)
    scores = pd.concat([alone.assessments, last.assign(day=int(day) + 40)], ignore_index=True)
    later = with_tables(alone, items=kept, assessments=scores.astype(alone.assessments.dtypes.to_dict()))
    row = kap.review_patient(later, patient).suicidality.set_index("instrument").loc["PHQ-9"]
    assert (row["state"], row["known_day"], row["known_answer"]) == ("not in the data", day, answer)
    page = render_patient(kap.review_patient(later, patient))
    assert f"The last answer that is known is {answer:.0f}, on day {day}." in page
