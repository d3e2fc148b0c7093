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
