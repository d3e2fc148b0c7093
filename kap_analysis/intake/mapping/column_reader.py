"""What a map says of one column, read and checked."""

import re
from collections.abc import Mapping
from typing import Any

from kap_analysis.instruments.registry import registry_names
from kap_analysis.intake.identification.safe_harbor import kind_of_name
from kap_analysis.intake.mapping.map_content import BECOMES, COLUMN_KEYS, MEASURES, OPEN, ROLES, UNITS, ColumnUse
from kap_analysis.intake.mapping.map_problems import MapProblems
from kap_analysis.study.contract.dictionary import TABLES


class ColumnReader:
    """Reads the entries of [table.columns]."""

    def __init__(self, told: MapProblems) -> None:
        self.told = told

    def use(self, column: str, said: Any) -> ColumnUse | None:
        """Read what one column is; None if that is wrong."""
        if isinstance(said, str):
            said = {"is": said}
        if not isinstance(said, dict):
            self.told.wrong(column, "a column that is no { is = ... }", '{ is = "role" }')
            return None
        for key in said:
            self.told.known(key, tuple(sorted(COLUMN_KEYS)), "key")
        role = said.get("is", "")
        if not self.told.known(role, ROLES, "role") or role == OPEN:
            return None
        instrument, item = str(said.get("instrument", "")), said.get("item", 0)
        if instrument and not self.told.known(instrument, registry_names(), "instrument"):
            return None
        if role == "item" and (type(item) is not int or not instrument):
            example = '{ is = "item", instrument = "PHQ-9", item = 1 }'
            self.told.wrong(column, "an item without instrument and number", example)
            return None
        if role == "measure" and not self.told.known(said.get("measure", ""), MEASURES, "measure"):
            return None
        order = str(said.get("order", ""))
        if order and not self.told.known(order, ("month_first", "day_first"), "order"):
            order = ""
        return ColumnUse(
            column=column, role=role, instrument=instrument, item=item if type(item) is int else 0,
            at=str(said.get("at", "")), day=self.day(column, said), nth=self.nth(column, said), of=self.of(said),
            order=order, values=self.values(column, role, said), unit=self.unit(role, said),
            when=str(said.get("when", "")), value=self.value(role, said), rank=self.rank(column, said),
            name=self.own_name(column, role, said),
            becomes=str(said.get("becomes", "")), keep=str(said.get("keep", "")),
            measure=str(said.get("measure", "")), minute=self.minute(column, said),
            same_as=str(said.get("column", "")),
        )  # fmt: skip

    def day(self, column: str, said: Mapping[str, Any]) -> int | None:
        """Read the study day of a score."""
        day = said.get("day")
        if day is None or type(day) is int:
            return day
        self.told.wrong(column, "a day that is no whole number", "a study day such as 30")
        return None

    def minute(self, column: str, said: Mapping[str, Any]) -> float | None:
        """Read when in a session something was measured."""
        minute = said.get("minute")
        if minute is None or (type(minute) in (int, float) and -240 <= minute <= 1440):
            return minute
        self.told.wrong(column, "a minute that is no number", "minutes since the dose, such as 0 or 40")
        return None

    def rank(self, column: str, said: Mapping[str, Any]) -> int:
        """Read the rank of a diagnosis."""
        rank = said.get("rank", 0)
        if type(rank) is int and 0 <= rank <= 20:
            return rank
        self.told.wrong(column, "a rank that is no number", "1 for the main diagnosis, 2 for the next")
        return 0

    def unit(self, role: str, said: Mapping[str, Any]) -> str:
        """Read the unit of numbers that have none."""
        unit, units = str(said.get("unit", "")), UNITS.get(role, ())
        if "unit" in said and not unit and units:
            self.told.wrong("unit", "a unit without an answer", f"one of {', '.join(units)}")
            return ""
        return unit if not unit or self.told.known(unit, units, "unit") else ""

    def own_name(self, column: str, role: str, said: Mapping[str, Any]) -> str:
        """Read the name of a column of the study's own, and check what it becomes."""
        name = str(said.get("name", ""))
        if role == "extra":
            self.told.known(said.get("becomes", ""), BECOMES, "becomes")
            if (
                not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name)
                or name in TABLES["patients"].columns
                or kind_of_name(name)
            ):
                expected = 'name = "region": small letters, and not the name of an identifier'
                self.told.wrong(column, "an extra column without a name of its own", expected)
        return name

    def nth(self, column: str, said: Mapping[str, Any]) -> tuple[int, ...]:
        """Read the days of a patient's first, second, ... row."""
        nth = said.get("nth", [])
        if isinstance(nth, list) and all(type(day) is int for day in nth) and sorted(set(nth)) == nth:
            return tuple(nth)
        self.told.wrong(column, "nth that is no list of days", "days that rise, such as [-7, 30, 60, 90]")
        return ()

    def of(self, said: Mapping[str, Any]) -> str:
        """Read what a date dates."""
        of = str(said.get("of", ""))
        days = [f"{t}.{c}" for t, s in TABLES.items() for c, spec in s.columns.items() if c.endswith("day")]
        known = ("sessions", "treatments", "adverse_events", "assessments", "time_zero", *registry_names(), *days)
        return of if not of or self.told.known(of, known, "of") else ""

    def values(self, column: str, role: str, said: Mapping[str, Any]) -> dict[str, str]:
        """Read which text stands for what."""
        values = said.get("values", {})
        if not isinstance(values, dict):
            self.told.wrong(column, "values that are no pairs", '{ "in the file" = "in the study" }')
            return {}
        pairs = {str(text): str(value) for text, value in values.items()}
        return {text: value for text, value in pairs.items() if self.told.level(role, value)}

    def value(self, role: str, said: Mapping[str, Any]) -> str:
        """Read what a checkbox says."""
        value = str(said.get("value", ""))
        return value if self.told.level(role, value) else ""
