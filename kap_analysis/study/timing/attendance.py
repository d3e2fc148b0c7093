"""Which sessions took place, and which of them say in what format a patient is treated."""

from typing import Final

import numpy as np
import pandas as pd

NOT_HELD: Final = ("no_show", "cancelled")
CLINIC: Final = "clinic"


def attended(sessions: pd.DataFrame) -> np.ndarray:
    """Say for each session whether it took place: all but no-shows and cancellations; no status counts as attended."""
    if "status" not in sessions:
        return np.ones(len(sessions), dtype=bool)
    return ~sessions["status"].isin(NOT_HELD).to_numpy()


def ketamine_sessions(sessions: pd.DataFrame, *, in_clinic: bool = False) -> pd.DataFrame:
    """Return the attended ketamine sessions in the order of patient, day and hour.

    Parameters
    ----------
    sessions : pandas.DataFrame
        The sessions of a study.
    in_clinic : bool
        Only those in the clinic, or with no setting given: sessions at home or by telehealth never change the format.
    """
    kept = attended(sessions) & (sessions["kind"] == "ketamine").to_numpy()
    if in_clinic and "setting" in sessions:
        kept &= (sessions["setting"].isna() | (sessions["setting"] == CLINIC)).to_numpy()
    order = [name for name in ("patient_id", "day", "hour") if name in sessions]
    return sessions[kept].sort_values(order, kind="stable")


def started_patients(sessions: pd.DataFrame) -> pd.Index:
    """Return the patients with at least one attended ketamine session."""
    return pd.Index(ketamine_sessions(sessions)["patient_id"].unique(), name="patient_id")
