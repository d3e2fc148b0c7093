"""Lists of sessions: which were held, in which format; what is not known is a question, and never taken for granted."""

import tomllib
from pathlib import Path

import pandas as pd
import pytest

from kap_analysis.errors import IntakeError
from kap_analysis.intake.draft import draft_map
from kap_analysis.intake.recognition.by_values import role_of_texts
from kap_analysis.intake.study_import import import_study
from tests.intake.small_export import import_changed, write_export

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


def _attendance(name: str, came: str, missed: str, *, filled: bool = False) -> str:
    """Twelve patients who came and one who did not, and of whom no dose and no route is told."""
    given = "80" if filled else ""
    rows = [f"{1001 + n},2024-01-05,KAP Individual,80,{came}" for n in range(12)]
    missing = f"1013,2024-01-05,KAP Individual,{given},{missed}"
    return "\n".join([f"Patient ID,Date,Type,Dose,{name}", *rows, missing])


@pytest.mark.parametrize(
    ("name", "came", "missed", "means"),
    [
        *((name, "Yes", "No", "?") for name in ("Came?", "Show?", "Showed up", "Attended", "Session kept", "Arrived")),
        ("Kept", "Y", "N", "?"), ("Checked in", "1", "0", "?"), ("Erschienen", "ja", "nein", "?"),
        ("No show", "No", "Yes", "no_show"), ("No-Show?", "0", "1", "no_show"), ("Missed", "N", "Y", "no_show"),
        ("Nicht erschienen", "nein", "ja", "no_show"), ("Cancelled", "No", "Yes", "cancelled"),
        ("Appt Outcome", "Kept", "Missed", "no_show"), ("Visit state", "Completed", "Cancelled", "cancelled"),
    ],
)  # fmt: skip
def test_names_that_say_who_came_and_the_sense_of_their_yes(tmp_path, name, came, missed, means):
    """Of one no-show among many sessions the map said that all count as attended, and asked nothing."""
    source = export(tmp_path / "export", _attendance(name, came, missed))
    said = table_of(source)["columns"][name]
    values = said.get("values") or table_of(source)["values"][name]
    assert said["is"] == "sessions.status" and values == {came: "attended", missed: means}
    assert asked(source) == (["no_show or cancelled"] if means == "?" else [])


def test_sessions_of_which_nothing_was_given_are_held_only_by_an_answer(tmp_path):
    """Up to one in ten of them passed for sessions that told it."""
    source = export(tmp_path / "export", _attendance("Remark code", "", ""))
    assert [text.startswith(HELD) for text in asked(source)] == [True]
    export(source, _attendance("Remark code", "", "").replace("Individual,,", "Individual,n/a,"))
    assert [text.startswith(HELD) for text in asked(source)] == [True]


def test_a_column_of_yes_and_no_beside_sessions_without_a_status_is_asked_for(tmp_path):
    source = export(tmp_path / "export", _attendance("In room", "Y", "N", filled=True))
    assert len(asked(source)) == 1 and asked(source)[0].endswith('"sessions.status", which may be In room')
    export(source, _attendance("In room", "Y", "Y", filled=True))
    assert asked(source) == []


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


def test_words_of_formats_and_states_in_a_table_without_sessions_are_none(tmp_path):
    source = export(tmp_path / "export", "Patient ID,Date,Type,Dose\n1001,2024-01-05,KAP Individual,80\n")
    rows = "1001,Group,Completed\n1002,Individual,Cancelled\n1003,Couples,No show\n"
    (source / "a_history.csv").write_text(f"Patient ID,Earlier therapy,How it ended\n{rows}", encoding="utf-8")
    columns = tomllib.loads(draft_map(source).text)["table"][0]["columns"]
    assert columns["Earlier therapy"] == columns["How it ended"] == {"is": "drop"}


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


def sessions_of(folder: Path, sessions: str, *changes: tuple[str, str]) -> pd.DataFrame:
    source = export(folder / "export", sessions)
    made = import_changed(source, folder, *changes)
    return pd.read_csv(made.folder / "sessions.csv").sort_values(["day", "dose_mg"]).reset_index(drop=True)


@pytest.mark.parametrize("name", ["Dose", "Dose/Route", "Medication given"])
def test_dose_and_route_of_one_column_are_both_read(tmp_path, name):
    """Of a column called by the route the dose was lost, of one called by the dose the route."""
    rows = ["60mg SL", "1.0 mg/kg (80 mg) IM", "100 mg SL troche", "IM"]
    lines = [f"1001,2024-01-0{n},KAP Individual,{said},Completed" for n, said in enumerate(rows, 5)]
    head = f"Patient ID,Date,Type,{name},Status"
    if name == "Dose":
        lines.pop()
    made = sessions_of(tmp_path, "\n".join([head, *lines]))
    assert made["dose_mg"].tolist()[:3] == [60, 80, 100] and made["route"].tolist()[:3] == ["SL", "IM", "SL"]
    assert made["route"].tolist()[3:] == ([] if name == "Dose" else ["IM"])


def test_a_route_holds_for_amounts_that_come_later(tmp_path):
    head = "Patient ID,Date,Type,Dose,Status\n"
    source = export(tmp_path / "export", f"{head}1001,2024-01-05,KAP Individual,60mg SL,Completed\n")
    (tmp_path / "map.toml").write_text(draft_map(source).text, encoding="utf-8")
    export(source, f"{head}1001,2024-01-05,KAP Individual,75 mg SL,Completed\n")
    made = import_study(source, tmp_path / "map.toml", tmp_path / "study")
    assert pd.read_csv(made.folder / "sessions.csv")[["dose_mg", "route"]].to_numpy().tolist() == [[75, "SL"]]


@pytest.mark.parametrize(
    "head",
    [
        "Date 1,Dose 1 (mg),Route 1,Date 2,Dose 2 (mg),Route 2",
        "Session 1 date,Session 1 dose,Session 1 route,Session 2 date,Session 2 dose,Session 2 route",
        "Dose 1 date,Dose 1 mg,Route 1,Dose 2 date,Dose 2 mg,Route 2",
        "Date of session 1,Dose1,Route1,Date of session 2,Dose2,Route2",
        "date_s1,dose_s1,route_s1,date_s2,dose_s2,route_s2",
    ],
)
def test_sessions_side_by_side(tmp_path, head):
    """The first session had no date, and the second no dose, or neither was read."""
    rows = "1001,2024-01-05,60,IM,2024-01-12,80,SL,individual\n1002,2024-01-06,50,IM,,,,individual\n"
    made = sessions_of(tmp_path, f"Patient ID,{head},Format\n{rows}")
    assert made[["day", "dose_mg", "route"]].to_numpy().tolist() == [[0, 50, "IM"], [0, 60, "IM"], [7, 80, "SL"]]


def test_a_session_side_by_side_that_no_column_dates_is_left_out_and_says_so(tmp_path):
    head = "Patient ID,Date 1,Dose 1,Date 2,Dose 2,Dose 3"
    source = export(tmp_path / "export", f"{head}\n1001,2024-01-05,60,2024-01-12,80,90\n")
    assert 'is = "drop" }  # session 3, of which no column is the date' in draft_map(source).text


def test_two_amounts_in_a_row_of_one_date_are_asked_for(tmp_path):
    """Neither was read, and nothing said so."""
    head = "Patient ID,Date,Type,Status,Dose 1 (mg),Dose 2 (mg)"
    source = export(tmp_path / "export", f"{head}\n1001,2024-01-05,KAP Individual,Completed,60,40\n")
    assert len(asked(source)) == 1 and asked(source)[0].startswith('"sessions.dose_mg" if it is what was given')
    assert "a dose with a number, and no date of its own; amounts are not added" in draft_map(source).text


def test_a_dose_per_kilogram_by_the_name_of_its_column_is_not_one_in_mg(tmp_path):
    rows = "1001,2024-01-05,KAP Individual,0.5,80,Completed\n1002,2024-01-05,KAP Individual,1,60,Completed\n"
    made = sessions_of(tmp_path, f"Patient ID,Date,Type,Dose (mg/kg),Weight (kg),Status\n{rows}")
    assert made["dose_mg"].tolist() == [40, 60]
    source = export(tmp_path / "bare", f"Patient ID,Date,Type,Dose,Weight (kg),Status\n{rows}")
    assert [text.split("  #")[0] for text in asked(source)] == [
        "mg or mg/kg? The numbers have no unit, and half of them are small for mg"
    ]
    both = rows.replace(",0.5,80,", ",0.5,80,41,").replace(",1,60,", ",1,60,62,")
    source = export(tmp_path / "both", f"Patient ID,Date,Type,Dose mg/kg,Weight (kg),Dose mg,Status\n{both}")
    assert table_of(source)["columns"]["Dose mg"] == {"is": "sessions.dose_mg"}
    assert table_of(source)["columns"]["Dose mg/kg"] == {"is": "drop"}
    (tmp_path / "map.toml").write_text(draft_map(tmp_path / "bare").text.replace('unit = "?"', 'unit = "mg/kg"'))
    export(tmp_path / "bare", f"Patient ID,Date,Type,Dose,Weight (kg),Status\n{rows}".replace(",60,", ",,"))
    with pytest.raises(IntakeError, match="Dose: found 9; expected a dose in mg, or one per kg in a row with a weight"):
        import_study(tmp_path / "bare", tmp_path / "map.toml", tmp_path / "other")


@pytest.mark.parametrize(
    ("head", "row", "asks"), [("Dose,Weight (kg)", "0.5,80", "mg, mg/kg"), ("Dose (mg),Weight", "60,180", "kg, lb")]
)
def test_an_empty_unit_is_an_unanswered_question(tmp_path, head, row, asks):
    """It passed for mg, and for kilograms."""
    rows = f"Patient ID,Date,Type,Status,{head}\n1001,2024-01-05,KAP Individual,Completed,{row}\n"
    source = export(tmp_path / "export", rows)
    text = draft_map(source).text
    assert text.count('unit = "?"') == 1
    (tmp_path / "map.toml").write_text(text.replace('unit = "?"', 'unit = ""'), encoding="utf-8")
    line = next(n for n, one in enumerate(text.splitlines(), 1) if 'unit = "?"' in one)
    with pytest.raises(IntakeError, match=f"map.toml, line {line}: found a unit without .*; expected one of {asks}"):
        import_study(source, tmp_path / "map.toml", tmp_path / "study")


def test_times_in_utc_need_a_time_zone(tmp_path):
    """Without one the evening's answers were those of the next day."""
    rows = "Patient ID,Date,Type,Dose\n1001,2024-01-05T02:30:00Z,KAP Individual,80\n"
    source = export(tmp_path / "export", rows)
    text = draft_map(source).text
    (tmp_path / "map.toml").write_text(text.replace('timezone = "?"', 'timezone = ""'), encoding="utf-8")
    with pytest.raises(IntakeError, match="Date: found times in UTC, and no time zone; expected the practice's time"):
        import_study(source, tmp_path / "map.toml", tmp_path / "study")
    (tmp_path / "map.toml").write_text(text.replace('"?"', '"America/Denver"'), encoding="utf-8")
    import_study(source, tmp_path / "map.toml", tmp_path / "study")


GROUP = """\
patientid,apptdate,apptstarttime,apptendtime,appttype,apptstatus
1001,01/15/2024,9:30 AM,11:30 AM,KAP GROUP,Completed
1002,01/15/2024,9:30 AM,11:30 AM,KAP GROUP,Completed
1003,01/15/2024,1:30 PM,3:30 PM,KAP GROUP,Completed
"""


def test_a_start_in_a_column_of_its_own_tells_who_sat_together(tmp_path):
    """The time was dropped, and all group patients of a day could not be told apart."""
    source = export(tmp_path / "export", GROUP)
    assert asked(source) == [] and 'cohorts = "slot"' in draft_map(source).text
    columns = table_of(source)["columns"]
    assert columns["apptstarttime"] == {"is": "time"} and columns["apptendtime"] == {"is": "drop"}
    (tmp_path / "map.toml").write_text(draft_map(source).text, encoding="utf-8")
    made = import_study(source, tmp_path / "map.toml", tmp_path / "study")
    assert sorted(pd.read_csv(made.folder / "sessions.csv")["cohort_id"].value_counts()) == [1, 2]
    export(source, GROUP.replace("1:30 PM", "13.30 Uhr"))
    with pytest.raises(
        IntakeError, match=r"row 4: apptstarttime: found 99.99 Aaa; expected a time of day such as 09:30"
    ):
        import_study(source, tmp_path / "map.toml", tmp_path / "other")


def test_a_time_without_a_date_is_refused_and_dates_that_tell_the_time_need_no_other(tmp_path):
    source = export(tmp_path / "export", GROUP.replace("2024,9:30 AM", "2024 9:30 AM,9:30 AM"))
    assert table_of(source)["columns"]["apptstarttime"] == {"is": "drop"}
    text = draft_map(export(source, GROUP)).text.replace('"apptdate" = { is = "date", ', '"apptdate" = { is = "drop", ')
    (tmp_path / "map.toml").write_text(text, encoding="utf-8")
    with pytest.raises(IntakeError, match="time without date"):
        import_study(source, tmp_path / "map.toml", tmp_path / "study")


def test_cohorts_are_asked_for_where_no_time_is_told_and_no_column_says_that_there_are_no_groups(tmp_path):
    """They were "none" without a question, where the format itself was one."""
    source = export(tmp_path / "export", "Patient ID,Date,Type,Dose\n1001,2024-01-05,Ketamine,80\n")
    assert asked(source)[0].split(".")[0] == "no time of day is told"
    source = export(source, "Patient ID,Date,Type,Dose\n1001,2024-01-05,KAP Individual,80\n")
    assert 'cohorts = "none"' in draft_map(source).text
