"""Whether the columns of a map are there, and whether those that look like identifiers are decided upon."""

from dataclasses import replace
from typing import Final

import pandas as pd

from kap_analysis.intake.identification.columns import finding_of
from kap_analysis.intake.identification.safe_harbor import FREE_TEXT, KINDS, kind_of_name
from kap_analysis.intake.identification.shown import shown_column, shown_place
from kap_analysis.intake.placement.cells import Cells
from kap_analysis.suggestions import nearest_name

#: What may look like an identifier, because none of it is kept: keys become codes, dates days, a birth an age.
_NOT_KEPT: Final = frozenset({"patient_id", "drop", "date_of_birth", "sessions.facilitator_ids", "date", "extra"})
_NEEDED_BY_OTHERS: Final = frozenset(
    {"sessions.kind", "treatments.kind", "adverse_events.event", "diagnoses.diagnosis", "session_measures.measure",
     "session_measures.value"}
)  # fmt: skip
_OFFERED: Final = 5
_WHAT_BECOMES: Final = (
    'is = "drop"; or is = "extra" with becomes = "day", "three_digits" or "age_group"; or '
    'keep = "why it is no identifier"'
)


def columns_are_allowed(cells: Cells) -> bool:
    """Tell what is wrong with the columns of a table; return whether its rows can be read.

    They can be without a column that is not there and that no other needs: what is wrong in them is told at once.
    """
    named = [_is_fine(cells, name) for name in dict.fromkeys(use.column for use in cells.said.uses)]
    others = [_is_harmless(cells, name) for name in cells.table.columns if name not in
              {use.column for use in cells.said.uses}]  # fmt: skip
    if not (all(named) and all(others)):
        return False
    there = tuple(use for use in cells.said.uses if use.column in cells.table.columns)
    cells.said = replace(cells.said, uses=there)
    return True


def _is_fine(cells: Cells, name: str) -> bool:
    if name not in cells.table.columns:
        near = nearest_name(name, cells.table.columns)
        uses = [use for use in cells.said.uses if use.column == name]
        free = [one for one in cells.table.columns if one not in {use.column for use in cells.said.uses}]
        others = ", ".join(shown_column(cells.table, one) for one in free[:_OFFERED])
        offered = f"; the nearest is {shown_column(cells.table, near)}" if near else others and f", such as {others}"
        cells.problem(name, "no such column", f"a column of the table{offered}")
        return all("." in use.role and use.role not in _NEEDED_BY_OTHERS for use in uses)
    open_uses = [use for use in cells.said.uses if use.column == name and use.role not in _NOT_KEPT and not use.keep]
    if open_uses and (kind := kind_of_name(name)):
        cells.problem(name, f"a column whose name is that of an identifier ({KINDS[kind]})", _WHAT_BECOMES)
        return False
    return True


def _is_harmless(cells: Cells, name: str) -> bool:
    """A column that the map does not name is not read; one that looks like an identifier must be decided upon."""
    cells.placed.not_placed.append(shown_column(cells.table, name))
    finding = finding_of(name, [str(text) for text in pd.unique(cells.table.cells[name])])
    if finding is None:
        return True
    found = f"a column that is not in the map: {finding.what} ({KINDS.get(finding.kind, FREE_TEXT)})"
    cells.problems.add(shown_place(cells.table), found, _WHAT_BECOMES, column=shown_column(cells.table, name))
    return False
