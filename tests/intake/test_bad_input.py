"""What is wrong is told all at once, with file, row and column; a killed import leaves no half folder."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kap_analysis.errors import IntakeError
from kap_analysis.intake.draft import draft_map
from kap_analysis.intake.study_import import import_study
from tests.intake.small_export import PATIENTS, SCORES, SESSIONS, write_export

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"


def refused(source: Path, text: str, folder: Path) -> IntakeError:
    (folder / "map.toml").write_text(text, encoding="utf-8")
    with pytest.raises(IntakeError) as caught:
        import_study(source, folder / "map.toml", folder / "study")
    assert not (folder / "study").exists()
    return caught.value


def test_every_kind_of_problem_is_told_at_once(tmp_path):
    source = write_export(tmp_path / "export")
    text = draft_map(source).text.replace('"PHQ9 Total"', '"PHQ9 Totl"').replace('"Email" =', '"Sex " =')
    text = text.replace('"First Name" = { is = "drop" }', '"First Name" = { is = "patients.sex" }')
    scores = SCORES.replace("1001,02/20/2024,1", "1001,02/20/1989,1").replace("1002,01/05/2024,2", "1002,01/05/2024,9")
    scores += "1003,01/19/2024,2,1,1,1,1,1,1,1,0,8\n"
    sessions = SESSIONS.replace("Intramuscular", "Elbow")
    sessions += "1003,01/20/2024,KAP Group Session,60,IM,Tuesday,Completed\n"
    write_export(source, scores=scores, sessions=sessions, patients=PATIENTS.replace("1985", "2024"))
    (source / "cut.xlsx").write_bytes(b"PK\x03\x04cut")
    text += '\n[[table]]\nfile = "cut.xlsx"\n[table.columns]\n"ID" = { is = "patient_id" }\n'
    problems = refused(source, text, tmp_path).problems
    told = "\n".join(problems["message"])
    for what in (
        "no such column; expected a column of the table; the nearest is PHQ9 Total",
        "two columns for one thing, patients.sex",
        "a column whose name is that of an identifier",
        "cannot be read as .xlsx",
    ):
        assert what in told, what
    assert {"map.toml", "scores.csv", "patients.csv", "cut.xlsx", "sessions.csv"} <= set(problems["file"])


def test_problems_of_cells_and_between_rows_are_told_at_once(tmp_path):
    source = write_export(tmp_path / "export")
    text = draft_map(source).text
    scores = SCORES.replace("1001,02/20/2024,1", "1001,02/20/1989,1").replace("1002,01/05/2024,2", "1002,01/05/2024,9")
    scores += "1003,01/19/2024,2,1,1,1,1,1,1,1,0,8\n"
    sessions = SESSIONS + "1003,01/20/2024,KAP Group Session,60,IM,Tuesday,Completed\n"
    write_export(source, scores=scores, sessions=sessions, patients=PATIENTS.replace("12/13/1985", "02/13/2024"))
    problems = refused(source, text, tmp_path).problems
    told = "\n".join(f"{p.file} {p.row} {p.message}" for p in problems.itertuples())
    for what in (
        "scores.csv 3 Submitted: found 99/99/9999; expected a date from 1990",
        "scores.csv 4 PHQ9_1: found 9; expected an answer to item 1 of PHQ-9, from 0 to 3",
        "two answers for one patient, item and day",
        "a patient with two formats on day 0",
        "a birth after the first session",
    ):
        assert what in told, what


@pytest.mark.slow
def test_ten_thousand_problems_take_no_longer_than_ten(tmp_path):
    head = "ID,Date,Type,Format,Dose\n"
    scores = "ID,Date,PHQ-9 Total\n"
    people = range(10_000)
    seconds = {}
    for n_wrong in (10, 10_000):
        folder = tmp_path / str(n_wrong)
        folder.mkdir()
        sessions = [f"{n},2024-01-08,ketamine,individual,80\n" for n in people]
        rows = [f"{n},2024-01-0{5 if n >= n_wrong else 'x'},{n % 27}\n" for n in people]
        (folder / "sessions.csv").write_text(head + "".join(sessions), encoding="utf-8")
        (folder / "scores.csv").write_text(scores + "".join(rows), encoding="utf-8")
        text = draft_map(tmp_path / "10").text
        (tmp_path / "map.toml").write_text(text, encoding="utf-8")
        start = time.process_time()
        with pytest.raises(IntakeError) as caught:
            import_study(folder, tmp_path / "map.toml", tmp_path / "study")
        seconds[n_wrong] = time.process_time() - start
        assert len(caught.value.problems) == n_wrong and len(str(caught.value).splitlines()) < 102
    assert seconds[10_000] < 3 * seconds[10] + 1


KILLED = """
import csv, os, signal, sys
from pathlib import Path
from kap_analysis.intake.study_import import import_study
at, calls = int(sys.argv[1]), 0
def dying(real):
    def call(*args, **keys):
        global calls
        calls += 1
        if calls == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **keys)
    return call
csv.writer, Path.rename, Path.replace = map(dying, (csv.writer, Path.rename, Path.replace))
import_study(*sys.argv[2:5])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("at", [1, 3, 6, 7, 8])  # a table, another, the crosswalk, the old folder's name, the new one's
def test_a_killed_import_leaves_the_study_whole(tmp_path, at):
    source = write_export(tmp_path / "export")
    (tmp_path / "map.toml").write_text(draft_map(source).text, encoding="utf-8")
    arguments = [source, tmp_path / "map.toml", tmp_path / "study"]
    import_study(*arguments)
    before = {file.name: file.read_bytes() for file in (tmp_path / "study").iterdir()}
    crosswalk = tmp_path / "study.crosswalk.csv"
    codes = crosswalk.read_bytes()
    write_export(source, scores=SCORES.replace("1,1,1,1,1,0,0,0,0,5", "1,1,1,1,0,0,0,0,0,4"))
    done = subprocess.run([sys.executable, "-c", KILLED, str(at), *map(str, arguments)], check=False, env=os.environ)
    assert done.returncode == -signal.SIGKILL
    assert crosswalk.read_bytes() == codes and crosswalk.stat().st_mode & 0o777 == 0o600
    folders = [tmp_path / name for name in ("study", "study.old", "study.new")]
    whole = [f for f in folders if f.is_dir() and {file.name for file in f.iterdir()} == set(before)]
    assert whole, "one of the folders is complete"
    made = import_study(*arguments)
    assert made.check.ok and not any(folder.exists() for folder in folders[1:])


def test_a_column_that_is_not_there_hides_no_wrong_row(tmp_path):
    source = write_export(
        tmp_path / "export", sessions=SESSIONS.replace("Route", "Way").replace("01/20/2024", "01/20/1924")
    )
    text = draft_map(write_export(tmp_path / "before")).text
    (tmp_path / "map.toml").write_text(text, encoding="utf-8")
    with pytest.raises(IntakeError) as caught:
        import_study(source, tmp_path / "map.toml", tmp_path / "study")
    told = caught.value.problems[["row", "column", "expected"]].to_numpy().tolist()
    assert [0, "Route", "a column of the table, such as Way"] in told
    assert [row for row, column, _ in told if column == "Date"] == [6]


def test_a_file_that_is_cut_off_is_told_in_one_sentence(tmp_path):
    source = write_export(tmp_path / "export")
    (tmp_path / "map.toml").write_text(draft_map(source).text.replace("scores.csv", "scores.xlsx"), encoding="utf-8")
    (source / "scores.csv").rename(source / "scores.xlsx")
    with pytest.raises(IntakeError, match=r"scores\.xlsx: found scores\.xlsx, which cannot be read as \.xlsx"):
        import_study(source, tmp_path / "map.toml", tmp_path / "study")


def test_what_is_wrong_in_a_map_is_told_in_the_line_of_its_table_and_column(tmp_path):
    source = write_export(tmp_path / "export")
    lines = draft_map(source).text.splitlines()
    of_patients = next(n for n, line in enumerate(lines) if line == 'file = "patients.csv"')
    at = {
        word: next(n for n, line in enumerate(lines) if line.startswith(word))
        for word in ("[table.columns]", '"Route" =', '"PHQ9_3" =')
    }
    lines[at['"Route" =']] = '"Route" = { is = "" }'
    lines[at['"PHQ9_3" =']] = '"PHQ9_3" = 3'
    text = "\n".join(lines).replace('"Sex" = { is = "patients.sex"', '"Sex" = { is = "patients.age", is_not = 1')
    problems = refused(source, text.replace("primary_instrument =", "primary_instrumnt ="), tmp_path).problems
    told = dict(zip(problems["found"], problems["row"], strict=True))
    assert told["the role ''"] == at['"Route" ='] + 1
    assert told["a column that is no { is = ... }"] == at['"PHQ9_3" ='] + 1
    assert told["the key 'is_not'"] > of_patients and told["no primary_instrument"] == lines.index("[study]") + 1


@pytest.mark.parametrize(
    ("cut", "told"),
    [
        (SCORES[: SCORES.index("1003") + 20], "scores.csv, row 5: found a last line that is shorter than all others"),
        (f'{SCORES[: SCORES.index("1003")]}1003,"01/19', "scores.csv: found a quotation mark in line 5"),
    ],
)
def test_a_text_that_was_cut_off_is_told(tmp_path, cut, told):
    text = draft_map(write_export(tmp_path / "whole")).text
    assert told in str(refused(write_export(tmp_path / "export", scores=cut), text, tmp_path))


def test_a_sheet_that_is_not_there_and_a_file_told_twice_are_problems(tmp_path):
    source = write_export(tmp_path / "export")
    text = draft_map(source).text
    shutil.copy(EXAMPLES / "workbook" / "praxis.xlsx", source / "book.xlsx")
    text += '\n[[table]]\nfile = "book.xlsx"\nsheet = "There"\n[table.columns]\n"ID" = { is = "patient_id" }\n'
    text += text[text.index("[[table]]") : text.index("[[table]]", text.index("[[table]]") + 1)]
    message = str(refused(source, text, tmp_path))
    assert "book.xlsx: found no sheet There" in message
    assert "a second [[table]] of one file and sheet" in message


def test_problems_between_rows_name_the_column_of_the_file(tmp_path):
    source = write_export(tmp_path / "export")
    text = draft_map(source).text
    scores = SCORES + "1003,01/19/2024,2,1,1,1,1,1,1,1,0,8\n"
    sessions = SESSIONS + "1003,01/20/2024,KAP Group Session,60,IM,Tuesday,Completed\n"
    write_export(source, scores=scores, sessions=sessions, patients=PATIENTS.replace("12/13/1985", "02/13/2024"))
    assert set(refused(source, text, tmp_path).problems["column"]) == {"PHQ9_1", "Appointment type", "Date of Birth"}
