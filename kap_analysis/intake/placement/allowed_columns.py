"""Whether the columns of a map are there, and whether those that look like identifiers are decided upon."""

from typing import Final

import pandas as pd

from kap_analysis.intake.placement.cells import Cells
from kap_analysis.intake.values import shown_name
from kap_analysis.study.contract.identifiers import identifier_kinds, is_identifying_name
from kap_analysis.suggestions import nearest_name

#: What may look like an identifier, because none of it is kept: keys become codes, dates days, a birth an age.
_NOT_KEPT: Final = frozenset({"patient_id", "drop", "date_of_birth", "sessions.facilitator_ids", "date"})
_MOST_LOOKED_AT: Final = 5000


def columns_are_allowed(cells: Cells) -> bool:
    """Tell what is wrong with the columns of a table; return whether its rows can be read."""
    named = [_is_fine(cells, name) for name in dict.fromkeys(use.column for use in cells.said.uses)]
    others = [_is_harmless(cells, name) for name in cells.table.columns if name not in
              {use.column for use in cells.said.uses}]  # fmt: skip
    return all(named) and all(others)


def _is_fine(cells: Cells, name: str) -> bool:
    if name not in cells.table.columns:
        near = nearest_name(name, cells.table.columns)
        offered = f"; the nearest is {shown_name(near)}" if near else ""
        cells.problem(name, "no such column", f"a column of the table{offered}")
        return False
    open_uses = [use for use in cells.said.uses if use.column == name and use.role not in _NOT_KEPT and not use.keep]
    if open_uses and is_identifying_name(name):
        expected = 'is = "drop", or keep = "why it is no identifier"'
        cells.problem(name, "a column whose name is that of an identifier", expected)
        return False
    return True


def _is_harmless(cells: Cells, name: str) -> bool:
    cells.placed.not_placed.append(shown_name(name))
    texts = [str(text) for text in pd.unique(cells.table.cells[name])[:_MOST_LOOKED_AT]]
    kinds = [kind for kind in identifier_kinds(texts, "plain") if kind and kind != "a date"]
    if not kinds and not is_identifying_name(name):
        return True
    what = kinds[0] if kinds else "an identifier"
    expected = 'a line in the map that says what becomes of it, such as is = "drop"'
    found = f"a column that looks like {what} and is not in the map"
    cells.problems.add(cells.table.shown, found, expected, column=shown_name(name))
    return False
