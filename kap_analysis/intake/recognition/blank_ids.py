"""Ids that stand in the first line of a patient alone: what a blank one means is a question."""

from typing import Final

from kap_analysis.intake.source_table import SourceTable

#: Lines of totals and notes have no id either; where so many rows have none, it is left out on purpose.
_SHARE_BLANK: Final = 1 / 3


def leaves_ids_blank(table: SourceTable, column: str) -> bool:
    """Whether many rows under an id have none themselves."""
    blank = table.cells[column] == ""
    return bool(len(blank)) and not blank[0] and bool(blank.mean() >= _SHARE_BLANK)
