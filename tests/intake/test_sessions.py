"""Lists of sessions: which were held, in which format; what is not known is a question, and never taken for granted."""

import tomllib
from pathlib import Path

import pandas as pd
import pytest

from kap_analysis.intake.draft import draft_map
from kap_analysis.intake.recognition.by_values import role_of_texts
from kap_analysis.intake.study_import import import_study
from tests.intake.small_export import write_export

HELD = "attended, if each row is a session that was held"


def export(folder: Path, sessions: str) -> Path:
    source = write_export(folder, sessions=sessions, scores="Patient ID,Date,PHQ9 Total\n1001,2024-01-03,13\n")
    (source / "patients.csv").unlink()
    return source


def asked(source: Path) -> list[str]:
    return [text for _, text in draft_map(source).open_lines]


def table_of(source: Path) -> dict[str, dict]:
    return tomllib.loads(draft_map(source).text)["table"][1]


def test_a_list_of_appointments_without_a_status_asks_whether_each_was_held(tmp_path):
    """Each row counted as a session that was held, and nothing said so."""
    source = export(tmp_path / "export", "Patient ID,Date,Type\n1001,2024-01-05,KAP Individual\n")
    assert len(asked(source)) == 1 and asked(source)[0].startswith(HELD)
    text = draft_map(source).text.replace('"sessions.status" = "?"', '"sessions.status" = "attended"')
    (tmp_path / "map.toml").write_text(text, encoding="utf-8")
    made = import_study(source, tmp_path / "map.toml", tmp_path / "study")
    assert pd.read_csv(made.folder / "sessions.csv")["status"].tolist() == ["attended"]


def test_sessions_that_tell_what_was_given_were_held(tmp_path):
    source = export(tmp_path / "export", "Patient ID,Date,Type,Dose\n1001,2024-01-05,KAP Individual,80\n")
    assert asked(source) == []
    assert "# no column says which sessions were held; they tell what was given" in draft_map(source).text
    without = "Patient ID,Date,Type,Dose\n1001,2024-01-05,KAP Individual,80\n1001,2024-01-06,KAP Individual,\n"
    assert asked(export(source, without))[0].startswith(HELD)


def test_a_status_under_a_name_that_says_nothing_is_known_by_its_words(tmp_path):
    rows = ["Completed", "Completed", "No show", "Late arrival", "Cancelled by client"]
    lines = [f"1001,2024-01-0{n},KAP Individual,{said}" for n, said in enumerate(rows, 1)]
    source = export(tmp_path / "export", "\n".join(["Patient ID,Date,Type,Outcome code", *lines]))
    assert table_of(source)["columns"]["Outcome code"] == {"is": "sessions.status"}
    assert table_of(source)["values"]["Outcome code"] == {
        "Cancelled by client": "cancelled", "Completed": "attended", "Late arrival": "?", "No show": "no_show",
    }  # fmt: skip
    assert role_of_texts(["present", "absent"]) == ""


@pytest.mark.parametrize(
    ("name", "group", "individual"),
    [
        ("Format", "GRP", "IND"), ("Format", "Grp", "indiv"), ("Format", "Group", "1:1"),
        ("Setting", "Gruppentherapie", "Einzeltherapie"), ("Setting", "Gruppe", "Einzel"),
        ("x7", "Kleingruppe", "one-to-one"),
    ],
)  # fmt: skip
def test_words_of_formats_under_any_name(tmp_path, name, group, individual):
    rows = f"1001,2024-01-05,Ketamine,80,{group}\n1002,2024-01-05,Ketamine,80,{individual}\n"
    source = export(tmp_path / "export", f"Patient ID,Date,Type,Dose,{name}\n{rows}")
    assert table_of(source)["columns"][name] == {
        "is": "sessions.format", "values": {group: "group", individual: "individual"},
    }  # fmt: skip


def test_an_unknown_word_among_formats_is_asked_for(tmp_path):
    rows = "".join(f"1001,2024-01-0{n},Ketamine,80,{said}\n" for n, said in enumerate(("Group", "Indiv.", "Dyad"), 1))
    source = export(tmp_path / "export", f"Patient ID,Date,Type,Dose,How\n{rows}")
    assert table_of(source)["values"]["How"] == {"Dyad": "?", "Group": "group", "Indiv.": "individual"}


def test_a_ketamine_session_whose_type_says_no_format_is_asked_for_where_others_say_one(tmp_path):
    """It was "same": as in the first ketamine session, which it may have been itself."""
    types = ("KAP GRP", "KAP dosing", "KAP IND", "Integration")
    rows = "".join(f"1001,2024-01-0{n},{said},80\n" for n, said in enumerate(types, 1))
    source = export(tmp_path / "export", f"Patient ID,Date,Type,Dose\n{rows}")
    assert table_of(source)["values"]["Type"]["sessions.format"] == {
        "Integration": "same", "KAP GRP": "group", "KAP IND": "individual", "KAP dosing": "?",
    }  # fmt: skip


def test_keys_of_patients_that_could_be_codes_of_diagnoses_are_no_diagnoses():
    """P01 to P20 became the diagnosis "other", and the map listed them."""
    assert role_of_texts(["P01", "P02"]) == "" and role_of_texts(["F33.1", "P01"]) == "diagnoses.diagnosis"
