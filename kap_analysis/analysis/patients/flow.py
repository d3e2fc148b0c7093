"""The flow of patients from the study to the primary visit: who was lost, and at which step (STROBE item 13)."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from kap_analysis.analysis.formats import in_format, recorded_words
from kap_analysis.analysis.model.plan_file import study_plan
from kap_analysis.analysis.patients.scores_due import scored_at
from kap_analysis.analysis.patients.treated import ketamine_patients, patient_formats
from kap_analysis.analysis.result import Result, empty_withheld, told_of
from kap_analysis.columns import (
    BASELINE_VISIT,
    FORMAT,
    FORMATS,
    N_PATIENTS,
    NO_FORMAT,
    PATIENT_ID,
    PRACTICE,
)
from kap_analysis.disclosure.gate import is_open, release
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.study import Study
from kap_analysis.study.timing.time_zero import FormatRule
from kap_analysis.study.timing.visit_windows import not_yet_due
from kap_analysis.writing.sentences import count, join_words, plural, share

IN_STUDY = "in the study"
STARTED = "started treatment"
WITH_BASELINE = "baseline score"
WITH_FOLLOW_UP = "scored after baseline"
DUE = "due at"


@dataclass(frozen=True)
class ParticipantFlow(Result):
    """Patients at each step, by practice and format at time zero.

    Attributes
    ----------
    steps : DataFrame
        One row per practice ("all" included), format ("all" included; "without a format" if no session shows it or
        the rule leaves out mixed formats) and step: ``practice``, ``format``, ``step`` (ordered), ``n_patients``,
        ``n_left_out`` (since the step before), ``left_out_because``, ``of_patients`` (at the step before),
        ``of_started`` (who started treatment and was due at the primary visit: the denominator of the steps after
        that; missing before). The step "due at" stands only where somebody is not due yet: not scored at the primary
        visit, and not observed to the end of its window.
    """

    steps: pd.DataFrame
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    @told_of("steps")
    def paragraph(self) -> str:
        whole = self.steps[(self.steps[PRACTICE] == "all") & (self.steps[FORMAT] == "all")]
        counts = whole.set_index("step")[N_PATIENTS]
        first, last = str(counts.index[0]), str(counts.index[-1])
        due = next((step for step in counts.index if str(step).startswith(DUE)), STARTED)
        arms = self.steps[(self.steps[PRACTICE] == "all") & (self.steps[FORMAT] != "all")]
        told = []
        for arm, part in arms.groupby(FORMAT, sort=False, observed=True):
            n = part.set_index("step")[N_PATIENTS]
            told.append(f"{share(n[last], n[due])} {in_format(arm)}")
        by_format = f": {join_words(told)}" if len(told) > 1 else ""
        also_due = "" if due == STARTED else f", {count(counts[due])} of these were {due} already,"
        of_whom = "of those who started" if due == STARTED else "of those who were due"
        return (
            f"Of {plural(counts[first], 'patient')} in the study, {count(counts[STARTED])} started treatment{also_due} "
            f"and {share(counts[last], counts[due])} {of_whom} were {last} with a baseline score{by_format}."
        )


@asked_of(Study)
def participant_flow(
    study: Study, *, instrument: str | None = None, format_rule: FormatRule | None = None
) -> ParticipantFlow:
    """Follow the patients from the study to the primary visit.

    Parameters
    ----------
    instrument : str, optional
        The instrument whose scores count; default that of the plan, whose primary visit counts in any case.
    format_rule : str, optional
        As in `Study.outcomes`: the rule of the plan, unless another is named.
    """
    plan = study_plan(study)
    outcomes = study.outcomes(instrument or plan.instrument, format_rule=format_rule, population="started")
    name = outcomes.instrument.name
    scored = scored_at(study, outcomes.instrument)
    at_visit = scored.get(plan.visit, set())
    people = patient_formats(study, format_rule=format_rule)
    everybody = set(people[PATIENT_ID])
    started = ketamine_patients(study)
    not_due = (not_yet_due(study.patients, study.settings)[plan.visit] & started) - at_visit
    steps = {
        IN_STUDY: (everybody, ""),
        STARTED: (started, "no ketamine session was held"),
        f"{DUE} {plan.visit}": (everybody - not_due, f"{plan.visit} is not over yet"),
        WITH_BASELINE: (scored.pop(BASELINE_VISIT, set()), f"no {name} in the baseline window"),
        WITH_FOLLOW_UP: (set().union(*scored.values()), f"no {name} at any visit after baseline"),
        f"assessed at {plan.visit}": (at_visit, f"no {name} in the window of {plan.visit}"),
    }
    if not (not_due or _may_be_due_later(study)):
        del steps[f"{DUE} {plan.visit}"]
    return release(ParticipantFlow(_count(people, steps)), outcomes)


def _may_be_due_later(study: Study) -> bool:
    """Whether the step stands in any case: of a public study it must not tell that somebody is not due."""
    is_recorded = bool(study.patients["observed_until_day"].notna().any())
    return is_recorded and not is_open(study.visibility, study.is_simulated)


def _count(people: pd.DataFrame, steps: dict[str, tuple[set[str], str]]) -> pd.DataFrame:
    practice = recorded_words(people[PRACTICE])
    arm = people[FORMAT].astype("object").fillna(NO_FORMAT).astype("str")
    practices = ["all", *sorted(practice.unique())]
    arms = ["all", *[f for f in (*FORMATS, NO_FORMAT) if (arm == f).any()]]
    rows = []
    for where in practices if len(practices) > 2 else ["all"]:
        for shown in arms:
            here = ((practice == where) | (where == "all")) & ((arm == shown) | (shown == "all"))
            left = set(people.loc[here, PATIENT_ID])
            before, started = len(left), np.nan
            for step, (who, because) in steps.items():
                left = left & who
                rows.append([where, shown, step, len(left), before - len(left), because, before, started])
                before = len(left)
                started = float(before) if step == STARTED or step.startswith(DUE) else started
    names = [PRACTICE, FORMAT, "step", N_PATIENTS, "n_left_out", "left_out_because", "of_patients", "of_started"]
    frame = pd.DataFrame(rows, columns=names)
    frame["step"] = pd.Categorical(frame["step"], categories=list(steps), ordered=True)
    return frame
