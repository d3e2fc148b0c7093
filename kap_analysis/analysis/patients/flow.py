"""The flow of patients from the study to the primary visit: who was lost, and at which step (STROBE item 13)."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from kap_analysis.analysis.formats import recorded_words
from kap_analysis.analysis.patients.treated import ketamine_patients, patient_formats
from kap_analysis.analysis.result import Result, empty_withheld, told_of
from kap_analysis.columns import BASELINE_VISIT, FORMAT, FORMATS, N_PATIENTS, PATIENT_ID, PRACTICE, SCORE, VISIT
from kap_analysis.disclosure.gate import release
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.study import Study
from kap_analysis.study.timing.time_zero import FormatRule
from kap_analysis.writing.sentences import count, join_words, plural, share

IN_STUDY = "in the study"
STARTED = "started treatment"
WITH_BASELINE = "baseline score"
WITH_FOLLOW_UP = "scored after baseline"
NO_FORMAT = "not known"


@dataclass(frozen=True)
class ParticipantFlow(Result):
    """Patients at each step, by practice and format at time zero.

    Attributes
    ----------
    steps : DataFrame
        One row per practice ("all" included), format ("all" included; "not known" if no session shows it) and
        step: ``practice``, ``format``, ``step`` (ordered), ``n_patients``, ``n_left_out`` (since the step before),
        ``left_out_because``, ``of_patients`` (at the step before), ``of_started`` (who started treatment: the
        denominator of the steps after that; missing before).
    """

    steps: pd.DataFrame
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    @told_of("steps")
    def paragraph(self) -> str:
        whole = self.steps[(self.steps[PRACTICE] == "all") & (self.steps[FORMAT] == "all")]
        counts = whole.set_index("step")[N_PATIENTS]
        first, last = str(counts.index[0]), str(counts.index[-1])
        started = counts[STARTED]
        arms = self.steps[(self.steps[PRACTICE] == "all") & self.steps[FORMAT].isin(FORMATS)]
        told = []
        for arm, part in arms.groupby(FORMAT, sort=False, observed=True):
            n = part.set_index("step")[N_PATIENTS]
            told.append(f"{share(n[last], n[STARTED])} in {arm} format")
        by_format = f": {join_words(told)}" if len(told) > 1 else ""
        return (
            f"Of {plural(counts[first], 'patient')} in the study, {count(started)} started treatment and "
            f"{share(counts[last], started)} of those who started were {last} with a baseline score{by_format}."
        )


@asked_of(Study)
def participant_flow(
    study: Study, *, instrument: str | None = None, format_rule: FormatRule | None = None
) -> ParticipantFlow:
    """Follow the patients from the study to the primary visit.

    Parameters
    ----------
    instrument : str, optional
        The instrument whose scores count; default the primary instrument.
    format_rule : str, optional
        As in `Study.outcomes`: the rule of the plan, unless another is named.
    """
    outcomes = study.outcomes(instrument, format_rule=format_rule, population="started")
    scored = outcomes.frame.dropna(subset=[SCORE])
    visit = study.settings.primary_visit
    after = scored[scored[VISIT].astype("str") != BASELINE_VISIT]
    has = {
        WITH_BASELINE: set(outcomes.frame.loc[outcomes.frame["baseline"].notna(), PATIENT_ID]),
        WITH_FOLLOW_UP: set(after[PATIENT_ID]),
        f"assessed at {visit}": set(after.loc[after[VISIT].astype("str") == visit, PATIENT_ID]),
    }
    people = patient_formats(study, format_rule=format_rule)
    name = outcomes.instrument.name
    because = {
        STARTED: "no ketamine session was held",
        WITH_BASELINE: f"no {name} in the baseline window",
        WITH_FOLLOW_UP: f"no {name} at any visit after baseline",
        f"assessed at {visit}": f"no {name} in the window of {visit}",
    }
    reached = [set(people[PATIENT_ID]), ketamine_patients(study)]
    reached += [has[step] for step in (WITH_BASELINE, WITH_FOLLOW_UP, f"assessed at {visit}")]
    steps = dict(zip([IN_STUDY, *because], reached, strict=True))
    frame = _count(people, steps, because)
    return release(ParticipantFlow(frame), outcomes)


def _count(people: pd.DataFrame, steps: dict[str, set[str]], because: dict[str, str]) -> pd.DataFrame:
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
            for step, who in steps.items():
                left = left & who
                rows.append([where, shown, step, len(left), before - len(left), because.get(step, ""), before, started])
                before = len(left)
                started = float(before) if step == STARTED else started
    names = [PRACTICE, FORMAT, "step", N_PATIENTS, "n_left_out", "left_out_because", "of_patients", "of_started"]
    frame = pd.DataFrame(rows, columns=names)
    frame["step"] = pd.Categorical(frame["step"], categories=list(steps), ordered=True)
    return frame
