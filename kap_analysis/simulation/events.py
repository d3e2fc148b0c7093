"""What was measured and what went wrong in sessions, and the other treatments of the patients."""

from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.simulation.course import Course
from kap_analysis.simulation.labels import levels
from kap_analysis.simulation.people import People, pick
from kap_analysis.simulation.sessions import IM, KETAMINE, Rows, session_ids
from kap_analysis.study.contract.dictionary import YES_NO

# Measure, unit, mean and SD before the dose, mean rise 40 minutes later, lowest and highest value.
VITALS: Final = (
    ("sbp", "mmHg", 122.0, 12.0, 14.0, 85, 205),
    ("dbp", "mmHg", 77.0, 8.0, 9.0, 50, 125),
    ("hr", "bpm", 73.0, 10.0, 6.0, 45, 150),
    ("spo2", "%", 98.0, 1.0, -0.6, 90, 100),
)
MINUTES: Final = (0, 40)
NOT_MEASURED: Final = 0.02

# Event, its chance in a ketamine session by lozenge and by injection.
EVENTS: Final = (
    ("nausea", 0.08, 0.13),
    ("dizziness", 0.06, 0.08),
    ("headache", 0.05, 0.05),
    ("fatigue", 0.04, 0.04),
    ("anxiety", 0.03, 0.04),
    ("vomiting", 0.015, 0.04),
    ("raised_blood_pressure", 0.01, 0.03),
    ("distressing_dissociation", 0.01, 0.02),
    ("unsteadiness", 0.02, 0.02),
    ("suicidal_ideation", 0.003, 0.003),
)
SEVERITIES: Final = ("mild", "moderate", "severe")
SEVERITY_SHARES: Final = (0.72, 0.25, 0.03)
RELATEDNESS: Final = ("unlikely", "possible", "probable")
RELATEDNESS_SHARES: Final = (0.10, 0.40, 0.50)
CONFLICT_SHARE: Final = 0.005  # of group sessions
SERIOUS_SHARE: Final = 0.008  # of patients: in hospital, unrelated to a session

# Kind, class, share of patients who have it at day 0.
ONGOING: Final = (
    ("medication", "ssri", 0.33),
    ("medication", "snri", 0.18),
    ("medication", "bupropion", 0.16),
    ("medication", "benzodiazepine", 0.14),
    ("medication", "stimulant", 0.17),
    ("medication", "mood_stabiliser", 0.08),
    ("psychotherapy", "individual_therapy", 0.68),
)
CHANGES: Final = (
    ("medication", "ssri", "started"),
    ("medication", "benzodiazepine", "started"),
    ("medication", "other_antidepressant", "started"),
    ("psychotherapy", "individual_therapy", "started"),
    ("neuromodulation", "tms", "started"),
)
CHANGE_SHARES: Final = (0.30, 0.15, 0.25, 0.25, 0.05)
CHANGED: Final = 0.09  # of patients, one change during follow-up


def measure_frame(rows: Rows, ids: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Vital signs at 0 and 40 minutes of each ketamine session in the clinic; columns as in the data dictionary."""
    at = np.flatnonzero((rows["kind"] == KETAMINE) & (rows["setting"] == 0) & (rows["status"] == 0))
    injected = rows["route"][at] == IM
    values = np.empty((len(at), len(VITALS), len(MINUTES)))
    for place, (_, _, mean, sd, rise, low, high) in enumerate(VITALS):
        before = mean + sd * rng.standard_normal(len(at))
        change = rise * np.where(injected, 1.2, 0.8) + 0.5 * sd * rng.standard_normal(len(at))
        values[:, place, 0], values[:, place, 1] = before, before + change
        values[:, place] = np.clip(np.rint(values[:, place]), low, high)
    values[rng.random(values.shape) < NOT_MEASURED] = np.nan
    per_session = len(VITALS) * len(MINUTES)
    measure = np.tile(np.repeat(np.arange(len(VITALS)), len(MINUTES)), len(at))
    return pd.DataFrame(
        {
            "patient_id": np.repeat(ids[rows["patient"][at]], per_session),
            "session_id": np.repeat(session_ids(rows, ids)[at], per_session),
            "minute": np.tile(np.asarray(MINUTES, dtype=np.float64), len(at) * len(VITALS)),
            "measure": levels(measure, [vital[0] for vital in VITALS]),
            "value": values.ravel(),
            "unit": levels(measure, [vital[1] for vital in VITALS]),
        }
    )


def event_frame(rows: Rows, people: People, course: Course, ids: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Adverse events, of sessions at which they were asked about and a few serious ones between sessions."""
    names = (*(event[0] for event in EVENTS), "conflict_in_group", "hospitalisation")
    asked = np.flatnonzero(rows["asked"] == 1)
    chance = np.array([event[1:] for event in EVENTS])[:, rows["route"][asked]]
    event, which = np.nonzero(rng.random(chance.shape) < chance)
    grouped = np.flatnonzero((rows["cohort"] >= 0) & (rows["status"] == 0))
    conflict = grouped[rng.random(len(grouped)) < CONFLICT_SHARE]
    admitted = np.flatnonzero(rng.random(people.n) < SERIOUS_SHARE)
    admitted = admitted[course.end_day[admitted] > 10]

    session = np.concatenate([asked[which], conflict, np.full(len(admitted), -1)])
    code = np.concatenate([event, np.full(len(conflict), len(EVENTS)), np.full(len(admitted), len(EVENTS) + 1)])
    patient = np.where(session >= 0, rows["patient"][session], 0)
    day = np.where(session >= 0, rows["day"][session], 0)
    serious = session < 0
    patient[serious] = admitted
    day[serious] = 8 + (rng.random(len(admitted)) * (course.end_day[admitted] - 9)).astype(np.int64)
    severity = np.where(serious, 2, pick(rng.random(len(code)), SEVERITY_SHARES))
    related = np.where(serious, 0, pick(rng.random(len(code)), RELATEDNESS_SHARES))
    order = np.lexsort((code, day, patient))
    where = session[order]
    codes = session_ids(rows, ids)[where]
    codes[where < 0] = None
    return pd.DataFrame(
        {
            "patient_id": ids[patient[order]],
            "day": day[order],
            "session_id": pd.Categorical(codes),
            "event": levels(code[order], names),
            "severity": levels(severity[order], SEVERITIES),
            "serious": levels(serious[order].astype(np.int64), YES_NO),
            "relatedness": levels(related[order], RELATEDNESS),
        }
    )


def treatment_frame(people: People, course: Course, ids: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Other treatments: what went on at day 0, and for some one change during follow-up."""
    n = people.n
    length, known = rng.random((n, len(ONGOING))), rng.random((n, len(ONGOING)))
    patient, kind = np.nonzero(rng.random((n, len(ONGOING))) < np.array([share for *_, share in ONGOING]))
    start = np.where(known < 0.15, np.nan, -30 - np.floor(1000 * length))[patient, kind]
    changed = np.flatnonzero((rng.random(n) < CHANGED) & (course.end_day > 15))
    change = len(ONGOING) + pick(rng.random(len(changed)), CHANGE_SHARES)
    begins = 5 + np.floor(rng.random(len(changed)) * (course.end_day[changed] - 6))

    patient, code = np.concatenate([patient, changed]), np.concatenate([kind, change])
    start_day = np.concatenate([start, begins])
    order = np.lexsort((code, patient))
    code = code[order]
    kinds = [entry[0] for entry in (*ONGOING, *CHANGES)]
    classes = [entry[1] for entry in (*ONGOING, *CHANGES)]
    return pd.DataFrame(
        {
            "patient_id": ids[patient[order]],
            "start_day": start_day[order],
            "end_day": np.full(len(code), np.nan),
            "kind": levels(code, kinds),
            "class": levels(code, classes),
            "change": levels((code >= len(ONGOING)).astype(np.int64), ("unchanged", "started")),
        }
    )
