"""From a standard error and its df to what a plan asks: power, type I error, and how wide the interval will be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtri, ndtr, stdtrit

from kap_analysis.planning.next_study import NextStudy

Array = NDArray[np.float64]
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(400)
#: Share of intervals that are narrower than the width called `width_80`.
QUANTILE: Final = 0.80


@dataclass(frozen=True, slots=True)
class Decision:
    """What a study with one standard error and df is expected to show.

    Attributes
    ----------
    power : float
        Probability that what is claimed is shown, the true difference being that of the design.
    type_1_error : float
        Probability that it is shown although the truth is just outside the claim: no difference (superiority), or a
        difference as large as the margin.
    width, width_80 : float
        Expected width of the interval at level 1 - alpha in points, and the width that 80% of studies stay below.
    """

    power: float
    type_1_error: float
    width: float
    width_80: float


def decide(study: NextStudy, std_error: float, df: float, sd: float | None = None) -> Decision:
    """Power, type I error and widths, the variance of the estimate being itself estimated with `df`.

    With s the ratio of the estimated to the expected standard error, s squared times df is chi-square with df; given s,
    the estimate is normal. The probability of a claim is averaged over s, so that one rule serves every claim. `sd` is
    that of the estimate over studies, where it is not what the standard error says.
    """
    spread = std_error if sd is None else sd
    shares = (_NODES + 1) / 2
    ratio = np.sqrt(chdtri(df, 1 - shares) / df)
    weights = _WEIGHTS / 2
    quantile = float(stdtrit(df, 1 - study.alpha / 2))
    half = quantile * std_error * ratio
    deciding = float(stdtrit(df, 1 - _one_sided(study))) * std_error * ratio
    return Decision(
        power=_shown(study, study.difference, spread, deciding, weights),
        type_1_error=_shown(study, truth_to_reject(study), spread, deciding, weights),
        width=float(2 * half @ weights),
        width_80=float(2 * quantile * std_error * np.sqrt(chdtri(df, 1 - QUANTILE) / df)),
    )


def truth_to_reject(study: NextStudy) -> float:
    """The nearest difference for which the claim is false: 0, or the margin on the side where group is worse."""
    if study.claim == "superiority":
        return 0.0
    assert study.margin is not None
    return -study.margin if study.higher_is_better else study.margin


def claim_is_true(study: NextStudy) -> bool:
    """Whether the claim is true if the difference is the assumed one; if not, power does not grow with the study."""
    if study.claim == "superiority":
        return study.difference != 0
    low, high = _limits(study)
    return low < study.difference < high


def claim_is_shown(study: NextStudy, estimate: ArrayLike, std_error: ArrayLike, df: ArrayLike) -> NDArray[np.bool_]:
    """Whether analyses show the claim (n,), by their estimates, standard errors and df."""
    estimate, std_error, df = (np.asarray(values, float) for values in (estimate, std_error, df))
    low, high = _limits(study)
    half = stdtrit(df, 1 - _one_sided(study)) * std_error
    if study.claim == "superiority":
        return np.asarray((estimate - half > 0) | (estimate + half < 0))
    return np.asarray((estimate - half > low) & (estimate + half < high))


def _shown(study: NextStudy, truth: float, sd: float, half: Array, weights: Array) -> float:
    """Chance of the claim, over intervals of half widths with weights."""
    if study.claim == "superiority":
        given = ndtr((truth - half) / sd) + ndtr((-truth - half) / sd)
    else:
        low, high = _limits(study)
        given = np.maximum(ndtr((high - half - truth) / sd) - ndtr((low + half - truth) / sd), 0.0)
    return float(given @ weights)


def _one_sided(study: NextStudy) -> float:
    """Tail of each test: equivalence is two one-sided tests at alpha, the others are at half of it on a side."""
    return study.alpha if study.claim == "equivalence" else study.alpha / 2


def _limits(study: NextStudy) -> Sequence[float]:
    """The open interval in which the confidence interval must lie for non-inferiority or equivalence."""
    margin = np.inf if study.margin is None else study.margin
    if study.claim == "equivalence":
        return -margin, margin
    return (-margin, np.inf) if study.higher_is_better else (-np.inf, margin)
