"""Whether sessions without a status were held: a list of what was given says so, a list of appointments does not."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.intake.recognition.guess import Guess
from kap_analysis.intake.source_table import SourceTable

#: A list of sessions of which so many tell what was given is one of sessions that were held.
_SHARE_GIVEN: Final = 0.9


def tells_what_was_given(table: SourceTable, guesses: Sequence[Guess]) -> bool:
    """Whether the ketamine sessions of a table tell their dose or their route, but for a few of them."""
    given = _filled(table, [g for g in guesses if g.role in ("sessions.dose_mg", "sessions.route")])
    dates = [guess for guess in guesses if guess.role == "date"]
    rows = _filled(table, [g for g in dates if g.said.get("of") == "sessions"] or dates)
    for guess in guesses:
        values = guess.said.get("values")
        if guess.role == "sessions.kind" and isinstance(values, dict):
            rows = rows & (pd.Series(table.cells[guess.column]).map(values) == "ketamine").to_numpy()
    return bool(rows.any()) and given[rows].mean() >= _SHARE_GIVEN


def _filled(table: SourceTable, guesses: Sequence[Guess]) -> np.ndarray:
    """Which rows hold something in any of some columns."""
    columns = [table.cells[guess.column] != "" for guess in guesses]
    return np.logical_or.reduce(columns) if columns else np.zeros(len(table.lines), dtype=bool)
