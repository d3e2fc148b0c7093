"""Checks of a design that can be made before it is fitted: terms that say the same, and covariances without data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from kap_analysis.mixed.design.collinearity import independent_columns
from kap_analysis.mixed.design.design import Bar, Index, Residual
from kap_analysis.mixed.errors import MixedModelError, listed

#: Numbers that the likelihood of a covariance over visits may hold: 2 GB.
MOST_NUMBERS: Final = 250_000_000


def check_bars(bars: Sequence[Bar], residual: Residual, *, weighted: bool) -> None:
    """Raise when a bar repeats another, has one group, or cannot be told from the residual."""
    for at, bar in enumerate(bars):
        for other in bars[:at]:
            _check_distinct(other, bar)
        if len(bar.levels) < 2:
            found = f"one group ({bar.levels[0]!r})" if bar.levels else "no group"
            raise MixedModelError(
                f"{bar.text} has {found} in the rows that are used; a variance between groups needs at least 2. "
                f"Take the term out, or put {bar.grouping} into the fixed part."
            )
        _check_columns(bar)
        if not weighted:  # known weights tell a variance of single rows from sigma2, as in a meta-analysis
            _check_against_residual(bar, residual)


def _check_columns(bar: Bar) -> None:
    kept = set(independent_columns(bar.z))
    lost = [name for at, name in enumerate(bar.names) if at not in kept]
    if lost:
        raise MixedModelError(
            f"{bar.text} has columns that are 0 or a combination of those before them: {listed(lost)}. Their variances "
            "cannot be estimated; take these columns out."
        )


def _check_distinct(one: Bar, other: Bar) -> None:
    shared = [name for name in other.names if name in one.names]
    if one.text == other.text:
        raise MixedModelError(f"{one.text} stands twice in the formula. Keep it once.")
    if one.grouping == other.grouping and shared:
        raise MixedModelError(
            f"{one.text} and {other.text} both hold {listed(shared)} of {one.grouping}. Take it out of one of them: "
            f"(0 + column | {one.grouping}) has no intercept."
        )
    if one.grouping != other.grouping and np.array_equal(one.z, other.z) and _same_groups(one.codes, other.codes):
        raise MixedModelError(
            f"{one.text} and {other.text} are the same term: {one.grouping} and {other.grouping} group the rows alike. "
            "Keep one of them."
        )


def _check_against_residual(bar: Bar, residual: Residual) -> None:
    """A bar whose covariance the residual structure describes already: the likelihood would be flat along a line."""
    flat, structure = _is_flat(bar, residual), residual.structure
    if flat and len(bar.levels) == int((bar.codes >= 0).sum()) and structure.holds_constant:
        what = residual.text or structure.title
        raise MixedModelError(
            f"{bar.text} has one row in each of its {len(bar.levels)} groups, so that it cannot be told from {what}. "
            "Take the term out."
        )
    if residual.subject is None or not structure.holds_constant:
        return
    if (flat or (structure.any_matrix and _is_function_of_visit(bar, residual))) and _same_groups(
        bar.codes, np.where(bar.codes >= 0, residual.subject, -1)
    ):
        raise MixedModelError(
            f"{bar.text} and {residual.text} describe the same covariance within {bar.grouping}: {structure.name} "
            "holds it already. Take one of the two out."
        )


def _is_flat(bar: Bar, residual: Residual) -> bool:
    """Whether a bar is one constant in all rows of some strata and nothing in the others."""
    if bar.z.shape[1] != 1:
        return False
    first = np.zeros(len(residual.strata))
    first[residual.stratum] = bar.z[:, 0]
    return bool((first[residual.stratum] == bar.z[:, 0]).all())


def _same_groups(one: Index, other: Index) -> bool:
    """Whether two codings make the same groups of the same rows."""
    inside = one >= 0
    if not np.array_equal(inside, other >= 0) or not inside.any():
        return False
    one, other = one[inside], other[inside]
    there = np.zeros(int(one.max()) + 1, dtype=np.intp)
    back = np.zeros(int(other.max()) + 1, dtype=np.intp)
    there[one], back[other] = other, one
    return bool((there[one] == other).all() and (back[other] == one).all())


def _is_function_of_visit(bar: Bar, residual: Residual) -> bool:
    """Whether each column of a bar has one value at each visit of a stratum."""
    key = residual.stratum * len(residual.visits) + np.asarray(residual.visit, dtype=np.intp)
    first = np.zeros((int(key.max()) + 1, bar.z.shape[1]))
    first[key] = bar.z
    return bool((first[key] == bar.z).all())


def check_visits(residual: Residual, names: dict[str, str]) -> None:
    """Raise unless each subject has one row per visit and stands in one stratum.

    Parameters
    ----------
    residual : Residual
        A structure over visits.
    names : dict
        The columns: "visit", "subject", "stratum".
    """
    subject, visit = np.asarray(residual.subject), np.asarray(residual.visit)
    _check_one_stratum(residual, names)
    if residual.structure.in_time:
        visit = np.unique(visit, return_inverse=True)[1]
    key = subject.astype(np.int64) * len(residual.visits) + visit
    found, counts = np.unique(key, return_counts=True)
    twice = found[counts > 1]
    if not len(twice):
        return
    at = [divmod(int(one), len(residual.visits)) for one in twice[:3]]
    pairs = [f"{residual.subjects[who]} ({names['visit']} {_shown(residual.visits[when])})" for who, when in at]
    more = f" and {len(twice) - 3} more" if len(twice) > 3 else ""
    raise MixedModelError(
        f"{residual.text} needs one row per {names['subject']} and {names['visit']}, and {len(twice)} "
        f"{'pair has' if len(twice) == 1 else 'pairs have'} several: {', '.join(pairs)}{more}. Keep one row of each."
    )


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _check_one_stratum(residual: Residual, names: dict[str, str]) -> None:
    subject, stratum = np.asarray(residual.subject), np.asarray(residual.stratum)
    home = np.zeros(len(residual.subjects), dtype=np.intp)
    home[subject] = stratum
    astray = np.unique(subject[home[subject] != stratum])
    if len(astray):
        who = listed([residual.subjects[i] for i in astray], 3)
        raise MixedModelError(
            f"{residual.text} needs each {names['subject']} in one {names['stratum']}, and {len(astray)} "
            f"{'stands' if len(astray) == 1 else 'stand'} in several: {who}."
        )


def check_memory(residual: Residual) -> None:
    """Raise when the likelihood over so many visits would hold more numbers than `MOST_NUMBERS`.

    For each pattern of visits that a subject can have it holds one matrix over the visits per element of the
    covariance; for an unstructured one also its second derivatives.
    """
    if not residual.structure.over_visits:
        return
    visits = len(residual.visits)
    n_elements = visits * (visits + 1) // 2
    numbers = n_elements**3 if residual.structure.any_matrix else 0
    of_a_pattern = n_elements * visits**2
    if of_a_pattern * len(residual.subjects) > MOST_NUMBERS:
        attended = np.packbits(_attendance(residual, np.ones(len(residual.stratum), dtype=bool)) > 0, axis=1)
        numbers = max(numbers, of_a_pattern * len(np.unique(attended, axis=0)))
    if numbers > MOST_NUMBERS:
        raise MixedModelError(
            f"{residual.text} has {visits} visits, for which the fit would hold {numbers * 8 / 1e9:,.0f} GB; "
            f"{MOST_NUMBERS * 8 / 1e9:.0f} GB are allowed. Put days together to scheduled visits, or take "
            "exponential() in time."
        )


def check_pairs_of_visits(residual: Residual, names: dict[str, str]) -> None:
    """Raise when an unstructured covariance has a visit, or a pair of visits, that no subject of a stratum has."""
    if not residual.structure.variance_by_visit:
        return
    size = len(residual.visits)
    for at, stratum in enumerate(residual.strata):
        inside = residual.stratum == at
        where = f" of {names['stratum']} {stratum!r}" if names["stratum"] else ""
        attended = _attendance(residual, inside)
        together = attended.T @ attended
        for i in range(size):
            for j in range(i + 1):
                if together[i, j] > 0 or (i != j and not residual.structure.any_matrix):
                    continue
                visits = [_shown(residual.visits[at]) for at in (j, i)]
                what = f"row{where} at {names['visit']} {visits[0]}, and its variance"
                if i != j:
                    both = f"{names['visit']} {visits[0]} and {visits[1]}"
                    what = f"{names['subject']}{where} with rows at {both}, and their covariance"
                raise MixedModelError(
                    f"{residual.text} finds no {what} cannot be estimated. Leave a visit out, or take a structure with "
                    "fewer parameters, such as cs."
                )


def _attendance(residual: Residual, inside: np.ndarray) -> np.ndarray:
    """(subjects, visits) 1 where a subject of the stratum has a row."""
    subject = pd.factorize(np.asarray(residual.subject)[inside])[0]
    out = np.zeros((int(subject.max(initial=-1)) + 1, len(residual.visits)))
    out[subject, np.asarray(residual.visit)[inside]] = 1.0
    return out
