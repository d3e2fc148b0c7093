"""Sheets and files with one header are one question; what differs between them is fixed for each."""

import runpy
from pathlib import Path

import pandas as pd
import pytest

from kap_analysis.errors import IntakeError
from kap_analysis.intake.draft import draft_map
from kap_analysis.intake.source import open_file
from kap_analysis.intake.study_import import import_study
from tests.intake.small_export import SESSIONS, import_changed, write_export
from tests.intake.test_examples import EXAMPLES

HEAD = ["Chart #", "Date", "PHQ9 Total", "GAD7 Total"]
Q1 = [["1001", "03/01/2024", 18, 11], ["1002", "04/01/2024", 15, 9]]
Q2 = [["1001", "05/02/2024", 9, 5], ["1003", "06/02/2024", 21, 14]]


def export(folder: Path, **sheets: list[list[object]]) -> Path:
    source = write_export(folder, sessions=SESSIONS.replace("Patient ID", "Chart No"))
    for name in ("scores", "patients"):
        (source / f"{name}.csv").unlink()
    write_workbook = runpy.run_path(str(EXAMPLES / "small_workbook.py"))["write_workbook"]
    write_workbook(source / "tracker.xlsx", {name.replace("_", " "): rows for name, rows in sheets.items()})
    return source


def imported(source: Path, folder: Path, *changes: tuple[str, str]) -> pd.DataFrame:
    made = import_changed(source, folder, *changes)
    return pd.read_csv(made.folder / "assessments.csv")


def test_sheets_of_one_header_are_asked_about_once(tmp_path):
    source = export(tmp_path / "export", Jan_2024=[HEAD, *Q1], Feb_2024=[HEAD, *Q2])
    draft = draft_map(source)
    assert [text.split("?")[0] for _, text in draft.open_lines] == ["month_first or day_first"]
    assert draft.text.count('like = "tracker.xlsx [Jan 2024]"') == 1
    scores = imported(source, tmp_path, ('order = "?"', 'order = "day_first"'))
    assert sorted(scores["score"]) == [5, 9, 9, 11, 14, 15, 18, 21]


def test_values_that_only_one_of_the_sheets_has_are_asked_for_too(tmp_path):
    head = ["Chart #", "Date", "PHQ9 Total", "Sex"]
    first, second = [["1001", "2024-01-03", 18, "F"]], [["1002", "2024-01-04", 15, "x"]]
    source = export(tmp_path / "export", North=[head, *first], South=[head, *second])
    assert '"x" = "?"' in draft_map(source).text


def test_what_differs_between_alike_tables_is_fixed_for_each(tmp_path):
    source = export(tmp_path / "export", North=[HEAD, *Q1], South=[HEAD, ["1003", "06/02/2024", 21, 14]])
    text = draft_map(source).text.replace('order = "?"', 'order = "day_first"')
    first, second = text.split('like = "tracker.xlsx [North]"')
    first = first.replace("[table.columns]", '[table.fixed]\n"patients.practice" = "N"\n\n[table.columns]', 2)
    rest = second.split("\n", 2)
    text = f'{first}like = "tracker.xlsx [North]"\n{rest[1]}\n[table.fixed]\n"patients.practice" = "S"\n{rest[2]}'
    text = text.replace('[table.fixed]\n"patients.practice" = "N"\n\n', "", 1)
    (tmp_path / "map.toml").write_text(text, encoding="utf-8")
    made = import_study(source, tmp_path / "map.toml", tmp_path / "study")
    assert sorted(pd.read_csv(made.folder / "patients.csv")["practice"]) == ["N", "N", "S"]


@pytest.mark.parametrize("names", [("PHQ-9", "GAD-7"), ("Baseline", "Month 3"), ("Group", "Individual")])
def test_sheets_whose_names_say_what_they_hold_are_told_apart(tmp_path, names):
    head = ["Chart #", "Date", "Total"]
    sheets = {name.replace(" ", "_"): [head, ["1001", "2024-01-03", 18]] for name in names}
    assert "like = " not in draft_map(export(tmp_path / "export", **sheets)).text


def test_a_table_that_is_like_no_other_and_one_with_columns_of_its_own_are_refused(tmp_path):
    source = export(tmp_path / "export", Jan_2024=[HEAD, *Q1], Feb_2024=[HEAD, *Q2])
    decided, like = ('order = "?"', 'order = "day_first"'), 'like = "tracker.xlsx [Jan 2024]"'
    with pytest.raises(IntakeError, match="found like, which names no other table"):
        imported(source, tmp_path, decided, (like, 'like = "tracker.xlsx"'))
    with pytest.raises(IntakeError, match="found like beside columns"):
        imported(source, tmp_path, decided, (like, f'{like}\ncolumns = {{ Date = {{ is = "drop" }} }}'))


def test_a_title_and_notes_above_a_short_sheet_are_no_header(tmp_path):
    """With as many lines of one cell as rows, the title became the header."""
    above = [["Outcomes, practice North"], ["printed by the front desk"], [], []]
    source = export(tmp_path / "export", Scores=[*above, HEAD, *Q1])
    assert open_file(source / "tracker.xlsx", "tracker.xlsx")[0].columns == tuple(HEAD)
