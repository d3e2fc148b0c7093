"""What `kap map` takes the columns of other practices' exports for."""

import tomllib
from pathlib import Path

import pandas as pd
import pytest
from pyreadstat import write_dta, write_sav

from kap_analysis.intake.draft import draft_map
from kap_analysis.intake.mapping.map_content import OWN_ROLES
from kap_analysis.intake.mapping.map_manual import MEANINGS, manual_lines
from kap_analysis.intake.recognition.column_names import instrument_in
from kap_analysis.intake.study_import import import_study

DAYS = ("25/12/2023", "03/01/2024", "28/01/2024")


def columns_of(source: Path, at: int = 0) -> dict[str, object]:
    return tomllib.loads(draft_map(source).text)["table"][at]["columns"]


def write(folder: Path, name: str, *lines: str, encoding: str = "utf-8") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes("\r\n".join(lines).encode(encoding))
    return folder / name


def test_days_before_months_are_dates_in_utf_16_with_tabs(tmp_path):
    rows = (f"K{n}\t{day}\t{n}" for n, day in enumerate(DAYS))
    file = write(tmp_path, "scores.txt", "Patient No\tAssessment Date\tPHQ9 Total", *rows, encoding="utf-16")
    assert columns_of(file)["Assessment Date"] == {"is": "date", "order": "day_first"}


def test_german_words_for_types_and_states_of_appointments(tmp_path):
    file = write(
        tmp_path, "sitzungen.csv", "Patientennummer;Sitzungsdatum;Art der Sitzung;Dosis (mg);Status",
        "K1;03.01.2024;Ketaminsitzung Gruppe;100,5;wahrgenommen", "K2;04.01.2024;Ketaminsitzung Einzel;80;abgesagt",
        "K2;05.01.2024;Vorgespräch;;wahrgenommen", encoding="cp1252",
    )  # fmt: skip
    table = tomllib.loads(draft_map(file).text)["table"][0]
    assert table["values"]["Art der Sitzung"] == {
        "sessions.kind": {
            "Ketaminsitzung Einzel": "ketamine", "Ketaminsitzung Gruppe": "ketamine", "Vorgespräch": "preparation",
        },
        "sessions.format": {
            "Ketaminsitzung Einzel": "individual", "Ketaminsitzung Gruppe": "group", "Vorgespräch": "same",
        },
    }  # fmt: skip
    assert table["columns"]["Status"]["values"] == {"abgesagt": "cancelled", "wahrgenommen": "attended"}


def test_a_public_file_is_recognised_by_its_names_and_by_what_its_texts_mean(tmp_path):
    file = write(
        tmp_path, "long.csv", "src_subject_id,interview_date,survey_name,score,tx_first_dose_date,condition",
        "A1,2024-01-10,PHQ-9,12,2024-01-12,Group", "A1,13-Feb-2024,GAD7,-99,2024-01-12,Group",
        'B2,"March 3, 2024",PHQ-9,8,2024-02-28,Individual',
    )  # fmt: skip
    draft = draft_map(file)
    assert draft.n_open == 0 and draft.columns["role"].tolist() == [
        "patient_id", "date", "instrument", "score", "date", "sessions.format",
    ]  # fmt: skip
    (tmp_path / "map.toml").write_text(draft.text, encoding="utf-8")
    made = import_study(file, tmp_path / "map.toml", tmp_path / "study")
    assert made.ledger["n_rows"].tolist() == [2, 1] and made.ledger["reason"].tolist()[1] != ""
    days = pd.read_csv(made.folder / "assessments.csv").sort_values("score")[["day", "instrument", "score"]]
    assert days.to_numpy().tolist() == [[4, "PHQ-9", 8], [-2, "PHQ-9", 12]]


def test_the_date_of_a_first_session_gives_way_to_a_list_of_sessions(tmp_path):
    write(
        tmp_path, "a.csv", "pid,first session date,visdate,PHQ9 Total", *(f"{n},{d},{d},9" for n, d in enumerate(DAYS))
    )
    assert columns_of(tmp_path / "a.csv")["first session date"] == {
        "is": "date", "of": "time_zero", "order": "day_first",
    }  # fmt: skip
    write(tmp_path, "b.csv", "pid,session date,dose", *(f"{n},{d},80" for n, d in enumerate(DAYS)))
    assert columns_of(tmp_path)["first session date"] == {"is": "drop"}


LABELS = {1: "Not at all", 2: "Several days", 3: "More than half the days", 4: "Nearly every day", 7: "Refused"}


@pytest.mark.parametrize(("ending", "write_file"), [("sav", write_sav), ("dta", write_dta)])
def test_labels_say_the_points_of_coded_answers_and_what_a_column_is(tmp_path, ending, write_file):
    frame = pd.DataFrame({"pid": [1.0, 2.0, 3.0], "sexcode": [1.0, 2.0, 1.0], "v7": [80.0, 60.0, 70.0]})
    for item in range(1, 10):
        frame[f"phq9_{item}"] = [1.0, 4.0, 7.0 if item == 3 else 2.0]
    labels = {f"phq9_{item}": LABELS for item in range(1, 10)} | {"sexcode": {1: "male", 2: "female"}}
    write_file(
        frame, str(tmp_path / f"a.{ending}"), variable_value_labels=labels,
        column_labels=["", "", "Ketamine dose (mg)", *[""] * 9],
    )  # fmt: skip
    columns = columns_of(tmp_path / f"a.{ending}")
    assert columns["phq9_1"]["values"] == {"1": "0", "2": "1", "3": "2", "4": "3", "7": ""}
    assert columns["phq9_3"]["values"] == columns["phq9_1"]["values"]
    assert columns["sexcode"]["values"] == {"1": "male", "2": "female"}
    assert columns["v7"] == {"is": "sessions.dose_mg"}


@pytest.mark.parametrize(("ending", "write_file"), [("sav", write_sav), ("dta", write_dta)])
def test_labels_say_the_instrument_the_item_the_points_and_the_visit_of_a_long_file(tmp_path, ending, write_file):
    """Coded 1 and 2, the names of questionnaires were no instruments, and codes of answers were points."""
    rows = [
        (pid, visit, survey, 100 * survey + item, 1 + (pid + item) % 4)
        for pid in (1, 2) for visit in (1, 2) for survey, n in ((1, 9), (2, 7)) for item in range(1, n + 1)
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["pid", "visit", "survey_name", "question", "response"], dtype=float)
    items = {100 + n: f"PHQ-9 item {n}" for n in range(1, 10)} | {200 + n: f"GAD-7 item {n}" for n in range(1, 8)}
    visits = {1: "Baseline", 2: "Month 3"}
    frame["format"] = 1.0
    labels = {"format": {1: "Individual"}, "survey_name": {1: "PHQ-9", 2: "GAD-7"}}
    labels |= {"question": items, "response": LABELS, "visit": visits}
    write_file(frame, str(tmp_path / f"a.{ending}"), variable_value_labels=labels)
    draft = draft_map(tmp_path / f"a.{ending}")
    table = tomllib.loads(draft.text)["table"][0]
    assert table["columns"]["survey_name"] == {"is": "instrument", "values": {"1": "PHQ-9", "2": "GAD-7"}}
    assert table["columns"]["visit"] == {"is": "day", "values": {"1": "0", "2": "91"}}
    assert table["columns"]["response"]["values"] == {"1": "0", "2": "1", "3": "2", "4": "3", "7": ""}
    assert "lowest" not in table and table["values"]["question"]["207"] == "7"
    (tmp_path / "map.toml").write_text(draft.text, encoding="utf-8")
    made = import_study(tmp_path / f"a.{ending}", tmp_path / "map.toml", tmp_path / "study")
    phq = sum((1 + item) % 4 for item in range(1, 10)), sum((2 + item) % 4 for item in range(1, 10))
    scores = pd.read_csv(made.folder / "assessments.csv")
    assert sorted(scores.loc[scores["instrument"] == "PHQ-9", "score"]) == sorted([*phq, *phq])


def test_a_short_name_is_the_instrument_that_has_as_many_items(tmp_path):
    def taken(n: int) -> list[object]:
        header = ",".join(["pid", "visit date", *(f"phq_{item}" for item in range(1, n + 1)), "phq_sum"])
        file = write(tmp_path, "a.csv", header, *(f"{p},{d}{',1' * n},{n}" for p, d in enumerate(DAYS)))
        return [one.get("instrument") for one in columns_of(file).values()][2:]

    assert taken(9) == ["PHQ-9"] * 10
    assert taken(8)[:8] == ["PHQ-8"] * 8
    assert set(taken(2)[:2]) == {None}


def test_a_dictionary_names_what_its_project_calls_otherwise(tmp_path):
    write(
        tmp_path, "dictionary.csv", "Variable / Field Name,Field Type,Field Label,Choices",
        "record_id,text,Record ID,", "x1,text,Session date,", "x2,text,Ketamine dose given (mg),",
        'x3,radio,Sex at birth,"1, Male | 2, Female"',
    )  # fmt: skip
    write(tmp_path, "data.csv", "record_id,x1,x2,x3", *(f"{n},{d},80,{1 + n % 2}" for n, d in enumerate(DAYS)))
    text = draft_map(tmp_path).text
    tables = tomllib.loads(text)["table"]
    assert tables[0]["columns"] == {
        "record_id": {"is": "patient_id"}, "x1": {"is": "date", "order": "day_first"},
        "x2": {"is": "sessions.dose_mg"}, "x3": {"is": "patients.sex", "values": {"1": "male", "2": "female"}},
    }  # fmt: skip
    assert tables[1] == {"file": "dictionary.csv", "open": False}


def test_rows_of_scores_without_a_patient_ask_for_the_key(tmp_path):
    file = write(tmp_path, "a.csv", "Kürzel,visit date,PHQ9 Total", *(f"x{n},{d},9" for n, d in enumerate(DAYS)))
    draft = draft_map(file)
    assert columns_of(file)["Kürzel"] == {"is": "?"}
    assert any("the patient's key?" in asked for _, asked in draft.open_lines)


def test_a_column_that_holds_ids_of_other_tables_is_asked_for_first_and_others_are_named(tmp_path):
    """The table was left out, and only a comment said so."""
    write(tmp_path, "a.csv", "Patient ID,visit date,PHQ9 Total", *(f"x{n},{d},9" for n, d in enumerate(DAYS)))
    rows = (f"{d},red,x{n},9" for n, d in enumerate(DAYS))
    write(tmp_path, "b.csv", "visit date,colour,Kürzel,GAD7 Total", *rows)
    asked = [text.split("  #")[0] for _, text in draft_map(tmp_path).open_lines if "key" in text]
    assert asked == [
        'Kürzel holds ids of other tables: is it the patient\'s key? Then "patient_id"; else "drop", and another '
        'column is = "patient_id"; it could be colour'
    ]
    write(tmp_path, "b.csv", "visit date,GAD7 Total", *(f"{d},9" for d in DAYS))
    asked = [text for _, text in draft_map(tmp_path).open_lines if "key" in text]
    assert len(asked) == 1 and asked[0].startswith("false leaves the table out; or take this line out")


def test_the_question_how_difficult_life_is_made_is_no_item_and_says_so(tmp_path):
    head = "Patient ID,Date," + ",".join(f"PHQ9_{n}" for n in range(1, 11)) + ",GAD-7 Difficulty"
    draft = draft_map(write(tmp_path, "phq.csv", head, *(f"A{n},{d}{',1' * 11}" for n, d in enumerate(DAYS))))
    assert draft.text.count('{ is = "drop" }  # the question after the items: how difficult') == 2


@pytest.mark.parametrize("name", ["patientdob", "DOB", "PatientBirthDate", "Pt date of birth", "Birthdate"])
def test_a_birth_becomes_an_age(tmp_path, name):
    rows = (f"A{n},{1960 + n}-05-06" for n in range(3))
    assert columns_of(write(tmp_path, "a.csv", f"Patient ID,{name}", *rows))[name] == {"is": "date_of_birth"}
    assert "makes an age of them" in draft_map(write(tmp_path, "a.csv", "Patient ID,x7", "A1,1960-05-06")).text


def test_the_end_of_a_map_explains_every_role():
    assert set(MEANINGS) == set(OWN_ROLES)
    assert all(line.startswith("#") for line in manual_lines())


def test_answers_with_a_decimal_comma_are_numbers(tmp_path):
    head = "Patient ID;Date;" + ";".join(f"PHQ9_{n}" for n in range(1, 10))
    file = write(tmp_path, "phq.csv", head, "A1;2024-01-02" + ";0,0" * 9, "A2;2024-01-03" + ";3,0" * 9)
    table = tomllib.loads(draft_map(file).text)["table"][0]
    assert table["decimal"] == "," and "values" not in table["columns"]["PHQ9_1"]


def test_a_negative_answer_is_a_code_for_missing(tmp_path):
    head = "Patient ID,Date," + ",".join(f"PHQ9_{n}" for n in range(1, 10))
    file = write(tmp_path, "phq.csv", head, "A1,2024-01-02" + ",0" * 8 + ",-8", "A2,2024-01-03" + ",3" * 9)
    assert tomllib.loads(draft_map(file).text)["study"]["missing"] == ["-8"]


def test_a_table_without_a_key_asks_for_one_and_says_what_else_its_sessions_need(tmp_path):
    file = write(tmp_path, "s.csv", "Kürzel,Date,Dose,Format", "A1,2024-01-02,80,group", "A2,2024-01-03,80,group")
    draft = draft_map(file)
    assert "the patient's key" in [text.split("?")[0] for _, text in draft.open_lines]
    assert tomllib.loads(draft.text)["table"][0]["fixed"] == {"sessions.kind": "ketamine"}


def test_where_days_are_asked_for_in_order_the_most_rows_of_a_patient_are_told(tmp_path):
    rows = [f"{n % 20},{n},PHQ-9,{n % 27}" for n in range(1, 61)]
    asked = [text for _, text in draft_map(write(tmp_path, "v.csv", "id,visit,scale,total", *rows)).open_lines]
    assert any("one patient has 3" in text for text in asked)


@pytest.mark.parametrize(
    ("text", "instrument"),
    [
        ("Beck Depression Inventory (BDI-II)", "BDI-II"), ("Beck Depression Inventory", "BDI"), ("AUDIT-C", ""),
        ("AUDIT score", "AUDIT"), ("PCL-C", ""), ("PCL-5 past week", "PCL-5 past week"), ("MADRS-S", ""),
        ("madrs_score", "MADRS"), ("PHQ-9 (Patient Health Questionnaire)", "PHQ-9"),
    ],
)  # fmt: skip
def test_the_instrument_that_a_text_names(text, instrument):
    assert instrument_in(text) == instrument


def test_which_of_two_instruments_of_one_name_is_asked_for(tmp_path):
    wide = draft_map(write(tmp_path, "wide.csv", "id,date,BDI Total", "A,2024-01-02,20", "B,2024-01-03,31"))
    long = draft_map(write(tmp_path, "long.csv", "id,date,scale,score", "A,2024-01-02,BDI,20", "B,2024-01-03,BDI,31"))
    for draft in (wide, long):
        assert any("BDI-II (meant more often), or BDI" in text for _, text in draft.open_lines)


@pytest.mark.parametrize("days", [("45323", "45324"), ("20240201", "20240202"), ("01FEB2024", "02FEB2024")])
def test_dates_as_numbers_are_dates_where_the_name_says_so(tmp_path, days):
    rows = (f"A{n},{day},{40 + n}" for n, day in enumerate(days))
    columns = columns_of(write(tmp_path, "phq.csv", "id,Date completed,PHQ9 Total", *rows))
    assert columns["Date completed"]["is"] == "date"


def numbered(tmp_path: Path, names: list[str]) -> dict[str, object]:
    rows = (",".join([f"P{n}", f"2024-01-0{n}", *(str((n + at) % 3) for at in range(len(names)))]) for n in range(1, 6))
    return columns_of(write(tmp_path, "q.csv", ",".join(["ID", "Date", *names]), *rows))


@pytest.mark.parametrize(
    ("name", "n_items", "instrument"),
    [("who{}", 5, "WHO-5"), ("gad{}", 7, "GAD-7"), ("pcl{}", 20, "PCL-5"), ("hamd{}", 17, "HAM-D17"),
     ("phq{}", 9, "PHQ-9"), ("PHQ{}", 8, "PHQ-8"), ("meq{}", 30, "MEQ-30"), ("gad_q{}", 7, "GAD-7"),
     ("bdi{}", 21, "?"), ("BDI-{}", 21, "?"), ("bdi_{:02}", 21, "?"), ("bdi2_{}", 21, "BDI-II"),
     ("BDI II {}", 21, "BDI-II")],
)  # fmt: skip
def test_columns_numbered_as_the_items_of_a_questionnaire_are_its_items(tmp_path, name, n_items, instrument):
    names = [name.format(n) for n in range(1, n_items + 1)]
    columns = numbered(tmp_path, [*names, "total"])
    assert [columns[one] for one in names] == [
        {"is": "item", "instrument": instrument, "item": n} for n in range(1, n_items + 1)
    ]
    assert columns["total"] == {"is": "score", "instrument": instrument}


def test_a_total_that_names_the_version_names_that_of_the_items_beside_it(tmp_path):
    columns = numbered(tmp_path, [*(f"bdi{n}" for n in range(1, 22)), "BDI-II total"])
    assert {column["instrument"] for name, column in columns.items() if "bdi" in name.lower()} == {"BDI-II"}


def test_a_short_questionnaire_is_no_item_of_the_long_one(tmp_path):
    columns = numbered(tmp_path, ["PHQ-9", "PHQ-2", "GAD-7", "GAD-2", "HAMD-17", "HAMD-6"])
    assert {name: column["is"] for name, column in columns.items() if "-" in name} == {
        "PHQ-9": "score", "PHQ-2": "drop", "GAD-7": "score", "GAD-2": "drop", "HAMD-17": "score", "HAMD-6": "drop",
    }  # fmt: skip
