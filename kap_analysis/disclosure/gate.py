"""The gate that every result of an analysis passes on return.

A private study stays with the people who treat the patients, and a simulated one has no patients: both pass whole.
From a public study of real patients nothing leaves the function that could point at a person: small counts and what
would give them back, statistics of so few, extremes, exact days, lines of patients or of cohorts, and the fit (which
holds the rows). What was withheld is listed in the result.
"""

import dataclasses
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from kap_analysis.disclosure.policy import EXACT_DAY_COLUMNS, EXTREME_COLUMNS, NAMING_NUMBERS, PERSON_COLUMNS
from kap_analysis.disclosure.relations import find_sums
from kap_analysis.disclosure.suppression import SMALL, cells_to_withhold

R = TypeVar("R")

PATIENT_LINES = "lines of single patients, cohorts or clinicians"
MODEL = "holds the rows of single patients"
EXTREME = "the value of a single patient"
EXACT_DAY = "an exact day"
OF_FEW = "a statistic of too few patients"
#: Result fields that are models or raw frames and leave only with a private or a simulated study.
MODEL_FIELDS = frozenset({"fit", "fits", "outcomes", "frame"})


def release(result: R, *, visibility: str, is_simulated: bool) -> R:
    """Return a result as it may be seen.

    Parameters
    ----------
    result : a frozen dataclass with frames as fields, and a field ``withheld``
    visibility : "private" or "public"
        Of the study that the result was made from.
    is_simulated : bool
        Whether that study has no real patients.

    Returns
    -------
    The result itself for a private or a simulated study. For a public study of real patients a copy in which
    withheld numbers are missing, every frame that lost one has a Boolean column ``withheld``, and ``withheld``
    lists frame, row (in words), column and why.

    Raises
    ------
    ValueError
        If `visibility` is neither word: an unknown word must never open the gate.
    """
    if is_open(visibility, is_simulated):
        return result
    changes: dict[str, Any] = {}
    log: list[dict[str, str]] = []
    for field in dataclasses.fields(result):  # type: ignore[arg-type]
        value = getattr(result, field.name)
        if field.name == "withheld" or value is None:
            continue
        if field.name in MODEL_FIELDS:
            changes[field.name] = None
            log.append(_entry(field.name, "all", "all", MODEL))
        elif isinstance(value, pd.DataFrame):
            changes[field.name], entries = _withhold(value, field.name)
            log.extend(entries)
    withheld = pd.DataFrame(log, columns=["frame", "row", "column", "why"])
    return dataclasses.replace(result, **changes, withheld=withheld)  # type: ignore[type-var]


def is_open(visibility: str, is_simulated: bool) -> bool:
    """Whether everything may pass: of a private or a simulated study.

    Raises
    ------
    ValueError
        If `visibility` is neither word: an unknown word must never open the gate.
    """
    if visibility not in ("private", "public"):
        raise ValueError(f"visibility is {visibility!r}; expected 'private' or 'public'.")
    return visibility == "private" or is_simulated


def withhold_columns(result: R, columns: dict[str, list[str]], why: str, *, visibility: str, is_simulated: bool) -> R:
    """Withhold whole columns of a result, for what a single frame cannot show: counts told by another result as well.

    Parameters
    ----------
    result, visibility, is_simulated : as in `release`
    columns : dict
        Name of a frame -> its columns that leave empty; those that it lacks are passed over.
    why : str
    """
    if is_open(visibility, is_simulated):
        return result
    changes: dict[str, Any] = {}
    log = []
    for name, wanted in columns.items():
        shown = getattr(result, name).copy()
        present = [column for column in wanted if column in shown and shown[column].notna().any()]
        if present:
            shown[present] = np.nan
            shown["withheld"] = True
        changes[name] = shown
        log += [_entry(name, "all", column, why) for column in present]
    before: pd.DataFrame = getattr(result, "withheld")  # noqa: B009
    listed = pd.concat([before, pd.DataFrame(log, columns=before.columns)], ignore_index=True)
    return dataclasses.replace(result, **changes, withheld=listed)  # type: ignore[type-var]


def count_columns(frame: pd.DataFrame) -> list[str]:
    """The columns that count: ``n``, ``n_...`` and ``of_...``, where they are numbers."""
    named = [c for c in map(str, frame.columns) if c == "n" or c.startswith(("n_", "of_"))]
    return [c for c in named if pd.api.types.is_numeric_dtype(frame[c])]


def _withhold(frame: pd.DataFrame, name: str) -> tuple[pd.DataFrame, list[dict[str, str]]]:
    if frame.empty:
        return frame, []
    if PERSON_COLUMNS & set(frame.columns):
        return frame.iloc[:0].assign(withheld=pd.Series(dtype="bool")), [_entry(name, "all", "all", PATIENT_LINES)]
    frame = frame.reset_index(drop=True)
    counts = count_columns(frame)
    numbers = [c for c in frame.columns if _is_number(frame[c]) and c not in NAMING_NUMBERS]
    keys = [c for c in frame.columns if c not in numbers]
    reasons = _single_values(frame)
    shares = [c for c in numbers if c.startswith("share")]
    named = pd.concat([frame[keys], frame[counts].fillna(0), frame[shares]], axis=1)
    reasons |= dict.fromkeys(cells_to_withhold(find_sums(named, keys, counts, shares)), SMALL)
    for row in {row for row, column in reasons if column in counts}:
        for column in numbers:
            if column not in counts:
                reasons.setdefault((row, column), OF_FEW)
    reasons |= _said_again(frame, [c for c in numbers if c not in counts], reasons)
    reasons = {(r, c): why for (r, c), why in reasons.items() if pd.notna(frame[c].iloc[r])}
    if not reasons:
        return frame, []
    shown = frame.copy()
    for column in {c for _, c in reasons}:
        rows = [r for r, c in reasons if c == column]
        shown[column] = shown[column].astype("float64")
        shown.loc[rows, column] = np.nan
    shown["withheld"] = [any((row, c) in reasons for c in frame.columns) for row in range(len(frame))]
    return shown, [_entry(name, _row_name(frame, keys, r), str(c), why) for (r, c), why in sorted(reasons.items())]


def _said_again(
    frame: pd.DataFrame, statistics: list[str], reasons: dict[tuple[int, str], str]
) -> dict[tuple[int, str], str]:
    """A statistic that stands in several rows (a standardised difference of two formats) is withheld in all of them."""
    again: dict[tuple[int, str], str] = {}
    for column in statistics:
        values = frame[column].to_numpy(float)
        said = {values[row] for row, c in reasons if c == column and values[row] != np.round(values[row])}
        again |= {(int(row), column): OF_FEW for row in np.flatnonzero(np.isin(values, list(said)))}
    return {cell: why for cell, why in again.items() if cell not in reasons}


def _single_values(frame: pd.DataFrame) -> dict[tuple[int, str], str]:
    single = {c: EXTREME for c in frame.columns if c in EXTREME_COLUMNS}
    single |= {c: EXACT_DAY for c in frame.columns if c in EXACT_DAY_COLUMNS}
    return {(row, column): why for column, why in single.items() for row in range(len(frame))}


def _is_number(column: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column))


def _row_name(frame: pd.DataFrame, keys: list[str], row: int) -> str:
    return ", ".join(str(frame[k].iloc[row]) for k in keys if pd.notna(frame[k].iloc[row]))


def _entry(frame: str, row: str, column: str, why: str) -> dict[str, str]:
    return {"frame": frame, "row": row, "column": column, "why": why}
