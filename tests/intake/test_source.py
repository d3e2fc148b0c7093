"""Files as they come: encodings, delimiters, title lines, two header rows, and files that cannot be read."""

import pandas as pd
import pytest
from pyreadstat import write_dta, write_sav

from kap_analysis.errors import IntakeError
from kap_analysis.intake import source
from kap_analysis.intake.source import files_of, open_file

ROWS = [["ID", "Größe", "Note"], ["007", "1,5", "a;b"], ["008", "2,5", ""]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_every_encoding_and_delimiter_gives_the_same_table(tmp_path, encoding, delimiter):
    text = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in ROWS)
    file = tmp_path / "export.csv"
    file.write_bytes(text.encode(encoding))
    (table,) = open_file(file, "export.csv")
    assert table.columns == ("ID", "Größe", "Note")
    assert [table.cells[name].tolist() for name in table.columns] == [["007", "008"], ["1,5", "2,5"], ["a;b", ""]]
    assert table.lines.tolist() == [2, 3]


def test_title_lines_blank_lines_and_two_header_rows(tmp_path):
    file = tmp_path / "export.csv"
    file.write_text("Our tracker,,,\n\n,PHQ-9,,GAD-7,\nID,Q1,Q2,Q1,Q2\n\n7,1,2,3,0\n8,1,2,3,1\n", encoding="utf-8")
    (table,) = open_file(file, "export.csv")
    assert table.columns == ("ID", "PHQ-9 / Q1", "PHQ-9 / Q2", "GAD-7 / Q1", "GAD-7 / Q2")
    assert table.lines.tolist() == [6, 7]
    assert table.cells["GAD-7 / Q2"].tolist() == ["0", "1"]


@pytest.mark.parametrize(("ending", "write"), [("sav", write_sav), ("dta", write_dta)])
def test_statistical_files_keep_labels_dates_and_whole_numbers(tmp_path, ending, write):
    frame = pd.DataFrame({"id": [7.0, 8.0], "arm": [1, 2], "when": pd.to_datetime(["2024-01-08", "2024-02-01"])})
    file = tmp_path / f"export.{ending}"
    write(frame, str(file), variable_value_labels={"arm": {1: "individual", 2: "group"}})
    (table,) = open_file(file, file.name)
    assert table.cells["id"].tolist() == ["7", "8"]
    assert table.cells["when"].tolist() == ["2024-01-08", "2024-02-01"]
    assert table.labels["arm"] == {"1": "individual", "2": "group"}


@pytest.mark.parametrize(("name", "content"), [("a.csv", b""), ("a.xlsx", b"PK\x03\x04cut off"), ("a.sav", b"$FL2")])
def test_a_file_that_cannot_be_read_is_one_sentence_that_quotes_nothing(tmp_path, name, content):
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(IntakeError, match=rf"Found .*{name}"):
        open_file(file, name)


def test_a_source_that_is_not_there_or_holds_no_table(tmp_path):
    with pytest.raises(IntakeError, match="Found nothing at"):
        files_of(tmp_path / "absent")
    with pytest.raises(IntakeError, match=r"no file in .* that can be read"):
        files_of(tmp_path)


def test_cells_merged_downwards_hold_for_all_their_rows(tmp_path):
    """Only the first row of a patient had the id; the others were left out as rows without one."""
    xlsxwriter = pytest.importorskip("xlsxwriter")
    with xlsxwriter.Workbook(str(tmp_path / "log.xlsx")) as book:
        sheet = book.add_worksheet()
        sheet.merge_range(0, 0, 0, 2, "Log of the practice")
        sheet.merge_range(1, 0, 2, 0, "")
        for row, cells in enumerate((("Patient", "Date", "Dose"), ("", "", "(mg)"), ("7", "2024-01-08", "60"))):
            sheet.write_row(1 + row, 0, cells)
        sheet.merge_range(3, 0, 6, 0, "7")
        sheet.write_row(4, 1, ["2024-01-15", "80"])
        sheet.write_row(6, 1, ["2024-01-22", ""])
        sheet.write_row(7, 0, ["8", "2024-01-09", "50"])
    (table,) = open_file(tmp_path / "log.xlsx", "log.xlsx")
    assert table.cells["Patient"].tolist()[-4:] == ["7", "7", "7", "8"]
    assert table.cells["Dose"].tolist()[-4:] == ["60", "80", "", "50"] and table.n_blank == 1


def test_a_locked_workbook_says_so(tmp_path):
    file = tmp_path / "export.xlsx"
    file.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + b"\x00" * 600)
    with pytest.raises(IntakeError, match=r"export\.xlsx, which is locked with a password"):
        open_file(file, "export.xlsx")


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, monkeypatch):
    file = tmp_path / "export.csv"
    file.write_text("ID,Note\n7,a\n", encoding="utf-8")
    read = source._reader

    def written_to(ending):
        file.write_text("ID,Note\n7,a\n8,b\n", encoding="utf-8")
        return read(ending)

    monkeypatch.setattr(source, "_reader", written_to)
    with pytest.raises(IntakeError, match="changed while it was read"):
        open_file(file, "export.csv")


def test_bytes_that_say_utf_16_count_more_than_the_map(tmp_path):
    (tmp_path / "one.csv").write_bytes("Patient ID,PHQ9 Total\n1001,12\n".encode("utf-16"))
    (table,) = open_file(tmp_path / "one.csv", "one.csv", [{"encoding": "utf-8"}])
    assert table.columns == ("Patient ID", "PHQ9 Total")
    assert table.reading["encoding"] == "utf-16"


@pytest.mark.parametrize("content", [b"id,score\n1\x00,2\n", bytes(range(256)) * 9])
def test_bytes_that_are_no_text_are_refused(tmp_path, content):
    (tmp_path / "one.csv").write_bytes(content)
    with pytest.raises(IntakeError, match="bytes that are no text"):
        open_file(tmp_path / "one.csv", "one.csv")
