"""The study that is planned: its size, its visits, who is lost, and what is to be shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from kap_analysis.columns import GROUP, INDIVIDUAL
from kap_analysis.errors import PlanningError, quoted
from kap_analysis.planning.plan_values import (
    LARGEST_COHORT,
    MOST_VISITS,
    check_increasing,
    check_points,
    check_value,
)
from kap_analysis.planning.score_covariance import ScoreCovariance

Array = NDArray[np.float64]
Claim = Literal["superiority", "non-inferiority", "equivalence"]
#: Kivlighan 2020 (J Consult Clin Psychol 88:322): mean of 37 studies of group therapy .06; the others are assumptions.
ICC: Final = 0.06
OTHER_ICCS: Final = (0.02, 0.12)


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
        _check_kinds(self)
        _check_values(self)
        for name in ("cohorts", "individual"):
            object.__setattr__(self, name, int(getattr(self, name)))
        _check_visits(self)
        _check_lost(self)
        object.__setattr__(self, "lost", {arm: tuple(map(float, shares)) for arm, shares in self.lost.items()})
        _check_points(self)
        inside = np.linalg.eigvalsh(self.within_cohorts)[0]
        if not inside > 0:
            raise PlanningError(
                f"icc is {self.icc:g} and leaves less variance within the cohorts than the correlations of the visits "
                "allow, since the cohort is the same at all visits; lower icc, or raise visit_correlation."
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

    Raises
    ------
    PlanningError
        If a number is out of its range (docs/models.md#the-next-study).
    """
    check_value("visits", "days", days)
    check_increasing(days)
    check_value("lost", "by_last_visit", by_last_visit)
    check_value("lost", "shape", shape)
    at = (np.asarray(days, float) / float(days[-1])) ** shape
    return tuple(float(share) for share in 1 - (1 - by_last_visit) ** at)


#: The fields of a design by their table in the file; a name that differs there is given.
_FIELDS: Final = {
    "design": ("cohorts", "cohort_size", "cohort_size_sd", "individual"),
    "visits": ("days", "visits", "visit"),
    "clustering": ("icc",),
    "question": ("difference", "baseline_difference", "claim", "higher_is_better", "alpha", "ddf"),
}
_KEYS: Final = {"visits": "names", "visit": "primary"}


def _check_kinds(study: NextStudy) -> None:
    if not isinstance(study.scores, ScoreCovariance):
        raise PlanningError(
            f"scores is {quoted(study.scores)}; give a ScoreCovariance, such as ScoreCovariance.from_correlations(...)."
        )
    if not isinstance(study.lost, Mapping):
        raise PlanningError(
            f"lost is {quoted(study.lost)}; give a dict of the shares lost before each visit by format, and {{}} if "
            "nobody is."
        )


def _check_values(study: NextStudy) -> None:
    for table, names in _FIELDS.items():
        for name in names:
            check_value(table, _KEYS.get(name, name), getattr(study, name), name)
    if study.margin is not None:
        check_value("question", "margin", study.margin)


def _check_visits(study: NextStudy) -> None:
    n = len(study.days)
    if n != len(study.visits) or n != study.scores.visits:
        raise PlanningError(
            f"There are {n} days, {len(study.visits)} names of visits and covariances of {study.scores.visits} visits; "
            "give the same number of each, the baseline not counted."
        )
    if n > MOST_VISITS:
        raise PlanningError(f"There are {n} visits; give {MOST_VISITS} or fewer.")
    check_increasing(study.days)
    twice = [name for at, name in enumerate(study.visits) if name in study.visits[:at]]
    if twice:
        raise PlanningError(f"Two visits are called {twice[0]!r}; give each a name of its own.")
    if study.visit not in study.visits:
        raise PlanningError(f"The primary visit is {study.visit!r}; choose one of {', '.join(study.visits)}.")


def _check_lost(study: NextStudy) -> None:
    for arm, shares in study.lost.items():
        if arm not in (GROUP, INDIVIDUAL):
            raise PlanningError(f"lost is given for {arm!r}; the formats are {INDIVIDUAL} and {GROUP}.")
        check_value("lost", arm, shares, f"lost, {arm}")
        values = np.asarray(shares, float)
        if values.shape != (len(study.visits),) or (np.diff(values) < 0).any():
            raise PlanningError(
                f"lost, {arm} is {[float(one) for one in np.atleast_1d(values)]}; give a share for each of the "
                f"{len(study.visits)} visits, cumulative, so never falling."
            )


def _check_points(study: NextStudy) -> None:
    """What must go together: a claim and its margin, differences and the SD of the scores."""
    if study.claim == "superiority" and study.margin is not None:
        raise PlanningError(
            f"margin is {study.margin:g} and claim is 'superiority', which has none; leave margin out, or give a claim "
            "of non-inferiority or equivalence."
        )
    if study.claim != "superiority" and study.margin is None:
        raise PlanningError(f"claim is {study.claim!r} without a margin; give margin in points, there is no default.")
    sd = float(np.sqrt(study.scores.matrix[1 + study.at, 1 + study.at]))
    check_points(study.difference, sd, "difference")
    check_points(study.margin or 0.0, sd, "margin")
    check_points(study.baseline_difference, study.scores.baseline_sd, "baseline_difference")
