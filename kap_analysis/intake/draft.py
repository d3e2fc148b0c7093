"""`draft_map`: the map of an export, drafted from what its columns look like."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pandas as pd

from kap_analysis.errors import IntakeError
from kap_analysis.intake.cloud_folders import cloud_warning
from kap_analysis.intake.identification.shown import shown_column, shown_file
from kap_analysis.intake.map_text import Drafted, without_stated_zero, written_map
from kap_analysis.intake.recognition.doses_with_routes import with_both
from kap_analysis.intake.recognition.guess import NOT_RECOGNISED, Guess
from kap_analysis.intake.recognition.labels import recognise_with_labels
from kap_analysis.intake.recognition.session_formats import with_formats
from kap_analysis.intake.redcap import is_dictionary, with_dictionary
from kap_analysis.intake.source import files_of, open_file
from kap_analysis.intake.source_table import SourceTable

Progress = Callable[[int, int, str], None]
_NEVER_OPENED: Final = re.compile(r"note|message|letter|document|chat|email", re.IGNORECASE)


@dataclass(frozen=True)
class MapDraft:
    """A drafted map.

    Attributes
    ----------
    text : str
        The map, as TOML with comments.
    columns : pandas.DataFrame
        One row per column of the export: ``file``, ``sheet``, ``column``, ``role``, ``why``, ``decide``.
    paragraph : str
        How much was recognised and how much is to be decided, in plain English.
    """

    text: str
    columns: pd.DataFrame
    paragraph: str

    @property
    def open_lines(self) -> list[tuple[int, str]]:
        """The lines that a person must fill in: number, and what is asked."""
        lines = enumerate(self.text.splitlines(), 1)
        return [(n, line.split("# decide:")[-1].strip()) for n, line in lines if '"?"' in line.split("#")[0]]

    @property
    def n_open(self) -> int:
        """How many lines a person must fill in."""
        return len(self.open_lines)


def draft_map(source: str | Path, *, progress: Progress | None = None) -> MapDraft:
    """Look at an export and draft its map.

    Parameters
    ----------
    source : str or Path
        A file (CSV, workbook, SPSS, Stata, SAS, Parquet), or a folder of such files. It is only read.
    progress : callable, optional
        Called with steps done, steps, and what is done.

    Returns
    -------
    MapDraft

    Raises
    ------
    IntakeError
        If there is nothing to read, or a file cannot be opened.
    """
    folder, files = files_of(source)
    tables: list[SourceTable] = []
    closed: dict[str, str] = {}
    for done, file in enumerate(files):
        if progress is not None:
            progress(done, len(files) + 1, f"reading {shown_file(file.name)}")
        if len(files) > 1 and _NEVER_OPENED.search(file.stem):
            closed[file.name] = "by its name it holds free text; it was not opened"
        else:
            tables += open_file(file, file.name)
    if progress is not None:
        progress(len(files), len(files) + 1, "looking at the columns")
    closed |= {table.file: "the data dictionary of the project, of which names and choices were taken"
               for table in tables if is_dictionary(table)}  # fmt: skip
    of_patients = [table for table in with_dictionary(tables) if len(table.columns)]
    drafts = [Drafted(table, _recognised(table)) for table in of_patients]
    drafts = [_asking_for_key(one) for one in without_stated_zero(drafts)]
    if not drafts:
        raise IntakeError(f"Found no table in {shown_file(Path(source).name)}; expected a header and rows.")
    text = written_map(Path(source), drafts, closed)
    columns = _columns(drafts)
    draft = MapDraft(text, columns, "")
    placed = int((~columns["role"].isin(["drop", "?"])).sum())
    where = f"{len(drafts)} table{'s' if len(drafts) != 1 else ''}"
    paragraph = (
        f"{where}, {len(columns):,} columns: {placed:,} recognised, {len(columns) - placed:,} dropped; "
        f"{draft.n_open:,} line{'s' if draft.n_open != 1 else ''} to fill in."
    )
    warning = cloud_warning([folder])
    return MapDraft(text, columns, f"{paragraph} {warning}" if warning else paragraph)


def _recognised(table: SourceTable) -> list[Guess]:
    return with_both(table, with_formats(table, recognise_with_labels(table)))


def _columns(drafts: list[Drafted]) -> pd.DataFrame:
    rows = []
    for one in drafts:
        file, sheet = shown_file(one.table.file), shown_file(one.table.sheet)
        said = {guess.column: guess for guess in reversed(one.guesses)}
        rows += [
            (file, sheet, shown_column(one.table, c), said[c].role, said[c].why, said[c].asks)
            for c in one.table.columns
        ]
    return pd.DataFrame(rows, columns=["file", "sheet", "column", "role", "why", "decide"])


def _asking_for_key(one: Drafted) -> Drafted:
    """Where rows hold something and no patient, ask for the patient's key at the first column that is free."""
    if "patient_id" in one.roles() or not one.roles() - {"drop", "date", "day"}:
        return one
    free = next((n for n, g in enumerate(one.guesses) if g.why == NOT_RECOGNISED), None)
    if free is None:
        return one
    asks = 'the patient\'s key? Then "patient_id"; else "drop", and another column is = "patient_id"'
    asked = replace(one.guesses[free], role="?", asks=asks)
    return replace(one, guesses=[*one.guesses[:free], asked, *one.guesses[free + 1 :]])
