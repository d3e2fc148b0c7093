"""What a role needs beside it in the same table: a score its instrument, a dose the kind of its session."""

from collections.abc import Mapping, Sequence
from typing import Final

from kap_analysis.intake.mapping.map_content import ColumnUse
from kap_analysis.intake.mapping.map_problems import MapProblems

#: Columns of sessions that can be told once of a patient, in a row that holds no session.
_OF_A_PATIENT: Final = ("sessions.format", "sessions.cohort_id")
#: Role -> roles of which one must stand beside it.
_NEEDED: Final[Mapping[str, Sequence[Sequence[str]]]] = {
    "time": (("date",),),
    "score": (("instrument",),),
    "answer": (("item_number",), ("instrument",)),
    "item_number": (("answer",),),
    "instrument": (("score", "answer"),),
}
_NEEDED_OF_TABLES: Final[Mapping[str, Sequence[str]]] = {
    "sessions": ("kind",),
    "treatments": ("kind",),
    "adverse_events": ("event",),
    "diagnoses": ("diagnosis",),
    "session_measures": ("measure", "value"),
}


def tell_what_is_needed(uses: Sequence[ColumnUse], fixed: Mapping[str, str], told: MapProblems) -> None:
    """Tell of each column that cannot be placed, because what it needs stands in no column and not in [table.fixed]."""
    free = [use for use in uses if not use.instrument or use.role == "instrument"]
    there = {use.role for use in free} | set(fixed)
    missing: dict[tuple[str, ...], ColumnUse] = {}
    for use in free:
        for needed in _needed_by(use.role):
            if not there & set(needed):
                missing.setdefault(tuple(needed), use)
    for needed, use in missing.items():
        expected = f"a column that is {' or '.join(needed)}, or the same of all rows in [table.fixed]"
        told.wrong(use.column, f"{use.role} without {' or '.join(needed)}", expected)


def _needed_by(role: str) -> Sequence[Sequence[str]]:
    table, _, column = role.partition(".")
    if column and role not in _OF_A_PATIENT:
        return [[f"{table}.{one}"] for one in _NEEDED_OF_TABLES.get(table, ()) if one != column]
    return _NEEDED.get(role, ())
