"""Reading a folder: what is accepted, what is reported, and where; whole sentences."""

import subprocess
import sys

import numpy as np
import pytest

from kap_analysis.errors import StudyError
from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.contract.settings_file import MOST_VISITS
from kap_analysis.study.load import check_study, load_study
from kap_analysis.study.reading.headers import MOST_COLUMNS
from tests.study.small_study import (
    ASSESSMENTS,
    FILES,
    PATIENTS,
    SESSIONS,
    lines_of,
    write_small_study,
)


def test_a_valid_folder_loads_and_ids_stay_text(small_study):
    assert small_study.patients["patient_id"].tolist()[0] == "007"
    assert small_study.sessions["day"].dtype == np.int64
    assert small_study.patients["ace_score"].isna().sum() == 1
    assert repr(small_study) == "<Study 'A small study': 6 patients, 11 sessions, 17 assessments; SIMULATED>"


def test_absent_tables_and_columns_are_there_without_values(tmp_path):
    absent = {f"{name}.csv": None for name, spec in TABLES.items() if not spec.required}
    study = load_study(write_small_study(tmp_path / "study", absent))
    assert {name: len(study.tables[name]) for name in ("cohorts", "items")} == {"cohorts": 0, "items": 0}
    assert list(study.adverse_events.columns) == list(TABLES["adverse_events"].columns)
    assert study.patients["gender"].isna().all()


def test_a_study_of_the_required_columns_alone_loads_and_says_what_it_can_answer(tmp_path):
    required: dict[str, str | bytes | None] = {f"{name}.csv": None for name in TABLES}
    for name in ("patients", "sessions", "assessments"):
        rows = [line.split(",") for line in FILES[f"{name}.csv"].splitlines()]
        columns = [at for at, column in enumerate(rows[0]) if column in TABLES[name].required_columns]
        lines = {",".join(row[at] for at in columns): None for row in rows}
        required[f"{name}.csv"] = "\n".join(
            line for line in lines if not line.startswith(("P02,0,BDI-II,12", "P02,10,"))
        )
    check = check_study(write_small_study(tmp_path / "study", required))
    answers = check.answers.set_index("question")
    assert check.lines() == ()
    assert bool(answers.loc["change", "can_answer"])
    assert bool(answers.loc["retention", "can_answer"])
    assert not answers.loc["group effect", "can_answer"]
    assert "have a score at baseline and at month 3" in answers.loc["group effect", "why"].replace("has", "have")
    assert len(check.study.outcomes().frame) == 10


def test_all_problems_of_all_tables_are_told_at_once(tmp_path):
    changed = {
        "patients.csv": PATIENTS.replace("P04,B,55", "P04,B,fifty-five"),
        "assessments.csv": ASSESSMENTS.replace("007,31,BDI-II,20", "007,31,BDI-II,99").replace(
            "P02,30,BDI-II", "P99,30,BDI2"
        ),
        "sessions.csv": SESSIONS.replace("G1,G1-1", ",G1-1", 1),
    }
    assert lines_of(tmp_path, changed) == [
        "patients.csv, row 5: age: found 'fifty-five', a text; expected a whole number from 12 to 90.",
        "sessions.csv, row 3: cohort_id: found a group session without a cohort; expected its cohort_id.",
        "assessments.csv, row 3: score: found 99; expected a BDI-II score from 0 to 63.",
        "assessments.csv, row 9: instrument: found 'BDI2'; expected the name of an instrument (did you mean BDI-II?).",
        "assessments.csv, row 9: patient_id: found the patient P99; expected a patient of patients.csv.",
    ]


def test_the_error_carries_the_problems_and_the_lines(tmp_path):
    folder = write_small_study(tmp_path / "study", {"patients.csv": PATIENTS.replace("P04,B,55", "P04,B,555")})
    with pytest.raises(StudyError) as error:
        load_study(folder)
    assert str(error.value) == (
        "study cannot be loaded: 1 problem.\n"
        "patients.csv, row 5: age: found 555; expected a whole number from 12 to 90."
    )
    assert error.value.problems.loc[0, ["file", "row", "column", "patient_id"]].tolist() == [
        "patients.csv",
        5,
        "age",
        "P04",
    ]


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("2024-03-01", "'2…' (10 characters), which looks like a date"),
        ("45352", "a number that looks like a date of a spreadsheet"),
        ("31,5", "'31,5', a decimal comma"),
        ("month 1", "'month 1', a text"),
        ("30.5", "'30.5', which is not a whole number"),
        ("N/A", "'N/A' (leave the cell empty where a value is missing)"),
        ("3 1", "'3 1', a text"),
        ("99999999", "a number of 8 digits"),
    ],
)
def test_what_is_not_a_day_is_named(tmp_path, cell, found):
    lines = lines_of(tmp_path, {"assessments.csv": ASSESSMENTS.replace("007,31,", f'007,"{cell}",')})
    assert lines == [
        f"assessments.csv, row 3: day: found {found}; expected a day, counted from the first ketamine session from "
        "-365 to 7300."
    ]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (
            PATIENTS.replace(",", ";").encode(),
            "patients.csv: found cells separated by semicolons; expected a CSV file in UTF-8 with commas between the "
            "cells.",
        ),
        (
            PATIENTS.encode("utf-16"),
            "patients.csv: found the encoding UTF-16; expected a CSV file in UTF-8 with commas between the cells.",
        ),
        (
            PATIENTS.replace("P04,B", "P04,Bär").encode("latin-1"),
            "patients.csv, row 5: found the byte 0xE4, which is not UTF-8 (Windows-1252, Latin-1 or another encoding); "
            "expected a CSV file in UTF-8 with commas between the cells (in Excel: save as CSV UTF-8).",
        ),
        (
            b"PK\x03\x04rest",
            "patients.csv: found an Excel workbook or a ZIP file; expected a CSV file in UTF-8 with commas between the "
            "cells.",
        ),
        (b"", "patients.csv: found an empty file; expected a header line and one line per row."),
        (
            PATIENTS.replace("P04,B,55", 'P04,B,"55').encode(),
            "patients.csv, row 5: found quotation marks that do not pair up (unexpected end of data); expected a cell "
            "in quotation marks that ends with one.",
        ),
    ],
)
def test_another_kind_of_file_is_one_sentence(tmp_path, content, line):
    assert lines_of(tmp_path, {"patients.csv": content}) == [line]


def test_a_table_in_two_files_is_one_sentence(tmp_path):
    folder = write_small_study(tmp_path / "study", {"items.parquet": b"PAR1"})
    assert check_study(folder).lines() == (
        "items.csv: found the table items twice, as items.csv and items.parquet; expected one of the two files.",
    )


def test_many_problems_of_one_kind_are_counted_in_the_lines_and_all_in_the_frame(tmp_path):
    text = ASSESSMENTS.replace(",BDI-II,", ",BDI-II,1")
    check = check_study(write_small_study(tmp_path / "study", {"assessments.csv": text}))
    assert len(check.problems) == 15  # of 16 scores, 9 becomes 19
    assert check.lines()[-1] == "assessments.csv, score: 10 more like it."


def test_na_is_missing_and_counted_in_the_notes(tmp_path):
    folder = write_small_study(tmp_path / "study", {"patients.csv": PATIENTS.replace("P04,B,55", "P04,B,NA")})
    check = check_study(folder)
    assert check.notes == ("patients.csv: cells that say NA are read as missing: age (1).",)
    assert check.study.patients.query("patient_id == 'P04'")["age"].isna().all()


def test_files_that_are_no_tables_are_listed(tmp_path):
    folder = write_small_study(tmp_path / "study", {"session.csv": "x\n", "notes.txt": "hello"})
    assert check_study(folder).notes == (
        "notes.txt is not a table of the dictionary and not read.",
        "session.csv is not a table of the dictionary and not read (did you mean sessions.csv?).",
    )


def test_a_misnamed_table_is_offered(tmp_path):
    assert lines_of(tmp_path, {"sessions.csv": None, "Session.csv": SESSIONS})[0] == (
        "sessions.csv: found no such file; expected the table sessions, as CSV or Parquet (is it Session.csv?)."
    )


@pytest.mark.parametrize("tables", ["header only", "one patient", "all missing", "unicode"])
def test_small_and_strange_studies_load(tmp_path, tables):
    files: dict[str, str | bytes | None] = dict(FILES)
    if tables == "header only":
        files |= {f"{name}.csv": FILES[f"{name}.csv"].splitlines()[0] for name in TABLES}
    elif tables == "one patient":
        for name in TABLES:
            head, *rows = FILES[f"{name}.csv"].splitlines()
            files[f"{name}.csv"] = "\n".join([head, *(row for row in rows if row.startswith(("007", "G1")))])
    elif tables == "all missing":
        head, *rows = PATIENTS.splitlines()
        files["patients.csv"] = "\n".join([head, *(row.split(",")[0] + "," * head.count(",") for row in rows)])
    else:
        files = {name: text.replace("P02", "Ö2").replace("G1", "グ1") for name, text in FILES.items()}
    check = check_study(write_small_study(tmp_path / "study", files))
    assert check.lines() == ()
    assert len(check.answers) == 12
    if tables != "header only":
        assert len(check.study.outcomes(population="started").frame) > 0


def test_a_folder_that_is_not_there_is_a_problem_and_not_an_exception(tmp_path):
    assert check_study(tmp_path / "nowhere").lines() == (
        "nowhere: found no such folder; expected a study folder with a study.toml and tables.",
    )
    with pytest.raises(StudyError, match="Found purpose='fun'; expected care or research"):
        check_study(tmp_path, purpose="fun")


def test_importing_the_face_does_not_import_pandas_or_pandera():
    code = "import sys, kap_analysis; print([n for n in ('pandas', 'pandera', 'pyarrow') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_more_columns_or_visits_than_a_study_is_made_of_are_refused(tmp_path):
    head, *rows = FILES["patients.csv"].splitlines()
    more = ",".join(f"extra{at}" for at in range(MOST_COLUMNS))
    wide = "\n".join([f"{head},{more}", *(row + "," * MOST_COLUMNS for row in rows)]) + "\n"
    check = check_study(write_small_study(tmp_path / "wide", {"patients.csv": wide}))
    columns = len(head.split(",")) + MOST_COLUMNS
    assert check.lines() == (
        f"patients.csv, row 1: found {columns:,} columns; expected at most 2,000; leave out what is not needed.",
    )
    visits = "".join(f'\n[[visits]]\nlabel = "day {day}"\nday = {day}\n' for day in range(1, MOST_VISITS + 2))
    toml = FILES["study.toml"].split("[[visits]]")[0] + visits
    check = check_study(write_small_study(tmp_path / "long", {"study.toml": toml}))
    (line,) = check.lines()
    assert line.endswith("visits: found 201 [[visits]] blocks; expected at most 200.")
