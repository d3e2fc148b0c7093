"""Tables with one header: a sheet for each quarter, a file for each practice. They are asked about once."""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from pathlib import PurePath

import numpy as np

from kap_analysis.intake.recognition.column_names import instrument_in, visit_in
from kap_analysis.intake.recognition.meanings import kind_of, level_of
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.values import plain_words


def groups_of_alike(tables: Sequence[SourceTable]) -> list[list[SourceTable]]:
    """Group the tables that have the same columns, unless their names say another questionnaire, visit or format."""
    groups: dict[Hashable, list[SourceTable]] = {}
    for number, table in enumerate(tables):
        says_itself = table.labels or table.names or table.headings
        key = (number,) if says_itself else (table.columns, _said_by_name(table))
        groups.setdefault(key, []).append(table)
    return list(groups.values())


def joined(tables: Sequence[SourceTable]) -> SourceTable:
    """Return the rows of alike tables as those of the first."""
    if len(tables) == 1:
        return tables[0]
    cells = {name: np.concatenate([table.cells[name] for table in tables]) for name in tables[0].columns}
    return replace(tables[0], cells=cells, lines=np.concatenate([table.lines for table in tables]))


def _said_by_name(table: SourceTable) -> tuple[str, ...]:
    """What the name of a sheet or file says of its rows."""
    name = table.sheet or PurePath(table.file).stem
    return instrument_in(name), visit_in(f"x {plain_words(name)}")[1], level_of("sessions.format", name), kind_of(name)
