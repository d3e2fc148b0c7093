"""Rows that a spreadsheet leaves in a table: empty ones are noted, sums and footers are one problem each."""

import numpy as np
import pytest

from kap_analysis.study.load import check_study, load_study
from kap_analysis.study.reading.spreadsheet_rows import SUMMARY
from tests.study.small_study import ASSESSMENTS, PATIENTS, lines_of, write_small_study

WIDE = "," * 6
ONE_ROW = "expected one row per patient, day, instrument and rater (and hour or timing, where several a day)"


def _check(tmp_path, text, file="assessments.csv"):
    return check_study(write_small_study(tmp_path / "study", {file: text}))


@pytest.mark.parametrize("blank", [WIDE, " , ,,,,,", "NA,NA,NA,NA,NA,NA,NA", ",,"])
def test_an_empty_row_is_left_out_with_a_note_wherever_it_stands(tmp_path, blank):
    lines = ASSESSMENTS.splitlines()
    inside = "\n".join([*lines[:2], blank, *lines[2:], blank, blank])
    check = _check(tmp_path, inside)
    assert check.notes == ("assessments.csv: 3 rows without any value are left out: rows 3, 20 to 21.",)
    plain = load_study(write_small_study(tmp_path / "plain", {}))
    assert check.study.assessments.equals(plain.assessments)
    assert np.array_equal(np.delete(check.study.rows["assessments"], 0), plain.rows["assessments"][1:] + 1)


def test_one_empty_row_and_a_thousand_are_one_line(tmp_path):
    assert _check(tmp_path / "1", PATIENTS + "," * 10, "patients.csv").notes == (
        "patients.csv: 1 row without any value is left out: row 8.",
    )
    assert _check(tmp_path / "2", PATIENTS + ("," * 10 + "\n") * 1000, "patients.csv").notes == (
        "patients.csv: 1,000 rows without any value are left out: rows 8 to 1007.",
    )


@pytest.mark.parametrize(
    "row",
    ["Total,,BDI-II,358,,,", "Summe:,,,358,,,", ",,Mean,21.1,,,", "n = 17,,,,,,", "N=17,,,17,,,", "Total", "SD,,,8,,,",
     "Average (mean),,,21,,,", "TOTAL = 17,,,,,,"],
)  # fmt: skip
def test_a_row_of_sums_is_one_problem(tmp_path, row):
    found = next(cell for cell in row.split(",") if cell)
    assert lines_of(tmp_path, {"assessments.csv": ASSESSMENTS + row + "\n"}) == [
        f"assessments.csv, row 19: found a row of sums, means or counts, which begins with '{found}'; {ONE_ROW}; "
        "delete this one."
    ]


def test_sums_below_patients_are_no_patients(tmp_path):
    (line,) = lines_of(tmp_path, {"patients.csv": PATIENTS + "n = 6,,45,,,,,,,,\n"})
    assert line.startswith("patients.csv, row 8: found a row of sums, means or counts, which begins with 'n = 6'; ")


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ("Source: EHR", "'Source: EHR'"),
        ("* estimated,,,,,,", "'* estimated'"),
        ("Page 1 of 3", "'Page 1 of 3'"),
        ("Exported by Anna Smith on 2026-01-05", "'E…' (36 characters)"),
        ("007,,,,,,", "'007'"),
    ],
)
def test_a_note_below_a_table_is_one_problem_and_tells_of_nobody(tmp_path, row, shown):
    assert lines_of(tmp_path, {"assessments.csv": ASSESSMENTS + row + "\n"}) == [
        f"assessments.csv, row 19: found a row with nothing but {shown}; {ONE_ROW}; what stands below a table belongs "
        "elsewhere."
    ]


def test_of_a_table_that_needs_only_codes_a_row_with_a_code_is_a_row(tmp_path):
    check = _check(tmp_path, PATIENTS + "P07,,,,,,,,,,\n", "patients.csv")
    assert "P07" in set(check.study.patients["patient_id"])
    (line,) = lines_of(tmp_path, {"patients.csv": PATIENTS + "Last update in May,,,,,,,,,,\n"})
    assert line.startswith("patients.csv, row 8: found a row with nothing but ")


@pytest.mark.parametrize("code", ["N1", "n", "SUM-01", "M", "Totally", "P001", "mean2"])
def test_codes_are_no_sums(code):
    assert SUMMARY.fullmatch(code) is None
