"""The instruments beside the BDI-II: latent courses that go with it, totals, and answers to items."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kap_analysis.simulation.covariates import PRIMARY, SECOND, Covariates
from kap_analysis.simulation.parameters import Parameters, Scale
from kap_analysis.simulation.people import Bools, Floats, Ints, People

ITEMS: Final = {"PHQ-9": (9, 3), "GAD-7": (7, 3), "PCL-5": (20, 4)}  # number of items, highest answer
NOT_ANSWERED: Final = -1


@dataclass(frozen=True, slots=True)
class Latent:
    """The latent course of one instrument, arrays of length n: level at intake, and change at month 3 (points)."""

    intake: Floats
    change: Floats
    occasion_sd: float

    def at(self, who: Ints, share: Floats | float) -> Floats:
        """Latent level of some patients once a share of the month 3 change has come about."""
        return self.intake[who] + share * self.change[who]


def draw_latent(
    people: People, scale: Scale, rng: np.random.Generator, p: Parameters, is_group: Bools | None = None
) -> Latent:
    """Draw the latent course of an instrument that goes with the BDI-II.

    Severity and the patient's own change correlate with those of the BDI-II (``other_correlation``). Everything else
    that moves the BDI-II (age, severity, trauma, format, cohort) moves it in the proportion of the mean changes.
    """
    own = np.sqrt(1 - p.other_correlation**2)
    severity = p.other_correlation * people.severity + own * rng.standard_normal(people.n)
    change_normal = p.other_correlation * people.change_normal + own * rng.standard_normal(people.n)
    in_group = people.is_group if is_group is None else is_group
    shared = people.change + in_group * people.group_pull - p.change_mean - p.change_sd * people.change_normal
    ratio = scale.change / p.change_mean
    change = scale.change + ratio * (shared + p.change_sd * change_normal)
    return Latent(scale.mean + scale.between_sd * severity, change, scale.occasion_sd)


def has_diagnosis(covariates: Covariates, diagnoses: tuple[str, ...]) -> Bools:
    """Whether one of the diagnoses is the patient's primary or second one."""
    primary, second = np.asarray(PRIMARY)[covariates.primary], np.asarray(SECOND)[covariates.second]
    return np.isin(primary, diagnoses) | np.isin(second, diagnoses)


def draw_answers(latent: Floats, instrument: str, rng: np.random.Generator, p: Parameters) -> NDArray[np.int8]:
    """Answers to the items of one instrument.

    An item's expectation is the latent total over the number of items; the answer is that, with noise, as a whole
    number in the item's range. Item 9 of the PHQ-9 (suicidality) starts lower and rises late.

    Parameters
    ----------
    latent : array (n_forms,)
        Latent total of each form, occasion included.
    instrument : str
        A name of ``ITEMS``.

    Returns
    -------
    array (n_forms, n_items) of int8
        Answers, ``NOT_ANSWERED`` where the item was left blank.
    """
    n_items, highest = ITEMS[instrument]
    level = latent / n_items
    answers = np.empty((len(latent), n_items), dtype=np.int8)
    for item in range(n_items):
        shift, slope = p.suicidality_item if (instrument, item) == ("PHQ-9", 8) else (0.0, 1.0)
        noisy = shift + slope * level + p.item_noise_sd * rng.standard_normal(len(latent))
        answer = np.clip(np.rint(noisy), 0, highest)
        answers[:, item] = np.where(rng.random(len(latent)) < p.item_skipped, NOT_ANSWERED, answer)
    return answers


def totals(answers: NDArray[np.int8]) -> Floats:
    """Total of each form; NaN where an item was left blank."""
    complete = (answers != NOT_ANSWERED).all(axis=1)
    return np.where(complete, answers.sum(axis=1, dtype=np.int64), np.nan)
