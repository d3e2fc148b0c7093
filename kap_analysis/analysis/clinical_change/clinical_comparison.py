"""Did more patients improve, or get worse, in groups than individually: classes of change compared by format.

Missing scores are imputed (see `imputation`), patients are classified within each imputed data set, and risks are
compared by a logistic GEE standardised over the patients (see `standardised_risk`). Rubin's rules pool the results.
Patients were not randomised, so the model adjusts for baseline and covariates as far as the number of events allows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from kap_analysis.analysis.clinical_change.comparison_result import ClinicalChangeComparison
from kap_analysis.analysis.clinical_change.cutoffs import (
    Cutoff,
    CutoffChoice,
    Norms,
    choose_norms,
    functional_side,
    pick_cutoff,
)
from kap_analysis.analysis.clinical_change.pooled_risks import RiskRows, compare_risks
from kap_analysis.analysis.clinical_change.reliable_change import (
    DETERIORATED,
    IMPROVED,
    JACOBSON_TRUAX,
    METHODS,
    RECOVERED,
)
from kap_analysis.analysis.clinical_change.response import BETTER, WORSE, Criterion, list_criteria, meets
from kap_analysis.analysis.clinical_change.significant_change import classify_patients, pair_scores
from kap_analysis.analysis.missing.imputation import Completed
from kap_analysis.analysis.missing.imputed_outcomes import complete_scores
from kap_analysis.analysis.model.covariates import caution_of
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model.primary_model import why_descriptive
from kap_analysis.analysis.model.study_or_outcomes import planned_outcomes
from kap_analysis.analysis.proportion import count_started, share_columns
from kap_analysis.analysis.result import Progress
from kap_analysis.analysis.visits import check_visit
from kap_analysis.columns import BASELINE, COHORT_ID, FORMAT, GROUP, INDIVIDUAL, N_PATIENTS, PATIENT_ID
from kap_analysis.disclosure.gate import release
from kap_analysis.errors import AnalysisError
from kap_analysis.run_memory import once_per_run
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study
from kap_analysis.writing.sentences import join_words

RELIABLY_BETTER = "reliably better"
RELIABLY_WORSE = "reliably worse"


@asked_of(Study, Outcomes)
@once_per_run
def compare_clinical_change(
    source: Study | Outcomes,
    visit: str | None = None,
    *,
    plan: Plan | None = None,
    method: str = JACOBSON_TRUAX,
    cutoff: CutoffChoice = "c",
    norms: Literal["registry", "pairs"] | Norms = "registry",
    reliability: float | None = None,
    n_imputations: int = 50,
    seed: int = 20190402,
    progress: Progress | None = None,
) -> ClinicalChangeComparison:
    """Compare how many patients improved, recovered and got worse in group and in individual format.

    Parameters
    ----------
    source : Study or Outcomes
        Outcomes of all patients who started; patients never assessed later are imputed.
    visit : str, optional
        Default: the primary visit of the plan; of outcomes without a plan the last visit.
    method, cutoff, norms, reliability
        As in `clinical_change`.
    n_imputations : int
        Two or more.
    progress : callable, optional
        Called with (done, total, what).

    Returns
    -------
    ClinicalChangeComparison

    Raises
    ------
    AnalysisError, InstrumentError
        With one format only, an unknown visit, too few patients to impute from, or thresholds that are not
        established.
    """
    outcomes, plan, visit = planned_outcomes(source, plan, visit, population="started")
    check_visit(outcomes, visit)
    if method not in METHODS:
        raise AnalysisError(f"The method {method!r} is not known; choose one of {join_words(METHODS)}.")
    instrument = outcomes.instrument.require_outcome()
    seen = pair_scores(outcomes, visit)
    seen = seen[seen[FORMAT].astype("object").isin([INDIVIDUAL, GROUP])]
    pairs = seen.dropna(subset=[BASELINE, "follow_up"])
    if pairs.empty:
        raise AnalysisError(
            f"No patient has {instrument.name} at baseline and at {visit}, so nothing can be classified."
        )
    held = choose_norms(instrument, norms, pairs[BASELINE], reliability)
    rules = _Rules(held, pick_cutoff(instrument, held, cutoff), method, instrument.direction, _response(outcomes))
    completed, covariates = complete_scores(outcomes, plan, visit, n_imputations, seed, progress)
    cluster = completed.patients[COHORT_ID].astype("str").to_numpy()
    in_group = (completed.patients[FORMAT] == GROUP).to_numpy()
    n_clusters = len(np.unique(cluster[in_group]))
    too_few = why_descriptive(outcomes, plan, visit)
    rows = RiskRows()
    for (event, side), happened in _imputed_events(completed, visit, rules).items():
        rows.add(event, side, compare_risks(completed, covariates, happened, n_clusters - 1, too_few))
    about = {
        "instrument": instrument.name, "visit": visit, "method": method,
        N_PATIENTS: len(completed.patients), "n_started": max(_started(outcomes), len(completed.patients)),
        "n_clusters": n_clusters, "complete_df": n_clusters - 1,
    }  # fmt: skip
    result = ClinicalChangeComparison(
        rows.contrasts(len(completed.patients)),
        rows.risks(),
        rows.needed(),
        _observed(pairs, count_started(outcomes), rules),
        pd.DataFrame([about]),
        n_imputations,
        None if rules.cutoff is None else rules.cutoff.value,
        (*_notes(instrument.name, rules, too_few, caution_of(outcomes.frame)), *completed.notes),
    )
    return release(result, outcomes)


@dataclass(frozen=True, slots=True)
class _Rules:
    """The rules by which a pair of scores is classified."""

    norms: Norms
    cutoff: Cutoff | None
    method: str
    direction: int
    response: Criterion | None

    def events(self, pairs: pd.DataFrame) -> Iterator[tuple[str, str, np.ndarray]]:
        """Each event, its side, and who had it, for paired scores (`patient_id`, `format`, `baseline`, `follow_up`)."""
        classes = classify_patients(pairs, self.norms, self.cutoff, self.method, self.direction)["class"]
        if self.cutoff is not None:
            beyond = functional_side(self.cutoff.name, higher_is_better=self.direction > 0)
            yield f"{RELIABLY_BETTER} and {beyond} the cut-off", BETTER, (classes == RECOVERED).to_numpy()
        yield RELIABLY_BETTER, BETTER, classes.isin([RECOVERED, IMPROVED]).to_numpy()
        yield RELIABLY_WORSE, WORSE, (classes == DETERIORATED).to_numpy()
        if self.response is not None:
            yield (
                self.response.label.replace(": ", " (") + ")",
                BETTER,
                meets(self.response, pairs, self.direction).to_numpy(),
            )


def _started(outcomes: Outcomes) -> int:
    started = count_started(outcomes)
    return sum(started.get(name, 0) for name in (INDIVIDUAL, GROUP))


def _response(outcomes: Outcomes) -> Criterion | None:
    return next((c for c in list_criteria(outcomes.instrument) if c.kind == "response"), None)


def _imputed_events(completed: Completed, visit: str, rules: _Rules) -> dict[tuple[str, str], np.ndarray]:
    """For each event, whether each patient had it in each data set: Boolean (imputations, patients)."""
    at = completed.visits.index(visit)
    named = completed.patients[[PATIENT_ID, FORMAT]]
    found: dict[tuple[str, str], list[np.ndarray]] = {}
    for scores in completed.scores:
        pairs = named.assign(**{BASELINE: scores[:, 0], "follow_up": scores[:, at]})
        for event, side, happened in rules.events(pairs):
            found.setdefault((event, side), []).append(happened)
    return {key: np.array(values) for key, values in found.items()}


def _observed(pairs: pd.DataFrame, started: dict[str, int], rules: _Rules) -> pd.DataFrame:
    words = pairs[FORMAT].astype("str").to_numpy()
    rows = []
    for event, side, happened in rules.events(pairs):
        for name in (INDIVIDUAL, GROUP):
            here = words == name
            n_assessed = int(here.sum())
            counts = share_columns(int(happened[here].sum()), n_assessed, max(started.get(name, 0), n_assessed))
            rows.append({"event": event, "side": side, FORMAT: name, **counts})
    return pd.DataFrame(rows)


def _notes(name: str, rules: _Rules, too_few: str, caution: str) -> tuple[str, ...]:
    notes = [caution] if caution else []
    if rules.cutoff is None:
        notes.append(f"No cut-off for {name} is established, so recovery cannot be assessed.")
    if too_few:
        notes.append(f"Descriptive only: {too_few}. The risks are described, not compared.")
    return tuple(notes)
