"""The whole study keeps the contract of the study folder and looks like one."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.instruments.registry import get_instrument
from kap_analysis.simulation.outcomes import simulate_outcomes
from kap_analysis.simulation.simulate import simulate_study
from kap_analysis.simulation.write import write_study
from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.load import check_study, load_study
from tests.places import SHIPPED_STUDY
from tests.sweeps import few_fast

SHIPPED = SHIPPED_STUDY


@pytest.fixture(scope="module")
def shipped():
    return load_study(SHIPPED)


def test_the_shipped_study_passes_and_answers_everything_but_non_inferiority(shipped):
    assert check_study(SHIPPED).problems.empty
    answers = shipped.answers().set_index("question")["can_answer"]
    assert list(answers.index[~answers]) == ["non-inferiority"]


def test_the_shipped_study_is_the_draw_of_its_seed(tmp_path):
    again = write_study(simulate_study(235, seed=2019), tmp_path / "again")
    written = sorted(path.name for path in again.iterdir())
    assert written == sorted(path.name for path in SHIPPED.iterdir() if path.name != "plan.toml")
    for name in written:
        assert (again / name).read_bytes() == (SHIPPED / name).read_bytes(), name


def test_the_shipped_study_is_small():
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 6_000_000


def test_tables_have_exactly_the_columns_of_the_dictionary(simulated):
    assert list(simulated.tables) == list(TABLES)
    for name, frame in simulated.tables.items():
        assert list(frame.columns) == list(TABLES[name].columns)


def test_levels_are_those_of_the_dictionary(simulated):
    for name, frame in simulated.tables.items():
        for column, spec in TABLES[name].columns.items():
            if spec.type in ("level", "yes_no", "measure"):
                assert set(frame[column].dropna()) <= set(spec.level_names), (name, column)


@pytest.mark.parametrize("n", few_fast([1, 4, 12, 40], [1, 12]))
@pytest.mark.parametrize("file_type", ["csv", "parquet"])
def test_studies_of_any_size_pass(tmp_path, n, file_type):
    folder = write_study(simulate_study(n, seed=n), tmp_path / "study", file_type=file_type)
    check = check_study(folder)
    assert check.problems.empty, check.problems.to_string()


@pytest.mark.parametrize(
    "option", few_fast([{"allocation": "latent"}, {"dropout": "unseen"}, {"dropout": "none"}], [{"dropout": "unseen"}])
)
def test_other_scenarios_pass(tmp_path, option):
    check = check_study(write_study(simulate_study(60, seed=3, **option), tmp_path / "study"))
    assert check.problems.empty, check.problems.to_string()


def test_outcomes_alone_are_those_of_the_study(shipped):
    of_study = shipped.outcomes("BDI-II").frame
    alone = simulate_outcomes(235, seed=2019).frame
    assert list(alone.columns) == list(of_study.columns)
    as_text = [frame.astype(object).where(frame.notna(), "").astype(str) for frame in (of_study, alone)]
    as_text = [frame.assign(month=frame["month"].str[:8]) for frame in as_text]
    keys = ["patient_id", "visit"]
    left, right = (frame.sort_values(keys).reset_index(drop=True) for frame in as_text)
    for column in left.columns:
        numbers = of_study[column].dtype.kind in "if"
        one, other = (pd.to_numeric(frame[column]) if numbers else frame[column] for frame in (left, right))
        assert one.equals(other.astype(one.dtype)), column


def test_totals_are_the_sums_of_their_items(simulated):
    items, assessments = simulated.tables["items"], simulated.tables["assessments"]
    keys = ["patient_id", "day", "instrument"]
    answers = items.astype({"instrument": str, "patient_id": str}).groupby(keys)["answer"]
    sums = answers.agg(total="sum", answered="count", asked="size").reset_index()
    joined = assessments.astype({"instrument": str}).merge(sums, on=keys, how="inner")
    complete = joined["answered"] == joined["asked"]
    assert len(joined) == len(sums)
    assert (joined.loc[complete, "score"] == joined.loc[complete, "total"]).all()
    assert joined.loc[~complete, "score"].isna().all()
    assert (joined["n_answered"] == joined["answered"]).all()
    for name in ("PHQ-9", "GAD-7", "PCL-5"):
        assert set(joined.loc[joined["instrument"] == name, "asked"]) == {get_instrument(name).n_items}


def test_answers_hang_together_and_suicidality_is_plausible(simulated):
    items = simulated.tables["items"]
    phq = items[items["instrument"] == "PHQ-9"].pivot(index=["patient_id", "day"], columns="item", values="answer")
    phq = phq.dropna()
    alpha = 9 / 8 * (1 - phq.var().sum() / phq.sum(axis=1).var())
    at_intake = phq[phq.index.get_level_values("day") < 0][9] >= 1
    later = phq[phq.index.get_level_values("day") > 75][9] >= 1
    assert 0.78 < alpha < 0.95
    assert 0.2 < at_intake.mean() < 0.5
    assert later.mean() < at_intake.mean()


def test_specific_instruments_go_with_their_diagnoses(simulated):
    diagnoses, assessments = simulated.tables["diagnoses"], simulated.tables["assessments"]
    with_ocd = set(diagnoses.loc[diagnoses["diagnosis"] == "ocd", "patient_id"])
    assert 0 < len(set(assessments.loc[assessments["instrument"] == "Y-BOCS", "patient_id"])) <= len(with_ocd)
    assert set(assessments.loc[assessments["instrument"] == "Y-BOCS", "patient_id"]) <= with_ocd


def test_sessions_start_at_day_0_and_groups_meet_on_one_day(simulated):
    sessions, patients = simulated.tables["sessions"], simulated.tables["patients"]
    ketamine = sessions[(sessions["kind"] == "ketamine") & (sessions["status"] == "attended")]
    assert (ketamine.groupby("patient_id")["day"].min() == 0).all()
    assert set(ketamine["patient_id"]) == set(patients["patient_id"])
    planned = patients.set_index("patient_id")["planned_format"]
    members = ketamine[(ketamine["format"] == "group") & (ketamine["patient_id"].map(planned) == "group")]
    assert (members.groupby("group_session_id", observed=True)["day"].nunique() == 1).all()
    assert members["facilitator_ids"].str.count(";").eq(1).all()
    first = ketamine[ketamine["day"] == 0].set_index("patient_id")["format"].astype(str)
    assert first.equals(planned.loc[first.index].astype(str).rename("format"))


def test_some_switch_after_day_0(simulated):
    sessions = simulated.tables["sessions"]
    in_clinic = sessions[(sessions["kind"] == "ketamine") & (sessions["setting"] == "clinic")]
    came = in_clinic[in_clinic["status"] == "attended"]
    switched = came.groupby("patient_id")["format"].nunique() > 1
    assert switched.mean() == pytest.approx(0.12, abs=0.04)  # standard error .013


def test_part_of_integration_is_within_24_to_48_hours(simulated):
    sessions = simulated.tables["sessions"]
    at = sessions["day"] * 24 + sessions["hour"]
    last = at.where((sessions["kind"] == "ketamine") & (sessions["status"] == "attended"))
    elapsed = (at - last.groupby(sessions["patient_id"]).ffill())[sessions["kind"] == "integration"]
    early = (elapsed >= 24) & (elapsed <= 48)
    assert early.mean() == pytest.approx(0.5, abs=0.05)
    assert not ((elapsed > 48) & (elapsed < 60)).any()


def test_events_come_from_sessions_that_were_asked(simulated):
    sessions, events = simulated.tables["sessions"], simulated.tables["adverse_events"]
    asked = set(sessions.loc[sessions["ae_asked"] == "yes", "session_id"])
    from_sessions = events[events["session_id"].notna() & (events["event"] != "conflict_in_group")]
    assert set(from_sessions["session_id"]) <= asked
    assert 0 < (events["serious"] == "yes").sum() < 30


def test_consent_and_missing_covariates(simulated):
    patients = simulated.tables["patients"]
    assert (patients["research_consent"] == "yes").mean() == pytest.approx(0.95, abs=0.03)
    assert patients["ace_score"].isna().mean() == pytest.approx(0.05, abs=0.03)
    assert patients["sex"].notna().all()


def test_a_part_has_its_own_stream():
    few = simulate_study(80, seed=5).tables
    worse = simulate_study(80, seed=5, group_effect=6.0).tables
    assert few["diagnoses"].equals(worse["diagnoses"])
    assert np.array_equal(few["patients"]["age"], worse["patients"]["age"], equal_nan=True)
