"""The outcome frame: windows, baseline, format and cohort at time zero, population, ledger."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kap_analysis.errors import InstrumentError, StudyError
from kap_analysis.instruments.registry import get_instrument
from kap_analysis.study.load import load_study
from kap_analysis.study.outcome_frames.outcome_columns import COVARIATES, OUTCOME_COLUMNS
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from tests.study.small_study import ASSESSMENTS, ITEMS, PATIENTS, SESSIONS, write_small_study


def _score(frame: pd.DataFrame, patient: str, visit: str) -> list[float]:
    return frame.loc[(frame["patient_id"] == patient) & (frame["visit"] == visit), "score"].tolist()


def _kept(ledger: pd.DataFrame, step: str, format: str = "all") -> tuple[int, int]:
    row = ledger[(ledger["step"] == step) & (ledger["left_out_because"] == "") & (ledger["format"] == format)]
    return int(row["n_patients"].iloc[0]), int(row["n_rows"].iloc[0])


def _study(folder: Path, **changed: str | None):
    return load_study(write_small_study(folder / "study", {f"{name}.csv": text for name, text in changed.items()}))


def test_the_frame_has_one_row_per_patient_and_visit_with_the_agreed_columns(small_study):
    outcomes = small_study.outcomes("BDI-II")
    assert list(outcomes.frame.columns) == [*OUTCOME_COLUMNS, *COVARIATES]
    assert not outcomes.frame.duplicated(["patient_id", "visit"]).any()
    assert outcomes.visits == ("baseline", "month 1", "month 2", "month 3", "month 6")
    assert outcomes.frame["visit"].cat.categories.tolist() == list(outcomes.visits)
    assert outcomes.frame["visit"].cat.ordered
    assert outcomes.frame["format"].cat.categories.tolist() == ["individual", "group"]
    assert outcomes.is_simulated
    assert outcomes.visibility == "private"


def test_change_is_score_minus_baseline_and_month_is_days_over_the_days_of_a_month(small_study):
    row = small_study.outcomes().frame.query("patient_id == '007' and visit == 'month 3'").iloc[0]
    assert (row["score"], row["baseline"], row["change"]) == (14, 27, 14 - 27)
    assert row["month"] == 90 / 30.4375
    assert (row["is_group"], row["cohort_id"], row["primary_diagnosis"]) == (1.0, "G1", "major_depression")


def test_the_nearest_to_the_target_counts_and_of_two_as_near_the_earlier(small_study):
    outcomes = small_study.outcomes("BDI-II")
    assert _score(outcomes.frame, "007", "month 3") == [14]  # days 90 and 99, target 91
    assert _score(outcomes.frame, "P03", "month 3") == [16]  # days 89 and 93: both 2 days away
    assert outcomes.problems["message"].tolist() == [
        "day: found day 99, one of 2 in the window of month 3; expected one per window; the nearest to day 91 counts, "
        "of two as near the earlier.",
        "day: found day 93, one of 2 in the window of month 3; expected one per window; the nearest to day 91 counts, "
        "of two as near the earlier.",
    ]
    assert outcomes.problems["row"].tolist() == [5, 13]


def test_a_score_after_the_session_of_day_0_is_no_baseline(small_study):
    outcomes = small_study.outcomes("BDI-II")
    assert _score(outcomes.frame, "P02", "baseline") == [31]
    reasons = outcomes.ledger.query("format == 'all'").set_index("left_out_because")["n_rows"]
    assert reasons["after the session on day 0"] == 1
    assert reasons["outside every window"] == 1  # P04 on day 140


def test_the_ledger_counts_what_every_step_kept_by_format(small_study):
    ledger = small_study.outcomes("BDI-II").ledger
    assert _kept(ledger, "in the study") == (6, 16)
    assert _kept(ledger, "started treatment", "individual") == (2, 5)
    assert _kept(ledger, "in a visit window") == (6, 16 - 1 - 1 - 2)
    assert _kept(ledger, "baseline score") == (5, 11)  # P06 has none
    assert _kept(ledger, "scored after baseline") == (4, 10)  # P04 has none after it
    assert _kept(ledger, "scored after baseline", "group") == (3, 8)


def test_the_population_of_those_who_started_keeps_patients_without_a_baseline(small_study):
    frame = small_study.outcomes("BDI-II", population="started").frame
    assert set(frame["patient_id"]) == {"007", "P02", "P03", "P04", "P05", "P06"}
    assert frame.query("patient_id == 'P06'")["baseline"].isna().all()


def test_all_visits_give_one_row_per_assessment(small_study):
    frame = small_study.outcomes("BDI-II", visits="all").frame
    assert len(frame.query("patient_id == '007'")) == 4
    assert frame.query("patient_id == 'P02' and day == 0")["visit"].isna().tolist() == [False, True]
    assert (frame["change"] == frame["score"] - frame["baseline"]).all()


def test_sessions_at_home_never_change_the_format(tmp_path):
    unplanned = "\n".join(
        ",".join(cell for at, cell in enumerate(line.split(",")) if at != 4) for line in PATIENTS.splitlines()
    )
    study = _study(tmp_path, patients=unplanned)
    for rule in ("planned", "first", "majority", "as_treated", "exclude_mixed"):
        zero = study.at_time_zero(format_rule=rule).set_index("patient_id")
        assert zero.loc["007", "format"] == "group", rule
        assert zero.loc["P03", "format"] == "individual", rule


def test_format_rules_differ_for_a_patient_who_switches(tmp_path):
    switched = SESSIONS + (
        "P02,20,ketamine,individual,P02-3,,,F1,10.5,clinic,attended,SL,150,yes\n"
        "P02,30,ketamine,individual,P02-4,,,F1,10.5,clinic,attended,SL,150,yes\n"
    )
    study = _study(tmp_path, sessions=switched)
    formats = {
        rule: study.at_time_zero(format_rule=rule).set_index("patient_id").loc["P02", "format"]
        for rule in ("planned", "first", "majority", "as_treated", "exclude_mixed")
    }
    assert pd.isna(formats.pop("exclude_mixed"))
    assert formats == {"planned": "group", "first": "group", "majority": "individual", "as_treated": "mixed"}
    treated = study.outcomes(format_rule="as_treated").frame
    assert treated["format"].cat.categories.tolist() == ["individual", "group", "mixed"]
    assert treated.query("format == 'mixed'")["is_group"].unique().tolist() == [0.0]
    excluded = study.outcomes(format_rule="exclude_mixed")
    assert "P02" not in set(excluded.frame["patient_id"])
    assert "mixed formats, or no ketamine session in the clinic" in set(excluded.ledger["left_out_because"])


def test_a_planned_sequence_is_mixed_at_time_zero(tmp_path):
    study = _study(tmp_path, patients=PATIENTS.replace("P02,A,36,male,group", "P02,A,36,male,sequence"))
    assert study.at_time_zero().set_index("patient_id").loc["P02", "format"] == "mixed"


def test_a_patient_of_two_cohorts_belongs_to_the_first_and_is_reported(tmp_path):
    moved = SESSIONS + "P05,40,ketamine,group,P05-3,G3,G3-1,F3,13,clinic,attended,IM,70,yes\n"
    study = _study(tmp_path, sessions=moved, cohorts=None)
    outcomes = study.outcomes()
    assert set(outcomes.frame.query("patient_id == 'P05'")["cohort_id"]) == {"G2"}
    assert "cohort_id: found 2 cohorts of P05; expected one; G2 counts." in outcomes.problems["message"].tolist()


def test_a_group_patient_without_any_group_session_has_no_cohort_and_is_reported(tmp_path):
    study = _study(tmp_path, patients=PATIENTS.replace("P03,A,29,female,individual", "P03,A,29,female,group"))
    outcomes = study.outcomes()
    assert outcomes.frame.query("patient_id == 'P03'")["cohort_id"].isna().all()
    assert "cohort_id: found no cohort of P03, whose format is group; expected a cohort." in set(
        outcomes.problems["message"]
    )


def test_a_look_back_before_day_0_is_reported(tmp_path):
    study = _study(tmp_path, assessments=ASSESSMENTS + "007,20,PCL-5,30,self,,\n007,-5,PCL-5,50,self,,\n")
    messages = study.outcomes("PCL-5").problems["message"].tolist()
    assert messages == [
        "day: found day 20, from which PCL-5 looks back 30 days, before day 0; expected day 30 or later, for an answer "
        "about the time after day 0 only."
    ]


def test_the_rater_is_chosen_where_there_are_several(tmp_path):
    study = _study(tmp_path, assessments=ASSESSMENTS + "007,-7,HAM-A,25,clinician,,\nP02,-1,HAM-A,20,self,,\n")
    with pytest.raises(StudyError) as error:
        study.outcomes("HAM-A")
    assert str(error.value) == (
        "HAM-A has several values of rater: clinician (2) and self (1). They are not mixed; say rater=... for one."
    )
    assert set(study.outcomes("HAM-A", rater="clinician").frame["patient_id"]) == {"007"}
    with pytest.raises(StudyError, match="Found no BDI-II of rater 'clinician'; expected one of: self"):
        study.outcomes("BDI-II", rater="clinician")


def test_versions_are_never_mixed(tmp_path):
    header = ASSESSMENTS.replace("timing,hour", "timing,version").replace(",9\n", ",\n").replace(",15\n", ",\n")
    study = _study(tmp_path, assessments=header + "007,-7,PHQ-9,18,self,,v1\n007,35,PHQ-9,8,self,,v2\n")
    with pytest.raises(StudyError, match="PHQ-9 has several values of version: v1"):
        study.outcomes("PHQ-9")
    assert study.outcomes("PHQ-9", version="v1", population="started").frame["score"].tolist() == [18]


def test_bdi_is_not_bdi_ii(small_study):
    with pytest.raises(StudyError) as error:
        small_study.outcomes("BDI")
    assert str(error.value) == (
        "Found no BDI score in assessments.csv and none to be made of items.csv; there are BDI-II (16), HAM-A (1)."
    )


@pytest.mark.parametrize(("name", "message"), [("ACE", "cannot be an outcome"), ("BDI2", "Did you mean BDI-II")])
def test_covariates_and_unknown_instruments_are_refused(small_study, name, message):
    with pytest.raises(InstrumentError, match=message):
        small_study.outcomes(name)


def test_absent_totals_are_scored_from_items_and_said_so(small_study):
    outcomes = small_study.outcomes("PHQ-9", population="started")
    assert _score(outcomes.frame, "007", "baseline") == [9 * 2]
    assert _score(outcomes.frame, "007", "month 1") == [9 * 1]
    assert outcomes.notes[0].startswith("3 totals were scored from items. PHQ-9: up to 2 of 9 missing items")


def test_a_recorded_total_stands_and_only_absent_ones_are_scored(tmp_path):
    text = ASSESSMENTS + "007,-7,PHQ-9,17,self,,\n007,31,PHQ-9,,self,,\n"
    items = ITEMS.replace("007,-7,PHQ-9,self,9,2\n", "")
    outcomes = _study(tmp_path, assessments=text, items=items).outcomes("PHQ-9", population="started")
    assert _score(outcomes.frame, "007", "baseline") == [17]
    assert _score(outcomes.frame, "007", "month 1") == [9]
    assert outcomes.notes[0].startswith("2 totals")


def test_an_assessment_without_a_total_is_left_out_in_the_ledger(tmp_path):
    text = ITEMS.replace("007,31,PHQ-9,self,1,1\n", "").replace("007,31,PHQ-9,self,2,1\n", "")
    text = text.replace("007,31,PHQ-9,self,3,1\n", "")
    ledger = _study(tmp_path, items=text).outcomes("PHQ-9", population="started").ledger
    assert ledger.query("left_out_because == 'no total' and format == 'all'")["n_rows"].tolist() == [1]


def test_row_order_does_not_matter(tmp_path, small_study):
    lines = ASSESSMENTS.splitlines()
    text = "\n".join([lines[0], *reversed(lines[1:])])
    again = _study(tmp_path, assessments=text).outcomes()
    pd.testing.assert_frame_equal(again.frame, small_study.outcomes().frame)
    pd.testing.assert_frame_equal(again.ledger, small_study.outcomes().ledger)


@pytest.mark.parametrize("argument", ["visits", "format_rule", "cohort_rule", "population"])
def test_an_unknown_choice_is_one_sentence(small_study, argument):
    with pytest.raises(StudyError, match=f"Found {argument}='x'; expected"):
        small_study.outcomes(**{argument: "x"})


def _long_table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "patient_id": [1, 1, 2, 2],
            "baseline": [29, 29, 32, 32],
            "month": [2, 5, 2, 5],
            "score": [20.0, 10.0, 25.0, np.nan],
            "treatment": ["TAU", "TAU", "BtheB", "BtheB"],
        }
    )


def test_any_long_table_becomes_outcomes():
    outcomes = Outcomes.from_frame(_long_table(), instrument="BDI-II")
    assert outcomes.visits == ("baseline", "month 2", "month 5")
    assert len(outcomes.frame) == 2 + 3
    assert outcomes.frame.query("visit == 'month 5'")["change"].tolist() == [10 - 29]
    assert outcomes.frame.query("visit == 'baseline'")["score"].tolist() == [29, 32]
    assert outcomes.ledger.query("left_out_because == 'no score'")["n_rows"].tolist() == [1]
    assert outcomes.frame["is_group"].tolist() == [0.0] * 5
    assert len(outcomes.after_baseline) == 3


def test_a_table_with_baseline_rows_and_formats_becomes_outcomes(small_study):
    ours = small_study.outcomes("BDI-II")
    plain = ours.frame[["patient_id", "practice", "format", "cohort_id", "visit", "day", "score"]]
    made = Outcomes.from_frame(plain, instrument=get_instrument("BDI-II"), visits=ours.visits)
    columns = ["patient_id", "visit", "score", "baseline", "change", "is_group", "month"]
    assert made.visits == ours.visits
    pd.testing.assert_frame_equal(made.frame[columns], ours.frame[columns], check_dtype=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"score": [20, 99, 25, 3]}, "Found 1 scores such as 99; expected a BDI-II score from 0 to 63."),
        ({"score": [20, "x", 25, 3]}, "Found 'x' in the column score; expected a number."),
        ({"month": [2, 2, 2, 5]}, "Found 1 row with a patient and visit that stood before, the first for 1, month 2"),
        ({"format": ["solo"] * 4}, "Found the format 'solo'; expected individual, group or mixed."),
    ],
)
def test_what_is_wrong_with_a_table_is_one_sentence(change, message):
    with pytest.raises(StudyError) as error:
        Outcomes.from_frame(_long_table().assign(**change), instrument="BDI-II")
    assert message in str(error.value)


def test_a_table_without_a_baseline_says_what_would_be_one():
    table = pd.DataFrame(
        {"patient_id": ["a", "a", "b"], "visit": ["T0", "T1", "T0"], "score": [20, 10, 30], "format": "group"}
    )
    assert Outcomes.from_frame(table, instrument="BDI-II").notes[1:] == (
        "No patient has a baseline, so change is not known: name the first visit baseline (is it T0?), or give a "
        "column baseline.",
    )
    named = table.replace({"visit": {"T0": "baseline"}})
    assert len(Outcomes.from_frame(named, instrument="BDI-II").notes) == 1


def test_ids_of_a_table_are_text_also_where_they_are_numbers_with_gaps():
    """Cohorts as numbers were floats beside words, so that the cohort fell out of the model without a word."""
    table = _long_table().assign(cohort_id=[np.nan, np.nan, 7, 7], practice=[1, 1, 2, 2])
    frame = Outcomes.from_frame(table, instrument="BDI-II").frame
    assert set(frame["patient_id"]) == {"1", "2"} and set(frame["practice"]) == {"1", "2"}
    assert set(frame["cohort_id"].dropna()) == {"7"} and frame["cohort_id"].isna().any()
    with pytest.raises(StudyError, match=r"patient_id is missing in row 3; every score belongs to a patient\."):
        Outcomes.from_frame(table.assign(patient_id=[1, 1, None, 2]), instrument="BDI-II")
