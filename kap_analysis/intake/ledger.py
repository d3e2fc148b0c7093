"""The ledger of an import: rows by file and fate, which add up to the rows that were read."""

from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.intake.assembly.measures import THE_SAME as SAME_MEASUREMENT
from kap_analysis.intake.assembly.scored import NO_ANSWER
from kap_analysis.intake.assembly.scored import THE_SAME as SAME_SCORE
from kap_analysis.intake.assembly.study_tables import StudyTables
from kap_analysis.intake.identification.shown import shown_place
from kap_analysis.intake.placement.placed import BLANK, NOTHING, NOTHING_NEW, Placed

#: What is no loss where the row gave something else: an empty questionnaire, or what another row says too.
_NO_LOSS: Final = (NO_ANSWER, SAME_SCORE, SAME_MEASUREMENT, NOTHING)


def ledger_of(placed: list[Placed], made: StudyTables) -> pd.DataFrame:
    """Rows by file and fate; a row that gave anything to the study is placed, in part if something of it is lost."""
    origin = pd.concat(list(made.origin.values()), ignore_index=True).dropna().astype(int)
    reasons = (
        pd.concat(made.left_out, ignore_index=True)
        if made.left_out
        else pd.DataFrame(columns=["source", "row", "reason"])
    )
    rows = []
    for number, one in enumerate(placed):
        fate = one.reasons.copy()
        for _, part in reasons[reasons["source"] == number].groupby("reason", sort=False):
            at = part["row"].to_numpy(dtype=int)
            fate[at] = np.where(fate[at] == "", part["reason"].iloc[0], fate[at])
        used = set(one.frames)
        given = _rows_given(one, used)
        fate[(fate == "") & ~given] = NOTHING
        is_placed = np.zeros(len(fate), dtype=bool)
        is_placed[origin.loc[origin["source"] == number, "row"].unique()] = True
        fate[is_placed & np.isin(fate, _NO_LOSS)] = ""
        fate[~is_placed & (fate == "")] = NOTHING_NEW
        for is_of, word, start in ((is_placed, "placed", "in part: "), (~is_placed, "left out", "")):
            for reason, n in pd.Series(fate[is_of]).value_counts(sort=False).items():
                rows.append((shown_place(one.table), word, f"{start}{reason}" if reason else "", int(n)))
        if one.table.n_blank:
            rows.append((shown_place(one.table), "left out", BLANK, one.table.n_blank))
    frame = pd.DataFrame(rows, columns=["file", "fate", "reason", "n_rows"])
    return frame.sort_values(
        ["file", "fate", "n_rows"], ascending=[True, False, False], kind="stable", ignore_index=True
    )


def _rows_given(one: Placed, names: set[str]) -> np.ndarray:
    given = np.zeros(len(one.table.lines), dtype=bool)
    for name in names:
        for part in one.frames[name]:
            given[part["row"].to_numpy()] = True
    return given
