"""Standard error and df that the primary model is expected to give, from the design alone: no data are drawn.

The information of a cohort is averaged over which of its patients are lost when; that of the study is the sum over its
cohorts and its individual patients. Partially nested designs with dropout: as Magnusson, Andersson and Carlbring plan
them in R's powerlmm, here with visits, a baseline covariate and widths.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations_with_replacement
from math import factorial

import numpy as np
from numpy.typing import NDArray

from kap_analysis.analysis.model.ladder import FULL
from kap_analysis.columns import GROUP, INDIVIDUAL
from kap_analysis.errors import PlanningError
from kap_analysis.planning.next_study import NextStudy
from kap_analysis.planning.unit_sums import Sums, precision_of
from kap_analysis.writing.numbers import plural

Array = NDArray[np.float64]
_Rows = tuple[tuple[float, ...], ...]
#: A way to lose patients of a cohort that is rarer than this is left out; the others are scaled up.
RAREST = 1e-7
#: Rows of one cohort beyond which averaging over all ways to lose patients takes too long.
MOST_ROWS = 60
#: Ways whose matrices are in memory together.
WAYS_AT_A_TIME = 256


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
    rung : str
        The model of the ladder.
    """

    std_error: float
    df: float
    unadjusted: float
    rung: str


def expect(study: NextStudy, rung: str) -> Expected:
    """The expected standard error and df of the primary contrast under a model of the ladder.

    Raises
    ------
    PlanningError
        If the design cannot estimate its variances.
    """
    sums = _sums_of(study, rung)
    std_error, df, unadjusted = precision_of(sums, _contrast(study), study.ddf)
    return Expected(std_error, df, unadjusted, rung)


def _contrast(study: NextStudy) -> Array:
    """Group at the primary visit, among constant, group and baseline by visit."""
    contrast = np.zeros(3 * len(study.visits))
    contrast[len(study.visits) + study.at] = 1.0
    return contrast


def _sums_of(study: NextStudy, rung: str) -> Sums:
    visits, variance = len(study.visits), study.scores.baseline_sd**2
    _check_rows(study)
    n = len(_directions(visits, rung))
    total = 2 * n + 1
    whole = _rows_of(_model_covariance(study.scores.given_baseline, rung))
    sums = _unit_sums(whole, None, rung, 1, tuple(study.share_last_seen(INDIVIDUAL)))
    found = [_with_columns(sums, np.array([1.0, 0.0, 0.0]), variance, study.individual).among(total, list(range(n)))]
    within = _rows_of(_model_covariance(study.within_cohorts, rung))
    means = np.array([1.0, 1.0, study.baseline_difference])
    for size, share in study.sizes.items():
        sums = _unit_sums(within, study.between_cohorts, rung, size, tuple(study.share_last_seen(GROUP)))
        found.append(_with_columns(sums, means, variance, share * study.cohorts).among(total, list(range(n, total))))
    out = found[0]
    for one in found[1:]:
        out = out + one
    return out


def _check_rows(study: NextStudy) -> None:
    """Cohorts of all sizes are looked at before the first is averaged over, which takes seconds."""
    largest, visits = max(study.sizes), len(study.visits)
    if largest * visits > MOST_ROWS:
        given = f"cohort_size {study.cohort_size:g} and cohort_size_sd {study.cohort_size_sd:g}"
        raise PlanningError(
            f"With {given} there are cohorts of {largest} patients, and with {plural(visits, 'visit')} these have more "
            f"rows than the formula can average over ({MOST_ROWS}); plan cohorts of up to {MOST_ROWS // visits} "
            "patients, all of more alike size, or fewer visits."
        )


def _model_covariance(covariance: Array, rung: str) -> Array:
    """What a model makes of a covariance: as it is, or one variance and one covariance for all visits."""
    n = len(covariance)
    if rung == FULL or n == 1:
        return covariance
    variance = float(np.diag(covariance).mean())
    shared = float(covariance[~np.eye(n, dtype=bool)].mean())
    return np.asarray(shared + (variance - shared) * np.eye(n))


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

    Two of each: over all pairs of its patients, and over each patient with itself. They are visits by visits for X'HX;
    the others have the parameters before that.
    """

    information: tuple[Array, Array]
    slopes: tuple[Array, Array]
    products: tuple[Array, Array]
    traces: Array


def _rows_of(matrix: Array) -> _Rows:
    return tuple(map(tuple, matrix.tolist()))


@lru_cache(maxsize=64)  # designs that differ in their numbers only have the same units
def _unit_sums(rows: _Rows, between: float | None, rung: str, size: int, last_seen: tuple[float, ...]) -> _UnitSums:
    """Average over which patients of a unit are lost when. A unit is a cohort, or a patient who is in none (None)."""
    covariance = np.array(rows)
    visits = len(covariance)
    shares, seen = _ways(size, np.array(last_seen), visits)
    blocks = np.kron(np.eye(size), covariance)
    moves = np.array([np.kron(np.eye(size), one) for one in _directions(visits, rung)])
    if between is not None:
        blocks = blocks + between
        moves = np.concatenate([moves, np.ones((1, size * visits, size * visits))])
    parts = [_part_sums(blocks, moves, shares[at], seen[at]) for at in _parts(len(shares))]
    h, slopes, products, traces = (sum(each[1:], each[0]) for each in zip(*parts, strict=True))
    first, second, third = (_folded(one, size, visits) for one in (h, slopes, products))
    return _UnitSums(first, second, third, traces)


def _parts(n: int) -> list[slice]:
    return [slice(first, first + WAYS_AT_A_TIME) for first in range(0, n, WAYS_AT_A_TIME)]


def _part_sums(blocks: Array, moves: Array, shares: Array, seen: NDArray[np.bool_]) -> tuple[Array, ...]:
    """H, HVjH, HVjHVkH and tr(HVjHVk), summed over some of the ways with their shares."""
    both = seen[:, :, None] & seen[:, None, :]
    v = np.where(both, blocks, np.eye(len(blocks)))
    h = np.where(both, np.linalg.inv(v), 0.0)
    hv = h[:, None] @ np.where(both[:, None], moves, 0.0)
    slopes = hv @ h[:, None]
    weighted = shares[:, None, None, None] * hv
    products = np.tensordot(weighted, slopes, axes=([0, 3], [0, 2])).transpose(0, 2, 1, 3)
    traces = np.tensordot(weighted, hv, axes=([0, 2, 3], [0, 3, 2]))
    return np.tensordot(shares, h, axes=1), np.tensordot(shares, slopes, axes=1), products, traces


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

    return Sums(put(sums.information), put(sums.slopes), put(sums.products), units * sums.traces)
