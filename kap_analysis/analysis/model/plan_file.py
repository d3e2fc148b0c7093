"""Where a plan comes from: `plan.toml` in the study folder, or a draft where there is none."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from kap_analysis.analysis.model.plan import SENSITIVITY_ANALYSES, Ladder, Plan, PlannedMargin, draft_plan
from kap_analysis.errors import AnalysisError
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.study import Study
from kap_analysis.study.timing.plan_rules import PLAN_FILE
from kap_analysis.study.timing.time_zero import CohortRule, FormatRule
from kap_analysis.writing.sentences import join_words, plural

FILE_NAME = PLAN_FILE


@asked_of(Study)
def study_plan(study: Study) -> Plan:
    """The plan in the study folder, or a draft where there is none."""
    path = None if study.path is None else Path(study.path) / FILE_NAME
    return read_plan(path) if path is not None and path.is_file() else draft_plan(study)


def read_plan(path: str | Path) -> Plan:
    """Read `plan.toml`.

    Raises
    ------
    AnalysisError
        If the file is not TOML, lacks a required entry, or has an unknown entry.
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        remedy = "Mend it, or draft it anew: kap plan STUDY --replace"
        raise AnalysisError(f"{path.name} cannot be read: {error}. {remedy}.") from error
    known = {"primary", "secondary", "covariates", "moderators", "sensitivity", "estimand", "rules", "margin", "ladder"}
    unknown = sorted(set(content) - known)
    if unknown:
        raise AnalysisError(
            f"{path.name} has {plural(len(unknown), 'unknown entry', 'unknown entries')}: {join_words(unknown)}; "
            f"expected {join_words(sorted(known))}."
        )
    try:
        return _plan_from(content)
    except (KeyError, TypeError) as error:
        raise AnalysisError(
            f"{path.name} lacks or misspells an entry: {error}. Compare with `kap plan STUDY`."
        ) from error


def _plan_from(content: dict[str, Any]) -> Plan:
    rules = content.get("rules", {})
    _check_choice("format_rule", rules.get("format_rule"), get_args(FormatRule))
    _check_choice("cohort_rule", rules.get("cohort_rule"), get_args(CohortRule))
    sensitivity = _texts(content.get("sensitivity", {}), "analyses")
    for name in sensitivity:
        _check_choice("a sensitivity analysis", name, tuple(SENSITIVITY_ANALYSES))
    estimand: dict[str, Any] = {name: _text(content["estimand"], name) for name in content.get("estimand", {})}
    ladder = content.get("ladder", {})
    for name, value in ladder.items():
        if not (isinstance(value, int) and value >= 1):
            raise TypeError(f"{name} is {value!r}; give a whole number from 1")
    return Plan(
        instrument=_text(content["primary"], "instrument"),
        visit=_text(content["primary"], "visit"),
        secondary=_texts(content.get("secondary", {}), "instruments"),
        covariates=_texts(content.get("covariates", {}), "columns"),
        moderators=_texts(content.get("moderators", {}), "columns"),
        sensitivity=sensitivity,
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
