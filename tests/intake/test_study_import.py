"""From an export to a study folder: what is placed, what is left out, what stops, and what never passes."""

import stat
from pathlib import Path

import pandas as pd
import pytest
from pyreadstat import write_sav

import kap_analysis as kap
from kap_analysis.errors import IntakeError
from kap_analysis.intake.draft import draft_map
from kap_analysis.intake.study_import import import_study
from tests.intake.small_export import PATIENTS, SCORES, SECRETS, SESSIONS, write_export


def imported(folder: Path, source: Path, text: str | None = None, out: str = "study"):
    draft = draft_map(source).text if text is None else text
    (folder / "map.toml").write_text(draft, encoding="utf-8")
    return import_study(source, folder / "map.toml", folder / out)


def files_in(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def test_a_folder_of_files_becomes_a_study_without_a_line_to_fill(tmp_path):
    source = write_export(tmp_path / "export")
    assert draft_map(source).n_open == 0
    made = imported(tmp_path, source)
    study = kap.load_study(made.folder)
    assert (len(study.patients), len(study.sessions), len(study.assessments)) == (3, 5, 4)
    codes = pd.read_csv(tmp_path / "study.crosswalk.csv", dtype=str).set_index(["kind", "source"])["code"]
    first = codes["patient", "1001"]
    assert study.assessments.loc[study.assessments["patient_id"] == first, "day"].tolist() == [-5, 43]
    assert sorted(study.patients["age"]) == [33, 38, 90]
    assert study.sessions["dose_mg"].tolist().count(80) == 2
    assert set(study.sessions["route"].dropna()) == {"IM", "SL"}
    assert study.sessions["cohort_id"].dropna().nunique() == 1
    assert made.n_without_time_zero == 1


def test_every_row_is_accounted_for(tmp_path):
    made = imported(tmp_path, write_export(tmp_path / "export"))
    assert made.ledger.groupby("file")["n_rows"].sum().to_dict() == {
        "patients.csv": 4, "scores.csv": 6, "sessions.csv": 6,
    }  # fmt: skip
    left = made.ledger[made.ledger["fate"] == "left out"]
    assert sorted(left["reason"]) == ["no patient id", *["patient without an attended ketamine session"] * 3]
    assert set(made.not_placed["column"]) == {"First Name", "Email"}


def test_totals_are_held_to_their_items_and_items_count(tmp_path):
    made = imported(tmp_path, write_export(tmp_path / "export"))
    assert made.disagreements[["row", "total", "of_items"]].iloc[0].tolist() == [4, 19, 18]
    scores = kap.load_study(made.folder).assessments["score"]
    assert sorted(scores.dropna()) == [5, 13, 18]


def test_nothing_of_a_patient_passes(tmp_path):
    source = write_export(tmp_path / "export")
    made = imported(tmp_path, source)
    written = b"\n".join(files_in(made.folder).values()).decode() + made.paragraph + made.ledger.to_csv()
    assert [secret for secret in SECRETS if secret in written] == []
    assert [secret for secret in SECRETS[:5] if secret in (tmp_path / "map.toml").read_text(encoding="utf-8")] == []
    assert stat.S_IMODE((tmp_path / "study.crosswalk.csv").stat().st_mode) == 0o600


@pytest.mark.slow
def test_the_same_source_gives_the_same_bytes_from_csv_spss_and_long_or_wide(tmp_path):
    source = write_export(tmp_path / "csv")
    first = imported(tmp_path, source, out="one")
    again = imported(tmp_path, source, out="two")
    assert files_in(first.folder) == files_in(again.folder)
    spss = tmp_path / "spss"
    spss.mkdir()
    for name in ("patients", "sessions", "scores"):
        frame = pd.read_csv(source / f"{name}.csv", dtype=str, keep_default_na=False)
        names = {column: column.replace(" ", "_") for column in frame}
        write_sav(frame.rename(columns=names), str(spss / f"{name}.sav"))
    assert files_in(imported(tmp_path, spss, out="three").folder) == files_in(first.folder)
    rows = pd.read_csv(source / "scores.csv", dtype=str, keep_default_na=False).query("`Patient ID` != ''")
    long = rows.melt(["Patient ID", "Submitted", "PHQ9 Total"], var_name="Question", value_name="Response")
    long["Survey"] = "PHQ-9"
    long["Question"] = long["Question"].str.replace("PHQ9_", "Q")
    other = write_export(
        tmp_path / "long", scores=long.rename(columns={"PHQ9 Total": "Total Score"}).to_csv(index=False)
    )
    assert files_in(imported(tmp_path, other, out="four").folder) == files_in(first.folder)


@pytest.mark.slow
def test_a_later_export_updates_the_study_and_says_what_changed(tmp_path):
    source = write_export(tmp_path / "export")
    before = pd.read_csv(imported(tmp_path, source).folder / "patients.csv", dtype=str)
    new = SESSIONS + "1004,02/01/2024,KAP Individual Dosing,50,IM,,Completed\n"
    write_export(source, sessions=new, scores=SCORES.replace("1,1,1,1,1,0,0,0,0,5", "1,1,1,1,0,0,0,0,0,4"))
    made = imported(tmp_path, source)
    counts = made.changes.groupby(["table", "what"])["n_rows"].sum()
    assert (counts["patients", "new"], counts["assessments", "new"], counts["assessments", "changed"]) == (1, 1, 1)
    told = "1 new patient, 2 new sessions, 1 new assessment, 1 changed score (listed), none gone."
    assert f"Against the study before: {told}" in made.paragraph
    assert made.changed_scores[["day", "instrument", "was", "now"]].to_numpy().tolist() == [["43", "PHQ-9", "5", "4"]]
    after = pd.read_csv(made.folder / "patients.csv", dtype=str)
    assert set(before["patient_id"]) < set(after["patient_id"])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"scores": SCORES.replace("2,2,2,2,2,2,2,2,2,19", "2,2,2,2,2,2,2,2,7,19")}, "scores.csv, row 4: PHQ9_9"),
        pytest.param(
            {"scores": SCORES.replace("01/05/2024", "13/45/2024")},
            "scores.csv, row 4: Submitted",
            marks=pytest.mark.slow,
        ),
        ({"scores": SCORES + "1001,01/03/2024,3,3,2,2,1,1,1,0,1,14\n"}, "two answers for one patient, item and day"),
        pytest.param(
            {"sessions": SESSIONS.replace("Intramuscular", "Elbow")},
            "sessions.csv, row 4: Route: found Aaaaa",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"sessions": SESSIONS.replace("Route", "Way")}, "Route: found no such column", marks=pytest.mark.slow
        ),
        ({"patients": PATIENTS.replace("First Name", "Last Name")}, "not in the map"),
        pytest.param({"patients": PATIENTS.replace("1930", "2029")}, "Date of Birth", marks=pytest.mark.slow),
    ],
)
def test_what_is_wrong_is_told_with_file_row_and_column_and_the_study_stays(tmp_path, changed, message):
    source = write_export(tmp_path / "export")
    text = draft_map(source).text
    before = files_in(imported(tmp_path, source).folder)
    write_export(source, **changed)
    with pytest.raises(IntakeError) as caught:
        imported(tmp_path, source, text)
    assert message in str(caught.value)
    assert len(caught.value.problems)
    assert files_in(tmp_path / "study") == before
    assert {path.name for path in tmp_path.iterdir()} == {"export", "map.toml", "study", "study.crosswalk.csv"}


def test_an_unfinished_map_is_refused_line_by_line(tmp_path):
    source = write_export(
        tmp_path / "export", sessions=SESSIONS.replace("Group Session", "Session").replace("Individual ", "")
    )
    draft = draft_map(source)
    assert draft.n_open == 2
    with pytest.raises(IntakeError) as caught:
        imported(tmp_path, source, draft.text)
    assert [line.split(":")[0] for line in str(caught.value).splitlines()[1:]] == [
        f"map.toml, line {number}"
        for number, line in enumerate(draft.text.splitlines(), 1)
        if '"?"' in line.split("#")[0]
    ]


def test_dates_that_can_be_read_both_ways_are_a_question(tmp_path):
    source = write_export(tmp_path / "export", scores=SCORES.replace("/20/", "/02/").replace("/19/", "/09/"))
    assert 'order = "?"' in draft_map(source).text


def test_a_folder_that_no_import_made_is_left_alone(tmp_path):
    source = write_export(tmp_path / "export")
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "thesis.docx").write_text("mine", encoding="utf-8")
    with pytest.raises(IntakeError, match="that no import wrote"):
        imported(tmp_path, source)
    assert (tmp_path / "study" / "thesis.docx").read_text(encoding="utf-8") == "mine"


def test_identifiers_become_what_the_map_says(tmp_path):
    rows = [
        "ZIP,Moved,Birth",
        "03601,02/07/2024,01/09/1990",
        "94110,,03/30/1930",
        "94110-1234,01/22/2024,12/13/1985",
        ",,",
    ]
    patients = "\n".join(f"{a},{b}" for a, b in zip(PATIENTS.splitlines(), rows, strict=True)) + "\n"
    source = write_export(tmp_path / "export", patients=patients)
    became = {
        "ZIP": '{ is = "extra", name = "region", becomes = "three_digits" }',
        "Moved": '{ is = "extra", name = "moved", becomes = "day", order = "month_first" }',
        "Birth": '{ is = "extra", name = "decade", becomes = "age_group", order = "month_first" }',
    }
    lines = [line for line in draft_map(source).text.splitlines() if not any(f'"{name}" =' in line for name in became)]
    text = "\n".join(lines)
    at = text.index('"First Name" =')
    text = text[:at] + "".join(f'"{name}" = {said}\n' for name, said in became.items()) + text[at:]
    made = imported(tmp_path, source, text)
    found = kap.load_study(made.folder).patients.sort_values("age")
    assert found["region"].tolist() == ["ZIP 000", "ZIP 941", "ZIP 941"]
    assert found["moved"].tolist()[:2] == [30, 2]
    assert found["decade"].tolist() == ["30-39", "30-39", "90+"]
    assert not {"94110", "03601", "1985"} & set(
        b"".join(files_in(made.folder).values()).decode().replace(",", "\n").split()
    )


def test_a_key_of_the_export_says_nothing_of_the_code(tmp_path):
    """Of patients who differ in their practice only, whose key comes first is not seen in the codes."""

    def study_of(keys: str, name: str) -> dict[str, bytes]:
        sessions = [f"{key},2024-01-05,KAP Individual Dosing,80 mg,9" for key in keys]
        (tmp_path / name).mkdir()
        lines = [
            "Patient ID,Date,Type,Dose,PHQ9 Total,Site",
            *(f"{row},Site {n % 2}" for n, row in enumerate(sessions)),
        ]
        (tmp_path / name / "a.csv").write_text("\n".join(lines), encoding="utf-8")
        text = draft_map(tmp_path / name).text
        return files_in(imported(tmp_path, tmp_path / name, text, f"study {name}").folder)

    assert study_of("abcd", "one") == study_of("bdca", "two") == study_of("dcba", "three")


def test_blank_rows_sums_and_notes_of_a_spreadsheet_have_a_line_each(tmp_path):
    scores = SCORES + f"{',' * 11}\n{',' * 11}\n\nGesamt (n=5){',' * 11}\nPrinted by the front desk{',' * 11}\n"
    made = imported(tmp_path, write_export(tmp_path / "export", scores=scores))
    left = made.ledger[(made.ledger["file"] == "scores.csv") & (made.ledger["fate"] == "left out")]
    assert left.set_index("reason")["n_rows"].to_dict() == {
        "a row without any value": 2, "a line of totals": 1, "a note below the table": 1, "no patient id": 1,
        "patient without an attended ketamine session": 1,
    }  # fmt: skip
    assert made.n_patients == 3 and made.n_without_time_zero == 1
