"""Intercurrent events: after the start, before the window of the primary visit ends."""

from kap_analysis.analysis.patients.intercurrent import count_intercurrent_events
from kap_analysis.analysis.patients.treated import treated_patients


def test_events_are_those_after_the_start_and_before_the_primary_visit_ends(study):
    early = count_intercurrent_events(study, until_day=10).events.set_index(["event", "format"])["n_patients"]
    late = count_intercurrent_events(study).events.set_index(["event", "format"])["n_patients"]
    gains = late.drop("only one ketamine session", level="event")
    assert (gains >= early.loc[gains.index]).all() and gains.sum() > early.loc[gains.index].sum()
    new = study.treatments[
        study.treatments["start_day"].between(1, 120) & (study.treatments["kind"] == "psychotherapy")
    ]
    if "change" in new:
        new = new[new["change"].isin(["started", "dose_increased"])]
    treated = set(treated_patients(study)["patient_id"])
    assert late["new psychotherapy"].sum() == len(set(new["patient_id"]) & treated)


def test_events_are_counted_to_the_visit_of_the_plan(planned_otherwise, study):
    last = next(v.last_day for v in study.settings.visits if v.label == "month 1")
    found = count_intercurrent_events(planned_otherwise).events
    assert found.equals(count_intercurrent_events(study, until_day=last).events)
    assert not found.equals(count_intercurrent_events(study).events)


def test_nobody_without_a_format_is_left_out_or_switches(unknown_format):
    events = count_intercurrent_events(unknown_format).events.set_index(["event", "format"])
    assert events.loc["death", "of_patients"].sum() == len(treated_patients(unknown_format)) == 235
    assert list(events.loc["switched format"].index) == ["individual", "group"]
