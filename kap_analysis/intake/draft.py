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
from kap_analysis.intake.map_text import written_map
from kap_analysis.intake.patient_keys import key_of
from kap_analysis.intake.recognition.alike_tables import groups_of_alike, joined
from kap_analysis.intake.recognition.doses_with_routes import with_both
from kap_analysis.intake.recognition.drafted import Drafted, without_stated_zero
from kap_analysis.intake.recognition.guess import NOT_RECOGNISED, seen_values
from kap_analysis.intake.recognition.labels import recognise_with_labels
from kap_analysis.intake.recognition.session_formats import with_formats
from kap_analysis.intake.redcap import is_dictionary, with_dictionary
from kap_analysis.intake.source import files_of, open_file
from kap_analysis.intake.source_table import SourceTable

Progress = Callable[[int, int, str], None]
_NEVER_OPENED: Final = re.compile(r"note|message|letter|document|chat|email", re.IGNORECASE)
#: How many further columns are named that could be the patient's key; and which share of known keys tells one.
_CANDIDATES: Final = 5
_MOST_ARE_KEYS: Final = 0.5


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
    drafts = [one for alike in groups_of_alike(of_patients) for one in _drafted(alike)]
    drafts = without_stated_zero(drafts)
    keys = {key for one in drafts for n, g in enumerate(one.guesses) if g.role == "patient_id" for key in _held(one, n)}
    drafts = [_asking_for_key(one, keys) for one in drafts]
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


def _drafted(alike: list[SourceTable]) -> list[Drafted]:
    """Recognise the columns of alike tables once, of all their rows."""
    whole = joined(alike)
    guesses = with_both(whole, with_formats(whole, recognise_with_labels(whole)))
    return [Drafted(whole, guesses), *(Drafted(table, guesses, like=whole.place) for table in alike[1:])]


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


def _asking_for_key(one: Drafted, keys: set[str]) -> Drafted:
    """Where rows hold something and no patient, ask for the patient's key at the column that may be it.

    ``keys`` are the patients of the other tables: a column that holds most of them comes first, then those of which
    nothing is known.
    """
    if "patient_id" in one.roles() or not one.roles() - {"drop"}:
        return one
    free = [n for n, guess in enumerate(one.guesses) if guess.role == "drop" and _held(one, n)]
    free.sort(key=lambda n: (-_share_of_keys(_held(one, n), keys), one.guesses[n].why != NOT_RECOGNISED))
    if not free:
        return one
    at, *others = [shown_column(one.table, one.guesses[n].column) for n in free[: _CANDIDATES + 1]]
    more = f"; it could be {', '.join(others)}" if others else ""
    is_known = _share_of_keys(_held(one, free[0]), keys) > 0
    what = f"{at} holds ids of other tables: is it the patient's key?" if is_known else "the patient's key?"
    asks = f'{what} Then "patient_id"; else "drop", and another column is = "patient_id"{more}'
    asked = replace(one.guesses[free[0]], role="?", asks=asks)
    return replace(one, guesses=[*one.guesses[: free[0]], asked, *one.guesses[free[0] + 1 :]])


def _held(one: Drafted, number: int) -> set[str]:
    """The keys that a column would hold."""
    return {key_of(text) for text in seen_values(one.table, one.guesses[number].column).index}


def _share_of_keys(held: set[str], keys: set[str]) -> float:
    share = len(held & keys) / len(held)
    return share if share > _MOST_ARE_KEYS else 0.0
