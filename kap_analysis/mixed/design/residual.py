"""The residual part of a design: one variance, one per stratum, or a covariance over visits."""

from __future__ import annotations

import re

import numpy as np

from kap_analysis.mixed.covariance.structures import INDEPENDENT, STRUCTURES
from kap_analysis.mixed.design.checks import check_memory, check_pairs_of_visits, check_visits
from kap_analysis.mixed.design.columns import Rows
from kap_analysis.mixed.design.design import Residual
from kap_analysis.mixed.design.grouping import check_is_label
from kap_analysis.mixed.design.labels import Labels
from kap_analysis.mixed.design.response import check_is_number
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.formula.formula import ResidualTerm


def check_one_residual(term: ResidualTerm | None, residual_by: str | None) -> None:
    """Raise when the formula and `residual_by` both set the residual covariance."""
    if term is None or residual_by is None:
        return
    own = f"{term.structure}({term.visit} | {residual_by}/{term.subject})"
    raise MixedModelError(
        f"residual_by={residual_by!r} and {term.text} both set the residual covariance. Take one of them away; "
        f"{own} gives each level of {residual_by} a matrix of its own."
    )


def make_residual(term: ResidualTerm | None, residual_by: str | None, rows: Rows) -> Residual:
    """The residual part on the rows that are used.

    Raises
    ------
    MixedModelError
        When strata or visits are measurements, a subject has two rows at a visit or stands in two strata, or a pair of
        visits that an unstructured covariance needs is never seen together.
    """
    if term is None:
        return _diagonal(residual_by, rows)
    subject = _labels(term.subject, rows, f"the subject of {term.text}", "Take the column that names the patient.")
    strata, stratum = _strata(term.stratum, rows, term.text)
    structure = STRUCTURES[term.structure]
    names = {"visit": term.visit, "subject": term.subject, "stratum": term.stratum or ""}
    if structure.in_time:
        check_is_number(term.visit, rows.columns, f"The time {term.visit} of {term.text}")
        times = rows.numbers(term.visit)
        distinct = tuple(np.unique(times).tolist())
        residual = Residual(structure, strata, stratum, subject.codes, subject.levels, times, distinct, term.text)
    else:
        visit = _labels(
            term.visit, rows, f"the visit of {term.text}", "Take scheduled visits, or exponential() in time."
        )
        if structure.visits_in_order:
            check_order(visit, term)
        residual = Residual(
            structure, strata, stratum, subject.codes, subject.levels, visit.codes, visit.levels, term.text
        )
    check_memory(residual)
    check_visits(residual, names)
    check_pairs_of_visits(residual, names)
    return residual


def _diagonal(residual_by: str | None, rows: Rows) -> Residual:
    if residual_by is None:
        return Residual(INDEPENDENT, ("",), np.zeros(len(rows), dtype=np.intp))
    strata, stratum = _strata(residual_by, rows, "residual_by")
    return Residual(INDEPENDENT, strata, stratum)


def _strata(name: str | None, rows: Rows, text: str) -> tuple[tuple[object, ...], np.ndarray]:
    if name is None:
        return ("",), np.zeros(len(rows), dtype=np.intp)
    labels = _labels(name, rows, f"the strata of {text}", "Take a column of few levels, such as the format.")
    return labels.levels, labels.codes


def _labels(name: str, rows: Rows, role: str, instead: str) -> Labels:
    labels = rows.labels(name)
    check_is_label(name, labels, role, instead)
    return labels


def check_order(visit: Labels, term: ResidualTerm) -> None:
    """Raise where text in alphabetical order is not in the order of its numbers: month 1, month 10, month 2."""
    if not all(isinstance(level, str) for level in visit.levels):
        return
    numbers = [re.findall(r"\d+", level) for level in visit.levels]
    values = [int(found[0]) for found in numbers if len(found) == 1]
    if len(values) == len(numbers) and values != sorted(values) and list(visit.levels) == sorted(visit.levels):
        raise MixedModelError(
            f"{term.text} needs its visits in order, and the text of {term.visit} has {', '.join(visit.levels[:4])}. "
            "Make it an ordered categorical."
        )
