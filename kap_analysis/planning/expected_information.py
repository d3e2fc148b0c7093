"""Standard error and df that the primary model is expected to give, from the design alone: no data are drawn.

The information of a cohort is averaged over which of its patients are lost when; that of the study is the sum over its
cohorts and its individual patients. Partially nested designs with dropout: as Magnusson, Andersson and Carlbring plan
them in R's powerlmm, here with visits, a baseline covariate and widths.

A simpler model of the ladder cannot have every planned covariance. It is then expected to estimate the parameters whose
expected score is zero (White 1982, doi 10.2307/1912526), and its estimate has another SD than its standard error says.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations_with_replacement
from math import factorial

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from kap_analysis.analysis.model.ladder import FULL
from kap_analysis.columns import GROUP, INDIVIDUAL
from kap_analysis.errors import PlanningError
from kap_analysis.planning.next_study import NextStudy
from kap_analysis.planning.unit_sums import CannotEstimate, Sums, precision_of, sd_of
from kap_analysis.writing.numbers import plural

Array = NDArray[np.float64]
_Rows = tuple[tuple[float, ...], ...]
#: A way to lose patients of a cohort that is rarer than this is left out; the others are scaled up.
RAREST = 1e-7
#: Rows of one cohort beyond which averaging over all ways to lose patients takes too long.
MOST_ROWS = 60
#: Ways whose matrices are in memory together.
WAYS_AT_A_TIME = 256
#: The parameters that a simpler model is expected to estimate are looked for to this relative change, in so many steps.
CLOSE_ENOUGH, MOST_STEPS = 1e-4, 50


@dataclass(frozen=True, slots=True)
class Expected:
    """What the primary contrast is expected to have.

    Attributes
    ----------
    std_error : float
        In points; by Kenward and Roger it is adjusted.
    df : float
    unadjusted : float
        Standard error of the generalised least squares estimate, in points.
    sd : float
        Of the estimate over studies, in points; the standard error where the model has the planned covariance.
    rung : str
        The model of the ladder.
    """

    std_error: float
    df: float
    unadjusted: float
    sd: float
    rung: str


def expect(study: NextStudy, rung: str) -> Expected:
    """The expected standard error and df of the primary contrast under a model of the ladder.

    Raises
    ------
    PlanningError
        If the design cannot estimate its variances.
    """
    sums, contrast = _sums_of(study, rung), _contrast(study)
    std_error, df, unadjusted = precision_of(sums, contrast, study.ddf)
    return Expected(std_error, df, unadjusted, std_error * sd_of(sums, contrast) / unadjusted, rung)


def _contrast(study: NextStudy) -> Array:
    """Group at the primary visit, among constant, group and baseline by visit."""
    contrast = np.zeros(3 * len(study.visits))
    contrast[len(study.visits) + study.at] = 1.0
    return contrast


def _sums_of(study: NextStudy, rung: str) -> Sums:
    variance = study.scores.baseline_sd**2
    _check_rows(study)
    n = len(_directions(len(study.visits), rung))
    total = 2 * n + 1
    alone, in_cohorts = _arms(study)
    means = {INDIVIDUAL: np.array([1.0, 0.0, 0.0]), GROUP: np.array([1.0, 1.0, study.baseline_difference])}
    planned, found = _model_covariance(alone, rung), []
    sums = _unit_sums(alone.planned, planned, rung, 1, alone.last_seen)
    found.append(_with_columns(sums, means[INDIVIDUAL], variance, study.individual).among(total, list(range(n))))
    planned = _model_covariance(in_cohorts, rung)
    for size, share in study.sizes.items():
        sums = _unit_sums(in_cohorts.planned, planned, rung, size, in_cohorts.last_seen)
        one = _with_columns(sums, means[GROUP], variance, share * study.cohorts)
        found.append(one.among(total, list(range(n, total))))
    out = found[0]
    for one in found[1:]:
        out = out + one
    return out


def _check_rows(study: NextStudy) -> None:
    """Cohorts of all sizes are looked at before the first is averaged over, which takes seconds."""
    largest, visits = max(study.sizes), len(study.visits)
    if largest == 1:
        raise CannotEstimate(
            "This design cannot estimate how alike the patients of a cohort are: each cohort has one patient. Give a "
            "cohort_size above 1."
        )
    if largest * visits > MOST_ROWS:
        given = f"cohort_size {study.cohort_size:g}"
        given += f" and cohort_size_sd {study.cohort_size_sd:g}" if study.cohort_size_sd else ""
        alike = ", all of more alike size" if study.cohort_size_sd else ""
        raise PlanningError(
            f"With {given} there are cohorts of {largest} patients, and with {plural(visits, 'visit')} these have more "
            f"rows than the formula can average over ({MOST_ROWS}); plan cohorts of up to {MOST_ROWS // visits} "
            f"patients{alike}, or fewer visits."
        )


@dataclass(frozen=True)
class _Covariance:
    """Covariance of the visits of one patient, and the variance of the cohort; None for who is in none."""

    rows: _Rows
    between: float | None

    def blocks(self, size: int) -> Array:
        """The covariance of all rows of a unit."""
        return np.asarray(np.kron(np.eye(size), np.array(self.rows)) + (self.between or 0.0))


@dataclass(frozen=True)
class _Arm:
    """A format: the planned covariance, the share of its units by size, and who is last seen when."""

    planned: _Covariance
    sizes: tuple[tuple[int, float], ...]
    last_seen: tuple[float, ...]


def _arms(study: NextStudy) -> tuple[_Arm, _Arm]:
    """Individual format and group format."""
    alone = _Covariance(_rows_of(study.scores.given_baseline), None)
    in_cohorts = _Covariance(_rows_of(study.within_cohorts), study.between_cohorts)
    return (
        _Arm(alone, ((1, 1.0),), tuple(study.share_last_seen(INDIVIDUAL))),
        _Arm(in_cohorts, tuple(study.sizes.items()), tuple(study.share_last_seen(GROUP))),
    )


@lru_cache(maxsize=64)
def _model_covariance(arm: _Arm, rung: str) -> _Covariance:
    """What a model is expected to estimate: the planned covariance, or the nearest that the model can have.

    Its parameters have an expected score of zero. The coefficients are left out of the score: of units that are all
    seen they take the same share of each side.
    """
    planned = np.array(arm.planned.rows)
    directions, between = _directions(len(planned), rung), arm.planned.between
    if rung == FULL or len(planned) == 1:
        return arm.planned
    apart = ~np.eye(len(planned), dtype=bool)
    shared = float(planned[apart].mean())
    values = np.array([shared, float(np.diag(planned).mean()) - shared, *([] if between is None else [between])])
    now = _of_values(values, directions, between)
    if np.allclose(now.rows, planned):
        return arm.planned
    for _ in range(MOST_STEPS):
        values, before = _next_values(arm, now, rung), values
        now = _of_values(values, directions, between)
        if np.abs(values - before).max() < CLOSE_ENOUGH * values.max():
            break
    return now


def _of_values(values: Array, directions: Array, between: float | None) -> _Covariance:
    rows = _rows_of(np.tensordot(values[: len(directions)], directions, axes=1))
    return _Covariance(rows, None if between is None else float(values[-1]))


def _next_values(arm: _Arm, now: _Covariance, rung: str) -> Array:
    """One step of scoring, no variance below zero: tr(HVjHVk) times the parameters is tr(HVjHV0)."""
    sums = [(share, _unit_sums(arm.planned, now, rung, size, arm.last_seen)) for size, share in arm.sizes]
    traces = np.sum([share * one.traces for share, one in sums], axis=0)
    toward = np.sum([share * one.toward for share, one in sums], axis=0)
    root = np.linalg.cholesky(traces)
    return np.asarray(nnls(root.T, np.linalg.solve(root, toward))[0])


def _directions(visits: int, rung: str) -> Array:
    """How the covariance of one patient moves with each of its parameters (m, visits, visits)."""
    if rung != FULL and visits > 1:
        return np.stack([np.ones((visits, visits)), np.eye(visits)])
    out = []
    for i in range(visits):
        for j in range(i + 1):
            one = np.zeros((visits, visits))
            one[i, j] = one[j, i] = 1.0
            out.append(one)
    return np.array(out)


@dataclass(frozen=True)
class _UnitSums:
    """Expected sums of a unit before its columns are known.

    Two of each: over all pairs of its patients, and over each patient with itself. They are visits by visits for X'HX
    and X'HV0HX; the others have the parameters before that. `toward` is tr(HVjHV0).
    """

    information: tuple[Array, Array]
    spread: tuple[Array, Array]
    slopes: tuple[Array, Array]
    products: tuple[Array, Array]
    traces: Array
    toward: Array


def _rows_of(matrix: Array) -> _Rows:
    return tuple(map(tuple, matrix.tolist()))


@lru_cache(maxsize=64)  # designs that differ in their numbers only have the same units
def _unit_sums(
    planned: _Covariance, model: _Covariance, rung: str, size: int, last_seen: tuple[float, ...]
) -> _UnitSums:
    """Average over which patients of a unit are lost when. A unit is a cohort, or a patient who is in none."""
    visits = len(planned.rows)
    shares, seen = _ways(size, np.array(last_seen), visits)
    moves = np.array([np.kron(np.eye(size), one) for one in _directions(visits, rung)])
    if planned.between is not None:
        moves = np.concatenate([moves, np.ones((1, size * visits, size * visits))])
    blocks = model.blocks(size), planned.blocks(size)
    parts = [_part_sums(*blocks, moves, shares[at], seen[at]) for at in _parts(len(shares))]
    *by_row, traces, toward = (sum(each[1:], each[0]) for each in zip(*parts, strict=True))
    first, spread, second, third = (_folded(one, size, visits) for one in by_row)
    return _UnitSums(first, spread, second, third, traces, toward)


def _parts(n: int) -> list[slice]:
    return [slice(first, first + WAYS_AT_A_TIME) for first in range(0, n, WAYS_AT_A_TIME)]


def _part_sums(
    blocks: Array, planned: Array, moves: Array, shares: Array, seen: NDArray[np.bool_]
) -> tuple[Array, ...]:
    """H, HV0H, HVjH, HVjHVkH, tr(HVjHVk) and tr(HVjHV0), summed over some of the ways with their shares."""
    both = seen[:, :, None] & seen[:, None, :]
    v = np.where(both, blocks, np.eye(len(blocks)))
    h = np.where(both, np.linalg.inv(v), 0.0)
    spread = h @ np.where(both, planned, 0.0) @ h
    hv = h[:, None] @ np.where(both[:, None], moves, 0.0)
    slopes = hv @ h[:, None]
    weighted = shares[:, None, None, None] * hv
    products = np.tensordot(weighted, slopes, axes=([0, 3], [0, 2])).transpose(0, 2, 1, 3)
    traces = np.tensordot(weighted, hv, axes=([0, 2, 3], [0, 3, 2]))
    toward = np.einsum("w,wab,jab->j", shares, spread, moves)
    return *(np.tensordot(shares, one, axes=1) for one in (h, spread, slopes)), products, traces, toward


def _ways(size: int, last_seen: Array, visits: int) -> tuple[Array, NDArray[np.bool_]]:
    """How patients of a unit are lost: the share of each way (ways,), and the rows that are seen (ways, rows)."""
    shares, seen = [], []
    for way in combinations_with_replacement(range(visits + 1), size):
        counts = np.bincount(way, minlength=visits + 1)
        share = factorial(size) * float(np.prod(last_seen**counts / [factorial(int(c)) for c in counts]))
        if share > RAREST:
            shares.append(share)
            seen.append(np.concatenate([np.arange(visits) < last for last in way]))
    return np.array(shares) / sum(shares), np.array(seen)


def _folded(sums: Array, size: int, visits: int) -> tuple[Array, Array]:
    """Sum of the blocks of all pairs of patients, and of each patient with itself."""
    apart = sums.reshape(*sums.shape[:-2], size, visits, size, visits)
    return apart.sum(axis=(-4, -2)), np.einsum("...iaib->...ab", apart)


def _with_columns(sums: _UnitSums, means: Array, variance: float, units: float) -> Sums:
    """The sums with the columns constant, group and baseline by visit, averaged over the baseline scores."""
    of_pair = np.outer(means, means)
    spread = np.diag([0.0, 0.0, variance])

    def put(pair: tuple[Array, Array]) -> Array:
        both = (
            np.einsum("xy,...ab->...xayb", moment, one) for moment, one in zip((of_pair, spread), pair, strict=True)
        )
        out = units * sum(both)
        p = len(means) * pair[0].shape[-1]
        return np.asarray(out).reshape(*pair[0].shape[:-2], p, p)

    return Sums(put(sums.information), put(sums.spread), put(sums.slopes), put(sums.products), units * sums.traces)
