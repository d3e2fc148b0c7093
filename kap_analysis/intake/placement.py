"""The rows of one foreign table by its map: sessions, scores, answers, facts of patients, and what was left out."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from kap_analysis.instruments.registry import get_instrument
from kap_analysis.intake.map_file import ColumnUse, StudyMap, TableMap
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.values import date_order, on_distinct, pattern, read_date, read_dose, read_number, read_weight
from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.contract.identifiers import identifier_kinds, is_identifying_name
from kap_analysis.study.contract.problems import Problems
from kap_analysis.suggestions import nearest_name

FIRST_YEAR: Final = 1990
NO_PATIENT: Final = "no patient id"
A_TOTAL: Final = "a line of totals"
NO_DATE: Final = "no date"
NOTHING: Final = "nothing in the columns that are placed"
_MAY_LOOK_LIKE_ONE: Final = frozenset({"patient_id", "drop", "date_of_birth", "sessions.facilitator_ids", "date"})
_WRONG: Final = "\x00wrong"
_TOTALS: Final = re.compile(r"(?i)(grand )?(total|sum|mean|average|median|count|n\s*=.*|summe|mittelwert)s?:?")
_PERIOD: Final = re.compile(r"\d{4}-Q[1-4]")


@dataclass
class Placed:
    """What one table gave: frames by target, with ``source`` and ``row`` (position) of each of their rows.

    ``reasons`` holds for each row of the table why it was left out, empty where nothing is known against it.
    """

    table: SourceTable
    frames: dict[str, list[pd.DataFrame]] = field(default_factory=dict)
    reasons: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=object))
    not_placed: list[str] = field(default_factory=list)


def place_table(table: SourceTable, said: TableMap, study: StudyMap, number: int, problems: Problems) -> Placed:
    """Place the rows of a table as its map says; what is wrong goes to ``problems`` with file, row and column.

    No value is ever quoted: a message holds its pattern.
    """
    return _Placer(table, said, study, number, problems).place()


def shown_name(name: str, *, placed: bool = False) -> str:
    """Return a column's name as messages and reports show it: its pattern where it looks like an identifier.

    A name that the map places is taken for no person's (Event Type reads like one), unless it holds more than letters.
    """
    if is_identifying_name(name) or not identifier_kinds([name], "plain" if placed else "code")[0]:
        return name
    return f"a column like {pattern(name)}"


class _Placer:
    def __init__(self, table: SourceTable, said: TableMap, study: StudyMap, number: int, problems: Problems) -> None:
        self.table, self.said, self.study, self.number, self.problems = table, said, study, number, problems
        self.n = len(table.lines)
        self.placed = Placed(table, reasons=np.full(self.n, "", dtype=object))
        self.decimal = str(said.reading.get("decimal", "."))
        self.missing = {code.lower() for code in study.missing}

    def place(self) -> Placed:
        if not self._columns_are_there():
            return self.placed
        ids = next((use for use in self.said.uses if use.role == "patient_id"), None)
        if ids is None:
            self.placed.reasons[:] = NO_PATIENT
            return self.placed
        self.pid = self.table.cells[ids.column].copy()
        self.pid[self._is_missing(self.pid)] = ""
        totals = on_distinct(self.pid, lambda text: _TOTALS.fullmatch(text) is not None).astype(bool)
        self.placed.reasons[totals] = A_TOTAL
        self.pid[totals] = ""
        self.placed.reasons[(self.pid == "") & ~totals] = NO_PATIENT
        self.dates = self._dates()
        self._patients()
        for name in ("sessions", "diagnoses", "adverse_events", "treatments"):
            self._events(name)
        self._long_scores() if any(use.role == "instrument" for use in self.said.uses) or (
            "instrument" in self.said.fixed
        ) else self._wide_scores()
        return self.placed

    # what a map may be wrong about

    def _columns_are_there(self) -> bool:
        known = self.table.columns
        fine = True
        for use in self.said.uses:
            if use.column not in known:
                near = nearest_name(use.column, known)
                expected = (
                    f"a column of the table; the nearest is {shown_name(near)}" if near else "a column of the table"
                )
                self._problem([0], shown_name(use.column, placed=True), "no such column", expected)
                fine = False
            elif use.role not in _MAY_LOOK_LIKE_ONE and not use.keep and is_identifying_name(use.column):
                expected = 'is = "drop", or keep = "why it is no identifier"'
                self._problem(
                    [0], shown_name(use.column, placed=True), "a column whose name is that of an identifier", expected
                )
                fine = False
        used = {use.column for use in self.said.uses}
        for name in (name for name in known if name not in used):
            self.placed.not_placed.append(shown_name(name))
            kinds = [
                k for k in identifier_kinds([str(t) for t in pd.unique(self.table.cells[name])[:5000]], "plain") if k
            ]
            kinds = [kind for kind in kinds if kind != "a date"]
            if is_identifying_name(name) or kinds:
                what = kinds[0] if kinds else "an identifier"
                expected = 'a line in the map that says what becomes of it, such as is = "drop"'
                self._problem([0], shown_name(name), f"a column that looks like {what} and is not in the map", expected)
                fine = False
        return fine

    def _problem(self, rows: Any, column: str, found: Any, expected: str) -> None:
        self.problems.add_rows(self.table.place, rows, column, found, expected)

    # reading columns

    def _is_missing(self, texts: np.ndarray) -> np.ndarray:
        return on_distinct(texts, lambda text: text == "" or text.lower() in self.missing).astype(bool)

    def _read(self, use: ColumnUse, read: Callable[[str], Any], expected: str) -> np.ndarray:
        """Return the values of a column (None: missing); a text that ``read`` answers with None is a problem."""
        texts = self.table.cells[use.column]

        def value(text: str) -> Any:
            if text in use.values:
                text = use.values[text]
            elif text.lower() in self.missing:
                return None
            if text == "":
                return None
            found = read(text)
            return _WRONG if found is None or found != found else found

        values = on_distinct(texts, value)
        wrong = values == _WRONG
        at = np.flatnonzero(wrong & (self.pid != ""))
        self._problem(
            self.table.lines[at], shown_name(use.column, placed=True), [pattern(t) for t in texts[at]], expected
        )
        values[wrong] = None
        return values

    def _dates(self) -> dict[tuple[str, str], np.ndarray]:
        """Moments by what they date: (of, at) -> datetime64; days that are given are kept apart, below "day"."""
        found: dict[tuple[str, str], np.ndarray] = {}
        self.days: dict[str, np.ndarray] = {}
        for use in self.said.uses:
            if use.role == "day":
                values = self._read(use, lambda text: _whole(read_number(text, self.decimal)), "a whole number of days")
                self.days[use.at] = np.array([np.nan if v is None else v for v in values], dtype=float)
            elif use.role in ("date", "date_of_birth"):
                of = use.role if use.role == "date_of_birth" else use.of
                found[(of, use.at)] = self._moments(use)
        return found

    def _moments(self, use: ColumnUse) -> np.ndarray:
        zone = str(self.study.study["timezone"])
        texts = [t for t in pd.unique(self.table.cells[use.column]) if t]
        order, both = date_order(texts)
        if order == "?" and not use.order and both:
            self._problem(
                [0],
                shown_name(use.column, placed=True),
                f"{both:,} dates that can be read both ways",
                "order = month_first or day_first",
            )
        now = datetime.now()
        first = FIRST_YEAR if use.role == "date" else 1900

        def read(text: str) -> Any:
            moment = read_date(text, use.order or order.strip("?"), zone)
            return moment if moment and first <= moment.year and moment <= now else None

        how = use.order.replace("_", " ") if use.order else "one that can be read in one way only"
        values = self._read(use, read, f"a date from {first} to today ({how})")
        return np.array(
            [np.datetime64("NaT") if v is None else np.datetime64(v, "s") for v in values], dtype="datetime64[s]"
        )

    def _when(self, target: str, at: str) -> tuple[np.ndarray, np.ndarray]:
        """Moment and given day of each row for a target: its own date first, then the date of the row."""
        moment = next(
            (self.dates[key] for key in ((target, at), (target, ""), ("", at), ("", "")) if key in self.dates),
            np.full(self.n, np.datetime64("NaT"), dtype="datetime64[s]"),
        )
        return moment, self.days.get(at, self.days.get("", np.full(self.n, np.nan)))

    def _cell_reader(self, use: ColumnUse) -> tuple[Callable[[str], Any], str]:
        table, column = use.role.split(".", 1)
        spec = TABLES[table].columns[column]
        if column == "dose_mg":
            return lambda text: read_dose(text, self.decimal), "a dose in mg"
        if column == "weight_kg":
            return lambda text: read_weight(text, use.unit), "a weight in kg or lb"
        if spec.level_names:
            known = {*spec.level_names, *(["same"] if use.role == "sessions.format" else [])}
            return (
                lambda text: text if text in known else None,
                "a text that the map gives a value; add it to the values",
            )
        if spec.is_number:
            low, high = spec.min, spec.max
            if column == "age":
                return lambda text: _within(min(read_number(text, self.decimal), 90), low, high), "an age in years"
            return lambda text: _within(read_number(text, self.decimal), low, high), f"a number from {low} to {high}"
        if spec.type == "period":
            return lambda text: text if _PERIOD.fullmatch(text) else None, "2025-Q3"
        if use.role == "patients.practice":
            return (
                lambda text: text if not use.values or text in use.values.values() else None,
                "a practice that the map names",
            )
        return lambda text: text, "a text"

    def _number_from(self, low: float, high: float) -> Callable[[str], float | None]:
        return lambda text: _within(read_number(text, self.decimal), low, high)

    # placing

    def _add(self, target: str, keep: np.ndarray, columns: Mapping[str, np.ndarray]) -> None:
        at = np.flatnonzero(keep & (self.pid != ""))
        if len(at) == 0:
            return
        frame = pd.DataFrame({name: values[at] for name, values in columns.items()})
        frame.insert(0, "pid", self.pid[at])
        frame.insert(0, "row", at)
        frame.insert(0, "source", self.number)
        self.placed.frames.setdefault(target, []).append(frame)

    def _patients(self) -> None:
        columns = {}
        for use in self.said.uses:
            if use.role.startswith("patients."):
                read, expected = self._cell_reader(use)
                columns[use.role.split(".", 1)[1]] = self._read(use, read, expected)
        for role, value in self.said.fixed.items():
            if role.startswith("patients."):
                columns[role.split(".", 1)[1]] = np.full(self.n, value, dtype=object)
        if ("date_of_birth", "") in self.dates:
            columns["birth"] = self.dates[("date_of_birth", "")]
        if ("time_zero", "") in self.dates:
            columns["zero"] = self.dates[("time_zero", "")]
        for (of, _), moments in self.dates.items():
            if of.startswith("patients."):
                columns[f"date:{of.split('.', 1)[1]}"] = moments
        if columns:
            any_fact = np.zeros(self.n, dtype=bool)
            for values in columns.values():
                any_fact |= pd.notna(values)
            self._add("patients", any_fact, columns)

    def _events(self, name: str) -> None:
        uses = [use for use in self.said.uses if use.role.startswith(f"{name}.")]
        fixed = {r.split(".", 1)[1]: v for r, v in self.said.fixed.items() if r.startswith(f"{name}.")}
        if name == "diagnoses":
            self._diagnoses(uses, fixed)
            return
        if not uses:
            return
        for at in dict.fromkeys(use.at for use in uses):
            mine = [use for use in uses if use.at in (at, "")]
            moment, day = self._when(name, at)
            dated = ~np.isnat(moment) | ~np.isnan(day)
            columns: dict[str, np.ndarray] = {}
            filled = np.zeros(self.n, dtype=bool)
            for use in mine:
                read, expected = self._cell_reader(use)
                column = use.role.split(".", 1)[1]
                columns[column] = self._read(use, read, expected)
                constant = name == "sessions" and column in ("format", "cohort_id")
                filled |= pd.notna(columns[column]) & (not constant)
            columns |= {column: np.full(self.n, value, dtype=object) for column, value in fixed.items()}
            columns |= {"moment": moment, "given": day}
            for (of, _), moments in self.dates.items():
                if of.startswith(f"{name}."):
                    columns[f"date:{of.split('.', 1)[1]}"] = moments
            must = {"sessions": "kind", "adverse_events": "event", "treatments": "kind"}[name]
            is_one = dated & pd.notna(columns[must]) if must in columns else np.zeros(self.n, dtype=bool)
            if name == "treatments" and must in columns:
                is_one = pd.notna(columns[must])
            if name == "sessions" and not fixed.get("kind"):
                is_one &= filled
            self._add(name, is_one, columns)
            undated = filled & ~dated & (self.placed.reasons == "")
            self.placed.reasons[undated] = NO_DATE
            if name == "sessions":
                facts: dict[str, np.ndarray] = {}
                for column in ("format", "cohort_id"):
                    if column in columns and column not in fixed:
                        facts[column] = columns[column]
                has = (
                    np.logical_or.reduce([pd.notna(v) for v in facts.values()])
                    if facts
                    else np.zeros(self.n, dtype=bool)
                )
                self._add("session_defaults", has & ~is_one, facts)

    def _diagnoses(self, uses: list[ColumnUse], fixed: Mapping[str, str]) -> None:
        others = {}
        for use in uses:
            if use.role != "diagnoses.diagnosis":
                read, expected = self._cell_reader(use)
                others[use.role.split(".", 1)[1]] = self._read(use, read, expected)
        others |= {column: np.full(self.n, value, dtype=object) for column, value in fixed.items()}
        for use in uses:
            if use.role == "diagnoses.diagnosis":
                if use.when:
                    values = np.full(self.n, None, dtype=object)
                    values[self.table.cells[use.column] == use.when] = use.value
                else:
                    read, expected = self._cell_reader(use)
                    values = self._read(use, read, expected)
                self._add("diagnoses", pd.notna(values), {"diagnosis": values, **others})

    def _score_extras(self, at: str = "") -> dict[str, np.ndarray]:
        columns = {}
        for use in self.said.uses:
            if use.role.startswith("assessments.") and use.at in (at, ""):
                read, expected = self._cell_reader(use)
                columns[use.role.split(".", 1)[1]] = self._read(use, read, expected)
        for role, value in self.said.fixed.items():
            if role.startswith("assessments."):
                columns[role.split(".", 1)[1]] = np.full(self.n, value, dtype=object)
        return columns

    def _wide_scores(self) -> None:
        uses = [use for use in self.said.uses if use.role in ("score", "item") and use.instrument]
        for instrument, at in dict.fromkeys((use.instrument, use.at) for use in uses):
            mine = [use for use in uses if (use.instrument, use.at) == (instrument, at)]
            moment, day = self._when(instrument, at)
            given = next((use.day for use in mine if use.day is not None), None)
            if given is not None and np.isnat(moment).all():
                day = np.full(self.n, float(given))
            dated = ~np.isnat(moment) | ~np.isnan(day)
            about = {"moment": moment, "given": day, "instrument": np.full(self.n, instrument, dtype=object),
                     **self._score_extras(at)}  # fmt: skip
            spec = get_instrument(instrument)
            any_answer = np.zeros(self.n, dtype=bool)
            answers = {}
            for use in (use for use in mine if use.role == "item"):
                if use.item > len(spec.item_ranges):
                    self._problem([0], use.column, f"item {use.item} of {instrument}", "an item that it has")
                    continue
                first, last = spec.item_ranges[use.item - 1]
                expected = f"an answer to item {use.item} of {instrument}, from {first} to {last}"
                values = self._read(use, self._number_from(first, last), expected)
                answers[use.item] = values
                any_answer |= pd.notna(values)
            score = next((use for use in mine if use.role == "score"), None)
            low, high = spec.total_range
            total = np.full(self.n, None, dtype=object)
            if score is not None:
                expected = f"a {instrument} score from {low:g} to {high:g}"
                total = self._read(score, self._number_from(low, high), expected)
            there = any_answer | pd.notna(total)
            self.placed.reasons[there & ~dated & (self.placed.reasons == "")] = NO_DATE
            self._add("scores", there & dated, {**about, "total": total})
            for item, values in answers.items():
                self._add("answers", any_answer & dated, {**about, "item": np.full(self.n, item), "answer": values})

    def _long_scores(self) -> None:
        uses = {use.role: use for use in self.said.uses if use.role in ("instrument", "score", "item_number", "answer")}
        if "instrument" in uses:
            known = set(uses["instrument"].values.values())
            instrument = self._read(uses["instrument"], lambda t: t if t in known else None,
                                    "an instrument that the map names; add it to the values")  # fmt: skip
        else:
            instrument = np.full(self.n, self.said.fixed["instrument"], dtype=object)
        moment, day = self._when("assessments", "")
        dated = ~np.isnat(moment) | ~np.isnan(day)
        about = {"moment": moment, "given": day, "instrument": instrument, **self._score_extras()}
        there = np.zeros(self.n, dtype=bool)
        total = np.full(self.n, None, dtype=object)
        if "score" in uses:
            total = self._read(uses["score"], lambda t: _number(read_number(t, self.decimal)), "a score")
            total = self._inside(uses["score"], instrument, total, None)
            there |= pd.notna(total) & pd.notna(instrument)
        if "answer" in uses and "item_number" in uses:
            item = self._read(uses["item_number"], _digits, "the number of an item")
            answer = self._read(
                uses["answer"], lambda t: _number(read_number(t, self.decimal)), "the points of an answer"
            )
            answer = self._inside(uses["answer"], instrument, answer, item)
            asked = pd.notna(item) & pd.notna(instrument)
            there |= asked
            number = np.array([0 if v is None else int(v) for v in item])
            self._add("answers", asked & dated, {**about, "item": number, "answer": answer})
        self.placed.reasons[there & ~dated & (self.placed.reasons == "")] = NO_DATE
        self._add("scores", there & dated, {**about, "total": total})

    def _inside(
        self, use: ColumnUse, instrument: np.ndarray, values: np.ndarray, item: np.ndarray | None
    ) -> np.ndarray:
        """Report what lies outside the instrument's range."""
        number = np.array([np.nan if v is None else float(v) for v in values])
        for name in {str(one) for one in pd.unique(instrument) if one is not None}:
            spec = get_instrument(name)
            here = (instrument == name) & ~np.isnan(number) & (self.pid != "")
            if item is None:
                low, high = spec.total_range
                off = here & ((number < low) | (number > high))
                expected = f"a {name} score from {low:g} to {high:g}"
            else:
                n_items = len(spec.item_ranges)
                at = np.array([0 if v is None else int(v) for v in item])
                there = (at >= 1) & (at <= n_items)
                low = min(a for a, _ in spec.item_ranges)
                high = max(b for _, b in spec.item_ranges)
                off = here & (~there | (number < low) | (number > high))
                expected = f"an answer to an item of {name} from 1 to {n_items}, from {low} to {high}"
            rows = np.flatnonzero(off)
            texts = self.table.cells[use.column][rows]
            self._problem(
                self.table.lines[rows], shown_name(use.column, placed=True), [pattern(t) for t in texts], expected
            )
        return values


def _within(number: float, low: float | None, high: float | None) -> float | None:
    if number != number or (low is not None and number < low) or (high is not None and number > high):
        return None
    return number


def _number(number: float) -> float | None:
    return number if number == number else None


def _whole(number: float) -> float | None:
    return number if number == number and number == int(number) else None


def _digits(text: str) -> int | None:
    digits = "".join(c if c.isdigit() else " " for c in text).split()
    return int(digits[-1]) if digits and len(digits[-1]) < 4 else None
