"""Scores due, done and missing, counted again from the tables of the shipped study."""

from dataclasses import replace

import pandas as pd
import pytest

import kap_analysis as kap


@pytest.fixture(scope="module")
def started(study):
    people = study.at_time_zero()
    return people[people["started"]].set_index("patient_id")["format"].astype("str")


def test_the_primary_instrument_is_due_of_everybody_who_started(study, started):
    """A patient who never filled in the BDI-II counted nowhere: 26 of 100 stayed, where 101 had started."""
    result = kap.describe_completeness(study)
    assert (~started.index.isin(study.outcomes("BDI-II", population="started").frame["patient_id"])).sum() == 1
    sizes = started.value_counts()
    whole = result.completeness[result.completeness["practice"] == "all"]
    for frame, column in ((result.retention, "n_at_risk"), (whole, "n_due")):
        assert (frame[column].to_numpy() == frame["format"].map(sizes).to_numpy()).all()
    parts = result.completeness[result.completeness["practice"] != "all"]
    again = parts.groupby(["visit", "format"], sort=False)["n_due"].sum()
    assert again.to_dict() == whole.set_index(["visit", "format"])["n_due"].to_dict()


def test_done_late_and_missing_by_hand(study, started):
    whole = kap.describe_completeness(study).completeness.query("practice == 'all' and visit == 'month 3'")
    scores = study.assessments.query("instrument == 'BDI-II' and score.notna()")
    visits = {visit.label: visit for visit in study.settings.visits}
    at, after = visits["month 3"], visits["month 6"]
    done = set(scores.loc[scores["day"].between(at.first_day, at.last_day), "patient_id"])
    late = set(scores.loc[(scores["day"] > at.last_day) & (scores["day"] < after.first_day), "patient_id"]) - done
    for row in whole.itertuples():
        own = set(started.index[started == row.format])
        assert (row.n_done, row.n_late) == (len(own & done), len(own & late))
        assert row.n_missing == row.n_due - row.n_done - row.n_late


def test_a_secondary_instrument_is_due_of_those_who_ever_filled_it_in(study, started):
    result = kap.describe_completeness(study, instrument="Y-BOCS")
    ever = study.assessments.query("instrument == 'Y-BOCS' and score.notna()")["patient_id"].unique()
    sizes = started[started.index.isin(ever)].value_counts()
    assert result.retention.groupby("format")["n_at_risk"].max().to_dict() == sizes.to_dict()
    assert pd.notna(result.retention["share"]).all()


def test_a_visit_that_is_not_due_is_no_loss(month_3_not_over):
    """Retention was 51% at month 3, where everybody who was due had a score."""
    found = kap.describe_completeness(month_3_not_over)
    at_last = found.retention[found.retention["visit"] == "month 3"].set_index("format")
    assert at_last["n_at_risk"].to_dict() == {"individual": 41, "group": 15}
    assert (found.retention["share"] == 1).all()
    assert found.predictors.empty  # of those who were due nobody is missing


def test_predictors_are_of_those_who_were_due(study):
    recent = study.patients["patient_id"].iloc[::2]
    people = study.patients.copy()
    people.loc[people["patient_id"].isin(recent), "observed_until_day"] = 70
    found = kap.describe_completeness(replace(study, tables={**study.tables, "patients": people}))
    assert found.predictors["n_patients"].unique().tolist() == [235 - len(recent)]


def test_who_is_not_counted_is_told(unknown_format):
    assert kap.describe_completeness(unknown_format).notes == (
        "Without a format, and not counted here: 20 patients who started (no planned format and no ketamine session in "
        "the clinic).",
    )
