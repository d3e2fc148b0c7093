"""What the index page says at one look: the answer in words, the tiles, and whether the answer holds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, nan
from types import SimpleNamespace
from typing import Any, Final

from kap_analysis.report import headline
from kap_analysis.writing.numbers import (
    WITHHELD,
    count,
    difference,
    exact,
    interval,
    number,
    percent,
    plural,
    round_step,
    with_interval,
)
from kap_analysis.writing.sentences import estimate_sentence, sentence_case

UNKNOWN: Final = "not answered"
NOT_BY_CHANCE: Final = (
    "Unless patients were assigned to a format by chance, this is a difference between patients, not an effect of the "
    "format."
)
#: Practices that are left out one by one in the strip; of more, the lowest and the highest estimate are shown.
MOST_PRACTICES: Final = 4
PADDING: Final = 0.04
MOST_TICKS: Final = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer in words for a clinician, and the numbers behind it in a second line."""

    words: tuple[str, ...]
    numbers: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """One number with its label and its denominators."""

    label: str
    value: str
    lines: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether the value is a number, and not a word for a missing number."""
        return self.value not in (UNKNOWN, WITHHELD)


@dataclass(frozen=True, slots=True)
class Estimate:
    """One row of the strip: the difference under one assumption; places on the axis in per cent of its length."""

    label: str
    text: str
    assumes: str
    left: float = nan
    width: float = nan
    at: float = nan

    @property
    def drawn(self) -> bool:
        """Whether there is an interval to draw."""
        return self.at == self.at


@dataclass(frozen=True, slots=True)
class Strip:
    """The difference under several assumptions, on one axis."""

    rows: tuple[Estimate, ...]
    ticks: tuple[tuple[float, str], ...]
    zero: float
    below: str
    above: str
    unit: str


def answer_in_words(facts: Mapping[str, Any]) -> Answer:
    """Which format did better, by how much, how sure that is, and who is missing; no words without a comparison."""
    found = facts.get(headline.DIFFERENCE)
    if not found:
        return Answer(())
    estimate, low, high = (found[key] for key in headline.ROW)
    if estimate is None or low is None or high is None:
        return Answer(("The difference between the formats is withheld.", *_who_is_missing(facts)))
    worse = (-estimate, -high, -low) if found["higher_is_better"] else (estimate, low, high)
    words = [_size(found, worse[0])]
    if found["descriptive"]:
        words.append(f"This describes the patients and is no comparison: {found['descriptive']}.")
    else:
        words += [_how_sure(*worse[1:]), *_about_the_margin(found)]
    row = SimpleNamespace(**{key: nan if found[key] is None else found[key] for key in _NUMBERS})
    behind = (
        f"Adjusted difference, group minus individual: {estimate_sentence(row)}. In the model: "
        f"{plural(found['n_patients'], 'patient', missing=WITHHELD)}; scored at {found['when']}: "
        f"{count(found['n_scored'], WITHHELD)}."
    )
    return Answer((*words, *_who_is_missing(facts), NOT_BY_CHANCE), behind)


_NUMBERS: Final = (*headline.ROW, "df", "p_value")


def _size(found: Mapping[str, Any], worse: float) -> str:
    shown = number(abs(worse))
    if shown == number(0.0):
        return (
            f"At {found['when']}, patients treated in groups and patients seen individually scored alike on the "
            f"{found['instrument']}, to within 0.05 points."
        )
    side = "worse" if worse > 0 else "better"
    return (
        f"At {found['when']}, patients treated in groups scored {shown} points {side} on the {found['instrument']} "
        "than patients seen individually, after adjustment for how they started."
    )


def _how_sure(low: float, high: float) -> str:
    """What the interval leaves open; both limits on the side of "worse"."""
    if low <= 0 <= high:
        return (
            f"The data are compatible with groups {difference(-low)} points better and with groups {difference(high)} "
            "points worse: no difference is shown, and none is ruled out."
        )
    near, far = sorted((abs(low), abs(high)))
    told = interval(near, far).split(" to ")
    return f"The data are compatible with as little as {told[0]} points and with as much as {told[1]}."


def _about_the_margin(found: Mapping[str, Any]) -> list[str]:
    return [f"{sentence_case(found['margin']).partition(' (')[0]}."] if found["margin"] else []


def _who_is_missing(facts: Mapping[str, Any]) -> list[str]:
    started, assessed = facts.get(headline.STARTED), facts.get(headline.ASSESSED, {})
    n = assessed.get("n")
    if not started or n is None:
        return []
    lost = started - n
    return [
        f"{count(lost)} of the {plural(started, 'patient')} who started ({percent(lost / started)}) "
        f"{'lacks' if lost == 1 else 'lack'} a score at baseline or at {assessed['when']}."
    ]


def make_tiles(facts: Mapping[str, Any]) -> list[Tile]:
    """The tiles, from the facts that the notebooks recorded; a missing fact is shown as missing."""
    assessed, started = facts.get(headline.ASSESSED, {}), facts.get(headline.STARTED)
    recorded = facts.get(headline.RECORDED)
    others = (f"of {plural(recorded, 'patient')} in the study",) if recorded is not None else ()
    return [
        Tile("Started", _integer(facts, headline.STARTED), ("had a ketamine session", *others)),
        Tile(
            f"Assessed at {assessed.get('when', 'the primary visit')}",
            _integer(assessed, "n"),
            tuple(filter(None, [_of(assessed.get("n"), started, "started")])),
        ),
        _change_tile("Reliably better", facts.get(headline.BETTER)),
        _change_tile("Reliably worse", facts.get(headline.WORSE)),
    ]


def make_strip(facts: Mapping[str, Any]) -> Strip | None:
    """The difference under other assumptions, each with what it assumes; None without a comparison."""
    found = facts.get(headline.DIFFERENCE)
    if not found or found["estimate"] is None:
        return None
    rows = [
        {"label": "Primary analysis", **found, "assumes": facts.get(headline.PRIMARY_ASSUMES, "")},
        *({**row, "label": sentence_case(row["label"])} for row in facts.get(headline.WEIGHTED, ())),
        *({**row, "label": f"Scores imputed: {row['label']}"} for row in facts.get(headline.IMPUTED, ())),
        *_practices(facts.get(headline.PRACTICES, ())),
    ]
    ends = [row[key] for row in rows for key in headline.ROW if row[key] is not None]
    low, high = min([*ends, 0.0]), max([*ends, 0.0])
    low, high = low - PADDING * (high - low), high + PADDING * (high - low)

    def place(value: float) -> float:
        return round(100 * (value - low) / (high - low), 2)

    ticks = _round_numbers(low, high)
    worse, better = ("better", "worse") if found["higher_is_better"] else ("worse", "better")
    return Strip(
        tuple(_estimate(row, place) for row in rows),
        tuple((place(tick), exact(tick)) for tick in ticks),
        place(0.0),
        f"group {better}",
        f"group {worse}",
        f"{found['instrument']} points at {found['when']}",
    )


def _round_numbers(low: float, high: float) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten inside a range, at most `MOST_TICKS` of them."""
    step = round_step((high - low) / MOST_TICKS)
    return [round(step * k, 10) for k in range(ceil(low / step), floor(high / step) + 1)]


def _practices(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    known = [dict(row) for row in rows if row["estimate"] is not None]
    if len(known) <= MOST_PRACTICES:
        return known
    in_order = sorted(known, key=lambda row: row["estimate"])
    of = f"of {len(known)} practices"
    return [
        {**in_order[0], "label": f"Without one practice, lowest {of}"},
        {**in_order[-1], "label": f"Without one practice, highest {of}"},
    ]


def _estimate(row: Mapping[str, Any], place: Callable[[float], float]) -> Estimate:
    estimate, low, high = (row[key] for key in headline.ROW)
    assumes = sentence_case(row["assumes"])
    if estimate is None or low is None or high is None:
        return Estimate(row["label"], WITHHELD if estimate is None else difference(estimate), assumes)
    text = with_interval(estimate, low, high)
    return Estimate(row["label"], text, assumes, place(low), round(place(high) - place(low), 2), place(estimate))


def _change_tile(label: str, fact: Mapping[str, Any] | None) -> Tile:
    if fact is None:
        return Tile(label, UNKNOWN)
    n = fact.get("n")
    lines = (_of(n, fact.get("n_assessed"), "assessed"), _of(n, fact.get("n_started"), "started"))
    return Tile(label, count(n, WITHHELD), tuple(line for line in lines if line))


def _integer(facts: Mapping[str, Any], name: str) -> str:
    return count(facts[name], WITHHELD) if name in facts else UNKNOWN


def _of(n: float | None, whole: float | None, what: str) -> str:
    return f"{percent(n / whole)} of {count(whole)} {what}" if n is not None and whole else ""
