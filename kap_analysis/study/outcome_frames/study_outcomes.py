"""From placed scores to the outcome frame: which visits and which patients, with the baseline and patient facts."""

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
from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.contract.problems import Problems
from kap_analysis.study.contract.settings import Settings
from kap_analysis.study.outcome_frames.ledger import Ledger
from kap_analysis.study.outcome_frames.outcome_columns import COVARIATES, OUTCOME_COLUMNS, with_is_group
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.outcome_frames.placed_scores import PLACE, PlacedScores
from kap_analysis.study.timing.visit_windows import CHOSEN, NOT_PLACED

Population = Literal["analysed", "started"]
VISITS: Final = ("windows", "all")


def make_outcomes(
    placed: PlacedScores,
    facts: pd.DataFrame,
    settings: Settings,
    at_zero: pd.DataFrame,
    *,
    visits: str,
    population: Population,
    not_due: Mapping[str, frozenset[str]],
    file: str,
) -> Outcomes:
    """Make the outcomes of one instrument; see :meth:`kap_analysis.study.study.Study.outcomes`.

    Parameters
    ----------
    placed : PlacedScores
        Of the instrument.
    facts, at_zero : DataFrame
        What `patient_facts` and `patients_at_time_zero` tell by the same rules for formats and cohorts.
    not_due : mapping
        What `not_yet_due` tells.
    """
    if visits not in VISITS:
        raise StudyError(f"Found visits={visits!r}; expected windows or all.")
    if population not in get_args(Population):
        raise StudyError(f"Found population={population!r}; expected analysed or started.")
    ledger, problems = placed.ledger.copy(), placed.problems.copy()
    kept = _choose(placed.scores, visits, ledger)
    kept = _with_baseline(kept, len(at_zero))
    if population == "analysed":
        kept = _population(kept, ledger)
    _report_cohorts(kept, at_zero, file, problems)
    labels = (BASELINE_VISIT, *settings.visit_labels)
    return Outcomes(
        frame=_assemble(kept, facts, labels),
        ledger=ledger.frame(),
        problems=problems.frame(),
        instrument=placed.instrument,
        visits=labels,
        visibility=settings.visibility,
        is_simulated=settings.is_simulated,
        notes=placed.notes,
        primary_visit=settings.primary_visit,
        not_due=not_due,
    )


def _choose(placed: pd.DataFrame, visits: str, ledger: Ledger) -> pd.DataFrame:
    """Keep one assessment per patient and visit, or all of them."""
    patients = placed[PLACE]
    if visits == "all":
        at_baseline = placed[VISIT] == BASELINE_VISIT
        label = placed[VISIT].where(~at_baseline | placed[CHOSEN], NOT_PLACED)
        return placed.assign(**{VISIT: label})
    outside = placed[VISIT] == NOT_PLACED
    after_first = outside & placed["after_first_session"]
    another = ~outside & ~placed[CHOSEN]
    ledger.leave_out("in a visit window", "after the session on day 0", patients[after_first])
    ledger.leave_out("in a visit window", "outside every window", patients[outside & ~after_first])
    ledger.leave_out("in a visit window", "another one is nearer to the target day", patients[another])
    kept = placed[placed[CHOSEN]]
    ledger.keep("in a visit window", kept[PLACE])
    return kept


def _with_baseline(kept: pd.DataFrame, n_patients: int) -> pd.DataFrame:
    at_baseline = kept[(kept[VISIT] == BASELINE_VISIT) & kept[CHOSEN]]
    baseline = np.full(n_patients, np.nan)
    baseline[at_baseline[PLACE]] = at_baseline[SCORE]
    return kept.assign(**{BASELINE: baseline[kept[PLACE]]})


def _population(kept: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Keep patients with a baseline and a score after it."""
    no_baseline = kept[BASELINE].isna()
    ledger.leave_out("baseline score", "no baseline score", kept.loc[no_baseline, PLACE])
    kept = kept[~no_baseline]
    ledger.keep("baseline score", kept[PLACE])
    later = kept.loc[(kept[VISIT] != BASELINE_VISIT) & (kept[DAY] > 0), PLACE]
    followed = kept[PLACE].isin(later)
    ledger.leave_out("scored after baseline", "no score after baseline", kept.loc[~followed, PLACE])
    kept = kept[followed]
    ledger.keep("scored after baseline", kept[PLACE])
    return kept


def patient_facts(tables: Mapping[str, pd.DataFrame], at_zero: pd.DataFrame) -> pd.DataFrame:
    """Return patient_id, format, is_group, cohort_id, practice, the covariates and the study's own columns."""
    patients = tables["patients"]
    facts = at_zero[[PATIENT_ID, FORMAT, COHORT_ID]].copy()
    facts[PRACTICE] = patients[PRACTICE].to_numpy()
    primary = primary_diagnoses(tables["diagnoses"])
    extra = [name for name in patients.columns if name not in TABLES["patients"].columns]
    for name in (*COVARIATES, *extra):
        facts[name] = facts[PATIENT_ID].map(primary) if name == "primary_diagnosis" else patients[name].to_numpy()
    facts["primary_diagnosis"] = facts["primary_diagnosis"].astype(tables["diagnoses"]["diagnosis"].dtype)
    return facts


def _assemble(kept: pd.DataFrame, facts: pd.DataFrame, labels: tuple[str, ...]) -> pd.DataFrame:
    order = np.lexsort((kept[DAY], facts[PATIENT_ID].argsort().argsort().to_numpy()[kept[PLACE]]))
    kept = kept.iloc[order].reset_index(drop=True)
    frame = facts.take(kept[PLACE].to_numpy()).reset_index(drop=True).join(kept[[VISIT, DAY, SCORE, BASELINE]])
    visit = frame[VISIT].where(frame[VISIT] != NOT_PLACED, None)
    frame[VISIT] = pd.Categorical(visit, categories=list(labels), ordered=True)
    frame[MONTH] = frame[DAY] / DAYS_PER_MONTH
    frame[CHANGE] = frame[SCORE] - frame[BASELINE]
    frame[[FORMAT, IS_GROUP]] = with_is_group(frame[FORMAT])
    extra = [name for name in facts.columns if name not in (*OUTCOME_COLUMNS, *COVARIATES)]
    return frame[[*OUTCOME_COLUMNS, *COVARIATES, *extra]]


def primary_diagnoses(diagnoses: pd.DataFrame) -> pd.Series:
    """Return patient_id -> primary diagnosis: the one of rank 1, or the only current one where no rank is given."""
    ranked = diagnoses[diagnoses["rank"] == 1].drop_duplicates(PATIENT_ID)
    current = diagnoses[(diagnoses["status"] != "lifetime").to_numpy()]
    only = current[~current.duplicated(PATIENT_ID, keep=False) & current["rank"].isna()]
    named = pd.concat([ranked, only]).drop_duplicates(PATIENT_ID)
    return pd.Series(named["diagnosis"].astype(object).to_numpy(), index=named[PATIENT_ID].to_numpy(), dtype=object)


def _report_cohorts(kept: pd.DataFrame, at_zero: pd.DataFrame, file: str, problems: Problems) -> None:
    ours = at_zero.iloc[np.unique(kept[PLACE])]
    several = ours[ours["n_cohorts"] > 1]
    found = [f"{n} cohorts of {p}" for n, p in zip(several["n_cohorts"], several[PATIENT_ID], strict=True)]
    expected = [f"one; {cohort} counts" if pd.notna(cohort) else "one; none counts" for cohort in several[COHORT_ID]]
    where = np.zeros(len(several), dtype=np.int64)
    problems.add_rows("sessions", where, COHORT_ID, found, expected, patient_ids=several[PATIENT_ID].to_numpy())
    lost = ours[(ours[FORMAT] == GROUP).to_numpy() & ours[COHORT_ID].isna().to_numpy()]
    found = [f"no cohort of {patient}, whose format is group" for patient in lost[PATIENT_ID]]
    where = np.zeros(len(lost), dtype=np.int64)
    problems.add_rows("sessions", where, COHORT_ID, found, "a cohort", patient_ids=lost[PATIENT_ID].to_numpy())
