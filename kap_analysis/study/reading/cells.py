"""Cells by the dictionary's type: a column of texts becomes a typed column, and what cannot be read is a problem.

An empty cell is a missing value. So is ``NA``, which R and many exports write; the notes say how many there were. Any
other word or number for missing (``.``, ``-99``, ``N/A``, ``null``) is a problem: leave the cell empty.
"""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.study.contract.dictionary import ColumnSpec
from kap_analysis.study.contract.identifiers import (
    A_NAME,
    Place,
    are_plain_codes,
    identifier_kinds,
    is_free_text,
    mask,
    other_shape,
)

MISSING: Final = "NA"
TEXT_DTYPE: Final = pd.Series(["text"]).dtype
LONGEST_CODE: Final = 80
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_INTEGER: Final = re.compile(r"[+-]?[0-9]+(\.0*)?")
_WORDS_FOR_MISSING: Final = frozenset(
    {".", "-", "--", "?", "n/a", "#n/a", "na", "nan", "null", "none", "nil", "missing", "unknown", "nd"}
)
_PLACES: Final[dict[str, Place]] = {
    "patient_id": "person",
    "facilitator_ids": "person",
    "session_id": "code",
    "group_session_id": "code",
    "cohort_id": "code",
}
#: What to do about a name of an instrument that nobody knows and that is no misspelling.
ANOTHER_INSTRUMENT: Final = (
    " ('kap instruments' lists them; one of your own is an [[instrument]] of study.toml, see docs/extending.md)"
)
_IS_NO_NAME: Final = "(if it is none: [not_names] of study.toml)"


FailedCells = tuple[np.ndarray, list[str]]


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A column after typing: numbers as float64, everything else as categorical, missing where empty or unreadable.

    Attributes
    ----------
    values : pandas.Series
        The categories of a categorical are the texts that occur; in it, lookups cost one step per distinct text.
    failed : tuple
        Positions of the cells that could not be read, and what was found in each.
    n_na : int
        Cells that said NA.
    unreadable : bool
        The column as a whole was reported, and is missing here.
    """

    values: pd.Series
    failed: FailedCells
    n_na: int
    unreadable: bool = False


def type_codes(codes: np.ndarray, texts: list[str], column: ColumnSpec, *, no_names: bool = False) -> TypedColumn:
    """Type a column that is given as its distinct texts, each once, and the position of each cell's text (-1: none).

    With ``no_names`` a text that looks like a name is none: study.toml says so of the column. Spaces around a number do
    not count, as in any reader of CSV; around a code they do.
    """
    if column.is_number:
        texts = [text.strip() for text in texts]
    missing = np.array([text in ("", MISSING) for text in texts], dtype=bool)
    failures = _failures(texts, missing, column, no_names)
    failed = _cells_with(codes, failures)
    n_na = int(np.isin(codes, [at for at, text in enumerate(texts) if text == MISSING]).sum())
    usable = ~missing
    for position in failures:
        usable[position] = False
    if column.is_number:
        numbers = [float(text) if ok else np.nan for text, ok in zip(texts, usable, strict=True)]
        return TypedColumn(pd.Series(np.array([*numbers, np.nan])[codes]), failed, n_na)
    kept = [text for text, ok in zip(texts, usable, strict=True) if ok]
    new_codes = np.full(len(texts) + 1, -1)
    new_codes[:-1][usable] = np.arange(len(kept))
    categories = pd.Index(kept, dtype=TEXT_DTYPE)
    return TypedColumn(pd.Series(pd.Categorical.from_codes(new_codes[codes], categories=categories)), failed, n_na)


def _cells_with(codes: np.ndarray, failures: dict[int, str]) -> FailedCells:
    where = np.flatnonzero(np.isin(codes, list(failures)))
    return where, [failures[code] for code in codes[where].tolist()]


def _failures(texts: list[str], missing: np.ndarray, column: ColumnSpec, no_names: bool) -> dict[int, str]:
    """What was found, by position of the text, for each text that cannot be read."""
    if column.is_number:
        closer = [at for at, text in enumerate(texts) if not missing[at] and unreadable_number(text, column)]
        kinds = identifier_kinds([texts[at] for at in closer])
    elif column.level_names:
        known = frozenset(column.level_names)
        closer = [at for at, text in enumerate(texts) if not missing[at] and text not in known]
        kinds = identifier_kinds([texts[at] for at in closer])
    else:
        kinds = _kinds_of_codes(texts, missing, column)
        if no_names:
            kinds[kinds == A_NAME] = ""
        closer = np.flatnonzero(~missing & ((kinds != "") | ~are_plain_codes(texts, LONGEST_CODE))).tolist()
        kinds = kinds[closer]
    failures = {}
    for at, kind in zip(closer, kinds.tolist(), strict=True):
        found = _identifier(texts[at], kind) if kind else _unreadable(texts[at], column)
        if found:
            failures[at] = found
    return failures


def _kinds_of_codes(texts: list[str], missing: np.ndarray, column: ColumnSpec) -> np.ndarray:
    """What codes look like: each of several in a cell, and words among the numbered codes of persons."""
    place: Place = "text" if column.type in ("instrument", "measure", "period") else _PLACES.get(column.name, "label")
    parts = [text.split(";") if column.type == "ids" else [text] for text in texts]
    single = list(dict.fromkeys(part for several in parts for part in several))
    kinds = identifier_kinds(single, place)
    if place == "person":
        kinds[other_shape(single) & (kinds == "")] = A_NAME
    if column.type != "ids":
        return kinds
    kind_of = dict(zip(single, kinds.tolist(), strict=True))
    return np.array([next((kind_of[part] for part in several if kind_of[part]), "") for several in parts], dtype=object)


def _identifier(text: str, kind: str) -> str:
    return f"{mask(text)}, which looks like {kind}" + (f" {_IS_NO_NAME}" if kind == A_NAME else "")


def _unreadable(text: str, column: ColumnSpec) -> str:
    """Say why a text cannot stand in a column, or return an empty text if it can."""
    if is_free_text(text) and len(text) <= LONGEST_CODE:
        return f"free text of {len(text.split())} words, which can tell of whom it is"
    if text != text.strip():
        return f"{text!r}, with spaces around it"
    if column.is_number:
        return unreadable_number(text, column)
    if not text.isprintable():
        return "a text with a line break or an unprintable character"
    if len(text) > LONGEST_CODE:
        return f"a text of {len(text)} characters"
    return ""


def unreadable_number(text: str, column: ColumnSpec) -> str:
    """Say why a text is not a number of this column, or return an empty text if it is one."""
    if column.type == "integer" and _INTEGER.fullmatch(text):
        return ""
    if column.type == "number" and _NUMBER.fullmatch(text) and np.isfinite(float(text)):
        return ""
    if re.fullmatch(r"[+-]?[0-9]+,[0-9]+", text):
        return f"{text!r}, a decimal comma"
    if text.lower() in _WORDS_FOR_MISSING:
        return f"{text!r} (leave the cell empty where a value is missing)"
    if _NUMBER.fullmatch(text):
        return f"{text!r}, which is not a whole number" if np.isfinite(float(text)) else f"{text!r}, which is too large"
    return f"{text!r}, a text"


def without_spaces_around_numbers(codes: np.ndarray, texts: list[str]) -> tuple[np.ndarray, list[str]]:
    """Return a column that may become numbers: where a text is one, without the spaces around it."""
    bare = [text.strip() if _NUMBER.fullmatch(text.strip()) else text for text in texts]
    new_codes, distinct = pd.factorize(np.array(bare, dtype=object))
    return new_codes[codes], distinct.tolist()


def extra_column(name: str) -> ColumnSpec:
    """Describe a column that is not in the dictionary: any code, which becomes a number if all cells are numbers."""
    return ColumnSpec(name, "id", required=False, empty=True, description="A column of this study's own.")


def expected_in(column: ColumnSpec) -> str:
    """Say what a cell of this column may hold, in the words of an error message."""
    if column.is_number:
        kind = "a whole number" if column.type == "integer" else "a number"
        if column.unit == "day":
            kind = "a day, counted from the first ketamine session"
        return f"{kind} from {column.min:g} to {column.max:g}" if column.min is not None else kind
    if column.level_names and column.type != "measure":
        names = column.level_names
        return ", ".join(names[:-1]) + f" or {names[-1]}"
    return {
        "id": "a made-up code as text",
        "ids": "made-up codes, separated by semicolons",
        "instrument": "the name of an instrument",
        "measure": ", ".join((*column.level_names, "or the name of an instrument")),
        "period": "a quarter such as 2025-Q3",
    }[column.type]
