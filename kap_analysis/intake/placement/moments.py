"""When each row of a foreign table happened: dates on the local clock, days that are given, and what they date."""

import re
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from kap_analysis.intake.mapping.map_content import ColumnUse
from kap_analysis.intake.placement.cells import Cells
from kap_analysis.intake.placement.placed import AHEAD
from kap_analysis.intake.values import (
    FIRST_YEAR,
    are_lost,
    date_order,
    has_offset,
    on_distinct,
    read_clock,
    read_date,
    read_number,
)
from kap_analysis.study.contract.dictionary import TABLES

FIRST_BIRTH: Final = 1900
_YOUNGEST: Final = TABLES["patients"].columns["age"].min or 0


class Moments:
    """Dates and given days of a table, by what they date and to which columns of the row they belong (``at``)."""

    def __init__(self, cells: Cells) -> None:
        self.n = cells.n
        self.dates: dict[tuple[str, str], np.ndarray] = {}
        self.days: dict[str, np.ndarray] = {}
        for use in cells.said.uses:
            if use.role == "day":
                self.days[use.at] = _nth_days(cells, use) if use.nth else _given_days(cells, use)
            elif use.role == "date_of_birth":
                self.dates[(use.role, use.at)] = _moments(cells, use, FIRST_BIRTH)
            elif use.role == "date":
                self.dates[(use.of, use.at)] = _moments(cells, use, FIRST_YEAR)
        for use in cells.said.uses:
            if use.role == "time":
                self._add_time(cells, use)

    def _add_time(self, cells: Cells, use: ColumnUse) -> None:
        """Add the time of day to the dates of the row and of its sessions that have none."""
        clock = cells.read(use, read_clock, "a time of day such as 09:30", codes=False)
        since = on_distinct(clock, lambda one: np.timedelta64(one, "s"), np.timedelta64(0, "s")).astype("m8[s]")
        for of in ("", "sessions"):
            moment = self.dates.get((of, use.at))
            if moment is not None:
                is_day = moment == moment.astype("M8[D]")
                self.dates[(of, use.at)] = np.where(is_day, moment + since, moment)

    def of_column(self, cells: Cells, use: ColumnUse, first: int) -> np.ndarray:
        """Moments of one column that dates nothing else."""
        return _moments(cells, use, first)

    def of(self, target: str, at: str = "") -> tuple[np.ndarray, np.ndarray]:
        """Moment and given day of each row for a target: its own date first, then the date of the row."""
        keys = ((target, at), (target, ""), ("", at), ("", ""))
        nothing = np.full(self.n, np.datetime64("NaT"), dtype="datetime64[s]")
        moment = next((self.dates[key] for key in keys if key in self.dates), nothing)
        return moment, self.days.get(at, self.days.get("", np.full(self.n, np.nan)))

    def dates_itself(self, target: str, at: str) -> bool:
        """Whether a column dates a target of one visit, and not all of the row."""
        return bool({(target, at), (target, ""), ("", at)} & set(self.dates)) if at else self.knows(target)

    def knows(self, target: str, at: str = "") -> bool:
        """Whether any column dates a target, or gives its day."""
        dated = {(target, at), (target, ""), ("", at), ("", "")} & set(self.dates)
        return bool(dated) or at in self.days or "" in self.days

    def beginning_with(self, table: str) -> dict[str, np.ndarray]:
        """Dates that become a day column of a table: ``date:end_day`` -> moments."""
        start = f"{table}."
        return {f"date:{of.removeprefix(start)}": m for (of, _), m in self.dates.items() if of.startswith(start)}


def is_dated(moment: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Whether each row has a date or a day."""
    return ~np.isnat(moment) | ~np.isnan(day)


def _given_days(cells: Cells, use: ColumnUse) -> np.ndarray:
    values = cells.read(
        use, lambda text: _whole(read_number(text, cells.decimal)), "a whole number of days", codes=False
    )
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def _nth_days(cells: Cells, use: ColumnUse) -> np.ndarray:
    """The n-th value of a patient's rows (of one instrument, where a column names it) is the n-th day of the map."""
    place = cells.read(use, lambda text: _whole(read_number(text, cells.decimal)), "a whole number", codes=False)
    rows = pd.DataFrame({"pid": cells.pid, "place": pd.to_numeric(pd.Series(place))})
    named = next((other.column for other in cells.said.uses if other.role == "instrument"), None)
    rows["instrument"] = cells.table.cells[named] if named else ""
    nth = rows.groupby(["pid", "instrument"])["place"].rank("dense")
    beyond = np.flatnonzero((nth > len(use.nth)).to_numpy() & (cells.pid != ""))
    expected = f"no more than {len(use.nth)} of one patient: nth lists as many days, and one has {nth.max():g}"
    cells.problem_at(beyond, use.column, expected)
    return nth.map(dict(enumerate(map(float, use.nth), 1))).to_numpy(dtype=float)


def _moments(cells: Cells, use: ColumnUse, first: int) -> np.ndarray:
    zone = str(cells.study.study["timezone"])
    texts = [text for text in pd.unique(cells.table.cells[use.column]) if text]
    order, both = date_order(texts)
    if not zone and has_offset(texts):
        expected = 'the practice\'s time zone in [study], such as timezone = "America/Denver"'
        cells.problem(use.column, "times in UTC, and no time zone", expected)
    if order == "?" and not use.order and both:
        cells.problem(use.column, f"{both:,} dates that can be read both ways", "order = month_first or day_first")
    if are_lost(texts, cells.n):
        found = f"the same day of long ago in all {cells.n:,} rows: the file has lost its dates"
        cells.problem(use.column, found, 'a file with its dates, or is = "drop" and a column of days')
        return np.full(cells.n, np.datetime64("NaT"), dtype="datetime64[s]")
    now = datetime.now()

    def moment_of(text: str) -> datetime | None:
        moment = read_date(text, use.order or order.strip("?"), zone)
        if moment and first == FIRST_BIRTH and not re.search(r"\d{4}", text) and moment.year > now.year - _YOUNGEST:
            return moment.replace(year=moment.year - 100)  # a birth in 24 or in 31, of somebody who is treated
        return moment

    def read(text: str) -> Any:
        moment = moment_of(text)
        return moment if moment and first <= moment.year and moment <= now else None

    how = use.order.replace("_", " ") if use.order else "one that can be read in one way only"
    ahead = on_distinct(cells.table.cells[use.column], lambda text: (moment_of(text) or now) > now).astype(bool)
    ahead &= cells.with_status("no_show", "cancelled")
    cells.placed.reasons[ahead & (cells.placed.reasons == "")] = AHEAD
    values = cells.read(use, read, f"a date from {first} to today ({how})", told=~ahead)
    return on_distinct(values, lambda v: np.datetime64(v, "s"), np.datetime64("NaT", "s")).astype("M8[s]")


def _whole(number: float) -> float | None:
    return number if number == number and number == int(number) else None
