"""Answers to items on suicidality: at scheduled visits by format, newly endorsed, and one by one for chart review."""

from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.analysis.formats import formats_present, recorded_words
from kap_analysis.columns import BASELINE_VISIT, DAY, FORMAT, INSTRUMENT, N_PATIENTS, PATIENT_ID, PRACTICE, VISIT
from kap_analysis.errors import AnalysisError
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.instruments.suicidality import ENDORSED, NOT_ENDORSED, suicidality_states
from kap_analysis.study.study import Study
from kap_analysis.study.timing.visit_windows import place_in_windows
from kap_analysis.writing.sentences import join_words

STATES_COLUMNS: Final = (INSTRUMENT, FORMAT, VISIT, "state", N_PATIENTS, "of_patients", "share")
NEW_COLUMNS: Final = (INSTRUMENT, FORMAT, "n_started", "n_at_risk", "n_reassessed", "n_endorsed")
REVIEW_COLUMNS: Final = (
    PATIENT_ID, INSTRUMENT, PRACTICE, FORMAT, VISIT, DAY, "answer", "day_before", "answer_before", "change",
)  # fmt: skip
BETWEEN_VISITS: Final = "between visits"
RISE: Final = "rise"
SAME: Final = "same"
FALL: Final = "fall"
FIRST: Final = "first answer"


def instruments_with_item(study: Study) -> dict[str, Instrument]:
    """The instruments whose answers are in the data and that have an item on suicidality; most answers first."""
    if study.items.empty:
        return {}
    names = study.items[INSTRUMENT].astype("str").value_counts().index
    return {name: study.instruments[name] for name in names if study.instruments[name].suicidality is not None}


def choose_instrument(study: Study, wanted: str | None) -> Instrument | None:
    """The instrument that was asked for, or the one with most answers; None where no answer is in the data.

    Raises
    ------
    AnalysisError
        If the instrument that was asked for has no such answers here.
    """
    known = instruments_with_item(study)
    if wanted is None:
        return next(iter(known.values()), None)
    if wanted not in known:
        there = f"this study has them of {join_words(known)}" if known else "this study has none"
        raise AnalysisError(f"No answer to an item on suicidality of {wanted} is in the data; {there}.")
    return known[wanted]


def states_at_visits(study: Study, patients: pd.DataFrame, instrument: Instrument) -> pd.DataFrame:
    """The state of each treated patient at baseline and at each scheduled visit.

    Returns
    -------
    DataFrame
        One row per patient and visit: ``patient_id``, ``format``, ``visit``, ``day``, ``answer``, ``state``.
    """
    items = _items_of(study, instrument)
    taken = items[[PATIENT_ID, DAY]].drop_duplicates().assign(hour=float("nan"), timing=None)
    placed = taken.join(place_in_windows(taken, study.settings))
    days = placed.loc[placed["chosen"], [PATIENT_ID, VISIT, DAY]]
    visits = pd.DataFrame({VISIT: [BASELINE_VISIT, *study.settings.visit_labels]})
    people = patients[[PATIENT_ID, FORMAT]].astype({FORMAT: "str"})
    scheduled = people.merge(visits, how="cross").merge(days, on=[PATIENT_ID, VISIT], how="left")
    return suicidality_states(items, instrument, scheduled=scheduled)


def count_states(states: pd.DataFrame, visits: list[str]) -> pd.DataFrame:
    """Patients by format, visit and state, as `Safety.suicidality`."""
    of = states.groupby([FORMAT, VISIT])[PATIENT_ID].nunique()
    counts = states.groupby([FORMAT, VISIT, "state"], observed=False).size().rename(N_PATIENTS).reset_index()
    counts["of_patients"] = [of[row] for row in zip(counts[FORMAT], counts[VISIT], strict=True)]
    counts["share"] = counts[N_PATIENTS] / counts["of_patients"]
    counts[VISIT] = pd.Categorical(counts[VISIT], categories=visits, ordered=True)
    counts[INSTRUMENT] = states[INSTRUMENT].iloc[0]
    return counts.sort_values([FORMAT, VISIT, "state"], ignore_index=True)[list(STATES_COLUMNS)]


def count_newly_endorsed(states: pd.DataFrame) -> pd.DataFrame:
    """Patients who did not endorse the item at baseline and did at a later visit, as `Safety.newly_endorsed`."""
    at_baseline = states[VISIT] == BASELINE_VISIT
    clear = set(states.loc[at_baseline & (states["state"] == NOT_ENDORSED), PATIENT_ID])
    later = states[~at_baseline & states[PATIENT_ID].isin(clear)]
    seen = set(later.loc[later["state"].isin([ENDORSED, NOT_ENDORSED]), PATIENT_ID])
    new = set(later.loc[later["state"] == ENDORSED, PATIENT_ID])
    arms = states.drop_duplicates(PATIENT_ID).set_index(PATIENT_ID)[FORMAT]
    rows = []
    for arm in formats_present(arms):
        people = set(arms.index[arms == arm])
        counts = [len(people), *(len(people & of) for of in (clear, seen, new))]
        rows.append((states[INSTRUMENT].iloc[0], arm, *counts))
    return pd.DataFrame(rows, columns=list(NEW_COLUMNS))


def list_for_review(study: Study, formats: pd.Series) -> pd.DataFrame:
    """Every positive answer after day 0 and every rise, at all assessments of all patients, the most serious first.

    Parameters
    ----------
    formats : Series
        patient_id -> format at time zero, of all patients.

    Returns
    -------
    DataFrame, as `Safety.for_review`
    """
    listed = [_answers_to_review(study, instrument) for instrument in instruments_with_item(study).values()]
    listed = [frame for frame in listed if not frame.empty]
    if not listed:
        return pd.DataFrame(columns=list(REVIEW_COLUMNS))
    found = pd.concat(listed, ignore_index=True)
    practice = study.patients.set_index(PATIENT_ID)[PRACTICE]
    found[PRACTICE] = recorded_words(found[PATIENT_ID].map(practice))
    found[FORMAT] = recorded_words(found[PATIENT_ID].map(formats))
    # A first answer rose from an unknown one: it stands before a rise from one.
    found["_rise"] = found["answer"] - found["answer_before"].fillna(-1)
    order = [PATIENT_ID, DAY, INSTRUMENT]
    found = found.sort_values(["answer", "_rise", *order], ascending=[False, False, True, True, True], kind="stable")
    return found[list(REVIEW_COLUMNS)].reset_index(drop=True)


def _answers_to_review(study: Study, instrument: Instrument) -> pd.DataFrame:
    states = suicidality_states(_items_of(study, instrument), instrument)
    answers = states[states["answer"].notna()]
    by = [name for name in (PATIENT_ID, "rater") if name in answers]
    answers = answers.sort_values([*by, DAY], kind="stable", ignore_index=True)
    before = answers.groupby(by, observed=True, dropna=False, sort=False)[[DAY, "answer"]].shift()
    answers[["day_before", "answer_before"]] = before
    risen = answers["answer"] > answers["answer_before"]
    change = np.select([risen, answers["answer"] == answers["answer_before"]], [RISE, SAME], FALL)
    answers["change"] = np.where(answers["answer_before"].isna(), FIRST, change)
    placed = place_in_windows(answers.assign(hour=float("nan"), timing=None), study.settings)
    answers[VISIT] = placed[VISIT].where(placed[VISIT] != "", BETWEEN_VISITS)
    positive = (answers["state"] == ENDORSED) & (answers[DAY] > 0)
    return answers[positive | risen]


def _items_of(study: Study, instrument: Instrument) -> pd.DataFrame:
    return study.items[study.items[INSTRUMENT].astype("object") == instrument.name]
