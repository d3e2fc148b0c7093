"""What is simulated: the parameters and the two switches, and the streams of random numbers."""

from dataclasses import dataclass, field, replace
from typing import Final, Literal

import numpy as np

from kap_analysis.errors import SimulationError
from kap_analysis.simulation.parameters import Parameters

Allocation = Literal["recorded", "latent"]
Dropout = Literal["recorded", "unseen", "none"]

ALLOCATIONS: Final = ("recorded", "latent")
DROPOUTS: Final = ("recorded", "unseen", "none")

# Each part of the study draws from a stream of its own: a longer list of events leaves every score as it was.
# The order is part of the data: a new name goes to the end.
STREAMS: Final = (
    "people",
    "course",
    "covariates",
    "questionnaires",
    "sessions",
    "measures",
    "adverse events",
    "treatments",
    "records",
    "modes",
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """The parameters, what allocation looked at, and what dropout depended on.

    Attributes
    ----------
    parameters : Parameters
    allocation : {"recorded", "latent"}
        Format was chosen from the recorded intake score (adjusting for it is enough) or from the severity behind it
        (no adjustment is enough).
    dropout : {"recorded", "unseen", "none"}
        Loss depends on the last recorded score (missing at random), on the score that would have been recorded next
        (not at random), or nobody is lost.
    """

    parameters: Parameters = field(default_factory=Parameters)
    allocation: Allocation = "recorded"
    dropout: Dropout = "recorded"

    def __post_init__(self) -> None:
        _check_choice("allocation", self.allocation, ALLOCATIONS)
        _check_choice("dropout", self.dropout, DROPOUTS)
        share = self.parameters.facilitator_share
        if not 0 <= share < 1:
            raise SimulationError(f"facilitator_share is {share:g}; give a share of the variance from 0 to below 1.")
        if self.parameters.cohort_sd < 0:
            raise SimulationError(f"cohort_sd is {self.parameters.cohort_sd:g}; a standard deviation is not negative.")


def make_scenario(
    *,
    allocation: Allocation = "recorded",
    dropout: Dropout = "recorded",
    facilitator_share: float | None = None,
    group_effect: float | None = None,
    cohort_sd: float | None = None,
    parameters: Parameters | None = None,
) -> Scenario:
    """Make a scenario from the options of the simulation; an option that is None leaves the parameter as it is."""
    options = {"facilitator_share": facilitator_share, "group_effect": group_effect, "cohort_sd": cohort_sd}
    given = {name: float(value) for name, value in options.items() if value is not None}
    return Scenario(replace(parameters or Parameters(), **given), allocation, dropout)  # type: ignore[arg-type]


def open_stream(seed: int, part: str) -> np.random.Generator:
    """Open the stream of one part of the study.

    Only ``standard_normal``, ``random`` and elementwise arithmetic are used on it, so that a seed gives the same
    bytes on each Python version.
    """
    return np.random.default_rng([seed, STREAMS.index(part)])


def check_size(n_patients: int, seed: int) -> None:
    """Refuse a number of patients or a seed that cannot be used.

    Raises
    ------
    SimulationError
        Fewer than 1 patient, or a negative seed.
    """
    if n_patients < 1:
        raise SimulationError(f"{n_patients} patients were asked for; ask for 1 or more.")
    if seed < 0:
        raise SimulationError(f"The seed is {seed}; give a whole number from 0.")


def _check_choice(name: str, found: str, choices: tuple[str, ...]) -> None:
    if found not in choices:
        raise SimulationError(f"{name} is {found!r}; choose one of {', '.join(choices)}.")
