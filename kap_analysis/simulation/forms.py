"""Which questionnaires were filled in on which day: the tables of assessments and of items."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kap_analysis.simulation.course import TARGET_DAYS, Course
from kap_analysis.simulation.covariates import Covariates
from kap_analysis.simulation.labels import levels
from kap_analysis.simulation.people import Floats, Ints, People, record_score
from kap_analysis.simulation.questionnaires import ITEMS, NOT_ANSWERED, Latent, draw_answers, draw_latent, has_diagnosis
from kap_analysis.simulation.questionnaires import totals as total_scores
from kap_analysis.simulation.scenario import Scenario, open_stream
from kap_analysis.simulation.schedule import Schedule

INSTRUMENTS: Final = ("BDI-II", "HAM-A", "PHQ-9", "GAD-7", "PCL-5", "Y-BOCS", "EDE-QS")
BY_CLINICIAN: Final = ("HAM-A", "Y-BOCS")
VERSIONS: Final = {"PCL-5": "past month"}
RATERS: Final = ("self", "clinician")
TIMINGS: Final = ("before_session", "between")
MODES: Final = ("online", "paper", "interview")
BEFORE_SESSION, BETWEEN = range(2)
EARLY_DAYS: Final = (7, 14)
EARLY_SHARE: Final = 0.85  # of the forms of days 7 and 14, and before sessions, that are filled in
EATING_DISORDERS: Final = ("anorexia_nervosa", "bulimia_nervosa", "binge_eating", "other_eating_disorder")


@dataclass(frozen=True, slots=True)
class Forms:
    """Filled-in forms of one instrument: arrays (n_forms,), and the answers (n_forms, n_items) or None."""

    instrument: str
    patient: Ints
    day: Ints
    timing: Ints
    score: Floats
    answers: NDArray[np.int8] | None = None


@dataclass(frozen=True, slots=True)
class _Occasions:
    """Who could be asked, when, and what share of the month 3 change had come about by then."""

    patient: Ints
    day: Ints
    timing: Ints
    share: Floats

    def take(self, kept: NDArray[np.bool_]) -> "_Occasions":
        return _Occasions(self.patient[kept], self.day[kept], self.timing[kept], self.share[kept])


def draw_forms(
    people: People, course: Course, schedule: Schedule, covariates: Covariates, seed: int, scenario: Scenario
) -> list[Forms]:
    """Draw the forms of all instruments, the BDI-II first (its scores are those of the course)."""
    rng, p = open_stream(seed, "questionnaires"), scenario.parameters
    visits = _visit_occasions(people, course, scenario)
    forms = [bdi_forms(people, course)]

    def fill(instrument: str, latent: Latent, at: _Occasions) -> None:
        forms.append(_fill(instrument, latent, at.take(rng.random(len(at.patient)) >= p.form_missing), rng, scenario))

    fill("HAM-A", draw_latent(people, p.hama, rng, p), visits)
    often = _with_early_occasions(visits, course, schedule, rng, scenario)
    fill("PHQ-9", draw_latent(people, p.phq9, rng, p), often)
    fill("GAD-7", draw_latent(people, p.gad7, rng, p), visits)
    trauma = draw_latent(people, p.pcl5, rng, p)
    more = np.where(has_diagnosis(covariates, ("ptsd",)), p.pcl5_ptsd, 0.0)
    fill("PCL-5", Latent(trauma.intake + more, trauma.change, trauma.occasion_sd), visits)
    for instrument, scale, diagnoses in (("Y-BOCS", p.ybocs, ("ocd",)), ("EDE-QS", p.edeqs, EATING_DISORDERS)):
        latent = draw_latent(people, scale, rng, p)
        fill(instrument, latent, visits.take(has_diagnosis(covariates, diagnoses)[visits.patient]))
    return forms


def bdi_forms(people: People, course: Course) -> Forms:
    """The BDI-II forms that are in the data: intake and the visits that took place."""
    first, (patient, visit) = np.flatnonzero(course.has_baseline), np.nonzero(course.seen)
    day = np.concatenate([course.baseline_day[first], course.day[patient, visit]])
    score = np.concatenate([people.intake[first], course.score[patient, visit]])
    patients = np.concatenate([first, patient])
    return Forms("BDI-II", patients, day, np.full(len(day), BETWEEN), score)


def assessment_frame(forms: list[Forms], ids: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Make the table of assessments; columns as in the data dictionary, in the order of patient and day.

    A score is missing where an item was left blank: the answers are in the table of items.
    """
    code = np.repeat(np.arange(len(forms)), [len(form.day) for form in forms])
    patient, day, timing, score = (
        np.concatenate([getattr(form, name) for form in forms]) for name in ("patient", "day", "timing", "score")
    )
    answered = np.concatenate([_n_answered(form) for form in forms])
    order = np.lexsort((code, day, patient))
    code, patient, day, timing = code[order], patient[order], day[order], timing[order]
    names = [form.instrument for form in forms]
    clinician = np.isin(names, BY_CLINICIAN)[code]
    on_paper = (rng.random(len(ids)) < 0.2)[patient].astype(np.int64)
    versions = [VERSIONS.get(name) for name in names]
    return pd.DataFrame(
        {
            "patient_id": ids[patient],
            "day": day,
            "instrument": levels(code, names),
            "score": score[order],
            "version": levels(code, versions),
            "rater": levels(clinician.astype(np.int64), RATERS),
            "mode": levels(np.where(clinician, 2, on_paper), MODES),
            "hour": np.full(len(day), np.nan),
            "timing": levels(timing, TIMINGS),
            "n_answered": answered[order],
        }
    )


def item_frame(forms: list[Forms], ids: np.ndarray) -> pd.DataFrame:
    """Make the table of items, in the order of patient, day, instrument and item; a blank answer is missing.

    Text is categorical: 100,000 patients answer some 20 million items.
    """
    filled = [form for form in forms if form.answers is not None]
    n_items = np.array([form.answers.shape[1] for form in filled if form.answers is not None])
    code = np.repeat(np.arange(len(filled)), [len(form.day) for form in filled])
    patient, day = (np.concatenate([getattr(form, name) for form in filled]) for name in ("patient", "day"))
    flat = np.concatenate([form.answers.ravel() for form in filled if form.answers is not None])
    widths = n_items[code]
    order = np.lexsort((code, day, patient))
    first, widths = (np.cumsum(widths) - widths)[order], widths[order]
    item = np.arange(len(flat)) - np.repeat(np.cumsum(widths) - widths, widths)
    answer = flat[np.repeat(first, widths) + item].astype(np.float32)
    answer[answer == NOT_ANSWERED] = np.nan
    rows = len(item)
    instrument = np.repeat(code[order].astype(np.int8), widths)
    return pd.DataFrame(
        {
            "patient_id": pd.Categorical.from_codes(np.repeat(patient[order], widths), categories=pd.Index(ids)),
            "day": np.repeat(day[order].astype(np.int16), widths),
            "instrument": pd.Categorical.from_codes(
                instrument, categories=pd.Index([form.instrument for form in filled])
            ),
            "rater": pd.Categorical.from_codes(np.zeros(rows, dtype=np.int8), categories=pd.Index(RATERS)),
            "item": (item + 1).astype(np.int16),
            "answer": answer,
        }
    )


def _visit_occasions(people: People, course: Course, scenario: Scenario) -> _Occasions:
    """Intake of everybody, and the visits that took place."""
    everybody, (patient, visit) = np.arange(people.n), np.nonzero(course.seen)
    shape = np.asarray(scenario.parameters.change_shape)
    patients = np.concatenate([everybody, patient])
    day = np.concatenate([course.baseline_day, course.day[patient, visit]])
    share = np.concatenate([np.zeros(people.n), shape[visit]])
    return _Occasions(patients, day, np.full(len(day), BETWEEN), share)


def _with_early_occasions(
    visits: _Occasions, course: Course, schedule: Schedule, rng: np.random.Generator, scenario: Scenario
) -> _Occasions:
    """Add days 7 and 14, and the hour before ketamine sessions, one form a day; a visit comes first."""
    p, n = scenario.parameters, len(course.end_day)
    early = np.asarray(EARLY_DAYS) + (rng.random((n, 2)) * 3).astype(np.int64) - 1
    asked = (early < course.end_day[:, None]) & (rng.random((n, 2)) < EARLY_SHARE)
    before = schedule.attended & (rng.random(schedule.attended.shape) < EARLY_SHARE)
    before[:, 0] = False  # intake stands for the first session
    who = np.concatenate([visits.patient, np.nonzero(asked)[0], np.nonzero(before)[0]])
    day = np.concatenate([visits.day, early[asked], schedule.day[before]])
    n_early = int(asked.sum())
    known_days = np.array([0.0, *EARLY_DAYS, *TARGET_DAYS])
    between = np.interp(schedule.day[before], known_days, np.array([0.0, *p.early_shape, *p.change_shape]))
    early_share = np.broadcast_to(np.asarray(p.early_shape), asked.shape)[asked]
    share = np.concatenate([visits.share, early_share, between])
    timing = np.concatenate([visits.timing, np.full(n_early, BETWEEN), np.full(len(between), BEFORE_SESSION)])
    _, kept = np.unique(who * 100_000 + day, return_index=True)  # of one day, the first listed
    kept.sort()
    return _Occasions(who[kept], day[kept], timing[kept], share[kept])


def _fill(instrument: str, latent: Latent, at: _Occasions, rng: np.random.Generator, scenario: Scenario) -> Forms:
    level = latent.at(at.patient, at.share) + latent.occasion_sd * rng.standard_normal(len(at.patient))
    if instrument in ITEMS:
        answers = draw_answers(level, instrument, rng, scenario.parameters)
        return Forms(instrument, at.patient, at.day, at.timing, total_scores(answers), answers)
    return Forms(instrument, at.patient, at.day, at.timing, record_score(level, _highest(instrument, scenario)))


def _highest(instrument: str, scenario: Scenario) -> int:
    p = scenario.parameters
    return {"HAM-A": p.hama, "Y-BOCS": p.ybocs, "EDE-QS": p.edeqs}[instrument].highest


def _n_answered(form: Forms) -> Floats:
    if form.answers is None:
        return np.full(len(form.day), np.nan)
    return (form.answers != NOT_ANSWERED).sum(axis=1).astype(np.float64)
