"""The tables of a source as the map names them, opened and placed; what cannot be opened is a problem of that file."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import pandas as pd

from kap_analysis.errors import IntakeError
from kap_analysis.intake.identification.shown import shown_column, shown_file, shown_place
from kap_analysis.intake.mapping.map_content import StudyMap
from kap_analysis.intake.patient_keys import key_of, spellings_of
from kap_analysis.intake.placement.placed import Placed
from kap_analysis.intake.placement.table_rows import place_table
from kap_analysis.intake.redcap import with_dictionary
from kap_analysis.intake.source import open_file
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.study.contract.problems import Problems

Told = Callable[[int, str], None]


def place_source(
    said: StudyMap, files: list[Path], known: Collection[str], problems: Problems, told: Told
) -> tuple[list[Placed], pd.DataFrame]:
    """Open the files that the map names and place their rows.

    Parameters
    ----------
    said, files, known, problems
        The map; the files of the source; the keys of patients of an earlier import; what gathers the problems.
    told : callable
        Called with steps done and what is done; each table has two steps.

    Returns
    -------
    list of Placed, pandas.DataFrame
        One per table of the map; and the columns and files that are not placed: ``file``, ``column``, ``why``.
    """
    by_name = {file.name: file for file in files}
    tables, closed = _opened(said, by_name, problems, told)
    by_place = {table.place: table for table in with_dictionary(tables)}
    keys = spellings_of(_keys(said, by_place), known, said.study["ids"])
    placed: list[Placed] = []
    rows: list[tuple[str, str, str]] = []
    for entry in said.tables:
        table = by_place.get(entry.place)
        if not entry.is_opened:
            rows.append((shown_file(entry.file), "", "the map says open = false"))
        elif table is not None:
            told(said.n_opened + len(placed), f"placing {len(table.lines):,} rows of {shown_place(table)}")
            one = place_table(table, entry, said, len(placed), problems, keys)
            placed.append(one)
            dropped = {use.column for use in entry.uses if use.role == "drop"}
            shown = [shown_column(table, name) for name in table.columns if name in dropped]
            rows += [(shown_place(table), name, "dropped by the map") for name in shown]
            rows += [(shown_place(table), name, "not in the map") for name in one.not_placed]
        elif entry.file in by_name and entry.file not in closed:
            found = f"no sheet {shown_file(entry.sheet)}" if entry.sheet else "no table"
            problems.add(shown_file(entry.file), found, "as the map says")
    named = {entry.file for entry in said.tables}
    rows += [(shown_file(name), "", "a file that the map does not name") for name in by_name if name not in named]
    return placed, pd.DataFrame(rows, columns=["file", "column", "why"])


def _keys(said: StudyMap, by_place: Mapping[str, SourceTable]) -> set[str]:
    """All keys of patients of the tables of a map."""
    columns = [
        by_place[entry.place].cells.get(use.column, ())
        for entry in said.tables
        for use in entry.uses
        if use.role == "patient_id" and entry.place in by_place
    ]
    return {key_of(text) for texts in columns for text in pd.unique(pd.Series(texts, dtype=object))}


def _opened(
    said: StudyMap, by_name: dict[str, Path], problems: Problems, told: Told
) -> tuple[list[SourceTable], set[str]]:
    """Open the files; return their tables, and the files that could not be opened, which is told."""
    wanted: dict[str, list[dict[str, object]]] = {}
    for entry in said.tables:
        if entry.is_opened:
            wanted.setdefault(entry.file, []).append({**entry.reading, "sheet": entry.sheet})
    tables: list[SourceTable] = []
    closed: set[str] = set()
    for done, (name, settings) in enumerate(wanted.items()):
        told(done, f"reading {shown_file(name)}")
        if name not in by_name:
            files = ", ".join(shown_file(file) for file in by_name)
            problems.add(shown_file(name), "no such file", f"one of {files}"[:300])
            continue
        try:
            tables += open_file(by_name[name], name, settings)
        except IntakeError as error:
            found, _, expected = str(error).rstrip(".").removeprefix("Found ").partition("; expected ")
            problems.add(shown_file(name), found, expected or "a file that can be read")
            closed.add(name)
    return tables, closed
