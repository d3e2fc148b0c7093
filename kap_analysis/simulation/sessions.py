"""The table of sessions: preparation, ketamine and integration, alone or in a group, in the clinic or not."""

from typing import Any, Final

import numpy as np
import pandas as pd

from kap_analysis.columns import FORMATS
from kap_analysis.simulation.course import Course
from kap_analysis.simulation.labels import cohort_ids, facilitator_ids, levels, name_codes, name_pairs
from kap_analysis.simulation.parameters import Parameters
from kap_analysis.simulation.people import Bools, Floats, Ints, People
from kap_analysis.simulation.schedule import Schedule
from kap_analysis.study.contract.dictionary import YES_NO

KINDS: Final = ("preparation", "ketamine", "integration")
SETTINGS: Final = ("clinic", "home_supervised", "home_unsupervised", "telehealth")
STATUSES: Final = ("attended", "no_show")
PHASES: Final = ("induction", "maintenance")
ROUTES: Final = ("SL", "IM")
PREPARATION, KETAMINE, INTEGRATION = range(3)
SL, IM = range(2)

Rows = dict[str, np.ndarray]


def draw_sessions(people: People, course: Course, schedule: Schedule, rng: np.random.Generator, p: Parameters) -> Rows:
    """Draw all sessions as arrays of one length, in the order of patient, day and hour.

    Returns
    -------
    dict of arrays
        ``patient, day, kind, in_group, cohort, place, hour, setting, status, phase, route, dose, weight, minutes,
        asked, lead, second, number``: codes index the tuples of this module, -1 or NaN means not applicable; ``place``
        is the session's number in its unit, ``number`` its number among the patient's sessions, from 1.
    """
    blocks = [
        _preparation(people, schedule, rng),
        _ketamine(people, schedule, rng, p),
        _integration(schedule, course, rng, p),
        _boosters(schedule, rng, p),
    ]
    rows = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    order = np.lexsort((rows["hour"], rows["day"], rows["patient"]))
    rows = {name: values[order] for name, values in rows.items()}
    rows["number"] = 1 + np.arange(len(order)) - np.searchsorted(rows["patient"], rows["patient"])
    grouped = rows["cohort"] >= 0
    rows["lead"], rows["second"] = people.lead[rows["patient"]].copy(), np.full(len(order), -1)
    rows["lead"][grouped] = people.cohort_lead[rows["cohort"][grouped]]
    rows["second"][grouped] = people.cohort_second[rows["cohort"][grouped]]
    weight = np.round(np.clip(76 + 15 * rng.standard_normal(people.n), 45, 140))
    rows["weight"] = np.where(rows["kind"] == KETAMINE, weight[rows["patient"]], np.nan)
    return rows


def session_frame(rows: Rows, people: People, ids: np.ndarray) -> pd.DataFrame:
    """Make the table of sessions from its arrays; columns as in the data dictionary."""
    cohorts, facilitators = cohort_ids(people), facilitator_ids(people)
    letters = [kind[0].upper() for kind in KINDS]
    shared = name_codes(
        (rows["cohort"], rows["kind"], rows["place"]),
        lambda cohort, kind, place: f"{cohorts[cohort]}-{letters[kind]}{place + 1}" if cohort >= 0 else "",
        sizes=(len(cohorts) + 1, len(KINDS) + 1, int(rows["place"].max(initial=0)) + 2),
    )
    ketamine = rows["kind"] == KETAMINE
    columns: dict[str, Any] = {
        "patient_id": ids[rows["patient"]],
        "day": rows["day"],
        "kind": levels(rows["kind"], KINDS),
        "format": levels(rows["in_group"].astype(np.int64), FORMATS[:2]),
        "session_id": session_ids(rows, ids),
        "cohort_id": levels(rows["cohort"], cohorts),
        "group_session_id": pd.Categorical(shared).remove_categories([""]),
        "facilitator_ids": pd.Categorical(name_pairs(rows["lead"], rows["second"], facilitators)),
        "hour": rows["hour"],
        "setting": levels(rows["setting"], SETTINGS),
        "status": levels(rows["status"], STATUSES),
        "course": np.ones(len(ketamine), dtype=np.int64),
        "phase": levels(rows["phase"], PHASES),
        "agent": levels(np.where(ketamine, 0, -1), ("racemic_ketamine",)),
        "route": levels(rows["route"], ROUTES),
        "dose_mg": rows["dose"],
        "weight_kg": rows["weight"],
        "minutes": rows["minutes"],
        "ae_asked": levels(rows["asked"], YES_NO),
    }
    return pd.DataFrame(columns)


def session_ids(rows: Rows, ids: np.ndarray) -> np.ndarray:
    """P001-01, P001-02, ...: the patient's sessions in order."""
    numbers = np.array([f"-{number:02d}" for number in range(int(rows["number"].max(initial=0)) + 1)], dtype=object)
    return ids[rows["patient"]] + numbers[rows["number"]]


def _block(patient: Ints, kind: int, **given: Any) -> Rows:
    """Rows of one kind; what is not given is the usual: individual, attended, in the clinic, induction, no drug."""
    usual: dict[str, Any] = {
        "day": 0,
        "kind": kind,
        "in_group": False,
        "cohort": -1,
        "place": 0,
        "hour": 10.0,
        "setting": 0,
        "status": 0,
        "phase": 0,
        "route": -1,
        "dose": np.nan,
        "minutes": np.nan,
        "asked": -1,
    }
    columns = {name: np.broadcast_to(given.get(name, value), len(patient)) for name, value in usual.items()}
    return {"patient": patient, **columns}


def _preparation(people: People, schedule: Schedule, rng: np.random.Generator) -> Rows:
    """One individual session each; then one more, with the cohort where there is one."""
    n = people.n
    alone = _block(
        np.arange(n),
        PREPARATION,
        day=-5 - (rng.random(n) * 16).astype(np.int64),
        hour=_quarters(rng.random(n)),
        setting=np.where(rng.random(n) < 0.4, 3, 0),
        minutes=60.0,
    )
    unit_day = (-1 - (rng.random(schedule.n_units) * 4)).astype(np.int64)
    unit_hour = _quarters(rng.random(schedule.n_units))
    comes = np.flatnonzero(people.is_group | (rng.random(n) < 0.5))
    together = _block(
        comes,
        PREPARATION,
        day=unit_day[schedule.unit[comes]],
        in_group=people.is_group[comes],
        cohort=people.cohort[comes],
        place=0,
        hour=unit_hour[schedule.unit[comes]],
        status=_missed(rng.random(len(comes)) < 0.04),
        minutes=np.where(people.is_group[comes], 90.0, 60.0),
    )
    return {name: np.concatenate([alone[name], together[name]]) for name in alone}


def _ketamine(people: People, schedule: Schedule, rng: np.random.Generator, p: Parameters) -> Rows:
    """Induction sessions: a low lozenge first, then for most an injection that grows from session to session."""
    patient, place = np.nonzero(schedule.due)
    in_group, came = schedule.in_group[patient, place], schedule.attended[patient, place]
    injected = (rng.random(people.n) < p.intramuscular_share)[patient] & (place > 0)
    size = 15 * rng.standard_normal(people.n)
    lozenge = np.rint((125 + 35 * np.minimum(place, 3) + size[patient]) / 25) * 25
    injection = np.rint((50 + 10 * place + size[patient] / 2) / 5) * 5
    dose = np.where(injected, np.clip(injection, 30, 130), np.clip(lozenge, 50, 400))
    length = np.where(in_group, 180.0, 150.0) + 15 * np.floor(rng.random(len(patient)) * 3)
    return _block(
        patient,
        KETAMINE,
        day=schedule.day[patient, place],
        in_group=in_group,
        cohort=schedule.cohort[patient, place],
        place=place,
        hour=schedule.hour[patient, place],
        status=_missed(~came),
        route=np.where(came, np.where(injected, IM, SL), -1),
        dose=np.where(came, dose, np.nan),
        minutes=np.where(came, length, np.nan),
        asked=np.where(came, (rng.random(len(patient)) < p.ae_asked).astype(np.int64), -1),
    )


def _integration(schedule: Schedule, course: Course, rng: np.random.Generator, p: Parameters) -> Rows:
    """After ketamine sessions: some 24 to 48 hours later, the others on days 3 to 6; a cohort meets together."""
    shape = (schedule.n_units, schedule.n_induction)
    early, second_day = rng.random(shape) < p.integration_early, rng.random(shape) < 0.5
    later_day = 3 + (rng.random(shape) * 4).astype(np.int64)
    after, hours = np.where(early, np.where(second_day, 2, 1), later_day), np.floor(rng.random(shape) * 9) / 4
    come = schedule.attended & (rng.random(schedule.due.shape) < p.integration_share)
    patient, place = np.nonzero(come)
    unit = schedule.unit[patient]
    start = schedule.hour[patient, place]
    # One day later it begins no earlier in the day, two days later no later: 24 to 48 hours.
    hour = np.where(after[unit, place] == 2, np.maximum(start - hours[unit, place], 8), start + hours[unit, place])
    day = schedule.day[patient, place] + after[unit, place]
    remote = rng.random(len(patient)) < 0.5
    in_group = schedule.in_group[patient, place]
    block = _block(
        patient,
        INTEGRATION,
        day=day,
        in_group=in_group,
        cohort=schedule.cohort[patient, place],
        place=place,
        hour=hour,
        setting=np.where(remote & ~in_group, 3, 0),
        minutes=np.where(in_group, 90.0, 50.0),
    )
    kept = day < course.end_day[patient]
    return {name: values[kept] for name, values in block.items()}


def _boosters(schedule: Schedule, rng: np.random.Generator, p: Parameters) -> Rows:
    """Maintenance: a lozenge at home, individually."""
    patient, place = np.nonzero(schedule.boosted)
    n = len(patient)
    return _block(
        patient,
        KETAMINE,
        day=schedule.booster_day[patient, place],
        place=schedule.n_induction + place,
        hour=_quarters(rng.random(n)),
        setting=np.where(rng.random(n) < 0.7, 1, 2),
        phase=1,
        route=SL,
        dose=100 + 25 * np.floor(rng.random(n) * 5),
        minutes=120.0,
        asked=(rng.random(n) < p.ae_asked / 2).astype(np.int64),
    )


def _quarters(uniform: Floats) -> Floats:
    """A start between 9 and 17 o'clock, on a quarter of an hour."""
    return 9 + np.floor(uniform * 32) / 4


def _missed(missed: Bools) -> Ints:
    return missed.astype(np.int64)
