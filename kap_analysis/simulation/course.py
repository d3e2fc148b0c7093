"""What happens to the BDI-II: scores at months 1, 2, 3 and 6, who is lost, and on which days the rest were seen."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from kap_analysis.simulation.people import Bools, Floats, Ints, People, logistic, record_score
from kap_analysis.simulation.scenario import Scenario, open_stream
from kap_analysis.study.contract.settings import DEFAULT_VISITS

#: The schedule is the default one of study.toml.
VISIT_LABELS: Final = tuple(visit.label for visit in DEFAULT_VISITS)
TARGET_DAYS: Final = tuple(visit.target_day for visit in DEFAULT_VISITS)
WINDOWS: Final = tuple((visit.first_day, visit.last_day) for visit in DEFAULT_VISITS)
BDI_HIGHEST: Final = 63
DROPOUT_ORIGIN: Final = 15  # the recorded score at which severity adds nothing to the log-odds of loss
MAY_BE_LATE: Final = (False, False, True, True)  # a late month 1 or 2 would lie in the next visit's window
LATEST_DAYS_LATE: Final = 14
JITTER_LIMIT: Final = 10


@dataclass(frozen=True, slots=True)
class Course:
    """The course of n patients over the four visits, as arrays (n, 4) unless said otherwise.

    Attributes
    ----------
    score : float
        The score that was, or would have been, recorded.
    seen : bool
        Assessed: not lost, visit not missed.
    late : bool
        Assessed, but after the window of the visit.
    day : int
        Day of the visit, as it was or would have been.
    lost_at : int, (n,)
        Index of the first visit after the loss; 4 for a patient who stayed.
    end_day : int, (n,)
        Day on which follow-up ended.
    baseline_day : int, (n,)
        Day of the intake form.
    has_baseline : bool, (n,)
        The intake form is in the data.
    """

    score: Floats
    seen: Bools
    late: Bools
    day: Ints
    lost_at: Ints
    end_day: Ints
    baseline_day: Ints
    has_baseline: Bools

    @property
    def in_window(self) -> Bools:
        """Assessed within the window of the visit."""
        return self.seen & ~self.late


def latent_bdi(people: People, scenario: Scenario, is_group: Bools, share: float) -> Floats:
    """Latent BDI-II once ``share`` of the month 3 change has come about, under a given format."""
    p = scenario.parameters
    change = people.change + is_group * people.group_pull
    return p.bdi_mean + p.bdi_between_sd * people.severity + share * change


def draw_course(people: People, seed: int, scenario: Scenario) -> Course:
    """Draw scores, losses and days.

    Loss is monotone. Its log-odds before each visit are those of the parameters, and depend on the last score
    recorded inside a window (the intake score at first), on the score of the visit itself, or on nothing, as
    ``scenario.dropout`` says.
    """
    rng, p = open_stream(seed, "course"), scenario.parameters
    n, n_visits = people.n, len(VISIT_LABELS)
    day = _visit_days(rng.standard_normal((n, n_visits)), p.day_jitter_sd)
    late = (rng.random((n, n_visits)) < p.visit_late) & np.asarray(MAY_BE_LATE)
    days_late = 1 + (rng.random((n, n_visits)) * LATEST_DAYS_LATE).astype(np.int64)
    day = np.where(late, np.asarray(WINDOWS)[:, 1] + days_late, day)

    score, seen = np.empty((n, n_visits)), np.empty((n, n_visits), dtype=bool)
    stays, last = np.ones(n, dtype=bool), people.intake
    lost_at = np.full(n, n_visits)
    for visit, share in enumerate(p.change_shape):
        noise = p.bdi_occasion_sd * rng.standard_normal(n)
        score[:, visit] = record_score(latent_bdi(people, scenario, people.is_group, share) + noise, BDI_HIGHEST)
        decides = score[:, visit] if scenario.dropout == "unseen" else last
        lost = rng.random(n) < _loss(decides, people.is_group, visit, scenario)
        lost_at[stays & lost] = visit
        stays &= ~lost
        seen[:, visit] = stays & (rng.random(n) >= p.visit_missed)
        last = np.where(seen[:, visit] & ~late[:, visit], score[:, visit], last)

    return Course(
        score=score,
        seen=seen,
        late=seen & late,
        day=day,
        lost_at=lost_at,
        end_day=_end_days(lost_at, day, rng.random(n)),
        baseline_day=-1 - (rng.random(n) * 21).astype(np.int64),
        has_baseline=rng.random(n) >= p.baseline_missing,
    )


def _visit_days(normal: Floats, sd: float) -> Ints:
    jitter = np.clip(np.rint(sd * normal), -JITTER_LIMIT, JITTER_LIMIT).astype(np.int64)
    return np.asarray(TARGET_DAYS) + jitter


def _loss(score: Floats, is_group: Bools, visit: int, scenario: Scenario) -> Floats:
    """Probability of being lost before a visit."""
    if scenario.dropout == "none":
        return np.zeros(len(score))
    p = scenario.parameters
    severity = p.dropout_severity * (score - DROPOUT_ORIGIN) / 10
    return logistic(p.dropout_log_odds[visit] + severity + p.dropout_group * is_group)


def _end_days(lost_at: Ints, day: Ints, uniform: Floats) -> Ints:
    """A patient who is lost leaves between the last visit and the next target; others end after the last visit."""
    previous = np.column_stack([np.zeros(len(day), dtype=np.int64), day])
    following = np.asarray([*TARGET_DAYS, WINDOWS[-1][1] + 20])
    rows = np.arange(len(day))
    first, limit = previous[rows, lost_at] + 1, following[lost_at]
    return first + (uniform * np.maximum(limit - first, 1)).astype(np.int64)
