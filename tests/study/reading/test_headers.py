"""Columns by their names: declared, wanted, unknown, and those that say that they identify a person."""

from kap_analysis.study.load import check_study, load_study
from tests.study.small_study import PATIENTS, SETTINGS, lines_of, write_small_study


def test_a_column_named_like_an_identifier_stops_the_load(tmp_path):
    text = PATIENTS.replace("age", "date_of_birth")
    assert lines_of(tmp_path, {"patients.csv": text}) == [
        "patients.csv, row 1: found a column 'd…' (13 characters) whose name is that of an identifier; expected no "
        "identifiers of persons: delete the column."
    ]


def test_columns_that_nobody_declared_are_listed_and_not_loaded(tmp_path):
    text = PATIENTS.replace("age", "ages").replace("start_period", "ward")
    check = check_study(write_small_study(tmp_path / "study", {"patients.csv": text}))
    assert check.notes == (
        "patients.csv: 2 columns are not in the dictionary and not loaded: ages (did you mean age?), ward.",
    )
    assert "ward" not in check.study.patients


def test_spaces_around_numbers_of_an_extra_column_do_not_count(tmp_path):
    changed = {
        "patients.csv": PATIENTS.replace("start_period", "km").replace("2025-Q3", "3.5").replace("2025-Q4", " 3.5 "),
        "study.toml": SETTINGS + '\n[extra_columns]\npatients = ["km"]\n',
    }
    changed["patients.csv"] = changed["patients.csv"].replace("2026-Q1", "")
    assert load_study(write_small_study(tmp_path / "study", changed)).patients["km"].tolist()[:4] == [3.5] * 4


def test_extra_columns_that_study_toml_wants_are_loaded_into_the_outcome_frame(tmp_path):
    changed = {
        "patients.csv": PATIENTS.replace("start_period", "distance_km").replace("2025-Q3", "3.5"),
        "study.toml": SETTINGS + '\n[extra_columns]\npatients = ["distance_km"]\n',
    }
    changed["patients.csv"] = changed["patients.csv"].replace("2025-Q4", "").replace("2026-Q1", "12")
    frame = load_study(write_small_study(tmp_path / "study", changed)).outcomes().frame
    assert frame.query("patient_id == 'P05'")["distance_km"].tolist() == [12.0, 12.0]
