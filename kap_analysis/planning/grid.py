"""The designs of a grid: which fields vary, and whether each design can be."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from math import prod
from typing import Any, Final

from kap_analysis.errors import PlanningError, quoted
from kap_analysis.planning.next_study import OTHER_ICCS, NextStudy
from kap_analysis.planning.plan_values import MOST_DESIGNS, check_value

#: The fields of a design that may vary, with their tables in the file.
GRID_FIELDS: Final[Mapping[str, str]] = {
    "cohorts": "design",
    "individual": "design",
    "cohort_size": "design",
    "cohort_size_sd": "design",
    "icc": "clustering",
    "difference": "question",
    "margin": "question",
    "baseline_difference": "question",
}


def designs(study: NextStudy, vary: Mapping[str, Sequence[float]]) -> list[tuple[dict[str, Any], NextStudy]]:
    """The fields that vary and the design, for each cell of a grid."""
    cells: list[dict[str, Any]] = [dict(zip(vary, values, strict=True)) for values in product(*vary.values())]
    return [(fields, replace(study, **fields)) for fields in cells]


def possible_iccs(study: NextStudy, iccs: Sequence[float]) -> Sequence[float]:
    """Of the further ICCs that nobody chose (`OTHER_ICCS`) those that the design can have; others as they are given."""
    if not isinstance(iccs, list | tuple) or tuple(iccs) != OTHER_ICCS:
        return iccs
    return tuple(icc for icc in iccs if _can_be(study, icc))


def _can_be(study: NextStudy, icc: float) -> bool:
    try:
        replace(study, icc=icc)
    except PlanningError:
        return False
    return True


def check_varied(study: NextStudy, where: str, name: str, values: Sequence[float]) -> None:
    """Check a design with each of the values of one field.

    Raises
    ------
    PlanningError
        With `where` before it: the range, or what the value does not go together with.
    """
    for value in values:
        check_value(GRID_FIELDS[name], name, value, where)
        one: dict[str, Any] = {name: value}
        try:
            replace(study, **one)
        except PlanningError as error:
            raise PlanningError(f"{where}: {error}") from error


def check_grid(study: NextStudy, vary: Mapping[str, Sequence[float]], where: str) -> None:
    """Check a grid: one or two fields, not too many designs, and each value by itself and beside the design.

    Raises
    ------
    PlanningError
    """
    if not isinstance(vary, Mapping):
        raise PlanningError(
            f"{where} is {quoted(vary)}; give a dict of one or two fields with their values, such as "
            '{"cohorts": [10, 20, 30]}.'
        )
    if not vary:
        return
    unknown = [name for name in vary if name not in GRID_FIELDS]
    if unknown or len(vary) > 2:
        raise PlanningError(
            f"{where} names {', '.join(vary)}; give one or two of {', '.join(GRID_FIELDS)}, each with values."
        )
    for name, values in vary.items():
        check_value(GRID_FIELDS[name], name, values, f"{where} {name}", listed=True)
    n = prod(len(values) for values in vary.values())
    if n > MOST_DESIGNS:
        raise PlanningError(
            f"{where} is a grid of {n:,} designs ({' by '.join(f'{len(v):,} {k}' for k, v in vary.items())}); give "
            f"{MOST_DESIGNS:,} or fewer, for example every tenth value."
        )
    for name, values in vary.items():
        check_varied(study, f"{where} {name}", name, values)
