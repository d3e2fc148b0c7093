"""`next_study.toml`: a planned study as a file that a person fills in, and what `kap power` is to compute of it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kap_analysis.analysis.model.plan_file import study_plan
from kap_analysis.errors import PlanningError, quoted
from kap_analysis.planning.fitted_scores import scores_of_study
from kap_analysis.planning.grid import GRID_FIELDS, check_grid, check_varied, possible_iccs
from kap_analysis.planning.next_study import ICC, OTHER_ICCS, NextStudy, weibull_loss
from kap_analysis.planning.plan_values import PLAN_VALUES, VARY, check_increasing, check_value
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

_CORRELATED: Final = ("sd", "baseline_correlation", "visit_correlation", "structure", "baseline_sd")
_SLOPED: Final = ("intercept_sd", "slope_sd", "correlation", "residual_sd")
_WEIBULL: Final = ("by_last_visit", "shape")
#: The tables of the file and the keys of each.
_TABLES: Final[dict[str, tuple[str, ...]]] = {
    table: tuple(value.key for value in PLAN_VALUES if value.table == table and value.key not in _WEIBULL)
    for table in dict.fromkeys(value.table for value in PLAN_VALUES if value.table != "run")
} | {VARY: tuple(GRID_FIELDS)}


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
        If the file is not TOML, a table or key is missing or unknown, a value is out of its range
        (docs/models.md#the-next-study), or no study can be like this.
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
        read = _study_file(content, path.parent)
        check_varied(read.study, "[clustering] also", "icc", read.iccs)
        check_grid(read.study, read.vary, "[vary]")
        return read
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
            if key not in known:
                raise PlanningError(f"{name}: [{table}] has an unknown key {key[:80]}; {_expected(key, list(known))}")
            _check_value(f"{name}: [{table}] {key}", table, key, value)


def _expected(found: str, known: list[str]) -> str:
    near = nearest_name(found, known)
    return f"did you mean {near}?" if near else f"expected one of {', '.join(known)}."


def _check_value(where: str, table: str, key: str, value: Any) -> None:
    if table == VARY:
        check_value(GRID_FIELDS[key], key, value, where, listed=True)
    elif table == "lost" and isinstance(value, dict):
        unknown = [name for name in value if name not in _WEIBULL]
        if unknown or "by_last_visit" not in value:
            raise PlanningError(
                f"{where} is a curve with {', '.join(value) or 'nothing'}; give by_last_visit, and shape if not 1."
            )
        for name, one in value.items():
            check_value(table, name, one, f"{where}.{name}")
    else:
        check_value(table, key, value, where)


def _study_file(content: Mapping[str, Any], folder: Path) -> StudyFile:
    for table in ("design", "visits", "scores", "question"):
        if table not in content:
            raise PlanningError(f"the table [{table}] is missing; `kap power --draft` writes one with every table.")
    visits = content["visits"]
    days = tuple(map(float, _needed(content, "visits", "days")))
    check_increasing(days)
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
        tuple(possible_iccs(study, tuple(clustering.get("also", OTHER_ICCS)))),
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
        return weibull_loss(days, **curve)
    return tuple(float(share) for share in (curve if isinstance(curve, list) else [curve] * len(days)))
