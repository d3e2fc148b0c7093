"""Scores and answers, from columns of one visit or several (wide) or from one row per score or answer (long)."""

from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.instruments.registry import get_instrument
from kap_analysis.intake.mapping.map_content import ColumnUse
from kap_analysis.intake.placement.cells import Cells
from kap_analysis.intake.placement.facts import add_rows
from kap_analysis.intake.placement.moments import Moments, is_dated
from kap_analysis.intake.placement.placed import NO_DATE, NOT_SCORED
from kap_analysis.intake.values import TOTAL_ITEM, UNSCORED_ITEM, on_distinct, read_item_number, read_number

WHAT_DATES: Final = (
    'a column with is = "date" (its of empty, or what it dates) or is = "day"; '
    "or day = 30 beside each score of one visit"
)


def is_long(cells: Cells) -> bool:
    """Whether a column of the table, or the map, names the instrument of each row."""
    return "instrument" in cells.said.fixed or any(use.role == "instrument" for use in cells.said.uses)


def place_wide_scores(cells: Cells, moments: Moments) -> None:
    """One set of columns for each instrument and visit."""
    uses = [use for use in cells.said.uses if use.role in ("score", "item") and use.instrument]
    for instrument, at in dict.fromkeys((use.instrument, use.at) for use in uses):
        mine = [use for use in uses if (use.instrument, use.at) == (instrument, at)]
        _place_one(cells, moments, instrument, at, mine)


def _place_one(cells: Cells, moments: Moments, instrument: str, at: str, uses: list[ColumnUse]) -> None:
    moment, day = moments.of(instrument, at)
    given = next((use.day for use in uses if use.day is not None), None)
    if given is not None and (np.isnat(moment).all() or not moments.dates_itself(instrument, at)):
        moment, day = np.full_like(moment, np.datetime64("NaT")), np.full(cells.n, float(given))
    about = {"moment": moment, "given": day, "instrument": cells.filled(instrument), **_about_scores(cells, at)}
    is_timed = given is not None or moments.knows(instrument, at)
    answers = {use.item: _answers(cells, use) for use in uses if use.role == "item"}
    any_answer = np.logical_or.reduce([pd.notna(v) for v in answers.values()] or [np.zeros(cells.n, dtype=bool)])
    score = next((use for use in uses if use.role == "score"), None)
    low, high = get_instrument(instrument).total_range
    total = cells.filled(None)
    if score is not None:
        total = cells.numbers_of(score, low, high, f"a {instrument} score from {low:g} to {high:g}")
    there = any_answer | pd.notna(total)
    if not is_timed and (there & (cells.pid != "")).any():
        cells.problem(uses[0].column, f"answers or scores of {instrument} that no column dates", WHAT_DATES)
        return
    _add_scores(cells, there, about, total)
    for item, values in answers.items():
        add_rows(
            cells,
            "answers",
            any_answer & is_dated(moment, day),
            {**about, "item": np.full(cells.n, item), "answer": values},
        )


def _answers(cells: Cells, use: ColumnUse) -> np.ndarray:
    ranges = get_instrument(use.instrument).item_ranges
    if not 1 <= use.item <= len(ranges):
        cells.problem(use.column, f"item {use.item} of {use.instrument}", f"an item from 1 to {len(ranges)}")
        return cells.filled(None)
    more = cells.said.more_than_points(use.instrument)
    first, last = (limit + more for limit in ranges[use.item - 1])
    expected = f"an answer to item {use.item} of {use.instrument}, from {first} to {last}"
    numbers = cells.numbers_of(use, first, last, expected)
    return on_distinct(numbers, lambda number: number - more)


def place_long_scores(cells: Cells, moments: Moments) -> None:
    """One row for each score or answer, with the instrument in a column or the same in all rows.

    Columns that name their own instrument are not of this form; they are placed as wide ones.
    """
    roles = ("instrument", "score", "item_number", "answer")
    mine = [use for use in cells.said.uses if use.role == "instrument" or not use.instrument]
    uses = {use.role: use for use in mine if use.role in roles}
    instrument = _instruments(cells, uses.get("instrument"))
    moment, day = moments.of("assessments")
    if not moments.knows("assessments") and (cells.pid != "").any():
        cells.problem(next(iter(uses.values())).column if uses else "", "scores that no column dates", WHAT_DATES)
        return
    about = {"moment": moment, "given": day, "instrument": instrument, **_about_scores(cells)}
    there = np.zeros(cells.n, dtype=bool)
    total = cells.filled(None)
    if "score" in uses:
        total = _numbers(cells, uses["score"], "a score")
        total = _inside(cells, uses["score"], instrument, total, None)
        there |= pd.notna(total) & pd.notna(instrument)
    if "answer" in uses and "item_number" in uses:
        item = cells.read(uses["item_number"], read_item_number, "the number of an item, or the word total")
        is_unscored = pd.notna(item) & (item == pd.Series(instrument).map(UNSCORED_ITEM).to_numpy())
        cells.placed.reasons[is_unscored & (cells.placed.reasons == "")] = NOT_SCORED
        item[is_unscored] = None
        is_total = item == TOTAL_ITEM
        points = _numbers(cells, uses["answer"], "the points of an answer")
        of_totals = _inside(cells, uses["answer"], instrument, _only(points, is_total), None)
        total = np.where(is_total & pd.notna(of_totals), of_totals, total)
        answer = _inside(cells, uses["answer"], instrument, _only(points, ~(is_total | is_unscored)), item)
        asked = pd.notna(item) & ~is_total & pd.notna(instrument)
        there |= asked | (is_total & pd.notna(total) & pd.notna(instrument))
        number = np.array([0 if v is None else int(v) for v in item], dtype=int)
        add_rows(cells, "answers", asked & is_dated(moment, day), {**about, "item": number, "answer": answer})
    _add_scores(cells, there, about, total)


def _add_scores(cells: Cells, there: np.ndarray, about: dict[str, np.ndarray], total: np.ndarray) -> None:
    dated = is_dated(about["moment"], about["given"])
    cells.placed.reasons[there & ~dated & (cells.placed.reasons == "")] = NO_DATE
    add_rows(cells, "scores", there & dated, {**about, "total": total})


def _instruments(cells: Cells, use: ColumnUse | None) -> np.ndarray:
    if use is None:
        return cells.filled(cells.said.fixed["instrument"])
    known = set(use.values.values())
    expected = "an instrument that the map names; add it to the values"
    return cells.read(use, lambda text: text if text in known else None, expected)


def _numbers(cells: Cells, use: ColumnUse, expected: str) -> np.ndarray:
    return cells.read(use, lambda text: read_number(text, cells.decimal), expected)


def _about_scores(cells: Cells, at: str = "") -> dict[str, np.ndarray]:
    """Rater, version and timing of scores."""
    uses = [use for use in cells.said.uses if use.role.startswith("assessments.") and use.at in (at, "")]
    columns = {use.role.split(".", 1)[1]: cells.values_of(use) for use in uses}
    return columns | {column: cells.filled(value) for column, value in cells.fixed("assessments").items()}


def _inside(
    cells: Cells, use: ColumnUse, instrument: np.ndarray, values: np.ndarray, item: np.ndarray | None
) -> np.ndarray:
    """Report what lies outside the instrument's range, and return what lies inside; of answers, their points."""
    number = np.array([np.nan if v is None else float(v) for v in values])
    values = values.copy()
    for name in sorted({str(one) for one in pd.unique(instrument) if one is not None}):
        spec = get_instrument(name)
        here = (instrument == name) & ~np.isnan(number) & (cells.pid != "")
        if item is None:
            least, most = spec.total_range
            low, high = np.full(cells.n, float(least)), np.full(cells.n, float(most))
            expected = f"a {name} score from {least:g} to {most:g}"
        else:
            n_items = len(spec.item_ranges)
            more = cells.said.more_than_points(name)
            at = np.array([0 if v is None else int(v) for v in item])
            known = (at >= 1) & (at <= n_items)
            ranges = np.array([(np.inf, -np.inf), *spec.item_ranges], dtype=float)[np.where(known, at, 0)]
            low, high = ranges[:, 0] + more, ranges[:, 1] + more
            least = min(a for a, _ in spec.item_ranges) + more if n_items else 0
            most = max(b for _, b in spec.item_ranges) + more if n_items else 0
            values[here] = number[here] - more
            expected = f"an answer to an item of {name} from 1 to {n_items}, from {least} to {most}"
        off = here & ((number < low) | (number > high))
        cells.problem_at(np.flatnonzero(off), use.column, expected)
        values[off] = None
    return values


def _only(values: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Return the values of some rows, and None of the others."""
    out = values.copy()
    out[~there] = None
    return out
