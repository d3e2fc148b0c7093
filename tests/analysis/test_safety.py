"""Safety: asked at n of N sessions, the four states of a suicidality item, serious events, and the fixed sentence."""

import pandas as pd
import pytest

import kap_analysis as kap
from kap_analysis.disclosure.gate import release
from kap_analysis.instruments.suicidality import SENTENCE
from tests.places import SHIPPED_STUDY

STUDY = SHIPPED_STUDY

STATES = {"endorsed", "not endorsed", "not answered", "not in the data"}


@pytest.fixture(scope="module")
def study():
    return kap.load_study(STUDY)


@pytest.fixture(scope="module")
def safety(study):
    return kap.review_safety(study)


def test_asked_counts_every_held_ketamine_session(study, safety):
    held = study.sessions[
        (study.sessions["kind"] == "ketamine") & study.sessions["status"].isin(["attended", "stopped_early"])
    ]
    assert safety.asked["n_sessions"].sum() == len(held)
    assert safety.asked["n_sessions_asked"].sum() == (held["ae_asked"].astype(object) == "yes").sum()
    n, of = safety.asked[["n_sessions_asked", "n_sessions"]].sum()
    assert safety.paragraph.startswith(f"Adverse events were asked about at {n} of {of} (")


def test_rates_are_events_by_sessions_asked(safety):
    rows = safety.events[safety.events["n_sessions_asked"] > 0]
    expected = rows["n_events"] / rows["n_sessions_asked"]
    assert rows["per_session"].to_numpy() == pytest.approx(expected.to_numpy())
    assert safety.events.loc[safety.events["route"] == "not in a session", "per_session"].isna().all()


def test_every_event_of_a_treated_patient_is_counted_once(study, safety):
    assert safety.events["n_events"].sum() == len(study.adverse_events)
    assert len(safety.serious) == (study.adverse_events["serious"].astype(object) == "yes").sum()


def test_four_states_at_the_same_visits_in_both_formats(study, safety):
    states = safety.suicidality
    assert set(states["state"].astype(str)) == STATES
    by_visit = states.groupby(["format", "visit"], observed=True)[["n_patients", "share"]].sum()
    of = states.groupby(["format", "visit"], observed=True)["of_patients"].first()
    assert (by_visit["n_patients"] == of).all()
    assert by_visit["share"].to_numpy() == pytest.approx(1)
    seen = [set(part["visit"].astype(str)) for _, part in states.groupby("format")]
    assert seen[0] == seen[1] == {"baseline", *study.settings.visit_labels}


def test_for_review_are_those_who_were_clear_at_baseline(study, safety):
    assert (safety.for_review["state"] == "endorsed").all()
    assert not (safety.for_review["visit"].astype(str) == "baseline").any()
    item = study.items[(study.items["instrument"] == "PHQ-9") & (study.items["item"].astype(str) == "9")]
    before = item[(item["day"] <= 0) & item["patient_id"].isin(safety.for_review["patient_id"])]
    last = before.sort_values("day").groupby("patient_id")["answer"].last()
    assert len(last) and (last == 0).all()


def test_the_fixed_sentence_stands_and_nobody_is_told_to_be_at_no_risk(safety):
    assert safety.paragraph.endswith(SENTENCE)
    assert "no risk" not in safety.paragraph.lower()


def test_a_public_study_does_not_tell_withheld_lists_as_none(safety):
    public = release(safety, visibility="public", is_simulated=False)
    assert public.serious.empty and public.for_review.empty
    assert "The list of serious events is withheld." in public.paragraph
    assert "The list of patients who newly endorsed a suicidality item is withheld." in public.paragraph
    assert "0 serious" not in public.paragraph and "0 patients" not in public.paragraph
    kept = public.events["n_events"].dropna()
    assert isinstance(kept, pd.Series) and ((kept == 0) | (kept >= 11)).all()


def test_vital_signs_have_their_lowest_and_highest_value(study, safety):
    oxygen = safety.vitals[(safety.vitals["measure"] == "spo2") & (safety.vitals["minute"] == 40)]
    measured = study.session_measures
    measured = measured[(measured["measure"].astype(object) == "spo2") & (measured["minute"] == 40)]["value"]
    assert oxygen["minimum"].min() == measured.min() < oxygen["q1"].min()
    assert oxygen["maximum"].max() == measured.max()


def test_extreme_vital_signs_of_a_public_study_of_real_patients_are_withheld(safety):
    public = release(safety, visibility="public", is_simulated=False).vitals
    assert public[["minimum", "maximum"]].isna().all(axis=None)
