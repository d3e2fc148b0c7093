"""What each value of a planned study may be: one table for `next_study.toml` and for Python, and the check of both."""

from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from typing import Any, Final

import numpy as np

from kap_analysis.columns import GROUP, INDIVIDUAL
from kap_analysis.errors import PlanningError, quoted

CLAIMS: Final = ("superiority", "non-inferiority", "equivalence")
DDF: Final = ("kenward-roger", "satterthwaite")
#: Correlations of two visits as a function of their distance in places (ar1) or days (exponential), or one for all.
STRUCTURES: Final = ("cs", "ar1", "exponential")
#: No difference is larger than so many SDs of the scores: it would be that of another scale.
MOST_SDS: Final = 10
LARGEST_COHORT: Final = 60
MOST_COHORTS: Final = 10_000
MOST_INDIVIDUAL: Final = 100_000
#: Designs of a grid.
MOST_DESIGNS: Final = 1_000
MOST_VISITS: Final = 20

ONE, LISTED, PER_VISIT = "one", "listed", "per visit"


@dataclass(frozen=True, slots=True)
class PlanValue:
    """What one value may be.

    Attributes
    ----------
    table, key : str
        Its place in the file.
    low, high : float
        The range, both ends allowed unless `above` or `below` excludes one.
    whole : bool
    how_many : {"one", "listed", "per visit"}
        One number, a list, or one number or a list of one per visit.
    choices : tuple of str
        The texts that are allowed; then there is no range.
    is_text, is_switch : bool
        Any text, or true and false.
    hint : str
        Why, or what it is, after the range.
    """

    table: str
    key: str
    low: float = 0.0
    high: float = 0.0
    above: bool = False
    below: bool = False
    whole: bool = False
    how_many: str = ONE
    choices: tuple[str, ...] = ()
    is_text: bool = False
    is_switch: bool = False
    hint: str = ""

    @property
    def expected(self) -> str:
        """The range in words: "a whole number from 2 to 10,000"."""
        if self.is_switch:
            return "true or false"
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.is_text:
            return "a text" if self.how_many == ONE else "a list of texts"
        low = f"above {_written(self.low)}" if self.above else f"from {_written(self.low)}"
        high = f"below {_written(self.high)}" if self.below else _written(self.high)
        span = f"{low} {'and' if self.above else 'to'} {'up to ' if self.above and not self.below else ''}{high}"
        kind = "whole number" if self.whole else "number"
        if self.how_many == LISTED:
            return f"a list of {kind}s {span}"
        return f"a {kind} {span}" + (", or a list of one per visit" if self.how_many == PER_VISIT else "")

    @property
    def to_do(self) -> str:
        """What to give, with its reason."""
        return f"give {self.expected}{f' ({self.hint})' if self.hint else ''}."

    def allows(self, value: Any) -> bool:
        """Whether one item is allowed."""
        if self.is_switch:
            return isinstance(value, bool | np.bool_)
        if self.choices or self.is_text:
            return isinstance(value, str) and bool(value.strip()) and (not self.choices or value in self.choices)
        if not isinstance(value, Real) or isinstance(value, bool | np.bool_):
            return False
        try:
            given = float(value)
        except OverflowError:  # a whole number of hundreds of digits
            return False
        low = given > self.low if self.above else given >= self.low
        high = given < self.high if self.below else given <= self.high
        return low and high and (not self.whole or given.is_integer())


def _written(number: float) -> str:
    return f"{number:,.0f}" if number == int(number) else f"{number:g}"


_SD: Final = {"low": 0.001, "high": 10_000}
_CORRELATION: Final = {"low": -1, "high": 1, "above": True, "below": True}
_SHARE: Final = {"low": 0, "high": 1, "below": True}
_POINTS: Final = {"low": -10_000, "high": 10_000}
_LOST: Final = {**_SHARE, "how_many": PER_VISIT, "hint": "if all are lost nothing can be compared"}

#: Every value of the file; those of Python have the same ranges.
PLAN_VALUES: Final[tuple[PlanValue, ...]] = tuple(
    PlanValue(table, key, **rule)
    for table, key, rule in (
        (
            "design",
            "cohorts",
            {
                "low": 2,
                "high": MOST_COHORTS,
                "whole": True,
                "hint": "with one cohort the effect of the format cannot be told from the effect of that cohort",
            },
        ),
        ("design", "cohort_size", {"low": 1, "high": LARGEST_COHORT, "hint": "patients, a mean"}),
        ("design", "cohort_size_sd", {"low": 0, "high": 10, "hint": "patients"}),
        ("design", "individual", {"low": 2, "high": MOST_INDIVIDUAL, "whole": True, "hint": "patients"}),
        (
            "visits",
            "days",
            {"low": 0, "high": 36_500, "above": True, "how_many": LISTED, "hint": "the baseline, day 0, is not listed"},
        ),
        ("visits", "names", {"is_text": True, "how_many": LISTED, "hint": "one for each of the days"}),
        ("visits", "primary", {"is_text": True, "hint": "one of the names of the visits"}),
        ("scores", "like", {"is_text": True, "hint": "the folder of a study"}),
        ("scores", "sd", {**_SD, "how_many": PER_VISIT, "hint": "points"}),
        ("scores", "baseline_sd", {**_SD, "hint": "points"}),
        ("scores", "baseline_correlation", {**_CORRELATION, "how_many": PER_VISIT}),
        ("scores", "visit_correlation", {**_CORRELATION, "hint": "from 0 on if structure is ar1 or exponential"}),
        ("scores", "structure", {"choices": STRUCTURES}),
        ("scores", "intercept_sd", {"low": 0, "high": 10_000, "hint": "points"}),
        ("scores", "slope_sd", {"low": 0, "high": 10_000, "hint": "points per month"}),
        ("scores", "correlation", _CORRELATION),
        ("scores", "residual_sd", {**_SD, "hint": "points"}),
        (
            "clustering",
            "icc",
            {**_SHARE, "hint": "with 1 each cohort would count as one patient"},
        ),
        ("clustering", "also", {**_SHARE, "how_many": LISTED, "hint": "further ICCs; [] for none"}),
        ("lost", INDIVIDUAL, _LOST),
        ("lost", GROUP, _LOST),
        ("lost", "by_last_visit", {**_SHARE, "hint": "if all are lost nothing can be compared"}),
        ("lost", "shape", {"low": 0.1, "high": 10, "hint": "1: the same risk all the time"}),
        ("question", "difference", {**_POINTS, "hint": f"points, and no more than {MOST_SDS} SDs of the scores"}),
        ("question", "claim", {"choices": CLAIMS}),
        (
            "question",
            "margin",
            {
                "low": 0,
                "high": 10_000,
                "above": True,
                "hint": f"points, and no more than {MOST_SDS} SDs of the scores",
            },
        ),
        ("question", "higher_is_better", {"is_switch": True}),
        ("question", "alpha", {"low": 0.0001, "high": 0.2, "hint": "the usual one is 0.05"}),
        ("question", "ddf", {"choices": DDF}),
        (
            "question",
            "baseline_difference",
            {**_POINTS, "hint": f"points, and no more than {MOST_SDS} SDs of the scores"},
        ),
        ("targets", "power", {"low": 0.1, "high": 0.999, "hint": "a share; the usual one is 0.8"}),
        ("targets", "width", {"low": 0.001, "high": 10_000, "hint": "points"}),
        ("run", "draws", {"low": 0, "high": 1_000_000, "whole": True, "hint": "0: by formula alone"}),
        ("run", "seed", {"low": 0, "high": 2**32 - 1, "whole": True}),
        ("run", "workers", {"low": 1, "high": 1_024, "whole": True, "hint": "processes"}),
    )
)
_VALUE_OF: Final = {(value.table, value.key): value for value in PLAN_VALUES}
#: The table of the file whose keys are fields of a design, and not values of their own.
VARY: Final = "vary"


def plan_value(table: str, key: str) -> PlanValue:
    """The rule of a value; in the grid ([vary]) a field has a list of what it may be in the design."""
    return _VALUE_OF[table, key]


def check_value(table: str, key: str, value: Any, where: str = "", *, listed: bool = False) -> None:
    """Check one value by its rule.

    Parameters
    ----------
    table, key : str
        Its place in the file.
    value : object
    where : str
        What the message calls it; the key if not given.
    listed : bool
        Whether it is a list of such values, as in the grid.

    Raises
    ------
    PlanningError
        One sentence: what was found, what was expected, what to do.
    """
    rule, where = plan_value(table, key), where or key
    is_many = isinstance(value, list | tuple | np.ndarray)
    if is_many and (listed or rule.how_many != ONE):
        wrong = next((item for item in value if not rule.allows(item)), None)
        if wrong is not None:
            raise PlanningError(f"{where} has {quoted(_plain(wrong))}; {rule.to_do}")
        if not len(value) and key != "also":
            raise PlanningError(f"{where} is an empty list; give at least one of them: {rule.expected}.")
        return
    if is_many or listed or rule.how_many == LISTED or not rule.allows(value):
        more = "a list; each is " if listed and not is_many else ""
        raise PlanningError(f"{where} is {quoted(_plain(value))}; " + rule.to_do.replace("give ", f"give {more}", 1))


def check_points(points: float, sd: float, where: str) -> None:
    """Check that a difference is not that of another scale."""
    if abs(points) > MOST_SDS * sd:
        raise PlanningError(
            f"{where} is {points:g} points and the SD of the scores {sd:g}; give no more than {MOST_SDS} SDs, or "
            "the SD of that scale."
        )


def check_increasing(days: Iterable[float]) -> None:
    """Check that visits follow each other."""
    given = list(days)
    if given != sorted(set(given)):
        raise PlanningError(f"days is {quoted(_plain(given))}; give days in rising order, each once.")


def _plain(value: Any) -> Any:
    """A value as a person writes it: numbers of numpy as those of Python."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
