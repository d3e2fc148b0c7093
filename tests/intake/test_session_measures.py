"""Measurements in sessions: in the row of the session, or in a file of their own."""

import pandas as pd
import pytest

import kap_analysis as kap
from kap_analysis.errors import IntakeError
from tests.intake.small_export import SESSIONS, write_export
from tests.intake.test_study_import import files_in, imported

WIDE = ("BP pre", "BP 40 min", "Pulse (pre)", "SpO2 40 min", "Temp F pre", "CADSS total")
READ = {
    "1001": ("120/80", "141 / 92 mmHg", "72 bpm", "97%", "98.6", "24"),
    "1002": ("118/76", "-99", "70", "99", "97.7", "12"),
}
LONG = """\
Patient ID,Date,Measure,Value,Minutes after dose
1001,2024-01-08,Blood pressure,120/80,0
1001,2024-01-08,Blood pressure,141/92,40
1001,2024-01-08,Heart rate,72,0
1001,2024-01-08,SpO2,97,40
1001,2024-01-08,Temperature,37.0,0
1001,2024-01-08,CADSS,24,
1002,2024-01-08,Blood pressure,118/76,0
1002,2024-01-08,Heart rate,70,0
1002,2024-01-08,SpO2,99,40
1002,2024-01-08,Temperature,36.5,0
1002,2024-01-08,CADSS,12,
"""


def with_columns(readings: dict[str, tuple[str, ...]]) -> str:
    """The list of sessions with a column for each measurement, in the first session of each patient."""
    header, *rows = SESSIONS.splitlines()
    lines, seen = [",".join([header, *WIDE])], set()
    for row in rows:
        patient = row.split(",")[0]
        values = readings.get(patient, ("",) * len(WIDE)) if patient not in seen else ("",) * len(WIDE)
        seen.add(patient)
        lines.append(",".join([row, *values]))
    return "\n".join(lines) + "\n"


def measures_of(made) -> pd.DataFrame:
    return kap.load_study(made.folder).session_measures


def test_columns_of_a_session_become_measurements_of_it(tmp_path):
    source = write_export(tmp_path / "export", sessions=with_columns(READ))
    draft = kap.draft_map(source)
    assert draft.n_open == 0
    measures = measures_of(imported(tmp_path, source, draft.text))
    first = measures[measures["session_id"] == measures["session_id"].iloc[0]]
    found = {(row.measure, row.minute): (row.value, row.unit) for row in measures.itertuples()}
    assert len(measures) == 8 + 6  # the pressure of the second patient was not taken at 40 minutes
    assert first["session_id"].str.endswith("-01").all()
    assert {"sbp", "dbp", "hr", "spo2", "temperature", "CADSS"} == set(measures["measure"])
    assert found["sbp", 40.0] == (141, "mmHg")
    assert found["spo2", 40.0][1] == "%"
    assert sorted(measures.loc[measures["measure"] == "temperature", "value"]) == [36.5, 37.0]


@pytest.mark.slow
def test_a_file_of_their_own_gives_the_same_study(tmp_path):
    wide = imported(tmp_path, write_export(tmp_path / "wide", sessions=with_columns(READ)), out="one")
    source = write_export(tmp_path / "long", vitals=LONG)
    assert kap.draft_map(source).n_open == 0
    assert files_in(imported(tmp_path, source, out="two").folder) == files_in(wide.folder)


def test_what_comes_after_the_dose_is_asked(tmp_path):
    text = with_columns(READ).replace("BP 40 min", "BP post")
    draft = kap.draft_map(write_export(tmp_path / "export", sessions=text))
    assert [asked.split(",")[0] for _, asked in draft.open_lines] == ["how many minutes after the dose"]


@pytest.mark.parametrize(
    ("column", "value", "pattern"),
    [(0, "80/120", "99/999"), (0, "120", "999"), (2, "720", "999"), (3, "9", "9"), (4, "20", "99"), (5, "93", "99")],
)
def test_what_cannot_be_is_told_at_its_cell(tmp_path, column, value, pattern):
    values = tuple(value if number == column else text for number, text in enumerate(READ["1001"]))
    source = write_export(tmp_path / "export", sessions=with_columns({**READ, "1001": values}))
    with pytest.raises(IntakeError) as error:
        imported(tmp_path, source)
    told = error.value.problems
    assert told[["file", "row", "found"]].to_numpy().tolist() == [["sessions.csv", 2, pattern]]
    assert told["column"].iloc[0] == WIDE[column]
    assert not (tmp_path / "study").exists()


def test_a_measurement_without_a_session_is_accounted_for(tmp_path):
    away = LONG + "1001,2024-02-08,Heart rate,70,0\n1004,01/25/2024,Heart rate,70,0\n" + LONG.splitlines()[3] + "\n"
    made = imported(tmp_path, write_export(tmp_path / "export", vitals=away))
    ledger = made.ledger[made.ledger["file"] == "vitals.csv"].set_index("reason")["n_rows"]
    assert ledger.sum() == 14
    assert ledger["measured on a day without an attended session"] == 1
    assert ledger["patient without an attended ketamine session"] == 1
    assert ledger["the same measurement again"] == 1
    assert len(measures_of(made)) == 14


def test_two_sessions_of_one_day_need_the_measurements_in_their_rows(tmp_path):
    twice = SESSIONS.replace("1001,01/15/2024", "1001,01/08/2024")
    with pytest.raises(IntakeError, match="a day with two sessions") as error:
        imported(tmp_path, write_export(tmp_path / "export", sessions=twice, vitals=LONG))
    assert set(error.value.problems["file"]) == {"vitals.csv"}


def test_two_values_of_one_moment_are_a_problem(tmp_path):
    both = LONG + "1001,2024-01-08,Heart rate,75,0\n"
    with pytest.raises(IntakeError) as error:
        imported(tmp_path, write_export(tmp_path / "export", vitals=both))
    assert "vitals.csv" in set(error.value.problems["file"])


def test_a_map_that_names_no_measure_is_refused_with_the_nearest(tmp_path):
    source = write_export(tmp_path / "export", sessions=with_columns(READ))
    text = (
        kap.draft_map(source)
        .text.replace('measure = "spo2"', 'measure = "spo"')
        .replace("minute = 40", "minute = 4000")
    )
    with pytest.raises(IntakeError, match="spo2, written exactly so") as error:
        imported(tmp_path, source, text)
    assert error.value.problems["found"].str.contains("a minute that is no number").any()
