"""Every table function on input that studies bring: one row, no rows, withheld numbers, labels with odd signs."""

import csv
import io
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from kap_analysis import tables
from kap_analysis.disclosure.policy import NAMING_NUMBERS
from kap_analysis.errors import TableError
from kap_analysis.tables.page.html import render_page

#: Escapes and other control characters, and changes of direction.
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066\u2067]")
NAMES = sorted(name for name in dir(tables) if name.startswith("table_"))
#: Signs that LaTeX, HTML, Markdown or a spreadsheet would read as commands, letters beyond ASCII, and a long label.
ODD = " $x_1$ & <b>50% #1 \\ ~ ^ {y} | `q` ![z](http://z.example) 'é' −1 ≤ β² 治 🙂 \x1b\u202e " + "very " * 12 + "long"
#: Columns whose words the tables know: they say where a row stands, and a study cannot choose them.
KNOWN = {
    "format", "step", "visit", "kind", "class", "state", "measure", "time", "weighting", "term", "term1", "term2",
    "grouping", "level", "severity", "setting", "phase", "contrast", "unit", "ddf", "file", "column", "cutoff",
}  # fmt: skip
#: An empty list is an answer, not a mistake.
LISTS = {"table_problems", "table_serious_events", "table_for_review"}
#: Made from facts, not from frames of patients.
FACTS = {
    "table_planning_assumptions",
    "table_estimand",
    "table_checklist",
    "table_instruments",
    "table_problems",
    "table_answers",
}
#: How a missing value looks that was not written for readers; "None was stated" is a sentence.
NOTHING = re.compile(r"\b(nan|NaN|NaT|inf)\b|<NA>|\bNone\b(?! was)")


@pytest.fixture(scope="session")
def called(calls):
    return {function.__name__: (function, given) for function, given in calls}


def frames_of(given):
    return {name: value for name, value in given.items() if isinstance(value, pd.DataFrame)}


def every_text(table):
    shown = [str(cell) for _, rows in table.row_groups() for row in rows for cell in row]
    shown += [group for group, _ in table.row_groups()]
    headings = [found.heading for found in (*table.layout.columns, *table.layout.spanners)]
    return [*shown, *headings, *table.notes, table.heading]


def odd_frame(frame):
    """The frame with odd signs behind each word that a study may choose."""
    chosen = [
        column
        for column in frame.columns
        if column not in KNOWN and frame[column].map(lambda value: isinstance(value, str)).any()
    ]
    return frame.assign(
        **{c: [f"{v}{ODD}" if isinstance(v, str) and v else v for v in frame[c].astype(object)] for c in chosen}
    )


def withheld_frame(frame):
    """The frame as the gate leaves it: numbers of the first row are missing, and the row says so."""
    numbers = [c for c in frame.columns if pd.api.types.is_numeric_dtype(frame[c]) and frame[c].dtype != bool]
    hidden = frame.astype(dict.fromkeys(numbers, "float64"))
    hidden.loc[hidden.index[0], [c for c in numbers if c not in {*NAMING_NUMBERS, "day"}]] = np.nan
    return hidden.assign(withheld=np.arange(len(frame)) == 0)


@pytest.fixture(scope="session")
def odd_tables(called):
    made = {}
    for name, (function, given) in called.items():
        odd = {key: odd_frame(frame) for key, frame in frames_of(given).items()}
        made[name] = function(**{**given, **odd}).stamped("A & B_1")
    return made


@pytest.fixture(scope="session")
def all_tables(every_table, odd_tables):
    return [*every_table.values(), *odd_tables.values()]


def test_every_function_is_called_here(called):
    assert sorted(called) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_one_row_is_a_table_or_one_sentence(called, name):
    function, given = called[name]
    first = {key: frame.iloc[:1] for key, frame in frames_of(given).items()}
    table = function(**{**given, **first})
    assert len(table.cells) >= 1
    assert not [text for text in every_text(table) if NOTHING.search(text)]
    assert not [text for text in every_text(table) if re.search(r"(?<![\d,.])1 (patients|cohorts|problems)\b", text)]


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"table_estimand", "table_checklist", "table_instruments"}))
def test_no_rows_is_one_sentence(called, name):
    function, given = called[name]
    empty = {key: frame.iloc[:0] for key, frame in frames_of(given).items()}
    if name in LISTS:
        assert len(function(**{**given, **empty}).cells) == 1
        return
    with pytest.raises(TableError) as caught:
        function(**{**given, **empty})
    assert str(caught.value).startswith(f"{name} has nothing to show: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(set(NAMES) - FACTS - LISTS - {"table_model"}))
def test_withheld_numbers_are_named_and_explained(called, name):
    function, given = called[name]
    hidden = {key: withheld_frame(frame) for key, frame in frames_of(given).items()}
    table = function(**{**given, **hidden})
    texts = every_text(table)
    assert any("withheld" in text for text in texts[: -len(table.notes) - 1])
    assert any(note.startswith("withheld: not shown") for note in table.notes)
    assert not [text for text in texts if NOTHING.search(text)]
    assert not [text for text in texts if "(–)" in text]


@pytest.mark.slow
def test_odd_signs_reach_every_reader_as_they_are(odd_tables):
    for name, table in odd_tables.items():
        page = render_page(table)
        assert not re.search(r"<(script|link|img|iframe|b)[ >]|@import|url\(|src=|href=", page), name
        lines = [line for line in table.to_markdown().splitlines() if line.startswith("|")]
        bars = {len(re.findall(r"(?<!\\)\|", line)) for line in lines}
        assert bars == {len(table.layout.columns) + 1}, name
        assert not [text for text in every_text(table) if NOTHING.search(text)], name
        for written in (page, table.to_markdown(), table.to_csv(), table.to_latex()):
            assert not UNSEEN.search(written), name


def test_csv_holds_the_unrounded_numbers_of_every_table(all_tables):
    for table in all_tables:
        written = list(csv.reader(io.StringIO(table.to_csv())))
        assert len(written) == len(table.raw) + 1
        for position in range(table.raw.shape[1]):
            for value, (row) in zip(table.raw.iloc[:, position].astype(object), written[1:], strict=True):
                if isinstance(value, int | float | np.number) and not isinstance(value, bool) and value == value:
                    assert float(row[position]) == float(value), table.name
                elif isinstance(value, str):
                    assert not row[position].startswith(("=", "+", "-", "@", "\t", "\r")), table.name


@pytest.mark.slow
def test_word_holds_the_words_and_numbers_of_every_table(odd_tables, tmp_path):
    docx = pytest.importorskip("docx")
    for number, table in enumerate(odd_tables.values()):
        document = docx.Document(str(table.to_docx(tmp_path / f"{number}.docx")))
        (grid,) = document.tables
        headings = 2 if table.layout.spanners else 1
        expected = []
        for group, rows in table.row_groups():
            expected += [[group] * len(table.layout.columns)] if group else []
            expected += [list(row) for row in rows]
        found = [[cell.text for cell in row.cells] for row in grid.rows[headings:]]
        assert found == expected, table.name
        repeated = [bool(row._tr.xpath("./w:trPr/w:tblHeader")) for row in grid.rows]
        assert repeated == [True] * headings + [False] * len(expected), table.name
        section = document.sections[0]
        room = section.page_width - section.left_margin - section.right_margin
        assert sum(column.width for column in grid.columns) <= room, table.name
        assert [paragraph.text for paragraph in document.paragraphs[1:]] == list(table.notes), table.name


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_of_every_table_compiles_and_nothing_leaves_the_page(every_table, odd_tables, tmp_path):
    """One document for all, so that TeX starts once: within the margins, no float taller than a page."""
    parts = [table.to_latex() for table in every_table.values()]
    odd = [table.to_latex() for table in odd_tables.values()]
    log = compile_together(parts, tmp_path / "plain.tex")
    assert "Overfull" not in log
    assert "Float too large" not in log
    assert "Float too large" not in compile_together(odd, tmp_path / "odd.tex")


def compile_together(parts, path):
    preamble = r"\documentclass[11pt,a4paper]{article}\usepackage[T1]{fontenc}\usepackage[utf8]{inputenc}"
    packages = r"\usepackage{textcomp,array,booktabs,longtable}\usepackage[margin=2cm]{geometry}"
    body = "\n\\clearpage\n".join(parts)
    path.write_text(f"{preamble}{packages}\n\\begin{{document}}\n{body}\n\\end{{document}}\n", encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", path.name]
    for _ in range(3):
        done = subprocess.run(command, cwd=path.parent, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout.decode("latin-1")[-1500:]
        log = path.with_suffix(".log").read_text(encoding="latin-1")
        if "Table widths have changed" not in log:
            break
    return log
