"""What patients received, counted by hand in a small study."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kap_analysis.analysis.patients.exposure import describe_exposure, hours_to_integration


def test_exposure_of_a_small_study_by_hand(small):
    found = describe_exposure(small)
    ketamine = found.sessions[found.sessions["kind"] == "ketamine"].groupby("format")["n_sessions"].sum()
    assert ketamine.to_dict() == {"group": 6, "individual": 2}  # the no-show is not counted
    doses = found.doses.set_index(["format", "route", "unit"])
    assert set(doses.index.get_level_values("route")) == {"IM", "SL"}  # never pooled
    im = doses.loc[("group", "IM", "mg")]
    given = [60, 55, 70.5, 70, 65]
    assert (im["n_sessions"], im["mean"], im["sd"]) == (
        5,
        pytest.approx(np.mean(given)),
        pytest.approx(np.std(given, ddof=1)),
    )
    assert found.cohort_sizes.set_index("cohort_id")["n_patients"].to_dict() == {"G1": 2, "G2": 2}
    assert "SL, mg: 200 (SD 0; 2 sessions) in individual format and 150" in str(found)


def test_integration_in_time_by_hand():
    sessions = pd.DataFrame(
        [
            ("a", 0, "ketamine", 10.0), ("a", 1, "integration", 10.0),  # 24 hours
            ("b", 0, "ketamine", 10.0), ("b", 2, "integration", 10.0),  # 48 hours
            ("c", 0, "ketamine", 10.0), ("c", 2, "integration", 10.1),  # just over
            ("d", 0, "ketamine", 10.0), ("d", 1, "integration", 9.9),  # just under
            ("e", 0, "ketamine", np.nan), ("e", 2, "integration", 9.0),  # by day: second day
            ("f", 0, "ketamine", np.nan), ("f", 3, "integration", 9.0),  # by day: third
            ("g", 0, "ketamine", 9.0),
        ],
        columns=["patient_id", "day", "kind", "hour"],
    )  # fmt: skip
    found = hours_to_integration(sessions).set_index("patient_id")["in_time"]
    assert found.to_dict() == {"a": True, "b": True, "c": False, "d": False, "e": True, "f": False, "g": False}


def test_without_hours_the_rule_is_named(study):
    sessions = study.sessions.assign(hour=np.nan)
    found = describe_exposure(replace(study, tables={**study.tables, "sessions": sessions}))
    assert "integration followed on the next or second day (hours not recorded)" in str(found)


def test_where_some_hours_are_known_both_rules_are_named(study):
    """One hour that was recorded made every session one judged by hours."""
    sessions = study.sessions.copy()
    sessions.loc[sessions.index[len(sessions) // 2] :, "hour"] = np.nan
    found = describe_exposure(replace(study, tables={**study.tables, "sessions": sessions}))
    assert "24–48 hours after the ketamine session, or where an hour is not recorded on the next or" in str(found)


def test_minutes_that_are_not_known_are_no_minutes(study):
    """Without the slot a group's hours were those of each of its patients, and blank minutes were none."""
    known = describe_exposure(study).clinician_minutes.set_index("format")
    sessions = study.sessions.copy()
    without_slots = replace(study, tables={**study.tables, "sessions": sessions.drop(columns="group_session_id")})
    lost = describe_exposure(without_slots).clinician_minutes.set_index("format")
    assert "group" not in lost.index or lost.loc["group", "n_patients"] < known.loc["group", "n_patients"]
    first = sessions["patient_id"] == sessions["patient_id"].iloc[0]
    arm = "individual" if (sessions.loc[first, "format"] == "individual").all() else "group"
    sessions.loc[first & (sessions["status"] != "missed") & (sessions["kind"] == "ketamine"), "minutes"] = np.nan
    fewer = describe_exposure(replace(study, tables={**study.tables, "sessions": sessions})).clinician_minutes
    n = fewer.set_index("format")["n_patients"]
    assert n[arm] == known.loc[arm, "n_patients"] - 1


def test_sessions_of_patients_without_a_format_are_counted(unknown_format, study):
    before, found = describe_exposure(study).sessions, describe_exposure(unknown_format).sessions
    assert found["n_sessions"].sum() == before["n_sessions"].sum()
    assert found.loc[found["format"] == "without a format", "of_patients"].unique().tolist() == [20]
    assert "sessions per patient without a format." in describe_exposure(unknown_format).paragraph
