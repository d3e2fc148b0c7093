"""Of 200 planted identifiers of all 18 kinds none is in any byte of what an import or a check writes or says."""

import csv
import importlib
import io
import logging
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from kap_analysis.cli.main import app
from kap_analysis.errors import IntakeError
from kap_analysis.intake.deidentification import check_identifiers
from kap_analysis.intake.draft import draft_map
from kap_analysis.intake.identification.safe_harbor import KINDS
from kap_analysis.intake.identification.shown import shown_column, shown_file, shown_name
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.study_import import import_study
from kap_analysis.intake.values import pattern
from tests.intake.planted import identifiers, plant, plant_in_spss

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"


@pytest.fixture(scope="module")
def planted():
    return identifiers()


@pytest.fixture(scope="module")
def export(planted, tmp_path_factory):
    folder = plant(tmp_path_factory.mktemp("planted") / "export", planted)
    plant_in_spss(folder / "memos.sav", planted)
    sys.path.insert(0, str(EXAMPLES))
    write_workbook = importlib.import_module("small_workbook").write_workbook
    sys.path.remove(str(EXAMPLES))
    sheets = {texts[10][:31].replace(":", "").replace("/", " "): [["patient_id", "Mood"], [1001, 4]]
              for kind, texts in planted.items() if kind in "ADFGIJK"}  # fmt: skip
    write_workbook(folder / "book.xlsx", sheets)
    return folder


def leaked(text: str, planted) -> list[tuple[str, str]]:
    return [(kind, one) for kind, texts in planted.items() for one in texts if one in text]


def test_there_are_two_hundred_of_eighteen_kinds(planted):
    assert list(planted) == list(KINDS) and sum(map(len, planted.values())) == 200


def test_none_is_in_the_study_the_reports_the_logs_or_the_errors(export, planted, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    said = io.StringIO()

    def listen(done: int, steps: int, what: str) -> None:
        said.write(f"{what}\n")

    draft = draft_map(export, progress=listen)
    (tmp_path / "map.toml").write_text(draft.text, encoding="utf-8")
    made = import_study(export, tmp_path / "map.toml", tmp_path / "study", progress=listen)
    written = "".join(file.read_text(encoding="utf-8") for file in made.folder.iterdir())
    frames = (made.ledger, made.not_placed, made.disagreements, made.changes, draft.columns)
    reports = "".join(frame.to_csv() for frame in frames) + made.paragraph + draft.paragraph
    lines = [line for line in draft.text.splitlines() if not line.startswith('"')]  # without the names of columns
    short = "\n".join(line for line in lines if not line.startswith(("sheet", "file", "like")))
    with pytest.raises(IntakeError) as caught:
        # a map that names no planted column
        few = [line for line in draft.text.splitlines() if "Field" not in line and "Remark" not in line]
        (tmp_path / "few.toml").write_text("\n".join(few), encoding="utf-8")
        import_study(export, tmp_path / "few.toml", tmp_path / "other", progress=listen)
    errors = str(caught.value) + caught.value.problems.to_csv()
    assert "not in the map" in errors and not (tmp_path / "other").exists()
    for text in (written, reports, short, errors, said.getvalue(), caplog.text):
        assert leaked(text, planted) == []


def test_none_is_in_what_the_commands_print(export, planted, tmp_path):
    run = CliRunner()
    out = run.invoke(app, ["map", str(export), "--out", str(tmp_path / "map.toml")]).output
    out += run.invoke(app, ["deidentify", str(export), "--report"]).output
    out += run.invoke(
        app, ["import", str(export), "--map", str(tmp_path / "map.toml"), "--out", str(tmp_path / "s")]
    ).output
    assert "3 patients" in out and leaked(out, planted) == []


@pytest.fixture(scope="module")
def found_columns(export):
    return check_identifiers(export).found["column"].to_list()


@pytest.mark.parametrize("kind", list(KINDS))
def test_each_kind_is_caught_in_values_in_text_and_in_headers(found_columns, planted, kind):
    assert f"Field {kind}" in found_columns, "values"
    assert f"Remark {kind}" in found_columns, "free text"
    assert planted[kind][8] not in found_columns, "a header is masked"


def test_a_surname_alone_is_trusted_and_the_report_says_so(tmp_path):
    (tmp_path / "a.csv").write_text("id,mood\n1,calm\n2,baker\n3,tense\n", encoding="utf-8")
    checked = check_identifiers(tmp_path)
    why = checked.trusted.set_index("column").loc["mood", "why"]
    assert "surname alone" in why and "surname alone" in checked.paragraph


@pytest.mark.parametrize(
    "header",
    [
        "Policy no 684XK347833",
        "VIN 1HGCM82633A152948",
        "token 351e41b7a4ea35ab",
        "Card 4929 1834 0113",
        "Mrs. Jo Abernathy",
    ],
)
def test_a_header_that_is_an_identifier_is_masked(header):
    assert shown_name(header) == f"a column like {pattern(header)}"


@pytest.mark.parametrize(
    "header",
    ["Jan 2025", "Jan-Mar 2025", "Repeat Instance", "RecordedDate", "Recorded Date", "Response Language", "Heart Rate",
     "Blood Pressure", "Failed Medications", "Datum Der Sitzung", "Summe Gesamt", "Patienten Nummer"],
)  # fmt: skip
def test_a_month_and_words_of_exports_are_no_names_of_persons(header):
    assert shown_name(header) == header and shown_file(f"{header}.xlsx") == f"{header}.xlsx"


@pytest.mark.parametrize(
    "header", ["Kerensa Trelawney", "Trelawney, Kerensa", "PHQ-9 Kerensa Trelawney total", "Dr. Trelawney"]
)
def test_an_error_says_where_a_column_stands_whose_header_could_be_a_name(tmp_path, header):
    (tmp_path / "source").mkdir()
    rows = [["id", "date", "kind", header], ["1", "2024-01-05", "ketamine", "99"]]
    with (tmp_path / "source" / "a.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    text = draft_map(tmp_path / "source").text
    said = {"id": "patient_id", "date": "date", "kind": "sessions.kind"}
    lines = [f'"{name}" = {{ is = "{role}" }}' for name, role in said.items()]
    lines.append(f'"{header}" = {{ is = "score", instrument = "PHQ-9", keep = "a score" }}')
    head = text.split("[table.columns]")[0].replace('primary_instrument = "?"', 'primary_instrument = "PHQ-9"')
    head = head.replace('time_zero = "?"', 'time_zero = "listed"').replace('cohorts = "?"', 'cohorts = "none"')
    (tmp_path / "map.toml").write_text("\n".join([head, "[table.columns]", *lines]), encoding="utf-8")
    with pytest.raises(IntakeError) as caught:
        import_study(tmp_path / "source", tmp_path / "map.toml", tmp_path / "study")
    assert caught.value.problems["column"].to_list() == ["column D"]
    assert "Trelawney" not in str(caught.value) + caught.value.problems.to_csv()


def test_columns_are_lettered_as_a_spreadsheet_does():
    table = SourceTable("a.csv", "", {f"Kerensa Trelawney {n}": np.empty(0) for n in range(703)}, np.empty(0))
    assert [shown_column(table, table.columns[n]) for n in (0, 25, 26, 701, 702)] == [
        f"column {letters}" for letters in ("A", "Z", "AA", "ZZ", "AAA")
    ]


def test_a_name_among_other_words_of_a_file_is_masked_and_the_date_of_an_export_is_not():
    assert shown_file("Marguerite Ashgrove tracker.xlsx") == "'M…' (32 characters)"
    assert shown_file("Project_DATA_LABELS_2024-03-01_1205.csv") == "Project_DATA_LABELS_2024-03-01_1205.csv"
    assert shown_file("Outcomes Tracker New.xlsx") == "Outcomes Tracker New.xlsx"


def test_a_name_in_a_cell_of_a_closed_list_is_not_repeated_in_the_map(tmp_path):
    """A status or an answer that names a person stands in no map; the row is told, at the import as a pattern."""
    rows = [f"{n},2024-01-{10 + n},KAP Group,{status}" for n, status in enumerate(["Completed"] * 4 + ["Held over"], 1)]
    rows += ["7,2024-01-20,KAP Group,Kerensa Trelawney", "8,2024-01-21,KAP Morwenna Trelawney,No show"]
    rows += ["9,2024-01-22,KAP Group,MRN 12345678"] * 6
    (tmp_path / "a.csv").write_text("\n".join(["ID,Date,Type,Status", *rows]), encoding="utf-8")
    text = draft_map(tmp_path).text
    assert not any(word in text for word in ("Kerensa", "Morwenna", "Trelawney", "12345678"))
    assert '"Held over" = "?"' in text and "not repeated here (row 8)" in text and "(rows 7, 9, 10" in text
    text = (
        text.replace('cohorts = "?"', 'cohorts = "none"')
        .replace('"Held over" = "?"', '"Held over" = "cancelled"')
        .replace('= "?"  # decide: the inst', '= "PHQ-9" #')
    )
    (tmp_path / "map.toml").write_text(text, encoding="utf-8")
    with pytest.raises(IntakeError) as caught:
        import_study(tmp_path, tmp_path / "map.toml", tmp_path.with_name("study"))
    assert "a.csv, row 7: Status: found Aaaaaaa Aaaaaaaaa" in str(caught.value)
