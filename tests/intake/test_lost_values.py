"""What a map would lose: scores that nothing dates, roles without what they need, columns renamed between versions."""

from pathlib import Path

import pandas as pd
import pytest

from kap_analysis.errors import IntakeError
from kap_analysis.intake.draft import draft_map
from kap_analysis.intake.study_import import StudyImport, import_study
from tests.intake.small_export import PATIENTS, import_changed, write_export

DATED = """\
Patient ID,PHQ9 date,PHQ9 Total,GAD7 Total
1001,2024-01-03,13,11
1002,2024-01-05,18,7
1003,,,9
"""


def told(folder: Path, source: Path, *changes: tuple[str, str]) -> str:
    with pytest.raises(IntakeError) as caught:
        import_changed(source, folder, *changes)
    return str(caught.value)


def scores_of(made: StudyImport) -> list[tuple[str, float]]:
    frame = pd.read_csv(made.folder / "assessments.csv")
    return sorted(zip(frame["instrument"], frame["score"], strict=True))


def test_the_date_of_one_instrument_is_not_taken_for_another_without_being_asked(tmp_path):
    source = write_export(tmp_path / "export", scores=DATED)
    asked = draft_map(source).open_lines
    assert len(asked) == 1 and asked[0][1].startswith("by its name it dates PHQ-9, and nothing dates GAD-7")
    of_phq = ('of = "?"', 'of = "PHQ-9"')
    assert "answers or scores of GAD-7 that no column dates" in told(tmp_path, source, of_phq)
    made = import_changed(source, tmp_path, ('of = "?"', 'of = ""'))
    assert scores_of(made) == [("GAD-7", 7), ("GAD-7", 11), ("PHQ-9", 13), ("PHQ-9", 18)]


def test_a_row_that_loses_a_part_is_told_in_the_ledger(tmp_path):
    both = (
        DATED.replace("GAD7 Total", "GAD7 date,GAD7 Total")
        .replace("13,11", "13,,11")
        .replace("18,7", "18,2024-01-05,7")
    )
    source = write_export(tmp_path / "export", scores=both.replace(",,,9", ",,,2024-01-06,9"))
    made = import_changed(source, tmp_path)
    ledger = made.ledger[made.ledger["file"] == "scores.csv"][["fate", "reason", "n_rows"]]
    assert ledger.to_numpy().tolist() == [["placed", "", 2], ["placed", "in part: no date", 1]]
    assert "Of the placed rows 1 lost a part" in made.paragraph


def test_long_scores_and_wide_items_of_one_file_are_both_placed(tmp_path):
    head = "Patient ID,Submitted,Survey,Score," + ",".join(f"PHQ9_{n}" for n in range(1, 10))
    rows = ["1001,2024-01-03,GAD-7,11,3,3,2,2,1,1,1,0,0", "1002,2024-01-05,GAD-7,7,2,2,2,2,2,2,2,2,2"]
    made = import_changed(write_export(tmp_path / "export", scores="\n".join([head, *rows])), tmp_path)
    assert scores_of(made) == [("GAD-7", 7), ("GAD-7", 11), ("PHQ-9", 13), ("PHQ-9", 18)]


def test_a_column_that_a_form_renamed_fills_the_one_that_it_stands_for(tmp_path):
    renamed = "Patient ID,Submitted,GAD7 Total,GAD-7 Score (2024)\n1001,2024-01-03,11,\n1002,2024-01-05,-99,7\n"
    sexes = PATIENTS.replace("Sex\n", "Sex,Sex at birth\n").replace(",F\n", ",F,\n").replace(",Male\n", ",,Male\n")
    source = write_export(tmp_path / "export", scores=renamed, patients=sexes)
    assert draft_map(source).n_open == 0
    made = import_changed(source, tmp_path)
    assert scores_of(made) == [("GAD-7", 7), ("GAD-7", 11)]
    assert sorted(pd.read_csv(made.folder / "patients.csv")["sex"]) == ["female", "female", "male"]
    write_export(source, scores=renamed.replace("11,\n", "11,12\n"))
    expected = (
        "scores.csv, row 2: GAD-7 Score (2024): found 99; expected nothing where GAD7 Total is filled, or the same"
    )
    with pytest.raises(IntakeError) as caught:
        import_study(source, tmp_path / "map.toml", tmp_path / "other")
    assert expected in str(caught.value)
    wrong = ('column = "GAD7 Total"', 'column = "GAD7"')
    write_export(source, scores=renamed)
    assert "a column that is the same as none" in told(tmp_path, source, wrong)


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        ('{ is = "score", instrument = "PHQ-9" }', '{ is = "score" }', "score without instrument"),
        ('{ is = "score", instrument = "PHQ-9" }', '{ is = "answer" }', "answer without item_number"),
        ('[{ is = "sessions.kind" }, { is = "sessions.format" }]', '{ is = "sessions.format" }',
         "sessions.dose_mg without sessions.kind"),
        ('"Sex" = { is = "patients.sex"', '"Sex" = { is = "diagnoses.rank"',
         "diagnoses.rank without diagnoses.diagnosis"),
    ],
)  # fmt: skip
def test_a_role_without_what_it_needs_is_refused(tmp_path, was, now, expected):
    assert expected in told(tmp_path, write_export(tmp_path / "export"), (was, now))


def test_a_total_without_the_name_of_an_instrument_is_asked_for(tmp_path):
    source = write_export(tmp_path / "export", scores="Patient ID,Submitted,Total\n1001,2024-01-03,13\n")
    asked = [
        what for _, what in draft_map(source).open_lines if what.startswith("the total of which instrument? BDI-II")
    ]
    assert len(asked) == 1
    made = import_changed(source, tmp_path, ('is = "score", instrument = "?"', 'is = "score", instrument = "PHQ-9"'),
                    ('primary_instrument = "?"', 'primary_instrument = "PHQ-9"'))  # fmt: skip
    assert scores_of(made) == [("PHQ-9", 13)]


def test_a_german_export_in_windows_1252_with_decimal_commas_needs_no_line(tmp_path):
    source = tmp_path / "export"
    source.mkdir()
    files = {
        "Sitzungen": "Patienten-Nr;Sitzungsdatum;Art;Behandlungsform;Dosis (mg);Status\n"
        "11;08.01.2024;Ketaminsitzung;Einzeltherapie;62,50;erschienen\n"
        "12;09.01.2024;Ketaminsitzung;Einzeltherapie;80,00;nicht erschienen\n"
        "12;10.01.2024;Ketaminsitzung;Einzeltherapie;80,00;erschienen\n",
        "Fragebogen": "Patienten-Nr;Datum;Fragebogen;Summenscore\n11;03.01.2024;GAD-7;11,0\n12;03.01.2024;GAD-7;7,0\n",
        "PHQ-9": "Übersicht;;\nPatienten-Nr;Datum;" + ";".join(f"Frage {n}" for n in range(1, 10)) + ";Summe\n"
        "11;03.01.2024;1;1;1;1;1;1;1;1;1;9\n",
    }  # fmt: skip
    for name, text in files.items():
        (source / f"{name}.csv").write_bytes(text.encode("cp1252"))
    assert draft_map(source).n_open == 0
    made = import_changed(source, tmp_path)
    assert scores_of(made) == [("GAD-7", 7), ("GAD-7", 11), ("PHQ-9", 9)]
    assert sorted(pd.read_csv(made.folder / "sessions.csv")["dose_mg"]) == [62.5, 80, 80]


def test_a_line_with_a_comma_too_many_is_a_problem_and_a_column_without_a_name_is_told(tmp_path):
    shifted = "Patient ID,Date,PHQ9 Total\n1001,2024-01-03,13\n1002,2024-01-05,5,5\n1003,2024-01-06,9\n"
    source = write_export(tmp_path / "export", scores=shifted)
    assert "scores.csv, row 3: found a line with more values than the header" in told(tmp_path, source)
    unnamed = "Patient ID,Date,PHQ9 Total\n1001,2024-01-03,13,late\n1002,2024-01-05,5,late\n1003,2024-01-06,9\n"
    made = import_changed(write_export(tmp_path / "export", scores=unnamed), tmp_path)
    assert ("scores.csv", "column 4") in set(zip(made.not_placed["file"], made.not_placed["column"], strict=True))
    assert scores_of(made) == [("PHQ-9", 5), ("PHQ-9", 9), ("PHQ-9", 13)]


def test_keys_that_became_decimals_are_those_of_the_other_files(tmp_path):
    scores = "Patient ID,Date,PHQ9 Total\n1001.0,2024-01-03,13\n1002.0,2024-01-05,5\n1003.0,2024-01-06,9\n"
    assert scores_of(import_changed(write_export(tmp_path / "export", scores=scores), tmp_path)) == [
        ("PHQ-9", 5), ("PHQ-9", 9), ("PHQ-9", 13),
    ]  # fmt: skip


def test_a_file_whose_patients_are_in_no_other_file_is_told(tmp_path):
    asked = "No patient of scores.csv has a ketamine session: are the ids there those of the other files?"
    scores = "Patient ID,Date,PHQ9 Total\nA1,2024-01-03,13\nA2,2024-01-05,5\n"
    more = "Patient ID,Date,GAD7 Total\n1001,2024-01-03,13\n"
    source = write_export(tmp_path / "export", scores=scores)
    assert asked in told(tmp_path, source)
    assert asked in import_changed(write_export(source, scores=scores, more=more), tmp_path).paragraph


def test_an_import_without_any_score_ends_in_one_error_and_writes_nothing(tmp_path):
    """It said 0 assessments, made a folder and ended well."""
    scores = "Patient ID,Date,Mood\n1001,2024-01-03,13\n"
    source = write_export(tmp_path / "export", scores=scores)
    said = told(tmp_path, source, ('primary_instrument = "?"', 'primary_instrument = "PHQ-9"'))
    assert said.startswith(
        "export was not imported: found no score and no answer of a patient with a day 0, so nothing was written; "
        "expected columns that the map takes for scores or items. What became of the rows: sessions.csv: 5 placed; "
    )
    assert "scores.csv: 1 left out, nothing in the columns that are placed" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export", "map.toml"]


def test_nine_days_before_the_first_session_is_a_day_and_a_missing_score(tmp_path):
    scores = "Patient ID,Day,PHQ9 Total\n1001,-9,13\n1001,-12,-9\n1002,-9,5\n1003,-99,7\n"
    source = write_export(tmp_path / "export", scores=scores)
    asked = draft_map(source).open_lines
    assert len(asked) == 1 and asked[0][1].startswith("the day itself, or")
    made = import_changed(source, tmp_path, ('"-99" = "?"', '"-99" = ""'))
    days = pd.read_csv(made.folder / "assessments.csv")[["day", "score"]].to_numpy().tolist()
    assert sorted(days) == [[-9, 5], [-9, 13]]


def test_appointments_that_are_not_held_yet_are_left_out_with_their_dates_in_the_future(tmp_path):
    sessions = """\
Patient ID,Date,Appointment type,Dose,Status
1001,01/08/2024,KAP Individual,80,Scheduled
1001,01/18/2024,KAP Individual,80,Completed
1001,01/18/2199,KAP Individual,,Scheduled
1002,01/18/2024,KAP Individual,80,Completed
1002,01/18/2199,KAP Individual,,Cancelled by client
"""
    source = write_export(tmp_path / "export", sessions=sessions)
    made = import_changed(source, tmp_path, ('"Scheduled" = "?"', '"Scheduled" = "drop"'))
    of = made.ledger[made.ledger["file"] == "sessions.csv"][["reason", "n_rows"]].to_numpy().tolist()
    assert of == [
        ["", 2],
        ["an appointment whose status the map drops", 2],
        ["an appointment in the future that was called off", 1],
    ]
    assert pd.read_csv(made.folder / "sessions.csv")["day"].tolist() == [0, 0]


def test_a_dose_per_kilogram_is_multiplied_by_the_weight_of_its_row(tmp_path):
    sessions = """\
Patient ID,Date,Appointment type,Dose,Weight
1001,01/18/2024,KAP Individual,0.5 mg/kg,160 lb
1002,01/18/2024,KAP Individual,1.0 mg/kg (80 mg),75
1003,01/18/2024,KAP Individual,0.5 mg/kg,
"""
    source = write_export(tmp_path / "export", sessions=sessions)
    assert "sessions.csv, row 4: Dose: found 9.9 aa/aa; expected a dose in mg" in told(tmp_path, source)
    made = import_changed(write_export(source, sessions=sessions.replace("kg,\n", "kg,70\n")), tmp_path)
    assert sorted(pd.read_csv(made.folder / "sessions.csv")["dose_mg"]) == [35, 36.3, 80]


def test_a_birth_in_31_was_in_1931(tmp_path):
    patients = "Patient ID,Date of Birth\n1001,12/13/31\n1002,12/13/85\n"
    made = import_changed(write_export(tmp_path / "export", patients=patients), tmp_path)
    assert sorted(pd.read_csv(made.folder / "patients.csv")["age"].dropna()) == [38, 90]


def test_a_total_among_the_answers_is_a_score(tmp_path):
    rows = [f"1001,2024-01-03,PHQ-9,PHQ-9 item {n},{n % 3}" for n in range(1, 10)]
    rows += ["1001,2024-01-03,PHQ-9,PHQ-9 Total (9 items),9", "1002,2024-01-03,BDI-II,Total,31"]
    source = write_export(tmp_path / "export", scores="\n".join(["Patient ID,Date,Scale,Item,Response", *rows]))
    assert scores_of(import_changed(source, tmp_path)) == [("BDI-II", 31), ("PHQ-9", 9)]


def test_pounds_are_known_by_the_name_or_asked_for_by_the_size(tmp_path):
    rows = "1001,2024-01-18,KAP Individual,IM,176\n1002,2024-01-18,KAP Individual,IM,154\n"
    sessions = f"Patient ID,Date,Type,Route,Weight (lbs)\n{rows}"
    source = write_export(tmp_path / "export", sessions=sessions)
    made = import_changed(source, tmp_path)
    assert sorted(pd.read_csv(made.folder / "sessions.csv")["weight_kg"]) == [69.9, 79.8]
    write_export(source, sessions=sessions.replace(" (lbs)", ""))
    assert [text.split("?")[0] for _, text in draft_map(source).open_lines] == ["kg or lb"]
    write_export(source, sessions=sessions.replace(" (lbs)", "").replace("176", "76").replace("154", "64"))
    assert draft_map(source).n_open == 0
    assert "the unit 'pounds'; expected one of kg, lb" in told(
        tmp_path, source, ('{ is = "sessions.weight_kg" }', '{ is = "sessions.weight_kg", unit = "pounds" }')
    )


def test_patients_of_two_practices_at_one_hour_are_two_groups(tmp_path):
    sessions = "Patient ID,Start,Type,Dose\n" + "".join(
        f"{n},2024-01-18 09:30,KAP Group,80\n" for n in (1001, 1002, 1003, 1004)
    )
    patients = "Patient ID,Practice\n1001,North\n1002,North\n1003,South\n1004,South\n"
    source = write_export(tmp_path / "export", sessions=sessions, patients=patients)
    made = import_changed(source, tmp_path)
    assert sorted(pd.read_csv(made.folder / "sessions.csv")["cohort_id"].value_counts()) == [2, 2]
    write_export(source, sessions=sessions.replace(" 09:30", ""))
    assert [text.split(".")[0] for _, text in draft_map(source).open_lines] == ["no time of day is told"]


def test_a_word_for_missing_that_says_something_of_an_appointment_or_a_consent_is_listed(tmp_path):
    sessions = """\
Patient ID,Date,Appointment type,Status
1001,01/08/2024,KAP Individual,Declined
1001,01/18/2024,KAP Individual,Completed
1002,01/18/2024,KAP Individual,Not completed
1003,01/18/2024,KAP Individual,N/A
"""
    patients = (
        "Patient ID,Research consent,Prior suicide attempt\n1001,Declined,None\n1002,Yes,Yes\n1003,Unknown,Unknown\n"
    )
    source = write_export(tmp_path / "export", sessions=sessions, patients=patients)
    assert len(draft_map(source).open_lines) == 2
    made = import_changed(source,
        tmp_path, ('"Declined" = "?"', '"Declined" = "cancelled"'),
        ('"Not completed" = "?"', '"Not completed" = "stopped_early"'),
    )  # fmt: skip
    told = pd.read_csv(made.folder / "sessions.csv", keep_default_na=False)[["day", "status"]].to_numpy().tolist()
    assert sorted(told) == [[-10, "cancelled"], [0, ""], [0, "attended"], [0, "stopped_early"]]
    people = pd.read_csv(made.folder / "patients.csv", keep_default_na=False)
    assert sorted(people["research_consent"]) == ["", "no", "yes"]
    assert sorted(people["prior_suicide_attempt"]) == ["", "no", "yes"]


def test_a_date_of_the_row_does_not_date_the_visits_that_have_a_day(tmp_path):
    source = tmp_path / "wide.csv"
    source.write_text(
        "ID,Format,Dose 1 date,Chart opened,Baseline date,Baseline PHQ-9,Month 1 PHQ-9,Month 3 PHQ-9,Month 3 date\n"
        "1,individual,01/24/2024,12/28/2023,01/20/2024,18,9,7,04/22/2024\n"
        "2,individual,01/25/2024,12/28/2023,01/21/2024,17,9,8,04/23/2024\n"
    )
    made = import_changed(source, tmp_path)
    told = pd.read_csv(made.folder / "assessments.csv")[["day", "score"]].to_numpy().tolist()
    assert sorted(told) == [[-4, 17], [-4, 18], [30, 9], [30, 9], [89, 7], [89, 8]]


def test_the_days_of_several_visits_are_asked_for_where_one_date_is_of_the_row(tmp_path):
    source = tmp_path / "wide.csv"
    source.write_text("ID,Format,Dose 1 date,Chart opened,PHQ9_t1,PHQ9_t2\n1,individual,2024-01-24,2024-01-02,18,9\n")
    assert [text.split(",")[0] for _, text in draft_map(source).open_lines] == [
        "the study day of t1", "the study day of t2",
    ]  # fmt: skip


def test_a_column_that_names_instruments_may_name_one_itself(tmp_path):
    scores = "Patient ID,Date,Scale,Score\n1001,2024-01-03,PHQ-9,13\n1002,2024-01-05,PHQ-9,5\n"
    source = write_export(tmp_path / "export", scores=scores)
    change = ('{ is = "instrument", ', '{ is = "instrument", instrument = "PHQ-9", ')
    assert scores_of(import_changed(source, tmp_path, change)) == [("PHQ-9", 5), ("PHQ-9", 13)]


def test_a_status_whose_name_is_one_word_is_not_dropped(tmp_path):
    """Cancelled appointments counted as held, and the first of them became day 0."""
    sessions = "patientid,apptdate,appttype,apptstatus\n1001,01/21/2025,KAP INDIV DOSE,x - Cancelled\n"
    sessions += "1001,02/21/2025,KAP INDIV DOSE,4 - Charge Entered\n"
    scores = "patientid,Date,PHQ9 Total\n1001,01/20/2025,13\n"
    source = write_export(tmp_path / "export", sessions=sessions, scores=scores, patients="patientid,Age\n1001,40\n")
    assert [text.split(":")[0] for _, text in draft_map(source).open_lines] == ["the value of each ?"]
    known = ('"4 - Charge Entered" = "?"', '"4 - Charge Entered" = "attended"')
    made = import_changed(source, tmp_path, known)
    assert pd.read_csv(made.folder / "assessments.csv")["day"].tolist() == [-32]


def test_a_column_of_visits_that_names_the_kinds_of_sessions_says_them(tmp_path):
    """Every row was a ketamine session, questionnaires among them, and day 0 was that of the first questionnaire."""
    log = "Patient ID,Date,Visit,Format,Dose mg,Status,PHQ-9\n"
    log += "501,2025-01-15,Questionnaires,Group,,,12\n501,2025-01-20,Ketamine,Group,75,Attended,\n"
    log += "501,2025-02-15,Integration,Group,,Attended,\n501,2025-02-20,Questionnaires,Group,,,8\n"
    source = tmp_path / "export"
    source.mkdir()
    (source / "log.csv").write_text(log, encoding="utf-8")
    asked = [line for _, line in draft_map(source).open_lines]
    assert any("the value of each ?: preparation, ketamine, integration" in line for line in asked)
    made = import_changed(
        source, tmp_path, ('"Questionnaires" = "?"', '"Questionnaires" = ""'), ('cohorts = "?"', 'cohorts = "none"')
    )
    assert pd.read_csv(made.folder / "sessions.csv")["kind"].tolist() == ["ketamine", "integration"]
    assert pd.read_csv(made.folder / "assessments.csv")["day"].tolist() == [-5, 31]


def test_an_answer_to_the_question_after_the_items_is_left_out_with_its_reason(tmp_path):
    """Each was a problem, and nothing in a map could say what it is."""
    rows = [f"1001,2024-01-03,PHQ-9,{n},{n % 3}" for n in range(1, 11)]
    rows += [f"1002,2024-01-03,GAD-7,{n},2" for n in range(1, 9)]
    source = write_export(tmp_path / "export", scores="\n".join(["Patient ID,Date,Scale,Item,Response", *rows]))
    made = import_changed(source, tmp_path)
    assert scores_of(made) == [("GAD-7", 14), ("PHQ-9", 9)]
    ledger = made.ledger[made.ledger["file"] == "scores.csv"][["reason", "n_rows"]].to_numpy().tolist()
    assert ledger == [["", 16], ["a question after the items, which is no part of the score", 2]]


ITEM_9 = """\
Patient ID,Date,PHQ-9 Total,PHQ-9 Item 9
1001,2024-01-03,13,1
1001,2024-02-03,9,0
1002,2024-01-05,18,3
"""


def test_a_total_beside_one_item_of_its_questionnaire_counts_and_the_item_is_kept(tmp_path):
    made = import_changed(write_export(tmp_path / "export", scores=ITEM_9), tmp_path)
    assert scores_of(made) == [("PHQ-9", 9), ("PHQ-9", 13), ("PHQ-9", 18)]
    items = pd.read_csv(made.folder / "items.csv")
    assert sorted(items["answer"]) == [0, 1, 3] and set(items["item"]) == {9}
    assert made.disagreements.empty and "items" not in made.paragraph


def test_one_item_without_a_total_is_no_score_of_the_main_question(tmp_path):
    scores = ITEM_9.replace(",13,", ",,").replace(",9,0", ",,0").replace(",18,", ",,")
    made = import_changed(write_export(tmp_path / "export", scores=scores), tmp_path)
    answers = made.check.answers.set_index("question")
    assert answers.loc["change"].tolist() == [False, "there is no PHQ-9 score in the baseline window"]


def test_a_total_that_nothing_was_compared_with_is_said_to_be_not_used(tmp_path):
    items = ",".join(f"PHQ-9 Item {n}" for n in range(1, 10))
    rows = ("1001,2024-01-03,13,1,1,1,1,1,1,1,1,", "1002,2024-01-05,18,2,2,2,2,2,2,2,2,1", "")
    scores = "\n".join((f"Patient ID,Date,PHQ-9 Total,{items}", *rows))
    made = import_changed(write_export(tmp_path / "export", scores=scores), tmp_path)
    assert "1 total was not used: the items beside are not all answered" in made.paragraph
    assert "1 total did not agree with the items" in made.paragraph
