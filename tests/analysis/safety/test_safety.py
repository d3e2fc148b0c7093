"""Safety: asked at n of N sessions, the four states of a suicidality item, serious events, and the fixed sentence."""

import dataclasses

import pandas as pd
import pytest

import kap_analysis as kap
from kap_analysis.instruments.suicidality import SENTENCE
from tests.analysis.conftest import without_known_format

STATES = {"endorsed", "not endorsed", "not answered", "not in the data"}


@pytest.fixture(scope="module")
def safety(study):
    return kap.review_safety(study)


@pytest.fixture(scope="module")
def public(study):
    return kap.review_safety(as_public(study))


def test_asked_counts_every_held_ketamine_session(study, safety):
    held = study.sessions[
        (study.sessions["kind"] == "ketamine") & study.sessions["status"].isin(["attended", "stopped_early"])
    ]
    assert safety.asked["n_sessions"].sum() == len(held)
    assert safety.asked["n_sessions_asked"].sum() == (held["ae_asked"].astype(object) == "yes").sum()
    n, of = safety.asked[["n_sessions_asked", "n_sessions"]].sum()
    assert safety.paragraph.startswith(f"Adverse events were asked about at {n:.0f} of {of:.0f} (")


def test_rates_are_events_by_sessions_asked(safety):
    rows = safety.events[safety.events["n_sessions_asked"] > 0]
    expected = rows["n_events_asked"] / rows["n_sessions_asked"]
    assert rows["per_session"].to_numpy() == pytest.approx(expected.to_numpy())
    assert safety.events.loc[safety.events["route"] == "not in a session", "per_session"].isna().all()


def test_events_where_nobody_asked_are_in_no_rate(study):
    session = study.adverse_events["session_id"].dropna().iloc[0]
    here = study.sessions["session_id"] == session
    unasked = study.sessions.assign(ae_asked=study.sessions["ae_asked"].astype("object").mask(here, "no"))
    before, after = kap.review_safety(study), kap.review_safety(with_table(study, sessions=unasked))
    n = (study.adverse_events["session_id"] == session).sum()
    assert after.events["n_events"].sum() == before.events["n_events"].sum()
    assert after.events["n_events_asked"].sum() == before.events["n_events_asked"].sum() - n
    rest = (after.events["n_events"] - after.events["n_events_asked"]).sum()
    assert f"{rest} more events were recorded outside these sessions and have no denominator." in after.paragraph


def test_the_number_of_events_of_a_format_stands_with_its_sessions(safety):
    for name in ("individual", "group"):
        n = safety.events.loc[safety.events["format"] == name, "n_events_asked"].sum()
        sessions = safety.asked.loc[safety.asked["format"] == name, "n_sessions_asked"].sum()
        assert (
            f"{n} events in {name} format ({sessions:.0f} sessions, {n / sessions:.2f} per session)" in safety.paragraph
        )


def test_asked_or_not_is_unknown_where_it_was_not_recorded(study):
    unknown = kap.review_safety(with_table(study, sessions=study.sessions.assign(ae_asked=None)))
    assert unknown.asked["n_sessions_asked"].isna().all() and unknown.events["per_session"].isna().all()
    assert unknown.paragraph.startswith("Whether patients were asked about adverse events was not recorded.")
    note = kap.tables.table_adverse_events(events=unknown.events).notes[1]
    assert "0/" not in note and "not recorded at" in note


def in_groups(study):
    return study.sessions["patient_id"].isin(study.at_time_zero().query("format == 'group'")["patient_id"])


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("no", "nobody was asked in group format"),
        (None, "whether anybody was asked in group format was not recorded"),
    ],
)
def test_no_serious_event_where_nobody_asked_is_not_none_of_all(study, asked, told):
    groups = in_groups(study)
    unasked = study.sessions.assign(ae_asked=study.sessions["ae_asked"].astype("object").mask(groups, asked))
    events = study.adverse_events
    events = events[~events["patient_id"].isin(study.sessions.loc[groups, "patient_id"])]
    assert (events["serious"].astype("object") == "yes").any()
    found = kap.review_safety(with_table(study, sessions=unasked, adverse_events=events))
    counts = found.serious_counts.set_index("format")
    assert counts.loc["individual", "of_patients_asked"] > 0
    assert counts.loc["group", "of_patients"] > 0 and not counts.loc["group", "of_patients_asked"] > 0
    assert f" and {told}." in found.paragraph and "of_patients" not in found.paragraph
    assert ("; nobody in group format was asked" in found.paragraph) == (asked == "no")
    none = kap.review_safety(with_table(study, sessions=unasked, adverse_events=events.assign(serious="no")))
    n = none.serious_counts.set_index("format").loc["individual", "of_patients_asked"]
    who = f"{n:.0f} patients who were asked in individual format"
    assert f"No serious event was recorded in {who}; {told}." in none.paragraph


def test_serious_events_stand_with_the_patients_who_were_asked(study, safety):
    held = study.sessions[(study.sessions["kind"] == "ketamine") & (study.sessions["ae_asked"].astype(object) == "yes")]
    counts = safety.serious_counts.set_index("format")
    assert counts["of_patients_asked"].sum() == held["patient_id"].nunique()
    n, of = counts.loc["group", ["n_patients_asked", "of_patients_asked"]]
    assert f"in {n} of {of} patients who were asked in group format" in safety.paragraph


def test_a_serious_event_of_patients_who_were_never_asked_has_no_denominator(study):
    event = study.adverse_events[study.adverse_events["serious"].astype("object") == "yes"].iloc[0]
    theirs = study.sessions["patient_id"] == event["patient_id"]
    unasked = study.sessions.assign(ae_asked=study.sessions["ae_asked"].astype("object").mask(theirs, "no"))
    one = study.adverse_events[study.adverse_events["patient_id"] == event["patient_id"]].iloc[:1].assign(serious="yes")
    found = kap.review_safety(with_table(study, sessions=unasked, adverse_events=one))
    assert "1 serious event was recorded of patients who are not known to have been asked" in found.paragraph
    nobody = with_table(study, sessions=study.sessions.assign(ae_asked=None), adverse_events=one)
    assert "1 serious event was recorded; nobody is known to have been asked." in kap.review_safety(nobody).paragraph


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


def test_the_fixed_sentence_stands_and_nobody_is_told_to_be_at_no_risk(safety):
    assert safety.paragraph.endswith(SENTENCE)
    assert "no risk" not in safety.paragraph.lower()


def test_a_public_study_says_what_is_withheld_and_pools_before_it_withholds(public):
    assert public.serious.empty and public.for_review.empty
    assert "How many events were serious, and the list of them, are withheld." in public.paragraph
    assert "The list of patients for chart review is withheld." in public.paragraph
    events = public.events[public.events["route"] != "not in a session"]
    assert events["n_events_asked"].notna().all()
    assert public.events[["n_events", "n_patients"]].isna().all(axis=None)
    assert "other events" in set(events["event"]) and set(events["severity"]) == {"any severity"}
    kept = public.events["n_events_asked"].dropna()
    assert ((kept == 0) | (kept >= 11)).all()


def test_a_public_study_does_not_tell_whether_there_was_a_serious_event(study, public):
    none = with_table(study, adverse_events=study.adverse_events.assign(serious="no"))
    assert kap.review_safety(as_public(none)).paragraph == public.paragraph


def test_vital_signs_have_their_lowest_and_highest_value(study, safety):
    oxygen = safety.vitals[(safety.vitals["measure"] == "spo2") & (safety.vitals["minute"] == 40)]
    measured = study.session_measures
    measured = measured[(measured["measure"].astype(object) == "spo2") & (measured["minute"] == 40)]["value"]
    assert oxygen["minimum"].min() == measured.min() < oxygen["q1"].min()
    assert oxygen["maximum"].max() == measured.max()


def test_extreme_vital_signs_of_a_public_study_of_real_patients_are_withheld(public):
    assert public.vitals[["minimum", "maximum"]].isna().all(axis=None)


def with_table(study, **frames):
    return dataclasses.replace(study, tables={**study.tables, **frames})


def as_public(study):
    return dataclasses.replace(
        study, settings=dataclasses.replace(study.settings, visibility="public", provenance="real")
    )


def test_events_of_patients_without_a_format_are_counted(unknown_format, safety):
    """33 of 300 events were dropped without a word, a serious one among them."""
    found = kap.review_safety(unknown_format)
    for frame, column in (("events", "n_events"), ("asked", "n_sessions"), ("serious_counts", "of_patients")):
        assert getattr(found, frame)[column].sum() == getattr(safety, frame)[column].sum()
    assert found.serious_counts["n_events"].sum() == len(found.serious) == 4
    assert set(found.suicidality["format"]) == {"individual", "group", "without a format"}
    assert "31 events without a format (82 sessions" in found.paragraph
    assert kap.figures.plot_adverse_events(events=found.events)


def test_no_serious_event_is_not_said_where_one_is_listed(study):
    """The only serious event is of a patient whose format nobody knows."""
    (patient,) = study.adverse_events.query("serious == 'yes'")["patient_id"].iloc[:1]
    events = study.adverse_events
    others = (events["patient_id"] != patient) & (events["serious"] == "yes")
    alone = without_known_format(study, [patient])
    alone = with_table(alone, adverse_events=events.assign(serious=events["serious"].mask(others, "no")))
    found = kap.review_safety(alone)
    assert len(found.serious) == 1
    assert "No serious event" not in found.paragraph
    assert "1 in 1 of 1 patient who was asked without a format" in found.paragraph


def test_a_serious_event_of_a_patient_who_was_not_treated_is_told(study):
    patient = study.adverse_events.query("serious == 'yes'")["patient_id"].iloc[0]
    sessions = study.sessions[study.sessions["patient_id"] != patient]
    events = study.adverse_events[study.adverse_events["patient_id"] == patient]
    others = study.adverse_events[study.adverse_events["patient_id"] != patient].assign(serious="no")
    found = kap.review_safety(with_table(study, sessions=sessions, adverse_events=pd.concat([events, others])))
    assert "No serious event was recorded in " in found.paragraph
    assert "1 serious event was recorded of patients without a ketamine session." in found.paragraph
