"""The study that is planned: its size, its visits, who is lost, and what is to be shown."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from kap_analysis.columns import GROUP, INDIVIDUAL
from kap_analysis.errors import PlanningError
from kap_analysis.planning.score_covariance import ScoreCovariance

Array = NDArray[np.float64]
Claim = Literal["superiority", "non-inferiority", "equivalence"]
CLAIMS: Final = ("superiority", "non-inferiority", "equivalence")
DDF: Final = ("kenward-roger", "satterthwaite")
#: Kivlighan 2020 (J Consult Clin Psychol 88:322): mean of 37 studies of group therapy .06; the others are assumptions.
ICC: Final = 0.06
OTHER_ICCS: Final = (0.02, 0.12)
LARGEST_COHORT: Final = 60


@dataclass(frozen=True)
class NextStudy:
    """One design for a study of group against individual format, and what is assumed of its patients.

    Attributes
    ----------
    cohorts : int
        Therapy groups.
    cohort_size : float
        Mean number of patients who start in a cohort.
    cohort_size_sd : float
        SD of that number between cohorts; 0: the two whole numbers next to the mean.
    individual : int
        Patients who start in individual format.
    days : tuple of float
        Day of each visit after baseline.
    visits : tuple of str
        Their names.
    visit : str
        The primary visit, one of `visits`.
    scores : ScoreCovariance
        SDs and correlations of the scores, alike in both formats; in groups the cohort is a part of it.
    icc : float
        Share of the cohorts in the variance at the primary visit, given the baseline score.
    lost : dict
        Share of those who started that is lost before each visit, cumulative, by format: (visits,). Nobody returns.
    difference : float
        The true difference at the primary visit, group minus individual, in points.
    baseline_difference : float
        How much higher groups start, in points: patients are not assigned by chance.
    margin : float or None
        Points, always positive, for non-inferiority and equivalence.
    higher_is_better : bool
    claim : {"superiority", "non-inferiority", "equivalence"}
        What is to be shown: a difference that is not 0, group worse by less than the margin, or both formats within it.
    alpha : float
        Two-sided for superiority, each side for equivalence; half of it one-sided for non-inferiority.
    ddf : {"kenward-roger", "satterthwaite"}

    Raises
    ------
    PlanningError
        If no study can be like this; the message says what to change.
    """

    cohorts: int
    individual: int
    scores: ScoreCovariance
    days: tuple[float, ...]
    visits: tuple[str, ...]
    visit: str
    cohort_size: float = 3.5
    cohort_size_sd: float = 0.0
    icc: float = ICC
    lost: dict[str, tuple[float, ...]] = field(default_factory=dict)
    difference: float = 0.0
    baseline_difference: float = 0.0
    margin: float | None = None
    higher_is_better: bool = False
    claim: Claim = "superiority"
    alpha: float = 0.05
    ddf: str = "kenward-roger"

    def __post_init__(self) -> None:
        _check_size(self)
        _check_visits(self)
        _check_lost(self)
        _check_claim(self)
        if not 0 <= self.icc < 1:
            raise PlanningError(
                f"The ICC is {self.icc:g}; give 0 or more and less than 1. With 1 all patients of a cohort would have "
                "the same course, and each cohort would count as one patient."
            )
        inside = np.linalg.eigvalsh(self.within_cohorts)[0]
        if not inside > 0:
            raise PlanningError(
                f"An ICC of {self.icc:g} leaves less variance within the cohorts than the correlations of the visits "
                "allow: the cohort is the same at all visits. Lower the ICC, or raise visit_correlation."
            )

    @property
    def at(self) -> int:
        """Place of the primary visit among the visits."""
        return self.visits.index(self.visit)

    @cached_property
    def roots(self) -> tuple[Array, Array]:
        """Cholesky factors of the covariance of the visits given the baseline: of all, and within the cohorts."""
        whole, within = (np.linalg.cholesky(one) for one in (self.scores.given_baseline, self.within_cohorts))
        return np.asarray(whole, dtype=float), np.asarray(within, dtype=float)

    @cached_property
    def sizes(self) -> dict[int, float]:
        """Share of the cohorts by the number of patients who start in them."""
        return cohort_sizes(self.cohort_size, self.cohort_size_sd)

    @property
    def group(self) -> float:
        """Expected number of patients who start in group format."""
        return self.cohorts * self.cohort_size

    @cached_property
    def between_cohorts(self) -> float:
        """Variance of the cohorts, the same at every visit."""
        return float(self.icc * self.scores.given_baseline[self.at, self.at])

    @cached_property
    def within_cohorts(self) -> Array:
        """Covariance of the visits within cohorts, given the baseline (visits, visits)."""
        return self.scores.given_baseline - self.between_cohorts

    def share_last_seen(self, arm: str) -> Array:
        """Share of the patients of a format who are last seen at baseline, at the first visit, ... (1 + visits,)."""
        kept = np.concatenate([[1.0], 1 - np.asarray(self._lost_in(arm)), [0.0]])
        return kept[:-1] - kept[1:]

    def scored(self, arm: str) -> float:
        """Expected number of patients of a format who are scored at the primary visit."""
        started = self.group if arm == GROUP else self.individual
        return float(started * (1 - self._lost_in(arm)[self.at]))

    def _lost_in(self, arm: str) -> tuple[float, ...]:
        return self.lost.get(arm) or (0.0,) * len(self.visits)


def cohort_sizes(mean: float, sd: float) -> dict[int, float]:
    """Share of cohorts by size: a normal distribution on the whole numbers from 1, with the mean given.

    With an SD of 0 the two whole numbers next to the mean. The SD is that of the normal distribution before it is cut
    off at 1.
    """
    if sd == 0:
        low = int(np.floor(mean))
        upper = float(mean - low)
        return {size: share for size, share in ((low, 1 - upper), (low + 1, upper)) if share > 1e-12}
    sizes = np.arange(1, LARGEST_COHORT + 1)

    def shares(centre: float) -> Array:
        logs = -0.5 * ((sizes - centre) / sd) ** 2
        weights = np.exp(logs - logs.max())
        return np.asarray(weights / weights.sum())

    low_end, high_end = mean - 20 * sd - 20, mean + 20 * sd + 20
    for _ in range(200):
        centre = (low_end + high_end) / 2
        low_end, high_end = (centre, high_end) if float(shares(centre) @ sizes) < mean else (low_end, centre)
    found = shares((low_end + high_end) / 2)
    kept = found > 1e-6
    return {int(size): float(share) for size, share in zip(sizes[kept], found[kept] / found[kept].sum(), strict=True)}


def weibull_loss(days: Sequence[float], *, by_last_visit: float, shape: float = 1.0) -> tuple[float, ...]:
    """Cumulative share lost before each visit, by a Weibull curve.

    Parameters
    ----------
    days : sequence of float
    by_last_visit : float
        Share lost before the last visit.
    shape : float
        1: the same risk all the time; below 1: most are lost early.
    """
    if not 0 <= by_last_visit < 1 or shape <= 0:
        raise PlanningError(
            f"A Weibull curve of loss has by_last_visit = {by_last_visit:g} and shape = {shape:g}; give a share from 0 "
            "to less than 1, and a shape above 0."
        )
    at = (np.asarray(days, float) / float(days[-1])) ** shape
    return tuple(float(share) for share in 1 - (1 - by_last_visit) ** at)


def _check_size(study: NextStudy) -> None:
    if study.cohorts != int(study.cohorts) or study.cohorts < 2:
        raise PlanningError(
            f"cohorts is {study.cohorts:g}; give 2 or more. With one cohort the effect of the format cannot be told "
            "from the effect of that cohort."
        )
    if study.individual != int(study.individual) or study.individual < 2:
        raise PlanningError(f"individual is {study.individual:g}; give 2 patients or more.")
    if not 1 <= study.cohort_size <= LARGEST_COHORT or study.cohort_size_sd < 0:
        raise PlanningError(
            f"cohort_size is {study.cohort_size:g} with an SD of {study.cohort_size_sd:g}; give a mean from 1 to "
            f"{LARGEST_COHORT} and an SD of 0 or more."
        )


def _check_visits(study: NextStudy) -> None:
    n = len(study.days)
    if not n or n != len(study.visits) or n != study.scores.visits:
        raise PlanningError(
            f"There are {n} days, {len(study.visits)} names of visits and covariances of {study.scores.visits} visits; "
            "give the same number of each, the baseline not counted."
        )
    if list(study.days) != sorted(set(study.days)) or study.days[0] <= 0:
        raise PlanningError(f"The days of the visits are {list(study.days)}; give days after 0 in rising order.")
    if study.visit not in study.visits:
        raise PlanningError(f"The primary visit is {study.visit!r}; choose one of {', '.join(study.visits)}.")


def _check_lost(study: NextStudy) -> None:
    for arm, shares in study.lost.items():
        if arm not in (GROUP, INDIVIDUAL):
            raise PlanningError(f"lost is given for {arm!r}; the formats are {INDIVIDUAL} and {GROUP}.")
        values = np.asarray(shares, float)
        is_curve = values.shape == (len(study.visits),) and ((values >= 0) & (values < 1)).all()
        if not is_curve or (np.diff(values) < 0).any():
            raise PlanningError(
                f"In {arm} format {list(shares)} are lost; give a share from 0 to less than 1 for each of the "
                f"{len(study.visits)} visits, cumulative, so never falling. If all are lost nothing can be compared."
            )


def _check_claim(study: NextStudy) -> None:
    if study.claim not in CLAIMS or study.ddf not in DDF:
        raise PlanningError(
            f"claim is {study.claim!r} and ddf {study.ddf!r}; choose one of {', '.join(CLAIMS)}, and one of "
            f"{', '.join(DDF)}."
        )
    if study.margin is not None and study.margin <= 0:
        raise PlanningError(f"The margin is {study.margin:g}; give points above 0.")
    if study.claim != "superiority" and study.margin is None:
        raise PlanningError(f"{study.claim.capitalize()} needs a margin in points; there is no default.")
    if not 0 < study.alpha < 1:
        raise PlanningError(f"alpha is {study.alpha!r}; give a number between 0 and 1, such as 0.05.")
