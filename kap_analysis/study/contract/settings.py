"""What ``study.toml`` says: the schedule, the primary question, the margin, and who may see the patients.

A full example::

    title = "Group and individual KAP in three practices"
    practices = ["A", "B", "C"]
    primary_instrument = "BDI-II"          # required, with title and primary_visit
    primary_visit = "month 3"
    time_zero = "first_ketamine_session"   # the only one: day 0 of each patient
    baseline_window = [-42, 0]             # days, both ends belong to it
    visibility = "private"                 # private (default) or public
    provenance = "simulated"               # simulated, made_up (of `kap new`) or real (default)
    data_cut = "2026-Q3"                   # a quarter; free text, shown beside results

    [[visits]]                             # the default schedule is this one
    label = "month 1"
    target_day = 30
    window = [15, 45]

    [[visits]]
    label = "month 2"
    target_day = 61
    window = [46, 75]

    [[visits]]
    label = "month 3"
    target_day = 91
    window = [76, 120]

    [[visits]]
    label = "month 6"
    target_day = 183
    window = [153, 213]

    [margin]                               # no default: without it no claim of non-inferiority
    points = 3.0                           # of the primary instrument, always positive
    source = "Agreed by the steering group before the data were seen"
    date = "2026-05"                       # when it was fixed

    [extra_columns]                        # columns of your own that are to be loaded, table by table
    patients = ["payer"]

    [not_names]                            # columns whose values look like names of persons and are none
    cohorts = ["cohort_id"]

    [[instrument]]                         # instruments of your own; all keys: docs/extending.md
    name = "KAP-X"
    total_range = [0, 40]
    higher_is_better = false
    recall_days = 7
"""

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal

TIME_ZERO: Final = "first_ketamine_session"
Visibility = Literal["private", "public"]
Provenance = Literal["simulated", "made_up", "real"]


@dataclass(frozen=True, slots=True)
class Visit:
    """A scheduled assessment: its label, the day aimed at, and the first and last day that count for it."""

    label: str
    target_day: int
    first_day: int
    last_day: int


@dataclass(frozen=True, slots=True)
class Margin:
    """The non-inferiority margin in points of the primary instrument, where it comes from, and when it was fixed."""

    points: float
    source: str
    date: str = ""


def is_when(text: str) -> bool:
    """Whether a text is a year, a month or a day of the calendar: "2026", "2026-05", "2026-05-31"."""
    whole = text + "2000-01-01"[len(text) :] if re.fullmatch(r"\d{4}(-\d\d){0,2}", text) else ""
    try:
        date.fromisoformat(whole)
    except ValueError:
        return False
    return True


DEFAULT_VISITS: Final = (
    Visit("month 1", 30, 15, 45),
    Visit("month 2", 61, 46, 75),
    Visit("month 3", 91, 76, 120),
    Visit("month 6", 183, 153, 213),
)
DEFAULT_BASELINE_WINDOW: Final = (-42, 0)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a study, as ``study.toml`` gives them.

    Attributes
    ----------
    title, primary_instrument, primary_visit : str
        Required.
    practices : tuple of str
        Codes of the practices; empty: whatever patients.csv holds.
    visits : tuple of Visit
        In the order of their days.
    baseline_window : tuple of int
        First and last day that count as baseline.
    margin : Margin or None
        There is no default.
    visibility : str
        ``private`` (default) or ``public``.
    provenance : str
        ``real`` (default), ``simulated``, or ``made_up`` (the rows of ``kap new``).
    data_cut, time_zero : str
        When the data were cut; what day 0 is.
    extra_columns : dict
        Table -> names of undeclared columns that are to be loaded.
    not_names : dict
        Table -> columns whose values are no names of persons; ``study`` -> keys of study.toml.
    own_instruments : tuple of dict
        The ``[[instrument]]`` entries as they stand.
    """

    title: str
    primary_instrument: str
    primary_visit: str
    practices: tuple[str, ...] = ()
    visits: tuple[Visit, ...] = DEFAULT_VISITS
    baseline_window: tuple[int, int] = DEFAULT_BASELINE_WINDOW
    margin: Margin | None = None
    visibility: Visibility = "private"
    provenance: Provenance = "real"
    data_cut: str = ""
    time_zero: str = TIME_ZERO
    extra_columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    own_instruments: tuple[dict[str, Any], ...] = ()
    not_names: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def visit_labels(self) -> tuple[str, ...]:
        """Labels of the visits after baseline, in order."""
        return tuple(visit.label for visit in self.visits)

    @property
    def is_simulated(self) -> bool:
        """Whether nothing in the folder comes from a patient (simulated or made up)."""
        return self.provenance != "real"
