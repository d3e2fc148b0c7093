"""The facts of an instrument: each a small frozen object that carries where it comes from and how sure that is."""

from dataclasses import dataclass
from typing import Final

#: How sure a fact is. "read": in a retrieved abstract or page of the source named; "recalled-...": from memory, with
#: that confidence, the source named being where to check; "decision": a rule of this project, in no publication;
#: "declared": written by the user in study.toml.
CERTAINTIES: Final = ("read", "recalled-high", "recalled-medium", "recalled-low", "decision", "declared")

TO_CHECK: Final = "†"
"""Marks in tables and sentences what was recalled and must be read in the source before it is cited."""


@dataclass(frozen=True, slots=True)
class Source:
    """A publication, a manual or a page: ``citation`` for people, ``doi`` only where it is certain."""

    key: str
    citation: str
    doi: str | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a fact comes from: keys of the instrument's sources, how sure it is, and what to know about it."""

    source: tuple[str, ...]
    certainty: str
    note: str | None = None

    @property
    def mark(self) -> str:
        """The mark of what must be checked before it is cited; none of what was read, decided or declared."""
        return TO_CHECK if self.certainty.startswith("recalled") else ""


@dataclass(frozen=True, slots=True)
class Band:
    """A severity band: scores from ``low`` to ``high``, both ends belong to it."""

    label: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class BandSet:
    """One published set of bands, lowest scores first. Scores outside the set have no published label."""

    name: str
    bands: tuple[Band, ...]
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Response:
    """What counts as response: improvement from baseline by ``value`` per cent or points (``unit``), or more."""

    unit: str
    value: float
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Remission:
    """What counts as remission: a score of ``value`` or better (at most, or at least where higher is better)."""

    value: float
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Reliability:
    """A reliability coefficient.

    ``kind`` is "test-retest", "internal consistency" or "inter-rater", ``statistic`` names the coefficient.
    ``for_reliable_change`` marks the one that the reliable change index takes unless told otherwise.
    """

    kind: str
    statistic: str
    value: float
    population: str
    for_reliable_change: bool
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Norm:
    """Mean and SD of a clinical or a normative population; ``default`` marks the one used unless told otherwise."""

    population: str
    label: str
    mean: float
    sd: float
    n: int | None
    default: bool
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class ImportantChange:
    """A smallest important change, in points or in per cent of the baseline (``unit``), and for whom it holds.

    ``of`` is "patients" where it may be held against one patient's change, "groups" where it is a difference between
    groups and may not.
    """

    of: str
    unit: str
    value: float
    population: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class ReliableChange:
    """A published reliable change in points; not the smallest important change, and not computed from the data."""

    points: float
    how: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class ClinicalCutoff:
    """A published cut-off for clinically significant change: ``value`` or better is the functional side."""

    value: float
    how: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class MissingRule:
    """What happens to a total when items are missing.

    ``kind`` is "none" (any missing item, no total), "prorate" (mean of the answered items times the number of
    items), "answered only" (share of the highest possible total of the answered items), "subscale median" (up to
    ``max_missing`` per subscale replaced by the patient's median item score in it, rounded up) or "largest present"
    (a domain scored by its largest item takes the largest of those answered). ``sentence`` is printed under tables.
    """

    kind: str
    max_missing: int
    sentence: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class SuicidalityItems:
    """Which raw items ask about suicidality, and the lowest answer that counts as endorsed.

    ``always_asked`` are the items that must be answered before "not endorsed" can be said; the others are asked
    only after certain answers.
    """

    items: tuple[int, ...]
    always_asked: tuple[int, ...]
    endorsed_from: int
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Domain:
    """Items that give one number: their largest. Of each pair in ``either_or`` the form asks one only."""

    items: tuple[int, ...]
    either_or: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Skip:
    """A skip of the form: where all ``zero_items`` were answered with 0, unanswered ``then_zero`` items score 0."""

    zero_items: tuple[int, ...]
    then_zero: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Recode:
    """How recorded answers of some items become points; ``answers`` maps the answer as text to its points."""

    items: tuple[int, ...]
    answers: tuple[tuple[str, float], ...]
