"""The part of the simulated study that the examples hold, with made-up dates, names and record numbers.

All patients of `data/three_practices`, their BDI-II, the PHQ-9 items of the same days, their ketamine sessions and
current diagnoses.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

STUDY: Final = Path(__file__).parent.parent / "three_practices"
SEED: Final = 20261127
FACTS: Final = ("practice", "sex", "ace_score", "failed_treatments", "research_consent")
_FIRST: Final = ("Anna", "Bert", "Cleo", "Dora", "Emil", "Fritz", "Greta", "Hugo", "Ida", "Jonas")
_LAST: Final = ("Example", "Sample", "Muster", "Specimen", "Nobody", "Pattern", "Dummy", "Placeholder")


@dataclass(frozen=True)
class MadeUpExport:
    """Tables with dates: ``patients``, ``diagnoses``, ``sessions``, ``scores`` (BDI-II and PHQ-9 in columns), and
    ``measures`` (one row per session, ``sbp_0``, ``sbp_40``, ... in columns).
    """

    patients: pd.DataFrame
    diagnoses: pd.DataFrame
    sessions: pd.DataFrame
    scores: pd.DataFrame
    measures: pd.DataFrame


def made_up_export(n_patients: int | None = None) -> MadeUpExport:
    """Draw dates for the simulated study; the same at each call. ``n_patients`` keeps the first of them."""
    patients = _read("patients").head(n_patients)[["patient_id", "age", "start_period", *FACTS]]
    rng = np.random.default_rng(SEED)
    start = pd.PeriodIndex(patients["start_period"].str.replace("-Q", "Q"), freq="Q").start_time
    zero = pd.Series(
        start + pd.to_timedelta(rng.integers(7, 80, len(patients)), unit="D"), index=patients["patient_id"]
    )
    birth = [
        (day - pd.DateOffset(years=int(age)) - pd.Timedelta(days=int(days)))
        for day, age, days in zip(zero, patients["age"], rng.integers(1, 360, len(patients)), strict=True)
    ]
    numbers = 4000 + rng.permutation(3 * len(patients))[: len(patients)]
    key = dict(zip(patients["patient_id"], numbers.astype(str), strict=True))
    names = [f"{_FIRST[int(n) % 10]} {_LAST[int(n) // 10 % 8]}" for n in numbers]
    patients = patients.assign(id=list(key.values()), birth=birth, name=names)

    def keyed(frame: pd.DataFrame) -> pd.DataFrame:
        frame = frame[frame["patient_id"].isin(key)].copy()
        if "day" in frame:
            frame["date"] = frame["patient_id"].map(zero) + pd.to_timedelta(frame["day"], unit="D")
        frame["id"] = frame["patient_id"].map(key)
        return frame.drop(columns=["patient_id", "day"], errors="ignore").reset_index(drop=True)

    sessions = _read("sessions").query("kind == 'ketamine'")
    sessions = sessions[["patient_id", "day", "format", "cohort_id", "status", "dose_mg", "route"]]
    diagnoses = _read("diagnoses").query("status == 'current'")[["patient_id", "diagnosis", "rank"]]
    return MadeUpExport(
        patients=patients.drop(columns=["patient_id", "age", "start_period"]).reset_index(drop=True),
        diagnoses=keyed(diagnoses),
        sessions=keyed(sessions),
        scores=keyed(_scores()),
        measures=keyed(_measures()),
    )


def _read(name: str) -> pd.DataFrame:
    return pd.read_csv(STUDY / f"{name}.csv")


def _scores() -> pd.DataFrame:
    """One row per patient and day: ``bdi``, ``phq_1`` to ``phq_9`` (NaN where nothing was answered)."""
    assessments, items = _read("assessments"), _read("items")
    where = ["patient_id", "day"]
    bdi = assessments.query("instrument == 'BDI-II'").rename(columns={"score": "bdi"})[[*where, "bdi"]]
    wide = items.query("instrument == 'PHQ-9'").pivot_table(index=where, columns="item", values="answer")
    wide.columns = [f"phq_{item}" for item in wide.columns]
    return bdi.merge(wide.reset_index(), on=where, how="left")


def _measures() -> pd.DataFrame:
    """One row per patient and day of a ketamine session: ``sbp_0``, ``sbp_40``, ``dbp_0``, ..."""
    days = _read("sessions").query("kind == 'ketamine'")[["patient_id", "session_id", "day"]]
    measures = _read("session_measures").merge(days, on=["patient_id", "session_id"])
    measures["name"] = measures["measure"] + "_" + measures["minute"].astype(int).astype(str)
    wide = measures.pivot_table(index=["patient_id", "day"], columns="name", values="value").reset_index()
    wide.columns.name = None
    return wide
