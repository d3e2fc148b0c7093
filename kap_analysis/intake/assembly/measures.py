"""The session that each measurement was taken in."""

from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.intake.assembly.account import WHERE, Account
from kap_analysis.intake.assembly.time_zero import took_place
from kap_analysis.intake.placement.measures import units_of

NO_SESSION: Final = "measured on a day without an attended session"
THE_SAME: Final = "the same measurement again"
_KEY: Final = ["pid", "session", "measure", "minute"]


def with_sessions(account: Account, measures: pd.DataFrame, sessions: pd.DataFrame) -> pd.DataFrame:
    """Say of each measurement which session it is of: ``session`` is the label of a row of ``sessions``.

    It is the session of the same row of the source, else that of the same patient and day, a ketamine session first.
    """
    held = sessions[took_place(sessions)]
    held = held[["pid", "day", "kind", *WHERE]].assign(session=held.index)
    pairs = measures.assign(measurement=measures.index).merge(held, on=["pid", "day"], suffixes=("", "|held"))
    same_row = (pairs["source"] == pairs["source|held"]) & (pairs["row"] == pairs["row|held"])
    pairs["rank"] = np.select([same_row, pairs["kind"] == "ketamine"], [0, 1], 2)
    best = pairs[pairs["rank"] == pairs.groupby("measurement")["rank"].transform("min")]
    several = best["measurement"].duplicated(keep=False) & ~best["rank"].eq(0)
    account.report(
        best[several].drop_duplicates("measurement"), "measure", "a measurement on a day with two sessions",
        "measurements in the row of their session",
    )  # fmt: skip
    of = best[~best["measurement"].duplicated()].set_index("measurement")["session"]
    account.leave_out(measures[~measures.index.isin(of.index)], NO_SESSION)
    out = measures.loc[of.index].assign(session=of)
    out["unit"] = units_of(out["measure"])
    again = out.duplicated([*_KEY, "value"])
    account.leave_out(out[again], THE_SAME)
    return out[~again].drop(columns=["moment", "given", "day"])
