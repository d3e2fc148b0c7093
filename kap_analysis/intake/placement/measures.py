"""Measurements in sessions: a column for each (wide), or one row for each, with the name of the measure in a column."""

import re
from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.instruments.registry import get_instrument
from kap_analysis.intake.mapping.map_content import MEASURES, ColumnUse
from kap_analysis.intake.placement.cells import Cells, within
from kap_analysis.intake.placement.facts import add_rows
from kap_analysis.intake.placement.moments import Moments, is_dated
from kap_analysis.intake.placement.placed import NO_DATE
from kap_analysis.intake.values import BLOOD_PRESSURE, on_distinct, read_number
from kap_analysis.study.contract.dictionary import TABLES

_VITALS: Final = {level.name: level for level in TABLES["session_measures"].columns["measure"].levels}
_WITH_UNIT: Final = re.compile(r"([-+]?\d[\d.,]*)\s*(?:mm ?hg|bpm|%|/ ?min|per min|°? ?([CF])|points?)?", re.IGNORECASE)
_PAIR: Final = re.compile(r"(\d{2,3})\s*(?:/|over|-)\s*(\d{2,3})\s*(?:mm ?hg)?", re.IGNORECASE)
_EXPECTED_MINUTE: Final = "minutes since the dose, from -240 to 1440"


def place_measures(cells: Cells, moments: Moments) -> None:
    """Measurements of all columns that the map calls a measure, and of rows that name their measure."""
    for use in cells.said.uses:
        if use.role == "measure":
            minute = cells.filled(use.minute)
            _place(cells, moments.of("sessions", use.at), use, use.measure, np.ones(cells.n, dtype=bool), minute)
    _place_long(cells, moments)


def _place_long(cells: Cells, moments: Moments) -> None:
    uses = {use.role.split(".", 1)[1]: use for use in cells.said.uses if use.role.startswith("session_measures.")}
    fixed = cells.fixed("session_measures")
    if "value" not in uses or not ("measure" in uses or "measure" in fixed):
        return
    measure = cells.filled(fixed.get("measure"))
    if "measure" in uses:
        named = set(uses["measure"].values.values()) or set(MEASURES)
        expected = "a measure that the map names; add it to the values"
        measure = cells.read(uses["measure"], lambda text: text if text in named else None, expected)
    minute = cells.filled(read_number(fixed["minute"]) if "minute" in fixed else None)
    if "minute" in uses:
        minute = cells.numbers_of(uses["minute"], -240, 1440, _EXPECTED_MINUTE)
    for name in sorted({str(one) for one in pd.unique(measure) if one is not None}):
        _place(cells, moments.of("session_measures"), uses["value"], name, measure == name, minute)


def _place(
    cells: Cells,
    when: tuple[np.ndarray, np.ndarray],
    use: ColumnUse,
    measure: str,
    here: np.ndarray,
    minute: np.ndarray,
) -> None:
    """Place the values of one measure, of the rows that are ``here``."""
    moment, day = when
    dated = is_dated(moment, day)
    if measure == BLOOD_PRESSURE:  # one cell, two measures, one problem
        expected, nowhere = "systolic and diastolic pressure in mmHg, such as 120/80", np.zeros(cells.n, dtype=bool)
        parts = [("sbp", _of_pair(0), expected, here), ("dbp", _of_pair(1), expected, nowhere)]
    else:
        parts = [(measure, _reader(cells, use, measure), _expected(measure), here)]
    for name, read, expected, told in parts:
        value = cells.read(use, read, expected, told=told)
        there = here & pd.notna(value)
        cells.placed.reasons[there & ~dated & (cells.placed.reasons == "")] = NO_DATE
        about = {"moment": moment, "given": day, "measure": cells.filled(name), "minute": minute, "value": value}
        add_rows(cells, "session_measures", there & dated, about)


def _limits(measure: str) -> tuple[float | None, float | None, str]:
    if measure in _VITALS:
        return _VITALS[measure].min, _VITALS[measure].max, _VITALS[measure].unit
    return *get_instrument(measure).total_range, "points"


def _expected(measure: str) -> str:
    low, high, unit = _limits(measure)
    title = _VITALS[measure].title.lower() if measure in _VITALS else measure
    return f"{title} from {low:g} to {high:g} {unit}"


def _reader(cells: Cells, use: ColumnUse, measure: str) -> Callable[[str], float | None]:
    """Read one value, with or without its unit; degrees Fahrenheit become Celsius."""
    low, high, _ = _limits(measure)

    def read(text: str) -> float | None:
        found = _WITH_UNIT.fullmatch(text)
        number = read_number(found[1], cells.decimal) if found else float("nan")
        if measure == "temperature" and found and (found[2] or use.unit).upper() == "F":
            number = round((number - 32) / 1.8, 1)
        return within(number, low, high)

    return read


def _of_pair(part: int) -> Callable[[str], float | None]:
    name = ("sbp", "dbp")[part]
    low, high, _ = _limits(name)

    def read(text: str) -> float | None:
        found = _PAIR.fullmatch(text)
        if not found or int(found[1]) <= int(found[2]):
            return None
        return within(float(found[part + 1]), low, high)

    return read


def units_of(measures: pd.Series) -> np.ndarray:
    """Return the unit of each measure."""
    return on_distinct(measures.to_numpy(dtype=object), lambda name: _limits(name)[2])
