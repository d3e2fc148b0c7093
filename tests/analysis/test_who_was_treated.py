"""Who was treated: differences by hand on rare and disjoint levels, flow, positivity, exposure, events."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kap_analysis.analysis.patients.characteristics import baseline_characteristics
from kap_analysis.analysis.patients.exposure import describe_exposure, hours_to_integration
from kap_analysis.analysis.patients.facilitators import first_facilitators
from kap_analysis.analysis.patients.flow import participant_flow
from kap_analysis.analysis.patients.intercurrent import count_intercurrent_events
from kap_analysis.analysis.patients.positivity import describe_positivity
from kap_analysis.analysis.patients.standardised_difference import (
    standardised_mean_difference,
    standardised_share_difference,
)
from kap_analysis.analysis.patients.treated import treated_patients
from kap_analysis.errors import AnalysisError
from kap_analysis.study.load import load_study
from tests.analysis.trials import as_outcomes, btheb, made_up_scores
from tests.places import SHIPPED_STUDY
from tests.study.small_study import write_small_study

STUDY = SHIPPED_STUDY


@pytest.fixture(scope="module")
def study():
    return load_study(STUDY)


@pytest.fixture
def small(tmp_path):
    return load_study(write_small_study(tmp_path / "small"))


def shares(**counts):
    return pd.Series([level for level, n in counts.items() for _ in range(n)])


def test_numbers_by_hand():
    first, other = pd.Series([1.0, 2.0, 3.0, np.nan]), pd.Series([2.0, 4.0, 6.0])
    assert standardised_mean_difference(first, other) == pytest.approx(2 / np.sqrt((1 + 4) / 2))
    assert standardised_mean_difference(other, first) == pytest.approx(-2 / np.sqrt((1 + 4) / 2))


def test_two_levels_by_hand():
    found = standardised_share_difference(shares(no=8, yes=2), shares(no=5, yes=5))
    assert found == pytest.approx((0.5 - 0.2) / np.sqrt((0.2 * 0.8 + 0.5 * 0.5) / 2))
    assert standardised_share_difference(shares(no=5, yes=5), shares(no=8, yes=2)) == pytest.approx(-found)


def test_three_levels_by_hand():
    """Mahalanobis distance over all levels but one, whichever is left out."""
    first, other = shares(a=5, b=3, c=2), shares(a=2, b=2, c=6)
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.2, 0.6])
    for kept in ([0, 1], [1, 2], [0, 2]):
        covariance = sum(np.diag(x[kept]) - np.outer(x[kept], x[kept]) for x in (p, q)) / 2
        step = (q - p)[kept]
        by_hand = np.sqrt(step @ np.linalg.solve(covariance, step))
        assert standardised_share_difference(first, other) == pytest.approx(by_hand)


def test_a_rare_level_that_one_format_lacks_is_counted():
    """1 of 20 against 0 of 20, the rest shared equally: a finite, small distance, as by hand."""
    first, other = shares(a=10, b=10), shares(a=10, b=9, c=1)
    p, q = np.array([0.5, 0.5]), np.array([0.5, 0.45])
    covariance = sum(np.diag(x) - np.outer(x, x) for x in (p, q)) / 2
    step = q - p
    assert standardised_share_difference(first, other) == pytest.approx(
        np.sqrt(step @ np.linalg.solve(covariance, step))
    )


@pytest.mark.parametrize(
    ("first", "other", "expected"),
    [
        (shares(a=5), shares(b=5), np.inf),
        (shares(a=5, b=5), shares(c=5, d=5), np.inf),
        (shares(a=5), shares(a=9), 0.0),
        (shares(a=5, b=5, c=5), shares(a=1, b=1, c=1), 0.0),
    ],
)
def test_disjoint_and_equal_levels(first, other, expected):
    assert standardised_share_difference(first, other) == expected


def test_constants_and_nobody():
    same, higher = pd.Series([3.0, 3.0]), pd.Series([4.0, 4.0])
    assert standardised_mean_difference(same, same) == 0.0
    assert standardised_mean_difference(same, higher) == np.inf
    assert standardised_mean_difference(higher, same) == -np.inf
    assert np.isnan(standardised_mean_difference(same, pd.Series([np.nan])))
    assert np.isnan(standardised_share_difference(shares(a=1), pd.Series([None], dtype=object)))


def test_characteristics_count_everybody_who_was_treated(study):
    frame = baseline_characteristics(study).characteristics
    treated = treated_patients(study)
    counts = frame.drop_duplicates("format").set_index("format")["n_patients"]
    assert counts["all"] == len(treated) == counts["individual"] + counts["group"]
    ages = treated[treated["format"] == "group"]["age"]
    row = frame[(frame["characteristic"] == "age") & (frame["format"] == "group")].iloc[0]
    assert (row["mean"], row["sd"], row["n_missing"]) == (
        pytest.approx(ages.mean()), pytest.approx(ages.std()), ages.isna().sum(),
    )  # fmt: skip
    sex = frame[(frame["characteristic"] == "sex") & (frame["format"] == "all")]
    assert sex["n"].sum() + sex["n_missing"].iloc[0] == len(treated) and sex["share"].sum() == pytest.approx(1)


def test_characteristics_of_a_real_trial_and_of_one_format():
    assert "97 patients are described (45 in individual format and 52 in group format)" in str(
        baseline_characteristics(btheb())
    )
    lone = made_up_scores(individual=1, cohorts=0)
    assert str(baseline_characteristics(as_outcomes(lone))) == "1 patient is described (1 in individual format)."


def test_the_flow_adds_up(study):
    steps = participant_flow(study).steps
    for _, part in steps.groupby(["practice", "format"], sort=False):
        n = part["n_patients"].to_numpy()
        assert (part["n_left_out"].to_numpy()[1:] == n[:-1] - n[1:]).all()
    parts = steps[(steps["practice"] != "all") & (steps["format"] != "all")].groupby("step", observed=True)[
        "n_patients"
    ]
    whole = steps[(steps["practice"] == "all") & (steps["format"] == "all")].set_index("step")["n_patients"]
    assert parts.sum().to_dict() == whole.to_dict()


def test_facilitators_and_practices_tell_the_formats_apart_or_not(study):
    found = describe_positivity(study)
    assert found.patients["n_patients"].sum() == len(treated_patients(study))
    alone = study.sessions.assign(facilitator_ids=study.sessions["format"].astype(str))
    apart = describe_positivity(replace(study, tables={**study.tables, "sessions": alone}))
    assert "No facilitator saw patients in both formats: format and facilitators cannot be told apart here." in str(
        apart
    )
    patients = study.patients.assign(
        planned_format=np.where(study.patients["practice"] == "A", "group", study.patients["planned_format"])
    )
    patients["planned_format"] = patients["planned_format"].astype(study.patients["planned_format"].dtype)
    fails = describe_positivity(replace(study, tables={**study.tables, "patients": patients}))
    assert "Positivity fails: practice A has nobody in individual format" in str(fails)
    everybody = patients.assign(
        planned_format=pd.Categorical(["group"] * len(patients), patients["planned_format"].cat.categories)
    )
    one_format = describe_positivity(replace(study, tables={**study.tables, "patients": everybody}))
    assert "Only group format was given" in str(one_format) and "Positivity fails" not in str(one_format)
    none = study.sessions.assign(facilitator_ids=pd.Series(pd.NA, index=study.sessions.index, dtype="string"))
    unknown = describe_positivity(replace(study, tables={**study.tables, "sessions": none}))
    assert unknown.facilitators.empty and "Facilitators are not recorded" in str(unknown)


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


def test_nobody_treated_is_refused(small):
    none = replace(small, tables={**small.tables, "sessions": small.sessions.iloc[:0]})
    with pytest.raises(AnalysisError, match="No patient of this study had a ketamine session in a known format"):
        describe_exposure(none)


def test_the_first_named_facilitator_of_the_first_held_session(study, small):
    assert first_facilitators(small).empty  # fewer than five: nothing can be estimated from them
    who = first_facilitators(study)
    sessions = study.sessions[(study.sessions["kind"] == "ketamine") & study.sessions["facilitator_ids"].notna()]
    held = sessions[sessions["status"].isin(["attended", "stopped_early"]) | sessions["status"].isna()]
    for patient in who.index[:20]:
        first = held[held["patient_id"] == patient].sort_values("day").iloc[0]
        assert who[patient] == str(first["facilitator_ids"]).split(";")[0]
