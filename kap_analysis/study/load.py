"""From a folder to a study: everything is read and checked, and all problems are told at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pandas as pd

from kap_analysis.errors import StudyError
from kap_analysis.run_memory import once_per_run
from kap_analysis.study.answerable import study_answers
from kap_analysis.study.checking.instrument_links import INSTRUMENT_CHECKS
from kap_analysis.study.checking.known_instruments import instrument_names, instruments_named, own_instruments
from kap_analysis.study.checking.table_links import TABLE_CHECKS, TypedFolder
from kap_analysis.study.checking.totals import check_totals
from kap_analysis.study.checking.written_rows import leave_out_written_rows
from kap_analysis.study.consent import check_consent_recorded, leave_out_without_consent
from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.contract.identifiers import name_kind, shown_name
from kap_analysis.study.contract.problems import Problems, problem_lines
from kap_analysis.study.contract.settings_file import read_settings
from kap_analysis.study.reading.folder import find_tables
from kap_analysis.study.reading.typed_table import TypedTable, empty_table, finish_types, read_table
from kap_analysis.study.study import Study

Purpose = Literal["care", "research"]
_INSTRUMENT_COLUMNS = (
    ("assessments", "instrument"),
    ("items", "instrument"),
    ("session_measures", "measure"),
    ("patients", "target_instrument"),
)


@dataclass(frozen=True)
class StudyCheck:
    """What a check of a study folder found.

    Attributes
    ----------
    problems : pandas.DataFrame
        One row per problem: file, row, column, found, expected, message, patient_id.
    notes : tuple of str
        What was not loaded, and other things to know that stop nothing.
    answers : pandas.DataFrame
        question, can_answer, why; without rows where the study has problems.
    study : Study or None
        None where the study has problems.
    """

    problems: pd.DataFrame
    notes: tuple[str, ...]
    answers: pd.DataFrame
    study: Study | None

    @property
    def ok(self) -> bool:
        """Whether the study can be loaded."""
        return self.study is not None

    def lines(self) -> tuple[str, ...]:
        """Return the problems as readable lines with file, row and column."""
        return problem_lines(self.problems)


def check_study(path: str | Path, *, purpose: Purpose = "care") -> StudyCheck:
    """Read a study folder and check every table, and the tables against each other.

    Bad content is never an exception here: every problem becomes a row of ``problems``.

    Parameters
    ----------
    path : str or Path
        The folder: ``study.toml`` and the tables as CSV or Parquet.
    purpose : {"care", "research"}
        ``research`` leaves out patients without consent to research, in the study's ledger.

    Returns
    -------
    StudyCheck
    """
    if purpose not in get_args(Purpose):
        raise StudyError(f"Found purpose={purpose!r}; expected care or research.")
    folder, problems = Path(path), Problems()
    if not folder.is_dir():
        what = "a file" if folder.exists() else "no such folder"
        problems.add(shown_name(folder.name) or str(folder), what, "a study folder with a study.toml and tables")
        return _failed(problems, ())
    if kind := name_kind(folder.resolve().name):
        problems.add("the folder", f"a name that looks like {kind}", "a name that tells of no person")
    settings = read_settings(folder, problems)
    own = own_instruments(settings, problems)
    files, notes = find_tables(folder, problems)
    names = instrument_names(own)
    tables: dict[str, TypedTable] = {}
    for name, file in files.items():
        table = read_table(file, TABLES[name], settings.extra_columns.get(name, ()), names, problems,
                           not_names=settings.not_names.get(name, ()))  # fmt: skip
        if table is not None:
            tables[name] = table
            notes += table.notes
    tables = leave_out_written_rows(tables, settings, problems)
    known = instruments_named([settings.primary_instrument, *_named(tables)], own)
    typed = TypedFolder(tables, settings, known)
    for check in (*TABLE_CHECKS, *INSTRUMENT_CHECKS, check_totals):
        check(typed, problems)
    if purpose == "research":
        check_consent_recorded(typed, problems)
    if len(problems):
        return _failed(problems, tuple(notes))
    frames = {
        name: finish_types(tables[name].frame, spec) if name in tables else empty_table(spec)
        for name, spec in TABLES.items()
    }
    rows = {name: tables[name].rows if name in tables else np.empty(0, dtype=np.int64) for name in TABLES}
    files_read = {name: file.name for name, file in files.items()}
    study = Study(folder, settings, frames, known, notes=tuple(notes), files=files_read, rows=rows)
    if purpose == "research":
        study = leave_out_without_consent(study)
    return StudyCheck(problems.frame(), study.notes, study_answers(study.tables, settings, known), study)


@once_per_run
def load_study(path: str | Path, *, purpose: Purpose = "care") -> Study:
    """Load a study folder; stop with all its problems if it has any.

    Parameters
    ----------
    path : str or Path
        The folder: ``study.toml`` and the tables as CSV or Parquet.
    purpose : {"care", "research"}
        ``research`` leaves out patients without consent to research (only yes and waived stay), in the ledger.

    Returns
    -------
    Study

    Raises
    ------
    StudyError
        With ``problems`` (one row per problem) and a text that names file, row and column of each.
    """
    check = check_study(path, purpose=purpose)
    if check.study is None:
        n = len(check.problems)
        heading = f"{shown_name(Path(path).name)} cannot be loaded: {n:,} problem{'s' if n != 1 else ''}."
        raise StudyError("\n".join((heading, *check.lines())), check.problems)
    return check.study


def _failed(problems: Problems, notes: tuple[str, ...]) -> StudyCheck:
    nothing = pd.DataFrame({"question": [], "can_answer": [], "why": []}).astype({"can_answer": bool})
    return StudyCheck(problems.frame(), notes, nothing, None)


def _named(tables: Mapping[str, TypedTable]) -> list[str]:
    return [
        str(name)
        for table, column in _INSTRUMENT_COLUMNS
        if table in tables and tables[table].has(column)
        for name in tables[table].frame[column].dropna().unique()
    ]
