"""`check_identifiers`: what in an export or a study looks like an identifier, and how alike patients are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from kap_analysis.intake.cloud_folders import cloud_warning
from kap_analysis.intake.identification.anonymity import QUASI_IDENTIFIERS, classes_of, diversity_of, steps_to
from kap_analysis.intake.identification.columns import Finding, finding_of, holds_identifier, oldest_age
from kap_analysis.intake.identification.named_by_presidio import installed_model, n_names
from kap_analysis.intake.identification.safe_harbor import FREE_TEXT, KINDS
from kap_analysis.intake.identification.shown import shown_column, shown_file
from kap_analysis.intake.recognition.column_names import instrument_in
from kap_analysis.intake.recognition.table_columns import key_column
from kap_analysis.intake.source import files_of, open_file
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.contract.identifiers import identifier_kinds
from kap_analysis.study.contract.settings_file import SETTINGS_FILE

TARGET_K: Final = 5
SMALLEST_SHOWN: Final = 10
OLDEST_TOLD: Final = 90
_SENSITIVE: Final = ("diagnosis", "prior_suicide_attempt", "ace_score")
_NUMBERS: Final = "numbers, or codes of one or two letters"
_WORDS: Final = "words without the shape of an identifier; a surname alone among words cannot be told from a word"
_NO_VALUES: Final = "it is empty"
_PRESIDIO: Final = "Presidio (with {}) looked for names among them too."
_NO_PRESIDIO: Final = "Presidio and its language model are not installed; they would look for names among them too."
_CLOSED: Final = "values of a closed list of the data dictionary"


@dataclass(frozen=True)
class IdentifierCheck:
    """What was found.

    Attributes
    ----------
    found : pandas.DataFrame
        One row per column, sheet or file name that looks like an identifier: ``file``, ``column``, ``kind`` (of Safe
        Harbor), ``seen_in`` (name, values, text), ``n_values``, ``why``. Names that are identifiers are masked;
        no value is quoted.
    trusted : pandas.DataFrame
        All other columns, and why they are trusted: ``file``, ``column``, ``n_values``, ``why``.
    classes : pandas.DataFrame
        Of a study: the ten smallest classes of patients who are alike, with their values and ``n_patients``.
    diversity : pandas.DataFrame
        Of a study: ``column``, ``l``.
    steps : pandas.DataFrame
        Of a study: what to generalise or suppress to reach the target: ``step``, ``smallest_class``,
        ``n_in_smaller_classes``.
    paragraph : str
        All this in plain English.
    """

    found: pd.DataFrame
    trusted: pd.DataFrame
    classes: pd.DataFrame
    diversity: pd.DataFrame
    steps: pd.DataFrame
    paragraph: str


def check_identifiers(source: str | Path, *, k: int = TARGET_K) -> IdentifierCheck:
    """Look for the 18 kinds of identifiers of HIPAA's Safe Harbor in names and values of columns.

    Parameters
    ----------
    source : str or Path
        A study folder, an export, or a folder of exports. It is only read.
    k : int
        How many patients should at least be alike in practice, age, sex, gender, race and ethnicity, period, and in the
        study's own columns of patients.

    Returns
    -------
    IdentifierCheck

    Raises
    ------
    IntakeError
        If there is nothing that can be read.
    """
    folder, files = files_of(source)
    is_study = (folder / SETTINGS_FILE).exists() and Path(source).is_dir()
    found: list[tuple[object, ...]] = []
    trusted: list[tuple[object, ...]] = []
    tables: list[SourceTable] = []
    for file in files:
        tables += open_file(file, file.name)
        found += _of_file_name(file.name)
    model = installed_model()
    for table in tables:
        _check_table(table, is_study, model, found, trusted)
    names = ["file", "column", "kind", "seen_in", "n_values", "why"]
    found_frame = pd.DataFrame(found, columns=names)
    trusted_frame = pd.DataFrame(trusted, columns=["file", "column", "n_values", "why"])
    alike = _alike(tables, k) if is_study else (pd.DataFrame(), pd.DataFrame(), pd.DataFrame())
    text = _paragraph(found_frame, trusted_frame, alike, k, model, cloud_warning([folder]))
    return IdentifierCheck(found_frame, trusted_frame, *alike, text)


def _of_file_name(name: str) -> list[tuple[object, ...]]:
    if shown_file(name) == name:
        return []
    return [(shown_file(name), "", KINDS["R"], "name", 0, "the name of the file looks like an identifier")]


def _check_table(
    table: SourceTable,
    is_study: bool,
    model: str,
    found: list[tuple[object, ...]],
    trusted: list[tuple[object, ...]],
) -> None:
    place = shown_file(table.file) + (f" [{shown_file(table.sheet)}]" if table.sheet else "")
    if table.sheet and shown_file(table.sheet) != table.sheet:
        found.append((place, "", KINDS["R"], "name", 0, "the name of the sheet looks like an identifier"))
    spec = TABLES.get(table.file.rpartition(".")[0]) if is_study else None
    key = "" if is_study else key_column(table)
    for name in table.columns:
        values = [str(text) for text in pd.unique(table.cells[name])]
        shown = shown_column(table, name)
        column = spec.columns.get(name) if spec else None
        if name == key:
            trusted.append((place, shown, len(values), "the patient's key, which an import replaces by codes"))
            continue
        finding = None if column is not None and column.level_names else finding_of(name, values)
        finding = finding or _of_header(name) or _of_age(name, values)
        if finding is None and not (column is not None and column.level_names):
            finding = _of_words(values, model)
        if finding is not None:
            kind = KINDS.get(finding.kind, FREE_TEXT)
            found.append((place, shown, kind, finding.seen_in, finding.n_values, finding.what))
        else:
            why = _CLOSED if column is not None and column.level_names else _why_trusted(values)
            trusted.append((place, shown, len(values), why))


def _of_header(name: str) -> Finding | None:
    holds = holds_identifier(name) or identifier_kinds([name], "text")[0]
    return Finding("R", "its name holds an identifier", "name", 0) if holds else None


def _of_age(name: str, values: Sequence[str]) -> Finding | None:
    if oldest_age(name, values) > OLDEST_TOLD:
        return Finding("C", "ages over 90, which are pooled as 90", "values", 1)
    return None


def _of_words(values: Sequence[str], model: str) -> Finding | None:
    """Names of persons among words, where Presidio is there to be asked."""
    texts = [value for value in values if value and not instrument_in(value)]
    n = n_names(texts, model) if model and _why_trusted(values) == _WORDS else 0
    return Finding("A", "Presidio takes words in it for names of persons", "values", n) if n else None


def _why_trusted(values: Sequence[str]) -> str:
    if not any(values):
        return _NO_VALUES
    return _WORDS if any(sum(c.isalpha() for c in value) > 2 for value in values) else _NUMBERS


def _alike(tables: Sequence[SourceTable], k: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Smallest classes, diversity within them, and the steps to k."""
    by_name = {table.file.rpartition(".")[0]: pd.DataFrame(dict(table.cells)) for table in tables}
    patients = by_name.get("patients", pd.DataFrame())
    diagnoses = by_name.get("diagnoses", pd.DataFrame())
    if "diagnosis" in diagnoses and "patient_id" in patients:
        first = diagnoses.sort_values("rank", kind="stable") if "rank" in diagnoses else diagnoses
        main = first.drop_duplicates("patient_id").set_index("patient_id")["diagnosis"]
        patients = patients.assign(diagnosis=patients["patient_id"].map(main).fillna(""))
    own = [str(name) for name in patients if name not in TABLES["patients"].columns and name != "diagnosis"]
    names = [*(name for name in QUASI_IDENTIFIERS if name in patients), *own]
    classes = classes_of(patients, names)
    sensitive = [name for name in _SENSITIVE if name in patients]
    return classes.head(SMALLEST_SHOWN), diversity_of(patients, names, sensitive), steps_to(patients, names, k)


def _paragraph(
    found: pd.DataFrame, trusted: pd.DataFrame, alike: tuple[pd.DataFrame, ...], k: int, model: str, warning: str
) -> str:
    parts = [
        f"{len(found):,} of {len(found) + len(trusted):,} columns and names of files "
        f"{'looks like an identifier' if len(found) == 1 else 'look like identifiers'} of a person."
        if len(found)
        else f"Nothing in {len(trusted):,} columns looks like an identifier of a person."
    ]
    if len(found):
        counts = found["kind"].value_counts()
        parts.append(
            ("It is: " if len(found) == 1 else "They are: ")
            + ", ".join(f"{kind} ({n})" for kind, n in counts.items())
            + "."
        )
    words = int((trusted["why"] == _WORDS).sum())
    if words:
        hold = "column holds" if words == 1 else "columns hold"
        parts.append(f"{words:,} {hold} words; a surname alone among words cannot be told from a word.")
        parts.append(_PRESIDIO.format(model) if model else _NO_PRESIDIO)
    classes, diversity, steps = alike
    if len(steps):
        smallest, below = int(steps["smallest_class"].iloc[0]), int(steps["n_in_smaller_classes"].iloc[0])
        names = ", ".join(name for name in classes.columns if name != "n_patients")
        parts.append(
            f"Patients who are alike in {names}: the smallest class has {_patients(smallest)}; {_patients(below)} "
            f"{'is' if below == 1 else 'are'} in classes of fewer than {k}."
            if names
            else f"Nothing that is known outside the study is recorded: all {_patients(smallest)} are alike."
        )
        for name, least in zip(diversity["column"], diversity["l"], strict=True):
            parts.append(f"In the least diverse class {name} has {least} value{'s' if least != 1 else ''}.")
        if len(steps) > 1:
            parts.append(f"To reach {k}: {'; '.join(steps['step'].iloc[1:])}.")
    return " ".join([*parts, *filter(None, [warning])])


def _patients(n: int) -> str:
    return f"{n:,} patient{'s' if n != 1 else ''}"
