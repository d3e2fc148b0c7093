"""Where a plan comes from: `plan.toml` in the study folder, or a draft where there is none."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from kap_analysis.analysis.model.plan import Ladder, Plan, PlannedMargin, draft_plan
from kap_analysis.analysis.model.plan_entries import check_beside, check_entries, check_names
from kap_analysis.errors import AnalysisError
from kap_analysis.study.contract.settings import is_when
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study
from kap_analysis.study.timing.plan_rules import PLAN_FILE
from kap_analysis.study.timing.time_zero import CohortRule, FormatRule
from kap_analysis.writing.sentences import join_words

FILE_NAME = PLAN_FILE


@asked_of(Study)
def study_plan(study: Study) -> Plan:
    """The plan in the study folder, or a draft where there is none.

    Raises
    ------
    AnalysisError
        As `read_plan`, and if the plan names a visit, an instrument or a covariate that the study cannot have. A
        covariate of the data dictionary that was not recorded is not used, and the comparison says so.
    """
    path = None if study.path is None else Path(study.path) / FILE_NAME
    if path is None or not path.is_file():
        return draft_plan(study)
    plan = read_plan(path)
    check_beside(plan, study, FILE_NAME)
    return plan


def plan_of(outcomes: Outcomes, visit: str | None = None) -> Plan:
    """The plan by which outcomes are compared where no plan is given, without its margin and moderators.

    Covariates and ladder are those of `plan.toml` in the folder of the study, or the default ones where there is none.

    Parameters
    ----------
    visit : str, optional
        Default: the visit of `plan.toml`, else the study's primary visit, else the last.
    """
    path = None if outcomes.folder is None else Path(outcomes.folder) / FILE_NAME
    if path is None or not path.is_file():
        return Plan(outcomes.instrument.name, visit or outcomes.primary_visit or outcomes.visits[-1])
    plan = read_plan(path)
    return Plan(outcomes.instrument.name, visit or plan.visit, covariates=plan.covariates, ladder=plan.ladder)


def read_plan(path: str | Path) -> Plan:
    """Read `plan.toml`.

    Raises
    ------
    AnalysisError
        If the file is not TOML, if it has a table, a key or a name that is not known or lacks a key (the nearest one
        is offered), or if it names another strategy than the one that is computed.
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        remedy = "Mend it, or draft it anew: kap plan STUDY --replace"
        raise AnalysisError(f"{path.name} cannot be read: {error}. {remedy}.") from error
    check_entries(content, path.name)
    try:
        plan = _plan_from(content)
    except (TypeError, AnalysisError) as error:
        raise AnalysisError(f"{path.name} has an entry that cannot be used: {str(error).rstrip('.')}.") from error
    check_names(plan, path.name)
    return plan


def _plan_from(content: dict[str, Any]) -> Plan:
    rules = content.get("rules", {})
    _check_choice("format_rule", rules.get("format_rule"), get_args(FormatRule))
    _check_choice("cohort_rule", rules.get("cohort_rule"), get_args(CohortRule))
    estimand: dict[str, Any] = {name: _text(content["estimand"], name) for name in content.get("estimand", {})}
    ladder = content.get("ladder", {})
    for name, value in ladder.items():
        if isinstance(value, bool) or not (isinstance(value, int) and value >= 1):
            raise TypeError(f"{name} is {value!r}; give a whole number from 1")
    return Plan(
        instrument=_text(content["primary"], "instrument"),
        visit=_text(content["primary"], "visit"),
        secondary=_texts(content.get("secondary", {}), "instruments"),
        covariates=_texts(content.get("covariates", {}), "columns"),
        moderators=_texts(content.get("moderators", {}), "columns"),
        sensitivity=_texts(content.get("sensitivity", {}), "analyses"),
        **estimand,
        **rules,
        margin=_margin_from(content["margin"]) if "margin" in content else None,
        ladder=replace(Ladder(), **ladder),
        origin="registered",
    )


def _margin_from(margin: dict[str, Any]) -> PlannedMargin:
    points = margin["points"]
    if isinstance(points, bool) or not isinstance(points, int | float) or not 0 < points < float("inf"):
        raise TypeError(f"points is {points!r}; give a positive number")
    when = str(margin["date"])
    if when and not is_when(when):
        raise TypeError(f"date is {when!r}; give a year, a month or a day, such as 2026-05-31")
    return PlannedMargin(float(points), _text(margin, "source"), when)


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
