"""Characteristics of a patient that may change the difference between the formats, and how each is read."""

from dataclasses import dataclass

import pandas as pd

from kap_analysis.analysis.model.missing_covariates import FILLED
from kap_analysis.columns import BASELINE
from kap_analysis.writing.sentences import number

AFTER_START = (
    "measured after treatment began: patients who did well may have it more often, so it is not a baseline moderator"
)
MEAN_REVERSION = (
    "extreme baseline scores tend to move towards the mean on their own; this is about the difference between formats, "
    "not about change"
)


@dataclass(frozen=True, slots=True)
class Moderator:
    """A characteristic that may change the difference between the formats.

    Attributes
    ----------
    column, label, unit : str
        `unit` is what the interaction is per, for instance "10 years".
    per : float
        Size of that unit in the column's own units; 0 for a yes-or-no characteristic.
    values : tuple of float
        Values at which the difference is shown; empty: the quartiles of the analysed patients.
    warning : str
    source : str
        The column of the outcome frame that a yes-or-no characteristic is read from; empty: `column` itself, as 0/1.
    at_least : float, optional
        Of a number in `source`: yes from here on. Without it, `unit` has the two levels: "female against male".
    """

    column: str
    label: str
    unit: str
    per: float
    values: tuple[float, ...] = ()
    warning: str = ""
    source: str = ""
    at_least: float | None = None

    @property
    def levels(self) -> tuple[str, str]:
        """The words for 1 and 0 of a yes-or-no characteristic."""
        one, other = self.unit.split(" against ")
        return one, other

    @property
    def is_yes_or_no(self) -> bool:
        """Whether the characteristic has two values."""
        return self.per == 0

    def value_name(self, value: float) -> str:
        """A value in words: a number, or yes and no."""
        return self.levels[0 if value == 1 else 1] if self.is_yes_or_no else number(value, 0)


YES_OR_NO: tuple[str, float, tuple[float, float]] = ("yes against no", 0.0, (0.0, 1.0))
MODERATORS = (
    Moderator("age", "Age", "10 years", 10.0, (30.0, 45.0, 60.0)),
    Moderator(BASELINE, "Baseline score", "10 points", 10.0, warning=MEAN_REVERSION),
    Moderator("ace_4_or_more", "ACE score 4 or more", *YES_OR_NO, source="ace_score", at_least=4.0),
    Moderator("integration_in_time", "Integration after 24–48 hours", *YES_OR_NO, warning=AFTER_START),
    Moderator("failed_treatments", "Treatments that had failed", "one more", 1.0),
    Moderator("is_female", "Sex", "female against male", 0.0, (0.0, 1.0), source="sex"),
    Moderator(
        "hospitalised_before",
        "Psychiatric hospitalisation before",
        *YES_OR_NO,
        source="prior_hospitalisation",
    ),
)


def add_yes_or_no(frame: pd.DataFrame, moderators: tuple[Moderator, ...]) -> pd.DataFrame:
    """The frame with a 0/1 column for each moderator that is read from another column."""
    read = [moderator for moderator in moderators if moderator.source in frame]
    return frame.assign(**{moderator.column: _is_yes(frame, moderator) for moderator in read})


def recorded(frame: pd.DataFrame, column: str) -> pd.Series:
    """A column of a model frame, missing where its value was filled in."""
    filled = f"{column}{FILLED}"
    return frame[column].where(frame[filled] != 1.0) if filled in frame else frame[column]


def _is_yes(frame: pd.DataFrame, moderator: Moderator) -> pd.Series:
    """1 for yes, 0 for no, missing where the source was not recorded, also where the model frame has a mean instead."""
    found = frame[moderator.source]
    if moderator.at_least is None:
        yes, no = moderator.levels
        return found.astype("object").map({yes: 1.0, no: 0.0}).astype(float)
    known = recorded(frame, moderator.source)
    return (known >= moderator.at_least).astype(float).where(known.notna())
