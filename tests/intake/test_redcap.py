"""Projects of REDCap: several arms, the data dictionary as the page and as the API write it, codes for missing data."""

import csv
import tomllib
from pathlib import Path

import pandas as pd
import pytest

from kap_analysis.intake.draft import draft_map
from kap_analysis.intake.study_import import import_study

WEB = ("Variable / Field Name", "Form Name", "Field Type", "Field Label", "Choices, Calculations, OR Slider Labels")
API = ("field_name", "form_name", "field_type", "field_label", "select_choices_or_calculations")
FIELDS = (
    ("record_id", "start", "text", "Study ID", ""),
    ("dx", "start", "checkbox", "Diagnoses", "1, Major depression | 2, PTSD"),
    ("sess_date", "session", "text", "Date of the session", ""),
    ("sess_route", "session", "radio", "Route", "1, Sublingual | 2, Intramuscular"),
    ("phq_date", "phq", "text", "Date of the PHQ-9", ""),
    ("phq9_total", "phq", "calc", "PHQ-9 total", "sum([phq9_1])"),
)
HEAD = {
    "raw": ["record_id", "redcap_event_name", "dx___1", "dx___2", "dx___ni", "sess_date", "sess_route", "phq_date",
            "phq9_total"],
    "labelled": ["Study ID", "Event Name", "Diagnoses (choice=Major depression)", "Diagnoses (choice=PTSD)",
                 "Diagnoses (choice=No information)", "Date of the session", "Route", "Date of the PHQ-9",
                 "PHQ-9 total"],
}  # fmt: skip
ARMS = {"1": "Individual", "2": "Group"}


def write_project(folder: Path, form: str, head: tuple[str, ...]) -> Path:
    """Two patients of each arm; one route and one score are missing."""
    folder.mkdir()
    with (folder / "dictionary.csv").open("w", newline="") as file:
        csv.writer(file).writerows([head, *FIELDS])
    with (folder / "data.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD[form])
        for n in range(4):
            arm = str(1 + n // 2)
            of = {"raw": "{}_arm_" + arm, "labelled": f"{{}} (Arm {arm}: {ARMS[arm]})"}[form]
            box = ("0", "1") if form == "raw" else ("Unchecked", "Checked")
            route = "NI" if n == 3 else ("1" if form == "raw" else "Sublingual")
            writer.writerow([n, of.format("baseline"), box[n % 2], box[1 - n % 2], box[0], "", "", "2024-01-05",
                             "-8" if n == 0 else 10 + n])  # fmt: skip
            writer.writerow([n, of.format("dosing"), "", "", "", f"2024-01-{10 + n}", route, "", ""])
    return folder


@pytest.mark.parametrize("form", ["raw", "labelled"])
@pytest.mark.parametrize("head", [WEB, API])
def test_the_arm_says_the_format(tmp_path, form, head):
    source = write_project(tmp_path / form, form, head)
    text = draft_map(source).text
    asked = [text for _, text in draft_map(source).open_lines if not text.startswith("no time of day is told")]
    assert len(asked) == (2 if form == "raw" else 0) and all("by its arm" in text for text in asked)
    for arm, name in ARMS.items():
        text = text.replace(f'"dosing_arm_{arm}" = "?"', f'"dosing_arm_{arm}" = "{name.lower()}"')
    (tmp_path / "map.toml").write_text(text.replace('cohorts = "?"', 'cohorts = "none"'))
    made = import_study(source, tmp_path / "map.toml", tmp_path / "study")
    sessions = pd.read_csv(made.folder / "sessions.csv")
    assert sorted(sessions["format"]) == ["group", "group", "individual", "individual"]
    assert sorted(sessions["route"].fillna("")) == ["", "SL", "SL", "SL"]
    assert sorted(pd.read_csv(made.folder / "assessments.csv")["score"]) == [11, 12, 13]
    assert sorted(pd.read_csv(made.folder / "diagnoses.csv")["diagnosis"]) == [*["major_depression"] * 2, *["ptsd"] * 2]


def test_arms_that_say_no_format_leave_the_question_to_the_map(tmp_path):
    source = write_project(tmp_path / "arms", "labelled", WEB)
    data = source / "data.csv"
    data.write_text(data.read_text().replace("Individual", "Depression").replace("Group", "PTSD"))
    draft = draft_map(source)
    assert tomllib.loads(draft.text)["table"][0]["fixed"]["sessions.format"] == "?"


def test_the_arm_says_the_format_without_the_dictionary_too(tmp_path):
    source = write_project(tmp_path / "labelled", "labelled", WEB)
    (source / "dictionary.csv").unlink()
    columns = tomllib.loads(draft_map(source).text)["table"][0]["columns"]
    assert columns["Event Name"] == {"is": "sessions.format", "values": {
        "baseline (Arm 1: Individual)": "", "baseline (Arm 2: Group)": "",
        "dosing (Arm 1: Individual)": "individual", "dosing (Arm 2: Group)": "group",
    }}  # fmt: skip
