"""From the tables of a study to the outcome frame: scores, format at time zero, visits, baseline, population."""

from collections.abc import Mapping
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from kap_analysis.columns import (
    BASELINE,
    BASELINE_VISIT,
    CHANGE,
    COHORT_ID,
    DAY,
    DAYS_PER_MONTH,
    FORMAT,
    GROUP,
    IS_GROUP,
    MONTH,
    PATIENT_ID,
    PRACTICE,
    SCORE,
    VISIT,
)
from kap_analysis.errors import StudyError
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.instruments.recall import reaches_before_treatment
from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.contract.problems import Problems
from kap_analysis.study.contract.settings import Settings
from kap_analysis.study.outcome_frames.ledger import Ledger
from kap_analysis.study.outcome_frames.outcome_columns import COVARIATES, OUTCOME_COLUMNS, with_is_group
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.outcome_frames.scores import instrument_scores, outcome_instrument
from kap_analysis.study.timing.look_up import is_among
from kap_analysis.study.timing.time_zero import FormatRule
from kap_analysis.study.timing.visit_windows import CHOSEN, NOT_PLACED, place_in_windows

Population = Literal["analysed", "started"]
VISITS: Final = ("windows", "all")


def make_outcomes(
    tables: Mapping[str, pd.DataFrame],
    settings: Settings,
    instruments: Mapping[str, Instrument],
    at_zero: pd.DataFrame,
    *,
    instrument: str | None,
    visits: str,
    format_rule: FormatRule,
    rater: str | None,
    version: str | None,
    missing_rule: str,
    population: Population,
    file: str,
    rows: np.ndarray | None,
) -> Outcomes:
    """Make the outcomes of one instrument; see :meth:`kap_analysis.study.study.Study.outcomes`.

    ``at_zero`` is what :func:`patients_at_time_zero` tells by the rules for formats and cohorts.
    """
    if visits not in VISITS:
        raise StudyError(f"Found visits={visits!r}; expected windows or all.")
    if population not in get_args(Population):
        raise StudyError(f"Found population={population!r}; expected analysed or started.")
    chosen = outcome_instrument(instrument or settings.primary_instrument, instruments)
    found = instrument_scores(tables, chosen, rater=rater, version=version, missing_rule=missing_rule, rows=rows)
    formats = pd.Series(at_zero[FORMAT].astype(object).to_numpy(), index=at_zero[PATIENT_ID])
    ledger, problems = Ledger(formats), Problems()
    scores = _eligible(found.scores, at_zero, ledger, format_rule)
    placed = scores.join(place_in_windows(scores, settings))
    _report_windows(placed, settings, chosen, file, problems)
    kept = _choose(placed, visits, ledger)
    kept = _with_baseline(kept)
    if population == "analysed":
        kept = _population(kept, ledger)
    _report_cohorts(kept, at_zero, file, problems)
    labels = (BASELINE_VISIT, *settings.visit_labels)
    frame = _assemble(kept, at_zero, tables, labels)
    notes = (f"{found.n_from_items:,} totals were scored from items. {found.sentence}",) if found.n_from_items else ()
    return Outcomes(
        frame=frame,
        ledger=ledger.frame(),
        problems=problems.frame(),
        instrument=chosen,
        visits=labels,
        visibility=settings.visibility,
        is_simulated=settings.is_simulated,
        notes=notes,
        primary_visit=settings.primary_visit,
    )


def _eligible(scores: pd.DataFrame, at_zero: pd.DataFrame, ledger: Ledger, format_rule: str) -> pd.DataFrame:
    """Keep scores of patients who started treatment and whose format can be told; count every other patient."""
    n_rows = at_zero[PATIENT_ID].map(scores[PATIENT_ID].value_counts()).fillna(0)

    def count(step: str, because: str, where: pd.Series) -> None:
        ids, rows = at_zero.loc[where, PATIENT_ID], n_rows[where]
        if because:
            ledger.leave_out(step, because, ids, rows)
        else:
            ledger.keep(step, ids, rows)

    everyone = pd.Series(True, index=at_zero.index)
    started = at_zero["started"]
    has_format = started & at_zero[FORMAT].notna()
    mixed = "mixed formats" if format_rule == "exclude_mixed" else "no planned format and no session in the clinic"
    count("in the study", "", everyone)
    count("started treatment", "no ketamine session", ~started)
    count("started treatment", "", started)
    count("format at time zero", mixed, started & ~has_format)
    count("format at time zero", "", has_format)
    scored = has_format & (n_rows > 0)
    count("assessed", "no assessment with this instrument", has_format & ~scored)
    eligible = scores[is_among(scores[PATIENT_ID], at_zero.loc[has_format, PATIENT_ID])]
    empty = eligible[SCORE].isna()
    ledger.leave_out("assessed", "no total", eligible.loc[empty, PATIENT_ID])
    eligible = eligible[~empty].reset_index(drop=True)
    ledger.keep("assessed", eligible[PATIENT_ID])
    return eligible


def _choose(placed: pd.DataFrame, visits: str, ledger: Ledger) -> pd.DataFrame:
    """Keep one assessment per patient and visit, or all of them."""
    ids = placed[PATIENT_ID]
    if visits == "all":
        at_baseline = placed[VISIT] == BASELINE_VISIT
        label = placed[VISIT].where(~at_baseline | placed[CHOSEN], NOT_PLACED)
        return placed.assign(**{VISIT: label})
    outside = placed[VISIT] == NOT_PLACED
    after_first = outside & placed["after_first_session"]
    ledger.leave_out("in a visit window", "after the session on day 0", ids[after_first])
    ledger.leave_out("in a visit window", "outside every window", ids[outside & ~after_first])
    ledger.leave_out("in a visit window", "another one is nearer to the target day", ids[~outside & ~placed[CHOSEN]])
    kept = placed[placed[CHOSEN]]
    ledger.keep("in a visit window", kept[PATIENT_ID])
    return kept


def _with_baseline(kept: pd.DataFrame) -> pd.DataFrame:
    at_baseline = kept[(kept[VISIT] == BASELINE_VISIT) & kept[CHOSEN]].set_index(PATIENT_ID)[SCORE]
    return kept.assign(**{BASELINE: kept[PATIENT_ID].map(at_baseline).astype(float)})


def _population(kept: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Keep patients with a baseline and a score after it."""
    no_baseline = kept[BASELINE].isna()
    ledger.leave_out("baseline score", "no baseline score", kept.loc[no_baseline, PATIENT_ID])
    kept = kept[~no_baseline]
    ledger.keep("baseline score", kept[PATIENT_ID])
    later = kept.loc[(kept[VISIT] != BASELINE_VISIT) & (kept[DAY] > 0), PATIENT_ID]
    followed = is_among(kept[PATIENT_ID], later)
    ledger.leave_out("scored after baseline", "no score after baseline", kept.loc[~followed, PATIENT_ID])
    kept = kept[followed]
    ledger.keep("scored after baseline", kept[PATIENT_ID])
    return kept


def _assemble(
    kept: pd.DataFrame, at_zero: pd.DataFrame, tables: Mapping[str, pd.DataFrame], labels: tuple[str, ...]
) -> pd.DataFrame:
    patients = tables["patients"]
    facts = at_zero[[PATIENT_ID, FORMAT, COHORT_ID]].copy()
    facts[PRACTICE] = patients[PRACTICE].to_numpy()
    primary = primary_diagnoses(tables["diagnoses"])
    extra = [name for name in patients.columns if name not in TABLES["patients"].columns]
    for name in (*COVARIATES, *extra):
        facts[name] = facts[PATIENT_ID].map(primary) if name == "primary_diagnosis" else patients[name].to_numpy()
    facts["primary_diagnosis"] = facts["primary_diagnosis"].astype(tables["diagnoses"]["diagnosis"].dtype)
    frame = kept[[PATIENT_ID, VISIT, DAY, SCORE, BASELINE]].merge(facts, on=PATIENT_ID, how="left")
    visit = frame[VISIT].where(frame[VISIT] != NOT_PLACED, None)
    frame[VISIT] = pd.Categorical(visit, categories=list(labels), ordered=True)
    frame[MONTH] = frame[DAY] / DAYS_PER_MONTH
    frame[CHANGE] = frame[SCORE] - frame[BASELINE]
    frame[[FORMAT, IS_GROUP]] = with_is_group(frame[FORMAT])
    frame = frame.sort_values([PATIENT_ID, DAY], kind="stable").reset_index(drop=True)
    return frame[[*OUTCOME_COLUMNS, *COVARIATES, *extra]]


def primary_diagnoses(diagnoses: pd.DataFrame) -> pd.Series:
    """Return patient_id -> primary diagnosis: the one of rank 1, or the only current one where no rank is given."""
    ranked = diagnoses[diagnoses["rank"] == 1].drop_duplicates(PATIENT_ID)
    current = diagnoses[(diagnoses["status"] != "lifetime").to_numpy()]
    only = current[~current.duplicated(PATIENT_ID, keep=False) & current["rank"].isna()]
    named = pd.concat([ranked, only]).drop_duplicates(PATIENT_ID)
    return pd.Series(named["diagnosis"].astype(object).to_numpy(), index=named[PATIENT_ID].to_numpy(), dtype=object)


def _report_windows(
    placed: pd.DataFrame, settings: Settings, instrument: Instrument, file: str, problems: Problems
) -> None:
    target = {BASELINE_VISIT: 0, **{visit.label: visit.target_day for visit in settings.visits}}
    passed = placed[(placed[VISIT] != NOT_PLACED) & ~placed[CHOSEN]]
    found = [f"day {d}, one of {n} in the window of {v}"
             for d, n, v in zip(passed[DAY], passed["n_in_window"], passed[VISIT], strict=True)]  # fmt: skip
    expected = [
        f"one per window; the nearest to day {target[v]} counts, of two as near the earlier" for v in passed[VISIT]
    ]
    problems.add_rows(file, passed["row"].to_numpy(), DAY, found, expected, patient_ids=passed[PATIENT_ID].to_numpy())
    back = placed[placed[CHOSEN] & reaches_before_treatment(instrument, placed[DAY])]
    recall = instrument.recall_days
    found = [f"day {day}, from which {instrument.name} looks back {recall} days, before day 0" for day in back[DAY]]
    expected_day = f"day {recall} or later, for an answer about the time after day 0 only"
    problems.add_rows(file, back["row"].to_numpy(), DAY, found, expected_day, patient_ids=back[PATIENT_ID].to_numpy())


def _report_cohorts(kept: pd.DataFrame, at_zero: pd.DataFrame, file: str, problems: Problems) -> None:
    ours = at_zero[is_among(at_zero[PATIENT_ID], kept[PATIENT_ID])]
    several = ours[ours["n_cohorts"] > 1]
    found = [f"{n} cohorts of {p}" for n, p in zip(several["n_cohorts"], several[PATIENT_ID], strict=True)]
    expected = [f"one; {cohort} counts" if pd.notna(cohort) else "one; none counts" for cohort in several[COHORT_ID]]
    where = np.zeros(len(several), dtype=np.int64)
    problems.add_rows("sessions", where, COHORT_ID, found, expected, patient_ids=several[PATIENT_ID].to_numpy())
    lost = ours[(ours[FORMAT] == GROUP).to_numpy() & ours[COHORT_ID].isna().to_numpy()]
    found = [f"no cohort of {patient}, whose format is group" for patient in lost[PATIENT_ID]]
    where = np.zeros(len(lost), dtype=np.int64)
    problems.add_rows("sessions", where, COHORT_ID, found, "a cohort", patient_ids=lost[PATIENT_ID].to_numpy())
