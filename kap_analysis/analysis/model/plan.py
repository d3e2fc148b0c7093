"""The analysis plan: what will be compared, in whom, by which rules; written down before the results.

`plan.toml` in the study folder is read here and nowhere else. Without one, a plan is drafted from the study's own
settings by fixed rules, and every result says that it was drafted and not registered.
"""

import hashlib
import tomllib
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

from kap_analysis.errors import AnalysisError
from kap_analysis.instruments.registry import get_instrument
from kap_analysis.study.study import Study
from kap_analysis.study.timing.time_zero import CohortRule, FormatRule
from kap_analysis.writing.names import readable
from kap_analysis.writing.numbers import exact
from kap_analysis.writing.sentences import join_words, plural

FILE_NAME = "plan.toml"
TREATMENT_POLICY = "treatment policy"
HYPOTHETICAL = "hypothetical: had scores been observed"
DEFAULT_COVARIATES = ("age", "sex", "primary_diagnosis", "ace_score", "failed_treatments")


@dataclass(frozen=True, slots=True)
class Ladder:
    """Which model the counts allow; never a p-value, never a look at the result.

    Attributes
    ----------
    full_patients : int
        Patients per format at the primary visit that the full model needs.
    full_pairs : int
        Patients per format with both of any two visits that the full model needs.
    cohorts : int
        Cohorts with two or more analysed patients, without which the comparison is descriptive.
    descriptive_patients : int
        Patients per format below which the comparison is descriptive.
    pool_levels_below : int
        Levels of a covariate with fewer patients are pooled into "other".
    """

    full_patients: int = 25
    full_pairs: int = 10
    cohorts: int = 5
    descriptive_patients: int = 10
    pool_levels_below: int = 10


@dataclass(frozen=True, slots=True)
class PlannedMargin:
    """A margin of the format difference on the primary instrument, in points, with where and when it was set."""

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
    population : str
        Who is analysed, in words.
    switching, dropout : str
        The estimand's strategy for switching format or boosters, and for scores never observed.
    format_rule, cohort_rule : str
        As in `Study.outcomes`.
    margin : PlannedMargin or None
        No default: without one, estimate and width.
    ladder : Ladder
    origin : str
        "registered" when read from a file, "drafted" when made from the study's settings.
    """

    instrument: str
    visit: str
    secondary: tuple[str, ...] = ()
    covariates: tuple[str, ...] = DEFAULT_COVARIATES
    population: str = "at least one ketamine session, a baseline score, and one score after baseline"
    switching: str = TREATMENT_POLICY
    dropout: str = HYPOTHETICAL
    format_rule: FormatRule = "planned"
    cohort_rule: CohortRule = "first"
    margin: PlannedMargin | None = None
    ladder: Ladder = field(default_factory=Ladder)
    origin: str = "drafted"

    @property
    def hash(self) -> str:
        """SHA-256 of everything in the plan but its origin: the same plan has the same hash, drafted or read."""
        return hashlib.sha256(plan_to_toml(self).encode("utf-8")).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain values."""
        return {**asdict(self), "hash": self.hash}


def draft_plan(study: Study) -> Plan:
    """Make a plan from a study's own settings; nothing in it depends on a score."""
    settings = study.settings
    primary = settings.primary_instrument
    measured = [] if study.assessments.empty else sorted(study.assessments["instrument"].dropna().unique())
    secondary = tuple(name for name in measured if name != primary and _is_outcome(study, name))
    margin = settings.margin
    planned = None if margin is None else PlannedMargin(float(margin.points), str(margin.source), str(margin.date))
    known = {c for c in study.patients.columns if study.patients[c].notna().any()}
    if not study.diagnoses.empty:
        known.add("primary_diagnosis")
    covariates = tuple(c for c in DEFAULT_COVARIATES if c in known)
    return Plan(primary, settings.primary_visit, secondary, covariates, margin=planned)


def study_plan(study: Study) -> Plan:
    """The plan in the study folder, or a draft where there is none."""
    path = None if study.path is None else Path(study.path) / FILE_NAME
    return read_plan(path) if path is not None and path.is_file() else draft_plan(study)


def read_plan(path: str | Path) -> Plan:
    """Read `plan.toml`.

    Raises
    ------
    AnalysisError
        If the file is not TOML, lacks a required entry, or has one that is not known.
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AnalysisError(f"{path.name} cannot be read: {error}. Write a new one with `kap plan`.") from error
    known = {"primary", "secondary", "covariates", "estimand", "rules", "margin", "ladder"}
    unknown = sorted(set(content) - known)
    if unknown:
        raise AnalysisError(
            f"{path.name} has {plural(len(unknown), 'entry', 'entries')} that no plan has: {join_words(unknown)}; "
            f"expected {join_words(sorted(known))}."
        )
    try:
        return _plan_from(content)
    except (KeyError, TypeError) as error:
        raise AnalysisError(
            f"{path.name} lacks or misspells an entry: {error}. Compare with `kap plan STUDY`."
        ) from error


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
        "[estimand]",
        f"population = {_quoted(plan.population)}",
        f"switching = {_quoted(plan.switching)}",
        f"dropout = {_quoted(plan.dropout)}",
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


def methods_paragraph(plan: Plan) -> str:
    """The Methods paragraph that the plan implies."""
    ladder = plan.ladder
    named = [readable(c) for c in plan.covariates]
    covariates = join_words(["practice (where there are several)", f"baseline {plan.instrument}", *named])
    margin = (
        "No non-inferiority margin was set, so the difference is reported with its interval."
        if plan.margin is None
        else f"The margin was {exact(plan.margin.points)} points ({plan.margin.source}, {plan.margin.date}): "
        "non-inferiority by a one-sided test at 2.5%, equivalence by a 90% interval inside it."
    )
    secondary = (
        f" {join_words(list(plan.secondary))} at {plan.visit} are secondary (p adjusted by Holm's method)."
        if plan.secondary
        else ""
    )
    origin = "as registered in plan.toml" if plan.origin == "registered" else "drafted from the study's settings"
    return (
        f"The plan was {origin}. The primary outcome was {plan.instrument} at {plan.visit}. Population: "
        f"{plan.population}. Estimand: for switching of format and for boosters, {plan.switching}; for dropout, "
        f"{plan.dropout}. By this plan, scores after baseline are analysed by a mixed model for repeated measures "
        f"(REML), with visit by format and visit by baseline score as fixed effects, adjusted for {covariates}; "
        "patients of one therapy cohort may be alike (a random effect of the cohort in the group format), "
        "with an unstructured covariance of the visits in each format, and Kenward-Roger degrees of freedom. The full "
        f"model needs {ladder.full_patients} patients per format at the primary visit, {ladder.full_pairs} per format "
        f"for each pair of visits and {ladder.cohorts} cohorts of two or more; otherwise a simpler covariance is used, "
        f"and below {ladder.cohorts} cohorts or {ladder.descriptive_patients} patients per format the comparison is "
        f"descriptive. {margin}{secondary}"
    )


def _plan_from(content: dict[str, Any]) -> Plan:
    rules = content.get("rules", {})
    _check_choice("format_rule", rules.get("format_rule"), get_args(FormatRule))
    _check_choice("cohort_rule", rules.get("cohort_rule"), get_args(CohortRule))
    ladder = content.get("ladder", {})
    for name, value in ladder.items():
        if not (isinstance(value, int) and value >= 1):
            raise TypeError(f"{name} is {value!r}; give a whole number from 1")
    return Plan(
        instrument=_text(content["primary"], "instrument"),
        visit=_text(content["primary"], "visit"),
        secondary=_texts(content.get("secondary", {}), "instruments"),
        covariates=_texts(content.get("covariates", {}), "columns"),
        **content.get("estimand", {}),
        **rules,
        margin=_margin_from(content["margin"]) if "margin" in content else None,
        ladder=replace(Ladder(), **ladder),
        origin="registered",
    )


def _margin_from(margin: dict[str, Any]) -> PlannedMargin:
    points = margin["points"]
    if isinstance(points, bool) or not isinstance(points, int | float) or not 0 < points < float("inf"):
        raise TypeError(f"points is {points!r}; give a positive number")
    return PlannedMargin(float(points), _text(margin, "source"), str(margin["date"]))


def _text(table: dict[str, Any], name: str) -> str:
    if not isinstance(table[name], str) or not table[name].strip():
        raise TypeError(f"{name} is {table[name]!r}; give a text")
    return str(table[name])


def _texts(table: dict[str, Any], name: str) -> tuple[str, ...]:
    values = table.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError(f"{name} is {values!r}; give a list of texts")
    return tuple(values)


def _check_choice(name: str, found: object, choices: tuple[str, ...]) -> None:
    if found is not None and found not in choices:
        raise TypeError(f"{name} is {found!r}; choose one of {join_words(choices)}")


def _is_outcome(study: Study, name: str) -> bool:
    instrument = study.instruments.get(name) or get_instrument(name)
    return instrument.role == "outcome"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
