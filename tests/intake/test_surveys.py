"""Exports of a survey platform: three rows of headers, and which rows are responses of patients."""

import csv
import tomllib
from pathlib import Path

import pandas as pd
import pytest

from kap_analysis.errors import IntakeError
from kap_analysis.intake.draft import draft_map
from kap_analysis.intake.source import open_file
from kap_analysis.intake.study_import import import_study
from tests.intake.small_export import write_export

NAMES = ["StartDate", "EndDate", "Status", "IPAddress", "Progress", "Finished", "RecordedDate", "ResponseId",
         "ExternalReference", *(f"Q2_{n}" for n in range(1, 10))]  # fmt: skip
# fmt: off
QUESTIONS = ["Start Date", "End Date", "Response Type", "IP Address", "Progress", "Finished", "Recorded Date",
             "Response ID", "External Data Reference", *(f"PHQ-9 (two weeks) - Statement {n}" for n in range(1, 10))]
# fmt: on
KEYS = [f'{{"ImportId":"{name}"}}' for name in NAMES]


def row(pid: str, status: str, finished: str, answer: str) -> list[str]:
    moment = "2024-01-03 10:00:00"
    return [moment, moment, status, "198.51.100.7", "100", finished, moment, f"R_{pid}", pid, *[answer] * 9]


ROWS = [row("1001", "IP Address", "True", "Several days"), row("1002", "IP Address", "False", "Not at all"),
        row("1003", "Survey Preview", "True", "Several days"), row("1003", "Spam", "True", "Several days")]  # fmt: skip


def write_survey(folder: Path, rows: list[list[str]]) -> Path:
    source = write_export(folder)
    (source / "scores.csv").unlink()
    with (source / "survey.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([NAMES, QUESTIONS, KEYS, *rows])
    return source


def test_three_rows_of_headers_are_no_responses_and_the_questions_are_headings(tmp_path):
    source = write_survey(tmp_path / "export", ROWS)
    table = open_file(source / "survey.csv", "survey.csv")[0]
    assert len(table.lines) == 4 and table.lines[0] == 4
    assert table.headings["Q2_9"] == "PHQ-9 (two weeks) - Statement 9"
    assert "three rows of headers, as Qualtrics writes them" in draft_map(source).text


def test_test_responses_are_left_out_and_unfinished_ones_are_asked_for(tmp_path):
    source = write_survey(tmp_path / "export", ROWS)
    draft = draft_map(source)
    assert [text for _, text in draft.open_lines] == [
        "of a response that was not finished: keep what was answered, or drop the row"
    ]
    columns = tomllib.loads(draft.text)["table"][2]["columns"]
    assert columns["Status"] == {
        "is": "row", "values": {"IP Address": "keep", "Spam": "drop", "Survey Preview": "drop"},
    }  # fmt: skip
    assert columns["Q2_3"]["instrument"] == "PHQ-9" and columns["ExternalReference"] == {"is": "patient_id"}
    scores = {}
    for fate in ("keep", "drop"):
        text = draft.text.replace('"False" = "?"', f'"False" = "{fate}"')
        (tmp_path / "map.toml").write_text(text, encoding="utf-8")
        made = import_study(source, tmp_path / "map.toml", tmp_path / fate)
        scores[fate] = sorted(pd.read_csv(made.folder / "assessments.csv")["score"])
        of = made.ledger[made.ledger["file"] == "survey.csv"]
        assert (of["reason"] == "a row that the map drops by Status").any() and of["n_rows"].sum() == 4
    assert scores == {"keep": [0, 9], "drop": [9]}


def test_codes_of_a_survey_are_known_and_a_new_one_is_a_problem(tmp_path):
    coded = {"IP Address": "0", "Survey Preview": "1", "Spam": "8"}
    rows = [[*one[:2], coded[one[2]], *one[3:5], "1", *one[6:]] for one in ROWS]
    source = write_survey(tmp_path / "export", rows)
    draft = draft_map(source)
    assert draft.n_open == 0
    (tmp_path / "map.toml").write_text(draft.text, encoding="utf-8")
    rows[0][2] = "9"
    write_survey(source, rows)
    with pytest.raises(IntakeError) as caught:
        import_study(source, tmp_path / "map.toml", tmp_path / "study")
    assert "survey.csv, row 4: Status: found 9; expected a text that the map gives a value" in str(caught.value)
    (tmp_path / "map.toml").write_text(draft.text.replace('"0" = "keep"', '"0" = "kept"'), encoding="utf-8")
    with pytest.raises(IntakeError, match="the value 'kept'; expected one of keep, drop"):
        import_study(source, tmp_path / "map.toml", tmp_path / "study")


@pytest.mark.parametrize("is_coded", [False, True])
def test_two_questionnaires_side_by_side_are_told_by_their_questions(tmp_path, is_coded):
    """All 16 columns were one run of answers, which is no questionnaire."""
    answers = ["0", "1", "3"] if is_coded else ["Not at all", "Several days", "Nearly every day"]
    names = ["RecordedDate", "ExternalReference", *(f"Q2_{n}" for n in range(1, 10)), *(f"Q3_{n}" for n in range(1, 8))]
    asked = ["Recorded Date", "ID", *[f"PHQ-9 - Statement {n}" for n in range(1, 10)],
             *[f"GAD-7 - Statement {n}" for n in range(1, 8)]]  # fmt: skip
    rows = [
        [f"2024-01-0{n}", str(1000 + n), *[answer] * 8, answers[0], *[answer] * 7]
        for n, answer in enumerate(answers, 1)
    ]
    source = write_export(tmp_path / "export")
    (source / "scores.csv").unlink()
    with (source / "survey.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([names, asked, ['{"ImportId":"x"}'] * len(names), *rows])
    (tmp_path / "map.toml").write_text(draft_map(source).text, encoding="utf-8")
    made = import_study(source, tmp_path / "map.toml", tmp_path / "study")
    scores = pd.read_csv(made.folder / "assessments.csv").groupby("instrument")["score"].apply(sorted)
    assert scores.to_dict() == {"GAD-7": [0, 7, 21], "PHQ-9": [0, 8, 24]}
