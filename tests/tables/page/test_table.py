"""The table object and the files it writes."""

import csv
import io
import re
import shutil
import subprocess
import zipfile

import pandas as pd
import pytest
from pandas.errors import PyperclipException

import kap_analysis as kap
from kap_analysis.errors import TableError
from kap_analysis.tables.page import excel, word
from kap_analysis.tables.page.html import render_page
from kap_analysis.tables.page.latex import latex_text
from kap_analysis.tables.page.layout import Column, Layout, Spanner, label_column
from kap_analysis.tables.page.table import Table

NASTY = "<b>50% of_A & B</b> $x^2$ #1 ~ {y} \\ | \"q\" 'r' −1 ≤ β² ≥ — “é” [z] -- `code` 治"


@pytest.fixture
def nasty():
    cells = pd.DataFrame({"label": [NASTY, "=1+1"], "n": ["[1]", "*2*"], "where": ["one & only", "one & only"]})
    raw = pd.DataFrame({"name": [NASTY, "=1+1"], "n": [1 / 3, -2.0]})
    layout = Layout((label_column("A_b"), Column("n", "n<1")), (Spanner("S&T", ("n",)),), groups="where")
    return Table("nasty", NASTY, cells, layout, (NASTY,), raw, "SIMULATED")


def test_repr_is_one_line(every_table):
    assert repr(every_table["paired-change"]) == (
        "<Table paired-change: Scores at baseline and follow-up of patients who have both (2 rows, 7 columns)>"
    )
    assert all("\n" not in repr(table) for table in every_table.values())


def test_changes_are_copies(every_table):
    table = every_table["flow"]
    assert table.numbered("Table 1").heading == "Table 1. Participant flow by practice and format"
    assert table.stamped("PRIVATE").stamp == "PRIVATE"
    assert table.titled("Who was lost").title == "Who was lost"
    assert table.with_notes("One more.").notes == (*table.notes, "One more.")
    assert (table.number, table.stamp) == ("", "SIMULATED")


def test_html_shows_every_cell_once_escaped(nasty):
    shown = nasty.to_html()
    assert "<b>50%" not in shown
    assert "&lt;b&gt;50% of_A &amp; B&lt;/b&gt;" in shown
    text = re.sub(r"<[^>]+>", "", shown)
    assert "&amp;amp;" not in text
    assert "&amp;lt;" not in text
    assert nasty._repr_html_() == shown


def test_html_loads_nothing_and_names_no_colour_of_its_own(every_table, every_html):
    for table in every_table.values():
        page = render_page(table)
        assert not re.search(r"<(script|link|img|iframe)|@import|url\(|src=|href=", page), table.name
        style = re.search(r"<style>(.*?)</style>", every_html[table.name], re.DOTALL).group(1)
        assert "#" not in style, table.name
        assert page.count("<style>") == 2


def test_html_is_the_same_every_time_and_ids_come_from_the_name(every_table):
    table = every_table["baseline"]
    assert table.to_html() == table.to_html()
    assert 'id="kap-baseline"' in table.to_html()
    assert all(".kap-table" in line for line in _rules(table.to_html()))


def _rules(page):
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL).group(1)
    return [rule for rule in re.findall(r"([^{}]+)\{", style) if not rule.strip().startswith("@")]


def test_html_holds_every_cell(every_table, every_html):
    for table in every_table.values():
        text = re.sub(r"<[^>]+>", "\n", re.sub(r"<style>.*?</style>", "", every_html[table.name], flags=re.DOTALL))
        for row in table.row_groups()[0][1]:
            for cell in row:
                escaped = cell.strip().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
                assert escaped.replace("'", "&#x27;").replace('"', "&quot;") in text, (table.name, cell)


def test_markdown_keeps_every_row_on_one_line(nasty):
    text = nasty.to_markdown()
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 1 + 2
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 3 for line in lines)
    assert "<b>" not in text


def test_markdown_leaves_names_of_columns_and_formulas_as_they_are(nasty):
    cells = nasty.cells.assign(label=["score ~ primary_diagnosis", "_x_ ~~no~~ $y$"])
    text = Table("t", "t", cells, nasty.layout).to_markdown()
    assert "| score ~ primary_diagnosis " in text
    assert r"\_x\_ \~\~no\~\~ \$y\$" in text


def test_csv_is_unrounded_and_neutralised(nasty):
    rows = list(csv.reader(io.StringIO(nasty.to_csv())))
    assert rows[0] == ["name", "n"]
    assert float(rows[1][1]) == 1 / 3
    assert rows[2] == ["'=1+1", "-2.0"]


@pytest.mark.parametrize("text", ["=A1", "+1", "-1", "@x", " =A1", "\t=A1", "＝A1"])
def test_csv_neutralises_what_a_spreadsheet_would_run(nasty, text):
    frame = pd.DataFrame({text: [text]})
    table = Table("t", "t", nasty.cells, nasty.layout, (), frame)
    assert list(csv.reader(io.StringIO(table.to_csv()))) == [[f"'{text}"], [f"'{text}"]]


def test_latex_translates_what_pdflatex_refuses():
    assert latex_text("−1 ≤ β² ≥") == r"$-$1 $\leq$ $\beta$\textsuperscript{2} $\geq$"
    assert latex_text("a_b & 5%") == r"a\_b \& 5\%"
    assert latex_text("a--b") == "a-{}-b"
    assert latex_text("治") == "{[}U+6CBB{]}"
    assert latex_text("") == ""
    assert latex_text("ﬁ") == "fi"


def test_latex_is_ascii_and_latin_letters_only(every_table):
    for table in every_table.values():
        odd = {sign for sign in table.to_latex(document=True) if ord(sign) > 0x17F}
        assert not odd, (table.name, odd)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles_alone_and_inside_a_document(nasty, tmp_path):
    (alone,) = nasty.save(tmp_path, "alone", ("tex",))
    assert _pdflatex(alone).exists()
    around = tmp_path / "around.tex"
    packages = r"\usepackage[T1]{fontenc}\usepackage{booktabs,array,longtable}"
    around.write_text(
        rf"\documentclass{{article}}{packages}\begin{{document}}Before.\input{{alone}}After.\end{{document}}"
    )
    log = _pdflatex(around).with_suffix(".log").read_text(encoding="latin-1")
    assert "Output written" in log


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_alone_carries_the_number_and_breaks_a_long_table_with_its_notes(every_table, tmp_path):
    long = every_table["checklist"].numbered("Table 14")
    text = long.to_latex(document=True)
    assert r"\setcounter{table}{13}" in text
    assert r"\begin{longtable}" in text
    assert r"\setcounter{table}" not in every_table["flow"].numbered("Supplement A").to_latex(document=True)
    (path,) = long.save(tmp_path, "long", ("tex",))
    log = _pdflatex(path).with_suffix(".log").read_text(encoding="latin-1")
    assert "(2 pages" in log
    noted = every_table["flow"].with_notes(*["A sentence below the table."] * 40)
    assert r"\begin{longtable}" in noted.to_latex()
    assert r"\begin{longtable}" not in every_table["flow"].to_latex()


def _pdflatex(path):
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", path.name]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode("latin-1")[-1500:]
    return path.with_suffix(".pdf")


def test_word_holds_a_real_table_with_every_cell(every_table, tmp_path):
    docx = pytest.importorskip("docx")
    table = every_table["baseline"]
    document = docx.Document(str(table.to_docx(tmp_path / "baseline.docx")))
    (grid,) = document.tables
    assert len(grid.columns) == len(table.layout.columns)
    assert len(grid.rows) == 2 + len(table.cells)
    written = [[cell.text for cell in row.cells] for row in grid.rows[2:]]
    assert written == [list(row) for row in table.row_groups()[0][1]]
    assert [document.paragraphs[0].text, document.paragraphs[0].style.name] == [
        "SIMULATED  Patients at the start, by format",
        "Caption",
    ]
    assert document.core_properties.author == "kap_analysis"


def test_several_tables_stand_in_one_word_file_each_on_a_page_of_its_own(every_table, tmp_path):
    docx = pytest.importorskip("docx")
    tables = [every_table[name] for name in ("baseline", "sensitivity", "flow")]
    path = kap.tables.write_word(tables, tmp_path / "all.docx")
    document = docx.Document(str(path))
    assert [len(grid.columns) for grid in document.tables] == [len(table.layout.columns) for table in tables]
    assert len(document.sections) == 3
    titles = [one.text for one in document.paragraphs if one.style.name == "Caption"]
    assert titles == [f"{table.stamp}  {table.heading}".strip() for table in tables]
    for table, section, grid in zip(tables, document.sections, document.tables, strict=True):
        alone = docx.Document(str(table.to_docx(tmp_path / "one.docx")))
        assert section.page_width == alone.sections[0].page_width
        sizes = [grid.cell(0, 0).paragraphs[0].style.font.size for grid in (grid, alone.tables[0])]
        assert sizes[0] == sizes[1]
    with pytest.raises(TableError, match="nothing to write"):
        kap.tables.write_word([], tmp_path / "none.docx")


def test_several_tables_stand_in_one_workbook_with_their_numbers(every_table, tmp_path):
    pytest.importorskip("xlsxwriter")
    tables = [every_table["baseline"], every_table["flow"], every_table["baseline"]]
    path = kap.tables.write_excel(tables, tmp_path / "all.xlsx")
    sheets = pd.read_excel(path, sheet_name=None, header=None, engine="calamine", dtype=object, keep_default_na=False)
    assert list(sheets) == [
        "baseline", "baseline numbers", "flow", "flow numbers", "baseline 2", "baseline 2 numbers",
    ]  # fmt: skip
    shown, numbers, table = sheets["baseline"], sheets["baseline numbers"], every_table["baseline"]
    assert shown.iloc[0, 0] == "SIMULATED  Patients at the start, by format"
    lines = [line for _, lines in table.row_groups() for line in lines]
    written = shown.iloc[4 : 4 + len(lines)].astype(str).to_numpy().tolist()
    assert written == [[cell.lstrip("\u2003") for cell in line] for line in lines]
    assert shown.iloc[5 + len(lines) :, 0].tolist() == list(table.notes)
    assert numbers.iloc[0].tolist() == list(table.raw.columns)
    means = pd.to_numeric(numbers.iloc[1 : 1 + len(table.raw), list(table.raw.columns).index("mean")])
    assert means.to_numpy(float) == pytest.approx(table.raw["mean"].to_numpy(float), nan_ok=True)
    assert path.read_bytes() == kap.tables.write_excel(tables, tmp_path / "again.xlsx").read_bytes()
    with pytest.raises(TableError, match="nothing to write"):
        kap.tables.write_excel([], tmp_path / "none.xlsx")


def test_a_workbook_runs_nothing_that_stands_in_its_text(nasty, tmp_path):
    pytest.importorskip("xlsxwriter")
    (path,) = nasty.save(tmp_path, file_types="xlsx")
    with zipfile.ZipFile(path) as book:
        sheets = [book.read(name).decode() for name in book.namelist() if "worksheets/" in name]
    assert len(sheets) == 2
    assert not any("<f>" in sheet or "hyperlink" in sheet for sheet in sheets)


def test_without_xlsxwriter_a_workbook_is_refused_in_a_sentence(every_table, tmp_path, monkeypatch):
    monkeypatch.setattr(excel, "HAS_XLSXWRITER", False)
    with pytest.raises(TableError, match=r"kap-analysis\[excel\]"):
        every_table["flow"].to_xlsx(tmp_path / "flow.xlsx")


def test_a_table_is_copied_or_says_that_there_is_no_clipboard(every_table, monkeypatch):
    table, copied = every_table["flow"], []
    monkeypatch.setattr(pd.DataFrame, "to_clipboard", lambda frame, **options: copied.append(frame))
    table.copy()
    assert copied[0].equals(table.raw)

    def no_clipboard(frame, **options):
        raise PyperclipException("none")

    monkeypatch.setattr(pd.DataFrame, "to_clipboard", no_clipboard)
    with pytest.raises(TableError, match=r"The table flow cannot be copied: .* Use save"):
        table.copy()


def test_word_files_are_equal_for_equal_tables(nasty, tmp_path):
    pytest.importorskip("docx")
    first, second = (nasty.to_docx(tmp_path / f"{name}.docx").read_bytes() for name in "ab")
    assert first == second
    with zipfile.ZipFile(tmp_path / "a.docx") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_word_without_python_docx_is_one_sentence(nasty, tmp_path, monkeypatch):
    monkeypatch.setattr(word, "HAS_PYTHON_DOCX", False)
    with pytest.raises(TableError) as caught:
        nasty.to_docx(tmp_path / "t.docx")
    assert str(caught.value) == "Writing Word files needs python-docx: pip install 'kap-analysis[word]'."


def test_save_writes_what_was_asked(every_table, tmp_path):
    paths = every_table["flow"].save(tmp_path / "new", "table_1", ("html", "csv", "md", "tex"))
    assert [path.name for path in paths] == ["table_1.html", "table_1.csv", "table_1.md", "table_1.tex"]
    assert all(path.read_bytes().count(b"\r") == 0 and path.stat().st_size > 100 for path in paths)


def test_save_refuses_other_file_types_and_names(every_table, tmp_path):
    with pytest.raises(TableError) as caught:
        every_table["flow"].save(tmp_path, file_types=("ods",))
    assert str(caught.value) == "A table cannot be written as ods; choose from html, csv, md, tex, docx, xlsx."
    with pytest.raises(TableError) as caught:
        every_table["flow"].save(tmp_path, "../flow")
    assert str(caught.value) == "'../flow' cannot name a file: use letters, digits, '-', '_' and '.' only."


def test_a_table_without_rows_or_cells_is_refused(nasty):
    with pytest.raises(TableError, match="would have no rows"):
        Table("t", "t", nasty.cells.iloc[:0], nasty.layout)
    with pytest.raises(TableError) as caught:
        Table("t", "t", nasty.cells.drop(columns="n"), nasty.layout)
    assert str(caught.value) == "The table 't' has no cells for n."
