"""`next_study.toml`: a planned study as a file that a person fills in, and what `kap power` is to compute of it."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kap_analysis.analysis.model.plan_file import study_plan
from kap_analysis.errors import PlanningError, quoted
from kap_analysis.planning.fitted_scores import scores_of_study
from kap_analysis.planning.next_study import ICC, OTHER_ICCS, NextStudy, weibull_loss
from kap_analysis.planning.score_covariance import ScoreCovariance
from kap_analysis.study.load import load_study
from kap_analysis.suggestions import nearest_name

#: What `kap power --draft` writes.
DRAFT: Final = f"""\
# A study of group against individual format that is being planned. Every number is an assumption of yours;
# change it, then: kap power next_study.toml

[design]
cohorts = 24                 # therapy groups
cohort_size = 3.5            # patients who start in a cohort, on average
cohort_size_sd = 0           # SD of that number between cohorts; 0: the two whole numbers next to the mean
individual = 90              # patients who start in individual format

[visits]
days = [30, 61, 91, 183]     # after day 0; the baseline is not listed
names = ["month 1", "month 2", "month 3", "month 6"]
primary = "month 3"

[scores]                     # or: like = "path/to/a/study", whose primary model is fitted
sd = 9.5                     # points, at each visit; one number, or one per visit
baseline_correlation = 0.5
visit_correlation = 0.7
structure = "cs"             # cs, ar1 or exponential (visit_correlation is then that of 30 days)
# or a line per patient: intercept_sd = 8.5, slope_sd = 1.2, correlation = -0.2, residual_sd = 4.5

[clustering]
icc = {ICC:g}                   # {ICC:g}: mean of 37 studies of group therapy, Kivlighan 2020
also = [{", ".join(f"{icc:g}" for icc in OTHER_ICCS)}]          # shown beside it

[lost]                       # share of those who started that is lost before each visit; nobody returns
individual = [0.10, 0.17, 0.25, 0.40]
group = {{ by_last_visit = 0.50, shape = 0.7 }}   # or a Weibull curve; shape below 1: most are lost early

[question]
difference = 3.0             # true difference, group minus individual, in points
claim = "superiority"        # superiority, non-inferiority or equivalence
# margin = 3.0               # points; needed for non-inferiority and equivalence
higher_is_better = false
alpha = 0.05
ddf = "kenward-roger"        # or satterthwaite
baseline_difference = 0.0    # points by which groups start higher

[targets]                    # what the smallest design is looked for
power = 0.8
# width = 6.0                # points, of the whole interval

# [vary]                     # the grid; if left out: cohorts and individual patients, from half to twice the design
# cohorts = [10, 20, 30]
"""

_DESIGN = ("cohorts", "cohort_size", "cohort_size_sd", "individual")
_QUESTION = ("difference", "claim", "margin", "higher_is_better", "alpha", "ddf", "baseline_difference")
_CORRELATED = ("sd", "baseline_correlation", "visit_correlation", "structure", "baseline_sd")
_SLOPED = ("intercept_sd", "slope_sd", "correlation", "residual_sd")
_WEIBULL = ("by_last_visit", "shape")
#: The tables of the file and the keys of each; None: any key.
_TABLES: Final[dict[str, tuple[str, ...] | None]] = {
    "design": _DESIGN,
    "visits": ("days", "names", "primary"),
    "scores": ("like", *_CORRELATED, *_SLOPED),
    "clustering": ("icc", "also"),
    "lost": ("individual", "group"),
    "question": _QUESTION,
    "targets": ("power", "width"),
    "vary": None,
}
_TEXTS = frozenset({"claim", "ddf", "structure", "primary", "like"})
_LISTS = frozenset({"days", "names", "also"})


@dataclass(frozen=True)
class StudyFile:
    """What `next_study.toml` says.

    Attributes
    ----------
    study : NextStudy
    iccs : tuple of float
        Further ICCs.
    vary : dict
        The grid; empty: the default one.
    target_power, target_width : float or None
    """

    study: NextStudy
    iccs: tuple[float, ...] = OTHER_ICCS
    vary: dict[str, list[float]] = field(default_factory=dict)
    target_power: float | None = None
    target_width: float | None = None


def read_next_study(path: str | Path) -> StudyFile:
    """Read a planned study.

    Parameters
    ----------
    path : str or Path
        A file as `kap power --draft` writes it. A study folder that it names is looked for from where the file lies.

    Returns
    -------
    StudyFile

    Raises
    ------
    PlanningError
        If the file is not TOML, a table or key is missing or unknown, or no study can be like this.
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise PlanningError(f"{path}: {error.strerror}. `kap power --draft {path}` writes one to fill in.") from error
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, a number of thousands of digits
        raise PlanningError(f"{path.name} is no TOML file: {str(error) or 'nested too deep'}.") from error
    _check_keys(path.name, content)
    try:
        return _study_file(content, path.parent)
    except PlanningError as error:
        raise PlanningError(f"{path.name}: {error}") from error


def _check_keys(name: str, content: Mapping[str, Any]) -> None:
    for table, values in content.items():
        if table not in _TABLES:
            raise PlanningError(f"{name} has an unknown table [{table[:80]}]; {_expected(table, list(_TABLES))}")
        if not isinstance(values, dict):
            raise PlanningError(f"{name}: {table} is {quoted(values)}; expected a table [{table}] with keys below it.")
        known = _TABLES[table]
        for key, value in values.items():
            if known is not None and key not in known:
                raise PlanningError(f"{name}: [{table}] has an unknown key {key[:80]}; {_expected(key, list(known))}")
            _check_type(f"{name}: [{table}] {key}", table, key, value)


def _expected(found: str, known: list[str]) -> str:
    near = nearest_name(found, known)
    return f"did you mean {near}?" if near else f"expected one of {', '.join(known)}."


def _check_type(where: str, table: str, key: str, value: Any) -> None:
    if key in _TEXTS or key == "higher_is_better":
        kind, right = ("true or false", bool) if key == "higher_is_better" else ("a text", str)
        good = isinstance(value, right)
    elif key in _LISTS or table == "vary":
        item: Callable[[Any], bool] = (lambda one: isinstance(one, str)) if key == "names" else _is_number
        kind, good = "a list", isinstance(value, list) and bool(value) and all(map(item, value))
    elif table == "lost" and isinstance(value, dict):
        kind, good = "by_last_visit and shape", set(value) <= set(_WEIBULL) and all(map(_is_number, value.values()))
    elif table == "lost" or key in ("sd", "baseline_correlation"):
        kind = "a number, or a list of one per visit"
        good = _is_number(value) or (isinstance(value, list) and bool(value) and all(map(_is_number, value)))
    else:
        kind, good = "a number", _is_number(value)
    if not good:
        raise PlanningError(f"{where} is {quoted(value)}; expected {kind}.")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12


def _study_file(content: Mapping[str, Any], folder: Path) -> StudyFile:
    for table in ("design", "visits", "scores", "question"):
        if table not in content:
            raise PlanningError(f"the table [{table}] is missing; `kap power --draft` writes one with every table.")
    visits = content["visits"]
    days = tuple(map(float, _needed(content, "visits", "days")))
    names = tuple(visits.get("names") or (f"day {day:g}" for day in days))
    scores = _scores(content["scores"], days, folder)
    clustering = content.get("clustering", {})
    study = NextStudy(
        cohorts=_needed(content, "design", "cohorts"),
        individual=_needed(content, "design", "individual"),
        scores=scores,
        days=days,
        visits=names,
        visit=visits.get("primary", names[-1]),
        **{key: content["design"][key] for key in ("cohort_size", "cohort_size_sd") if key in content["design"]},
        icc=clustering.get("icc", ICC),
        lost={arm: _lost(curve, days) for arm, curve in content.get("lost", {}).items()},
        **content["question"],
    )
    targets = content.get("targets", {})
    return StudyFile(
        study,
        tuple(clustering.get("also", OTHER_ICCS)),
        content.get("vary", {}),
        targets.get("power"),
        targets.get("width"),
    )


def _needed(content: Mapping[str, Any], table: str, key: str) -> Any:
    if key not in content[table]:
        raise PlanningError(f"[{table}] has no {key}; expected it there.")
    return content[table][key]


def _scores(table: Mapping[str, Any], days: tuple[float, ...], folder: Path) -> ScoreCovariance:
    kinds = {"like": ("like",), "sd": _CORRELATED, "residual_sd": _SLOPED}
    chosen = [name for name, keys in kinds.items() if any(key in table for key in keys)]
    if len(chosen) != 1 or chosen[0] not in table:
        raise PlanningError(
            "[scores] says how scores vary in one way: like; or sd with correlations; or intercept_sd, slope_sd, "
            f"correlation and residual_sd. Found {', '.join(table) or 'no key'}."
        )
    if chosen[0] == "sd":
        return ScoreCovariance.from_correlations(days, **table)
    if chosen[0] == "residual_sd":
        missing = [key for key in ("intercept_sd", "slope_sd") if key not in table]
        if missing:
            raise PlanningError(f"[scores] has no {' and no '.join(missing)}; expected them beside residual_sd.")
        return ScoreCovariance.from_random_slope(days, **table)
    study = load_study(folder / table["like"])
    scores, visits = scores_of_study(study, study_plan(study))
    if len(visits) != len(days):
        raise PlanningError(f"[visits] has {len(days)} days; the study {table['like']} has {', '.join(visits)}.")
    return scores


def _lost(curve: Any, days: tuple[float, ...]) -> tuple[float, ...]:
    if isinstance(curve, dict):
        if "by_last_visit" not in curve:
            raise PlanningError("[lost] has a Weibull curve without by_last_visit; expected the share lost by then.")
        return weibull_loss(days, **curve)
    return tuple(float(share) for share in (curve if isinstance(curve, list) else [curve] * len(days)))
