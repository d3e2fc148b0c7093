"""The analysis plan: what will be compared, in whom, and by which rules, written before the results are known.

A study folder may hold its plan as `plan.toml` (see `plan_file`). Without one, a plan is drafted from the study's own
settings by fixed rules, and every result says that it was drafted and not registered.
"""

import hashlib
import math
from dataclasses import asdict, dataclass, field
from numbers import Real
from typing import Any

from kap_analysis.errors import AnalysisError
from kap_analysis.instruments.registry import get_instrument
from kap_analysis.study.answerable import TESTED_COHORTS, TESTED_PATIENTS
from kap_analysis.study.study import Study
from kap_analysis.study.timing.time_zero import CohortRule, FormatRule

POPULATION = "all patients who started treatment: at least one ketamine session"
TREATMENT_POLICY = "treatment policy"
MISSING_AT_RANDOM = "missing at random, given the scores and covariates that were observed"
ANALYSIS_SET = "patients with a baseline score and at least one score after it"
#: What the package always does: the only words that a plan may have for it, and where other strategies are looked at.
ALWAYS = {
    "population": (
        POPULATION,
        "for an answer about other patients make a study of them, with `Study.of_patients` or in a folder of its own",
    ),
    "analysis_set": (
        ANALYSIS_SET,
        "other patients are looked at by the complete cases of `check_sensitivity` and the imputed scores of "
        "`check_dropout`",
    ),
    "switching": (
        TREATMENT_POLICY,
        "all scores after a switch, a booster, an early stop or other treatment are used; `check_sensitivity` has rows "
        "without patients of mixed format and by the format of later sessions",
    ),
    "missing_scores": (MISSING_AT_RANDOM, "scores that are not missing at random are looked at by `check_dropout`"),
}
DEFAULT_COVARIATES = ("age", "sex", "primary_diagnosis", "ace_score", "failed_treatments")
#: Moderators of a draft, and the column of the patients table that each needs; None: no such column.
DEFAULT_MODERATORS = {"age": "age", "baseline": None, "ace_4_or_more": "ace_score"}
#: The sensitivity analyses that a plan can name, in words. The first five are groups of `check_sensitivity`.
SENSITIVITY_ANALYSES = {
    "clustering": "other assumptions about how patients of one cohort or facilitator are alike",
    "model": "other covariates, and interactions of format with baseline and practice",
    "data": "without each practice, without each cohort, and a cluster bootstrap of imputed data",
    "rules": "other rules for the format of a patient",
    "visits": "the other visits",
    "missing": "multiple imputation, with scores after dropout made worse until the conclusion changes",
    "allocation": "weighting by the propensity score, negative-control outcomes, and bias by an unmeasured confounder",
}


@dataclass(frozen=True, slots=True)
class Ladder:
    """The counts that decide which model is fitted; p-values and results play no part.

    Attributes
    ----------
    full_patients : int
        Patients per format at the primary visit that the full model needs.
    full_pairs : int
        Patients per format with both of any two visits that the full model needs.
    cohorts : int
        Cohorts with two or more analysed patients below which the comparison is descriptive.
    descriptive_patients : int
        Patients per format below which the comparison is descriptive.
    pool_levels_below : int
        Levels of a covariate with fewer patients are pooled into "other".
    """

    full_patients: int = 25
    full_pairs: int = 10
    cohorts: int = TESTED_COHORTS
    descriptive_patients: int = TESTED_PATIENTS
    pool_levels_below: int = 10


@dataclass(frozen=True, slots=True)
class PlannedMargin:
    """A margin for the format difference on the primary instrument, in points, and where and when it was set.

    ``date`` is a year, a month or a day as text ("2026-05"), empty where the study does not say it.
    """

    points: float
    source: str
    date: str


@dataclass(frozen=True)
class Plan:
    """What will be compared, in whom, and by which rules.

    Attributes
    ----------
    instrument, visit : str
        The primary outcome and visit: tested alone.
    secondary : tuple of str
        Instruments tested together at the primary visit, p adjusted by Holm's method.
    covariates : tuple of str
        Patient columns beside practice and the baseline score.
    moderators : tuple of str
        The column of each moderator that was named in advance (`MODERATORS`, or those given to `moderate`). Only these
        are tested, p adjusted by Holm's method; all others are exploratory.
    sensitivity : tuple of str
        The sensitivity analyses that were named in advance, of `SENSITIVITY_ANALYSES`.
    population : str
        Of whom the answer is to hold, in words. Like the next three, what the package always does: other words are
        refused.
    analysis_set : str
        Whose scores are analysed, in words: a condition of the data, not of the population.
    switching : str
        The estimand's strategy for switching format, boosters, stopping early and other treatment.
    missing_scores : str
        What is assumed of scores that were not observed. Missing data are no intercurrent event.
    format_rule, cohort_rule : str
        As in `Study.outcomes`.
    margin : PlannedMargin or None
        No default. Without a margin, the estimate and the width of its interval are reported.
    ladder : Ladder
    origin : str
        "registered" when read from a file, "drafted" when made from the study's settings.
    """

    instrument: str
    visit: str
    secondary: tuple[str, ...] = ()
    covariates: tuple[str, ...] = DEFAULT_COVARIATES
    moderators: tuple[str, ...] = ()
    sensitivity: tuple[str, ...] = tuple(SENSITIVITY_ANALYSES)
    population: str = POPULATION
    analysis_set: str = ANALYSIS_SET
    switching: str = TREATMENT_POLICY
    missing_scores: str = MISSING_AT_RANDOM
    format_rule: FormatRule = "planned"
    cohort_rule: CohortRule = "first"
    margin: PlannedMargin | None = None
    ladder: Ladder = field(default_factory=Ladder)
    origin: str = "drafted"

    def __post_init__(self) -> None:
        """Refuse words for another strategy than the one that is computed."""
        for name, (done, elsewhere) in ALWAYS.items():
            if getattr(self, name) != done:
                raise AnalysisError(
                    f'{name} is "{getattr(self, name)}", but what is computed is "{done}": write that; {elsewhere}.'
                )

    @property
    def hash(self) -> str:
        """SHA-256 of everything in the plan except its origin: drafted or read, the same plan has the same hash."""
        return hashlib.sha256(plan_to_toml(self).encode("utf-8")).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain values."""
        return {**asdict(self), "hash": self.hash}


def stated_margin(margin: float | None, plan: Plan, instrument: str, visit: str) -> float | None:
    """The margin given, or the plan's if these are its primary instrument and visit; there is no default."""
    if margin is not None:
        return check_margin(margin)
    if plan.margin is None or (instrument, visit) != (plan.instrument, plan.visit):
        return None
    return plan.margin.points


def check_margin(margin: float) -> float:
    """The margin, checked to be a positive number of points."""
    is_number = isinstance(margin, Real) and not isinstance(margin, bool)
    if not (is_number and math.isfinite(margin) and margin > 0):
        raise AnalysisError(f"Found the margin {margin!r}; give a positive number of points.")
    return float(margin)


def draft_plan(study: Study) -> Plan:
    """Make a plan from a study's own settings. No score is used."""
    settings = study.settings
    primary = settings.primary_instrument
    secondary = other_outcomes(study, primary)
    margin = settings.margin
    planned = None if margin is None else PlannedMargin(float(margin.points), str(margin.source), str(margin.date))
    known = recorded_columns(study)
    covariates = tuple(c for c in DEFAULT_COVARIATES if c in known)
    moderators = [name for name, column in DEFAULT_MODERATORS.items() if column is None or column in known]
    if (study.sessions["kind"].astype("object") == "integration").any():
        moderators.append("integration_in_time")
    return Plan(primary, settings.primary_visit, secondary, covariates, moderators=tuple(moderators), margin=planned)


def other_outcomes(study: Study, instrument: str) -> tuple[str, ...]:
    """The outcome instruments that were scored in the study, but for one."""
    measured = [] if study.assessments.empty else sorted(study.assessments["instrument"].dropna().unique())
    return tuple(name for name in measured if name != instrument and _is_outcome(study, name))


def recorded_columns(study: Study) -> set[str]:
    """What is known of some patient of the study: columns of the patients table, and the primary diagnosis."""
    known = {str(name) for name in study.patients.columns if study.patients[name].notna().any()}
    return known if study.diagnoses.empty else known | {"primary_diagnosis"}


def plan_to_toml(plan: Plan) -> str:
    """The text of `plan.toml`, always in the same order."""
    lines = [
        "# Analysis plan. Write it before looking at results; a later change is shown as a change.",
        "[primary]",
        f"instrument = {_quoted(plan.instrument)}",
        f"visit = {_quoted(plan.visit)}",
        "",
        "[secondary]",
        f"instruments = [{', '.join(map(_quoted, plan.secondary))}]  # at the primary visit, p adjusted by Holm",
        "",
        "[covariates]  # beside practice and the baseline score",
        f"columns = [{', '.join(map(_quoted, plan.covariates))}]",
        "",
        "[moderators]  # named here: tested, p adjusted by Holm; all others are exploratory",
        f"columns = [{', '.join(map(_quoted, plan.moderators))}]",
        "",
        "[sensitivity]",
        f"analyses = [{', '.join(map(_quoted, plan.sensitivity))}]",
        "",
        "[estimand]",
        f"population = {_quoted(plan.population)}",
        f"analysis_set = {_quoted(plan.analysis_set)}",
        f"switching = {_quoted(plan.switching)}",
        f"missing_scores = {_quoted(plan.missing_scores)}",
        "",
        "[rules]",
        f"format_rule = {_quoted(plan.format_rule)}",
        f"cohort_rule = {_quoted(plan.cohort_rule)}",
        "",
        "[ladder]",
        *[f"{name} = {value}" for name, value in asdict(plan.ladder).items()],
    ]
    if plan.margin is not None:
        lines += ["", "[margin]", f"points = {plan.margin.points!r}"]
        lines += [f"source = {_quoted(plan.margin.source)}", f"date = {_quoted(plan.margin.date)}"]
    else:
        lines += ["", "# [margin]  # none was set: the difference is estimated, not judged", "# points = ..."]
    return "\n".join(lines) + "\n"


def _is_outcome(study: Study, name: str) -> bool:
    instrument = study.instruments.get(name) or get_instrument(name)
    return instrument.role == "outcome"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
