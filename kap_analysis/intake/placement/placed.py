"""What one foreign table gave, and the words for why a row gave nothing."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.intake.source_table import SourceTable

NO_PATIENT: Final = "no patient id"
A_TOTAL: Final = "a line of totals"
NO_DATE: Final = "no date"
NOTHING: Final = "nothing in the columns that are placed"
NOTHING_NEW: Final = "nothing but what other rows say too"
AHEAD: Final = "an appointment in the future that was called off"
NOT_HELD: Final = "an appointment whose status the map drops"
NOT_SCORED: Final = "a question after the items, which is no part of the score"
A_FOOTER: Final = "a note below the table"
BLANK: Final = "a row without any value"


@dataclass
class Placed:
    """What one table gave: frames by target, with ``source`` and ``row`` (position) of each of their rows.

    ``reasons`` holds for each row of the table why it was left out, empty where nothing is known against it; ``wrong``
    says of each row whether something in it is a problem. ``columns`` names the column of each thing (``format``).
    """

    table: SourceTable
    frames: dict[str, list[pd.DataFrame]] = field(default_factory=dict)
    reasons: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=object))
    wrong: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=bool))
    not_placed: list[str] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)

    def without_wrong_rows(self) -> "Placed":
        """The same without the rows in which a problem was found, so that a problem is told once."""
        frames = {
            name: [part[~self.wrong[part["row"].to_numpy()]] for part in parts] for name, parts in self.frames.items()
        }
        return Placed(self.table, frames, self.reasons, self.wrong, self.not_placed, self.columns)
