"""Item answers as a table of points, one row per assessment and one column per item, with every answer checked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.columns import DAY, INSTRUMENT, PATIENT_ID
from kap_analysis.errors import InstrumentError
from kap_analysis.instruments.instrument import Instrument

#: Columns that tell one assessment from another; hour and rater only where the items have them.
ASSESSMENT_COLUMNS: Final = (PATIENT_ID, DAY, "hour", "rater")
REQUIRED_COLUMNS: Final = (PATIENT_ID, DAY, INSTRUMENT, "item", "answer")


@dataclass(frozen=True, slots=True)
class AnswerTable:
    """Points of one instrument's items.

    Attributes
    ----------
    assessments : DataFrame, one row per assessment, with those of `ASSESSMENT_COLUMNS` that the items have
    points : array (assessments, items), missing where not answered
    asked : array (assessments, items) of bool: the items hold a row for it, answered or not
    lowest, highest : arrays (items), the ends of each item's points
    """

    assessments: pd.DataFrame
    points: np.ndarray
    asked: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray


def tabulate_answers(items: pd.DataFrame, instrument: Instrument) -> AnswerTable:
    """Check one instrument's answers and lay them out.

    Raises
    ------
    InstrumentError
        If the registry has no items of the instrument, a column is missing, an answer is no number or not one of its
        item's, an item does not exist or stands twice in an assessment. The first three offenders are named.
    """
    if not instrument.n_items:
        raise InstrumentError(f"{instrument.name} has no items in study.toml; only its totals can be used.")
    absent = [column for column in REQUIRED_COLUMNS if column not in items.columns]
    if absent:
        raise InstrumentError(f"The item answers have no column {absent[0]!r}; expected {', '.join(REQUIRED_COLUMNS)}.")
    rows = items.loc[(items[INSTRUMENT] == instrument.name).fillna(False).to_numpy(dtype=bool)]
    keys = [column for column in ASSESSMENT_COLUMNS if column in rows.columns]
    number = _item_numbers(rows, instrument)
    points = _points(rows, number, instrument)
    assessment = rows.groupby(keys, sort=False, dropna=False).ngroup().to_numpy()
    n = int(assessment.max()) + 1 if len(rows) else 0
    cell = assessment * instrument.n_items + (number - 1)
    _refuse(rows, number, pd.Series(cell).duplicated().to_numpy(), instrument, _twice)
    table = np.full(n * instrument.n_items, np.nan)
    asked = np.zeros(n * instrument.n_items, dtype=bool)
    table[cell], asked[cell] = points, True
    first = ~pd.Series(assessment).duplicated().to_numpy()
    lowest, highest = _ends(instrument)
    shape = (n, instrument.n_items)
    return AnswerTable(
        rows.loc[first, keys].reset_index(drop=True), table.reshape(shape), asked.reshape(shape), lowest, highest
    )


def _item_numbers(rows: pd.DataFrame, instrument: Instrument) -> np.ndarray:
    number = pd.to_numeric(rows["item"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    wrong = ~np.isin(number, np.arange(1, (instrument.n_items or 0) + 1))
    _refuse(rows, rows["item"].to_numpy(dtype=object), wrong, instrument, _no_such_item)
    return number.astype(int)


def _points(rows: pd.DataFrame, number: np.ndarray, instrument: Instrument) -> np.ndarray:
    """The points of each answer: recoded where the instrument says so, and checked against its item's answers."""
    answer = rows["answer"]
    values = pd.to_numeric(answer, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    text = _as_text(answer, values)
    points, recoded = values.copy(), np.zeros(len(rows), dtype=bool)
    for recode in instrument.recodes:
        of_these = np.isin(number, recode.items)
        for written, its_points in recode.answers:
            hit = of_these & (text == written)
            points[hit], recoded[hit] = its_points, True
    low = np.array([0, *(one for one, _ in instrument.item_ranges)])[number]
    high = np.array([0, *(one for _, one in instrument.item_ranges)])[number]
    given = answer.notna().to_numpy()
    wrong = given & ~recoded & ~((values >= low) & (values <= high) & (values == np.floor(values)))
    for item, allowed in instrument.item_answers.items():
        wrong |= given & (number == item) & ~np.isin(values, allowed)
    _refuse(rows, number, wrong, instrument, _wrong_answer)
    return points


def _as_text(answer: pd.Series, values: np.ndarray) -> np.ndarray:
    """Answers as they would be written: whole numbers without a decimal point, texts without outer blanks."""
    whole = np.isfinite(values) & (values == np.floor(values))
    text = np.full(len(values), "", dtype=object)
    text[whole] = values[whole].astype(int).astype(str)
    other = ~whole & answer.notna().to_numpy()
    text[other] = answer[other].astype(str).str.strip().to_numpy(dtype=object)
    return text


def _ends(instrument: Instrument) -> tuple[np.ndarray, np.ndarray]:
    lowest = np.array([low for low, _ in instrument.item_ranges], dtype=float)
    highest = np.array([high for _, high in instrument.item_ranges], dtype=float)
    for recode in instrument.recodes:
        numbers = {written: its_points for written, its_points in recode.answers if written.isdigit()}
        for item in recode.items if numbers else ():
            lowest[item - 1], highest[item - 1] = min(numbers.values()), max(numbers.values())
    return lowest, highest


def _refuse(
    rows: pd.DataFrame, number: np.ndarray, wrong: np.ndarray, instrument: Instrument, sentence: Callable[..., str]
) -> None:
    if not wrong.any():
        return
    bad = rows.loc[wrong]
    first = [
        f"{patient} (day {day:g}, item {item}: {answer!r})"
        for patient, day, item, answer in zip(
            bad[PATIENT_ID].head(3), bad[DAY].head(3), number[wrong][:3], bad["answer"].head(3), strict=True
        )
    ]
    raise InstrumentError(sentence(len(bad), instrument, ", ".join(first)))


def _twice(n: int, instrument: Instrument, first: str) -> str:
    what = "answer stands" if n == 1 else "answers stand"
    return f"{n} {what} twice for the same item of one {instrument.name} assessment: {first}. Keep one per item."


def _no_such_item(n: int, instrument: Instrument, first: str) -> str:
    what = "answer belongs" if n == 1 else "answers belong"
    return f"{n} {what} to no item of {instrument.name}, which has items 1 to {instrument.n_items}: {first}."


def _wrong_answer(n: int, instrument: Instrument, first: str) -> str:
    what = "answer is" if n == 1 else "answers are"
    ranges = sorted(set(instrument.item_ranges))
    expected = " or ".join(f"whole numbers from {low} to {high}" for low, high in ranges)
    if instrument.item_answers:
        items = " and ".join(str(item) for item in instrument.item_answers)
        allowed = next(iter(instrument.item_answers.values()))
        expected += f" (items {items}: {', '.join(map(str, allowed))})"
    return f"{n} {what} not among those of {instrument.name}, {expected}: {first}."
