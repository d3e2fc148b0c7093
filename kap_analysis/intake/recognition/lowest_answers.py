"""Which number stands for the lowest answer of an instrument: told by the range of all its answers, or asked for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.instruments.registry import get_instrument
from kap_analysis.intake.recognition.column_names import ASKED
from kap_analysis.intake.recognition.guess import Guess
from kap_analysis.intake.recognition.questionnaires import known_points
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.values import MISSING, TOTAL_ITEM, UNSCORED_ITEM, on_distinct, read_item_number, read_number

#: Given so often, an instrument of which no item has the lowest answer is not what patients answer.
_LEAST_GIVEN: Final = 5


@dataclass(frozen=True)
class LowestAnswer:
    """The number that stands for the lowest answer of an instrument in one table; ``?`` where that is asked."""

    instrument: str
    number: int | str
    why: str


@dataclass(frozen=True)
class _Answers:
    """All answers to an instrument as numbers, NaN where there is none; how often it was given; its range of points."""

    instrument: str
    numbers: np.ndarray
    n_given: int
    low: int
    high: int


def find_lowest(table: SourceTable, guesses: list[Guess]) -> list[LowestAnswer]:
    """Say of the instruments of a table to whose items nobody gave the lowest answer how they are coded.

    Answers in words that are known, and codes with such labels, say their points themselves.
    """
    found = [*_side_by_side(table, guesses), *_one_a_row(table, guesses)]
    return [lowest for answers in found if (lowest := _lowest(answers)) is not None]


def _lowest(answers: _Answers) -> LowestAnswer | None:
    given = answers.numbers[~np.isnan(answers.numbers)]
    if not given.size or given.min() <= answers.low:
        return None
    next_one = answers.low + 1
    if given.max() == answers.high + 1:
        why = f"answers from {next_one} to {answers.high + 1}: coded from {next_one}"
        return LowestAnswer(answers.instrument, next_one, why)
    times = f"{answers.n_given:,} time{'s' if answers.n_given != 1 else ''}"
    nobody = f"answered {times}, and never the lowest answer, {answers.low}, to any item"
    if answers.n_given < _LEAST_GIVEN:
        return LowestAnswer(answers.instrument, answers.low, f"CHECK: {nobody}; {next_one} if that is its code")
    asks = f"{answers.low} if the answers are points as they are, {next_one} if each is one more than its points"
    return LowestAnswer(answers.instrument, "?", f"decide: {nobody}: {asks}")


def _side_by_side(table: SourceTable, guesses: list[Guess]) -> Iterator[_Answers]:
    items: dict[str, list[Guess]] = {}
    for guess in guesses:
        if guess.role == "item":
            items.setdefault(str(guess.said["instrument"]), []).append(guess)
    for name, mine in items.items():
        if not any(_say_points(table, guess) for guess in mine):
            numbers = np.column_stack([_numbers(table, guess) for guess in mine])
            for one in [*ASKED.values(), *ASKED] if name == "?" else [name]:
                yield _of(one, numbers, int((~np.isnan(numbers)).any(axis=1).sum()))


def _one_a_row(table: SourceTable, guesses: list[Guess]) -> Iterator[_Answers]:
    of = {guess.role: guess for guess in guesses}
    if not {"instrument", "item_number", "answer"} <= set(of) or _say_points(table, of["answer"]):
        return
    instrument = pd.Series(table.cells[of["instrument"].column]).map(dict(_values(of["instrument"])))
    item = on_distinct(table.cells[of["item_number"].column], read_item_number)
    answers = _numbers(table, of["answer"])
    is_answer = ~np.isnan(answers) & pd.notna(item) & (item != TOTAL_ITEM)
    for name in sorted(set(instrument.dropna()) - {"", "?"}):
        here = is_answer & (instrument == name).to_numpy() & (item != UNSCORED_ITEM.get(name))
        yield _of(name, answers[here], int(pd.Series(item[here]).value_counts().max() if here.any() else 0))


def _of(instrument: str, numbers: np.ndarray, n_given: int) -> _Answers:
    ranges = get_instrument(instrument).item_ranges
    return _Answers(instrument, numbers, n_given, min(low for low, _ in ranges), max(high for _, high in ranges))


def _say_points(table: SourceTable, guess: Guess) -> bool:
    """Whether the answers of a column are words that say their points, or codes with such words as labels."""
    return bool(known_points([*_values(guess), *table.labels.get(guess.column, {}).values()]))


def _values(guess: Guess) -> Mapping[str, str]:
    values = guess.said.get("values", {})
    return values if isinstance(values, Mapping) else {}


def _numbers(table: SourceTable, guess: Guess) -> np.ndarray:
    """The answers of a column as numbers; codes for missing ones, as those below 0 are, are NaN."""
    values = _values(guess)

    def number(text: str) -> float:
        read = np.nan if text.lower() in MISSING else read_number(values.get(text, text), ",")
        return read if read >= 0 else np.nan

    return on_distinct(table.cells[guess.column], number).astype(float)
