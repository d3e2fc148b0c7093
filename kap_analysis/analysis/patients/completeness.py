"""Missing scores: how many were due, done, late and missing, retention, and who is more likely to be lost."""

import warnings
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

from kap_analysis.analysis.formats import in_format_order, recorded_words
from kap_analysis.analysis.model.covariates import prepare_covariates
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model.plan_file import study_plan
from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.columns import (
    DAYS_PER_MONTH,
    FORMAT,
    MONTH,
    N_PATIENTS,
    PATIENT_ID,
    PRACTICE,
    SCORE,
    VISIT,
)
from kap_analysis.disclosure.gate import release
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study
from kap_analysis.writing.sentences import join_words, share

#: A log odds ratio with a larger standard error is not estimable (separation) and is left empty.
LARGEST_STANDARD_ERROR = 5.0


@dataclass(frozen=True)
class Completeness(Result):
    """Scores due and done.

    Attributes
    ----------
    completeness : DataFrame
        ``format``, ``practice`` ("all" included), ``visit``, ``n_due`` (treated patients observed long enough),
        ``n_done``, ``n_late`` (scored after the window but before the next one), ``n_missing``.
    retention : DataFrame
        ``format``, ``visit``, ``month`` (target), ``n_at_risk`` (treated), ``n_patients`` (scored at this visit or
        later), ``share``.
    predictors : DataFrame
        Logistic regression of having no score at the primary visit: ``term``, ``odds_ratio``, ``ci_low``,
        ``ci_high``, ``n_patients``; exploratory, without p. Empty if no or all patients are missing.
    """

    completeness: pd.DataFrame
    retention: pd.DataFrame
    predictors: pd.DataFrame
    visit: str
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def paragraph(self) -> str:
        rows = self.completeness[(self.completeness[PRACTICE] == "all") & (self.completeness[VISIT] == self.visit)]
        rows = in_format_order(rows)
        told = [f"{share(r['n_done'], r['n_due'])} in {r[FORMAT]} format" for _, r in rows.iterrows()]
        if not told:
            return f"How many of the treated patients who were due at {self.visit} have a score is withheld."
        return f"Of the treated patients who were due at {self.visit}, {join_words(told)} have a score."


@asked_of(Study)
def describe_completeness(study: Study, *, instrument: str | None = None, plan: Plan | None = None) -> Completeness:
    """Count scores due, done, late and missing among treated patients, and who is missing."""
    plan = plan or study_plan(study)
    due = count_due(study, instrument or plan.instrument, plan)
    kept = []
    scheduled = list(study.settings.visits)
    for position, visit in enumerate(scheduled):
        later = set().union(*(due.scored[v.label] for v in scheduled[position:]))
        for arm, part in due.people.groupby(due.people[FORMAT].astype("str"), sort=False):
            n = int(part[PATIENT_ID].isin(later).sum())
            kept.append([arm, visit.label, visit.target_day / DAYS_PER_MONTH, len(part), n, n / len(part)])
    result = Completeness(
        due.counts,
        pd.DataFrame(kept, columns=[FORMAT, VISIT, MONTH, "n_at_risk", N_PATIENTS, "share"]),
        _predictors(due.people, due.scored[plan.visit], plan),
        plan.visit,
    )
    return release(result, due.outcomes)


class Due(NamedTuple):
    """Scores due of one instrument: ``counts`` as `Completeness.completeness`, and what they were counted from.

    ``people``: one row per treated patient in a known format. ``scored``: visit -> the patients scored at it.
    """

    counts: pd.DataFrame
    people: pd.DataFrame
    scored: dict[str, set[str]]
    outcomes: Outcomes


def count_due(study: Study, instrument: str, plan: Plan) -> Due:
    """Count the scores of an instrument that were due, done, late and missing, before the gate."""
    every = study.outcomes(instrument, visits="all", format_rule=plan.format_rule, population="started")
    done = every.frame[every.frame[SCORE].notna() & every.frame[VISIT].notna()]  # of a window there may be several
    people = done.drop_duplicates(PATIENT_ID)
    people = people[people[FORMAT].notna()]
    until = study.patients.set_index(PATIENT_ID).get("observed_until_day", pd.Series(dtype=float))
    last = people[PATIENT_ID].map(until).astype(float).fillna(np.inf)
    rows = []
    scheduled = list(study.settings.visits)
    at = done[VISIT].astype("str")
    scored = {v.label: set(done.loc[at == v.label, PATIENT_ID]) for v in scheduled}
    for position, visit in enumerate(scheduled):
        due = people[(last >= visit.last_day).to_numpy()]
        following = scheduled[position + 1].first_day if position + 1 < len(scheduled) else np.inf
        between = every.frame[(every.frame["day"] > visit.last_day) & (every.frame["day"] < following)]
        late = set(between.loc[between[SCORE].notna(), PATIENT_ID]) - scored[visit.label]
        rows += _count_visit(due, visit.label, scored[visit.label], late)
    names = [FORMAT, PRACTICE, VISIT, "n_due", "n_done", "n_late", "n_missing"]
    return Due(pd.DataFrame(rows, columns=names), people, scored, every)


def _count_visit(due: pd.DataFrame, visit: str, done: set[str], late: set[str]) -> list[list[object]]:
    rows: list[list[object]] = []
    practices = recorded_words(due[PRACTICE])
    for where in ["all", *sorted(practices.unique())]:
        here = due if where == "all" else due[practices == where]
        for arm, part in here.groupby(here[FORMAT].astype("str"), sort=False):
            n_done, n_late = int(part[PATIENT_ID].isin(done).sum()), int(part[PATIENT_ID].isin(late).sum())
            rows.append([arm, where, visit, len(part), n_done, n_late, len(part) - n_done - n_late])
    return rows


def _predictors(people: pd.DataFrame, done: set[str], plan: Plan) -> pd.DataFrame:
    names = ["term", "odds_ratio", "ci_low", "ci_high", N_PATIENTS]
    missing = ~people[PATIENT_ID].isin(done)
    if missing.sum() < 5 or (~missing).sum() < 5:
        return pd.DataFrame(columns=names)
    frame, used, _ = prepare_covariates(people, (FORMAT, PRACTICE, "baseline", *plan.covariates), 10)
    design = sm.add_constant(pd.get_dummies(frame[list(used)], drop_first=True, dtype=float))
    design = design.loc[:, (design != 0).any()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerfectSeparationWarning)  # such odds ratios are left empty below
        fit = sm.GLM(missing.astype(float), design, family=sm.families.Binomial()).fit()
    told = (
        fit.bse < LARGEST_STANDARD_ERROR
    ).to_numpy()  # a level of which no (or every) patient was lost has no odds ratio
    ends = np.exp(np.where(told[:, None], fit.conf_int().to_numpy(), np.nan))
    found = pd.DataFrame({"term": design.columns, "odds_ratio": np.exp(fit.params.where(told)).to_numpy()})
    found["ci_low"], found["ci_high"], found[N_PATIENTS] = ends[:, 0], ends[:, 1], len(people)
    return found[found["term"] != "const"].reset_index(drop=True)
