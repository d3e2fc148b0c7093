"""Parquet files: the same study as from CSV, and one line where the types or the file are wrong."""

from pathlib import Path

import pandas as pd

from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.load import check_study, load_study
from tests.study.small_study import SETTINGS, lines_of


def _as_parquet(folder: Path, tables: dict[str, pd.DataFrame]) -> Path:
    folder.mkdir()
    (folder / "study.toml").write_text(SETTINGS, encoding="utf-8")
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet")
    return folder


def test_parquet_and_csv_give_the_same_study(tmp_path, small_study):
    present = {name: small_study.tables[name].dropna(axis=1, how="all") for name in TABLES}
    again = load_study(_as_parquet(tmp_path / "parquet", present))
    for name in TABLES:
        pd.testing.assert_frame_equal(again.tables[name], small_study.tables[name])
    pd.testing.assert_frame_equal(again.outcomes().frame, small_study.outcomes().frame)


def test_parquet_columns_of_the_wrong_type_are_one_sentence(tmp_path, small_study):
    tables = {name: small_study.tables[name].dropna(axis=1, how="all") for name in TABLES}
    tables["patients"] = tables["patients"].assign(patient_id=range(6), age=["41", "x"] * 3)
    lines = check_study(_as_parquet(tmp_path / "parquet", tables)).lines()
    assert lines == (
        "patients.parquet: patient_id: found a column of type int64; expected a made-up code as text.",
        "patients.parquet: age: found a column of texts; expected a whole number from 12 to 90.",
    )


def test_numbers_that_are_stored_as_text_are_read_with_a_note(tmp_path, small_study):
    tables = {name: small_study.tables[name].dropna(axis=1, how="all") for name in TABLES}
    ages = tables["patients"]["age"]
    texts = pd.Series([None, *(f" {age:g}" for age in ages[1:])], dtype=object)
    tables["patients"] = tables["patients"].assign(age=texts)
    check = check_study(_as_parquet(tmp_path / "parquet", tables))
    assert "patients.parquet: numbers that are stored as text are read as numbers: age." in check.notes
    read = check.study.patients["age"]
    assert read.isna().tolist() == [True] + [False] * 5
    assert read[1:].tolist() == ages[1:].tolist()


def test_a_broken_parquet_file_is_one_sentence(tmp_path):
    lines = lines_of(tmp_path, {"items.csv": None, "items.parquet": b"PAR1 no more"})
    assert lines == [
        "items.parquet: found a file that cannot be read as Parquet (ArrowInvalid); expected a Parquet file."
    ]
