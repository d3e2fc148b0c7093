"""Identifiers of persons stop the load, in values and in codes, and are not repeated in full."""

import pytest

from kap_analysis.study.contract.identifiers import identifier_kinds, is_identifying_name
from kap_analysis.study.load import check_study
from tests.study.small_study import (
    ASSESSMENTS,
    COHORTS,
    FILES,
    PATIENTS,
    SESSIONS,
    SETTINGS,
    lines_of,
    write_small_study,
)
from tests.sweeps import few_fast

PLANTED = [
    "John Smith",
    "Smith_John",
    "O'Brien, Patrick",
    "SMITH, JOHN",
    "john smith",
    "JohnSmith",
    "Łucja Żak",
    "Xu, Wei",
    "Иван Петров",
    "Dr. Smith",
    "J. Smith",
    "4155552671",
    "(415) 555-2671",
    "+1 415 555 0134",
    "20240105",
    "1961-02-03",
    "14.03.1985",
    "05JAN2024",
    "123-45-6789",
    "MRN 1234567",
    "jo@example.org",
    "12 Main Street",
    "https://example.org/x",
    "4111 1111 1111 1111",
]
CODES = [
    "B",
    "F1",
    "G01",
    "A-G01",
    "P001-1",
    "KAP-0001",
    "2025-Q3",
    "12345-0001",
    "1001-01-01",
    "AB-12-CD",
    "000123456",
    "v2.1",
]
LABELS = [
    *CODES,
    "North",
    "River Clinic",
    "Site A",
    "Past Month",
    "Blue Cross",
    "Medicaid",
    "St. Mary Clinic",
    "Portland",
    "Cash",
]
SENTENCES = [
    "Group and individual KAP in three practices",
    "Agreed by the steering group before the data were seen",
    "Grace Hospital Ketamine Study",
    "Beck Depression Inventory",
    "month 3",
    "the practice's own scale",
]
HEADERS = [
    "name",
    "pt_name",
    "name_last",
    "NameFirst",
    "contact_email",
    "E-Mail",
    "phone1",
    "home_phone_number",
    "Geburtstag",
    "dob",
    "dateOfBirth",
    "place of birth",
    "MRN",
    "chart_no",
    "medical_record_id",
    "zip code",
    "next_of_kin_phone",
    "pt initials",
]
OTHER_HEADERS = [
    "record_id",
    "study_id",
    "payer",
    "instrument_name",
    "drug_name",
    "email_consent",
    "telephone_minutes",
    "mobile_app",
    "notes",
    "provider",
    "birth_year",
]


@pytest.mark.parametrize("place", ["person", "code", "label"])
@pytest.mark.parametrize("value", PLANTED)
def test_a_planted_identifier_is_found_in_any_column(value, place):
    assert identifier_kinds([value], place)[0]


@pytest.mark.parametrize(
    ("place", "values"), [("person", CODES), ("code", CODES), ("label", LABELS), ("text", SENTENCES)]
)
def test_codes_labels_and_sentences_are_no_identifiers(place, values):
    assert dict(zip(values, identifier_kinds(values, place), strict=True)) == dict.fromkeys(values, "")


def test_names_of_columns():
    assert [name for name in HEADERS if not is_identifying_name(name)] == []
    assert [name for name in OTHER_HEADERS if is_identifying_name(name)] == []


def _planted(value):
    """The small study with a value at each place where a text can stand."""
    cell, text = f'"{value}"', f'"{value}"'
    extra = '[extra_columns]\npatients = ["payer"]\n'
    own = '[[instrument]]\nname = "X"\ntotal_range = [0, 40]\nhigher_is_better = true\n'
    band = own + f"bands = [{{ label = {text}, low = 0, high = 40 }}]\n"
    free = SETTINGS.replace('practices = ["A", "B"]\n', "")
    return {
        "practice": {"patients.csv": PATIENTS.replace("P04,B", f"P04,{cell}"), "study.toml": free},
        "practice of study.toml": {"study.toml": SETTINGS.replace('"B"]', f'"B", {text}]')},
        "version": {"assessments.csv": ASSESSMENTS.replace("rater,", "version,").replace("self", cell)},
        "cohort": {"sessions.csv": SESSIONS.replace(",G1,", f",{cell},"), "cohorts.csv": COHORTS.replace("G1", cell)},
        "facilitators": {"sessions.csv": SESSIONS.replace(",F3,", f',"F3;{value}",')},
        "session": {"sessions.csv": SESSIONS.replace("P03-1", cell)},
        "extra column": {
            "patients.csv": PATIENTS.replace("start_period", "payer").replace("2025-Q3", cell),
            "study.toml": SETTINGS + extra,
        },
        "number": {"patients.csv": PATIENTS.replace("41", cell)},
        "level": {"patients.csv": PATIENTS.replace("female", cell)},
        "instrument": {"assessments.csv": ASSESSMENTS.replace("HAM-A", cell)},
        "title": {"study.toml": SETTINGS.replace("A small study", f"A study of {value}")},
        "margin": {"study.toml": SETTINGS + f'[margin]\npoints = 3\nsource = "Agreed by {value}"\n'},
        "visit": {"study.toml": SETTINGS + f"[[visits]]\nlabel = {text}\ntarget_day = 90\nwindow = [80, 100]\n"},
        "band": {"study.toml": SETTINGS + band},
        "key": {"study.toml": SETTINGS + f"{text} = 1\n"},
        "header": {"patients.csv": PATIENTS.replace("start_period", cell)},
        "file": {f"{value}.csv": "a\n1\n"},
    }


@pytest.mark.parametrize(
    "value", few_fast(["John Smith", "O'Brien, Patrick", "jo@example.org", "123-45-6789"], ["O'Brien, Patrick"])
)
def test_an_identifier_stops_the_load_wherever_it_stands_and_is_never_quoted(tmp_path, value):
    for place, changed in _planted(value).items():
        check = check_study(write_small_study(tmp_path / place / "study", changed))
        assert not check.ok, place
        assert value not in " ".join((*check.lines(), *check.notes)), place


def test_the_name_of_the_folder_stops_the_load(tmp_path):
    check = check_study(write_small_study(tmp_path / "Smith_John"))
    assert check.lines() == (
        "the folder: found a name that looks like a person's name; expected a name that tells of no person.",
    )


def test_study_toml_can_say_that_a_column_holds_no_names(tmp_path):
    cohorts = {
        "cohorts.csv": COHORTS.replace("G1,", "Martha Vale,"),
        "sessions.csv": SESSIONS.replace(",G1,", ",Martha Vale,"),
    }
    assert len(lines_of(tmp_path / "unsaid", cohorts)) > 0
    said = '[not_names]\ncohorts = ["cohort_id"]\nsessions = ["cohort_id"]\nstudy = ["title"]\n'
    settings = SETTINGS.replace("A small study", "The John Smith Trust study") + said
    check = check_study(write_small_study(tmp_path / "said" / "study", {**cohorts, "study.toml": settings}))
    assert check.ok
    assert check.study.cohorts["cohort_id"].tolist() == ["Martha Vale", "G2"]


def test_a_word_among_numbered_codes_is_no_code_of_a_patient(tmp_path):
    files = {file: text.replace("P04,", "okonkwo,") for file, text in FILES.items()}
    assert any("which looks like a person's name" in line for line in lines_of(tmp_path, files))


def test_identifiers_in_a_column_that_is_not_loaded_are_counted_and_not_repeated(tmp_path):
    text = PATIENTS.replace("patient_id,", "patient_id,remark,")
    text = text.replace("007,A", "007,jo.doe@example.org,A").replace("P02,A", "P02,,A").replace("P03,A", "P03,,A")
    text = text.replace("P04,B", "P04,,B").replace("P05,B", "P05,,B").replace("P06,B", "P06,,B")
    check = check_study(write_small_study(tmp_path / "study", {"patients.csv": text}))
    assert check.ok
    assert check.notes[-1] == (
        "patients.csv: a column that is not loaded holds what looks like identifiers or free text: remark (an e-mail "
        "address: 1). Delete them from the file."
    )


@pytest.mark.parametrize("name", ["Jo Doe", "Doe, Jo", "Joanna", "Łucja Żak"])
def test_a_name_is_not_a_patient_code(tmp_path, name):
    files = {file: text.replace("P04,", f'"{name}",') for file, text in FILES.items()}
    lines = lines_of(tmp_path, files)
    assert any("which looks like a person's name (if it is none: [not_names]" in line for line in lines)
    assert not any(name in line for line in lines)
