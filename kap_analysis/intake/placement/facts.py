"""Facts of patients, sessions, diagnoses, treatments and adverse events, from the rows of a foreign table."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.intake.identification.generalised import age_group, first_three
from kap_analysis.intake.mapping.map_content import DROP, ColumnUse
from kap_analysis.intake.placement.cells import Cells
from kap_analysis.intake.placement.moments import FIRST_BIRTH, Moments, is_dated
from kap_analysis.intake.placement.placed import NO_DATE
from kap_analysis.intake.values import FIRST_YEAR, looks_like_date, on_distinct

EVENTS: Final = {"sessions": "kind", "adverse_events": "event", "treatments": "kind"}
_OF_ALL_SESSIONS: Final[tuple[str, ...]] = ("format", "cohort_id")


def add_rows(cells: Cells, target: str, keep: np.ndarray, columns: Mapping[str, np.ndarray]) -> None:
    """Keep the rows for one target of those that have a patient."""
    at = np.flatnonzero(keep & (cells.pid != ""))
    if len(at) == 0:
        return
    about = {"source": np.full(len(at), cells.number), "row": at, "pid": cells.pid[at]}
    about |= {name: values[at] for name, values in columns.items()}
    frame = pd.DataFrame({name: pd.Series(values, dtype=values.dtype) for name, values in about.items()})
    cells.placed.frames.setdefault(target, []).append(frame)


def place_patients(cells: Cells, moments: Moments) -> None:
    """Facts that are told once of a patient."""
    columns = {u.role.split(".", 1)[1]: cells.values_of(u) for u in cells.said.uses if u.role.startswith("patients.")}
    columns |= {column: cells.filled(value) for column, value in cells.fixed("patients").items()}
    for name, key in (("birth", "date_of_birth"), ("zero", "time_zero")):
        if (key, "") in moments.dates:
            columns[name] = moments.dates[(key, "")]
    columns |= moments.beginning_with("patients")
    for use in cells.said.uses:
        if use.role == "extra":
            columns |= _extra(cells, moments, use)
    if columns:
        add_rows(cells, "patients", np.logical_or.reduce([pd.notna(v) for v in columns.values()]), columns)


def _extra(cells: Cells, moments: Moments, use: ColumnUse) -> dict[str, np.ndarray]:
    """A column of the study's own: what becomes of an identifier."""
    if use.becomes == "three_digits":
        return {f"extra:{use.name}": cells.read(use, first_three, "a ZIP code of five digits")}
    if use.becomes == "day":
        return {f"date:extra:{use.name}": moments.of_column(cells, use, FIRST_YEAR)}
    if any(looks_like_date(text) for text in pd.unique(cells.table.cells[use.column])[:100]):
        return {f"born:{use.name}": moments.of_column(cells, use, FIRST_BIRTH)}
    ages = cells.numbers_of(use, 0, 130, "an age in years, or a date of birth")
    return {f"extra:{use.name}": on_distinct(ages, age_group)}


def place_events(cells: Cells, moments: Moments) -> None:
    """Sessions, treatments and adverse events: each with a date or a day."""
    for name, must in EVENTS.items():
        uses = [use for use in cells.said.uses if use.role.startswith(f"{name}.")]
        for at in dict.fromkeys(use.at for use in uses):
            _place_event(cells, moments, name, must, at, [use for use in uses if use.at in (at, "")])


def _place_event(cells: Cells, moments: Moments, name: str, must: str, at: str, uses: list[ColumnUse]) -> None:
    fixed = cells.fixed(name)
    columns = {use.role.split(".", 1)[1]: cells.values_of(use) for use in uses if use.role != "sessions.dose_mg"}
    for use in uses:
        if use.role == "sessions.dose_mg":
            columns["dose_mg"] = cells.doses_of(use, columns.get("weight_kg", cells.filled(None)))
    told = [v for column, v in columns.items() if name != "sessions" or column not in _OF_ALL_SESSIONS]
    filled = np.logical_or.reduce([pd.notna(v) for v in told]) if told else np.zeros(cells.n, dtype=bool)
    defaults = {c: columns[c] for c in _OF_ALL_SESSIONS if name == "sessions" and c in columns and c not in fixed}
    columns |= {column: cells.filled(value) for column, value in fixed.items()}
    moment, day = moments.of(name, at)
    dated = is_dated(moment, day)
    columns |= {"moment": moment, "given": day, **moments.beginning_with(name)}
    is_one = pd.notna(columns[must]) if must in columns else np.zeros(cells.n, dtype=bool)
    if name != "treatments":
        is_one = is_one & dated
    if name == "sessions" and not fixed.get("kind"):
        is_one = is_one & filled
    if name == "sessions" and "status" in columns:
        is_one = is_one & (columns["status"] != DROP)
    add_rows(cells, name, is_one, columns)
    cells.placed.reasons[filled & ~dated & (cells.placed.reasons == "")] = NO_DATE
    if defaults:
        told_of_patient = np.logical_or.reduce([pd.notna(v) for v in defaults.values()])
        add_rows(cells, "session_defaults", told_of_patient & ~is_one, defaults)


def place_diagnoses(cells: Cells) -> None:
    """Diagnoses: a column of codes or names, or a checkbox for each."""
    uses = [use for use in cells.said.uses if use.role.startswith("diagnoses.")]
    named = [use for use in uses if use.role == "diagnoses.diagnosis"]
    others = {use.role.split(".", 1)[1]: cells.values_of(use) for use in uses if use not in named}
    others |= {column: cells.filled(value) for column, value in cells.fixed("diagnoses").items()}
    for use in named:
        values = cells.filled(None) if use.when else cells.values_of(use)
        if use.when:
            values[cells.table.cells[use.column] == use.when] = use.value
        ranks = {"rank": cells.filled(use.rank)} if use.rank else {}
        add_rows(cells, "diagnoses", pd.notna(values), {"diagnosis": values, **others, **ranks})
