"""Whether sessions without a status were held: a list of what was given says so, a list of appointments does not."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.intake.recognition.guess import NOT_RECOGNISED, Guess
from kap_analysis.intake.recognition.meanings import yes_or_no
from kap_analysis.intake.source_table import SourceTable

#: Texts that say that nothing was given; an unknown dose was given all the same.
_NOTHING: Final = frozenset({"", "-", "--", ".", "n/a", "n.a.", "na", "none", "null", "not applicable", "0"})


def tells_what_was_given(table: SourceTable, guesses: Sequence[Guess]) -> bool:
    """Whether every ketamine session of a table tells its dose or its route."""
    given = _filled(table, [g for g in guesses if g.role in ("sessions.dose_mg", "sessions.route")])
    rows = _ketamine_rows(table, guesses)
    return bool(rows.any() and given[rows].all())


def could_say_held(table: SourceTable, guesses: Sequence[Guess]) -> list[str]:
    """Columns that nothing explains, and that say yes in some ketamine sessions and no in others."""
    rows = _ketamine_rows(table, guesses)
    free = [guess.column for guess in guesses if guess.role == "drop" and guess.why == NOT_RECOGNISED]
    return [name for name in free if _says_both(table, name, rows)]


def _says_both(table: SourceTable, name: str, rows: np.ndarray) -> bool:
    """Whether a column says only yes and no, both of them in rows that it mostly fills."""
    texts = table.cells[name][rows]
    said = {yes_or_no(table.label_of(name, text)) for text in pd.unique(texts[texts != ""])}
    return said == {"yes", "no"} and 2 * (texts != "").sum() > len(texts)


def _ketamine_rows(table: SourceTable, guesses: Sequence[Guess]) -> np.ndarray:
    """Which rows are ketamine sessions: with a date, and of that kind where a column says kinds."""
    dates = [guess for guess in guesses if guess.role == "date"]
    rows = _filled(table, [g for g in dates if g.said.get("of") == "sessions"] or dates)
    for guess in guesses:
        values = guess.said.get("values")
        if guess.role == "sessions.kind" and isinstance(values, dict):
            rows = rows & (pd.Series(table.cells[guess.column]).map(values) == "ketamine").to_numpy()
    return rows


def _filled(table: SourceTable, guesses: Sequence[Guess]) -> np.ndarray:
    """Which rows hold something in any of some columns."""
    columns = [~pd.Series(table.cells[g.column], dtype=object).str.lower().isin(_NOTHING).to_numpy() for g in guesses]
    return np.logical_or.reduce(columns) if columns else np.zeros(len(table.lines), dtype=bool)
