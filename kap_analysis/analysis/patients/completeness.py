"""Missing scores: how many were due, done, late and missing, retention, and who is more likely to be lost."""

import warnings
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning
from statsmodels.tools.tools import add_constant

from kap_analysis.analysis.formats import in_format_order
from kap_analysis.analysis.model.covariates import prepare_covariates
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model.plan_file import study_plan
from kap_analysis.analysis.patients.not_counted import who_is_not_counted
from kap_analysis.analysis.patients.scores_due import Due, count_due
from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.columns import (
    DAYS_PER_MONTH,
    FORMAT,
    MONTH,
    N_PATIENTS,
    PATIENT_ID,
    PRACTICE,
    VISIT,
)
from kap_analysis.disclosure.gate import release
from kap_analysis.study.answerable import too_many_practices
from kap_analysis.study.first_argument import asked_of
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
        ``format``, ``visit``, ``month`` (target), ``n_at_risk`` (treated patients observed long enough for the
        visit), ``n_patients`` (of them scored at this visit or later), ``share``.
    predictors : DataFrame
        Logistic regression of having no score at the primary visit, among those of whom one was due: ``term``,
        ``odds_ratio``, ``ci_low``, ``ci_high``, ``n_patients``; exploratory, without p. Empty if no or all patients
        are missing, or if there are too many practices to adjust for.
    notes : tuple of str
        Who has no format and is not counted.
    """

    completeness: pd.DataFrame
    retention: pd.DataFrame
    predictors: pd.DataFrame
    visit: str
    notes: tuple[str, ...] = ()
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def paragraph(self) -> str:
        rows = self.completeness[(self.completeness[PRACTICE] == "all") & (self.completeness[VISIT] == self.visit)]
        rows = in_format_order(rows)
        told = [f"{share(r['n_done'], r['n_due'])} in {r[FORMAT]} format" for _, r in rows.iterrows()]
        if not told:
            return f"How many of the treated patients who were due at {self.visit} have a score is withheld."
        first = f"Of the treated patients who were due at {self.visit}, {join_words(told)} have a score."
        return " ".join([first, *self.notes])


@asked_of(Study)
def describe_completeness(study: Study, *, instrument: str | None = None, plan: Plan | None = None) -> Completeness:
    """Count scores due, done, late and missing among treated patients, and who is missing."""
    plan = plan or study_plan(study)
    due = count_due(study, instrument or plan.instrument, plan)
    kept = []
    scheduled = list(study.settings.visits)
    for position, visit in enumerate(scheduled):
        later = set().union(*(due.scored[v.label] for v in scheduled[position:]))
        at_risk = _due_at(due, visit.label)
        for arm, part in at_risk.groupby(at_risk[FORMAT].astype("str"), sort=False):
            n = int(part[PATIENT_ID].isin(later).sum())
            kept.append([arm, visit.label, visit.target_day / DAYS_PER_MONTH, len(part), n, n / len(part)])
    result = Completeness(
        due.counts,
        pd.DataFrame(kept, columns=[FORMAT, VISIT, MONTH, "n_at_risk", N_PATIENTS, "share"]),
        _predictors(_due_at(due, plan.visit), due.scored[plan.visit], plan),
        plan.visit,
        who_is_not_counted(due.outcomes),
    )
    return release(result, due.outcomes)


def _due_at(due: Due, visit: str) -> pd.DataFrame:
    """The patients of whom a score at a visit was due."""
    return due.people[~due.people[PATIENT_ID].isin(due.outcomes.not_due[visit])].reset_index(drop=True)


def _predictors(people: pd.DataFrame, done: set[str], plan: Plan) -> pd.DataFrame:
    names = ["term", "odds_ratio", "ci_low", "ci_high", N_PATIENTS]
    missing = ~people[PATIENT_ID].isin(done)
    if missing.sum() < 5 or (~missing).sum() < 5 or too_many_practices(people[PRACTICE]):
        return pd.DataFrame(columns=names)
    frame, used, _ = prepare_covariates(people, (FORMAT, PRACTICE, "baseline", *plan.covariates), 10)
    design = add_constant(pd.get_dummies(frame[list(used)], drop_first=True, dtype=float))
    design = design.loc[:, (design != 0).any()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerfectSeparationWarning)  # such odds ratios are left empty below
        fit = GLM(missing.astype(float), design, family=Binomial()).fit()
    told = (
        fit.bse < LARGEST_STANDARD_ERROR
    ).to_numpy()  # a level of which no (or every) patient was lost has no odds ratio
    ends = np.exp(np.where(told[:, None], fit.conf_int().to_numpy(), np.nan))
    found = pd.DataFrame({"term": design.columns, "odds_ratio": np.exp(fit.params.where(told)).to_numpy()})
    found["ci_low"], found["ci_high"], found[N_PATIENTS] = ends[:, 0], ends[:, 1], len(people)
    return found[found["term"] != "const"].reset_index(drop=True)
