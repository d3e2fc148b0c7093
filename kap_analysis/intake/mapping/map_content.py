"""The map: which column of an export is what, and what a map may say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from kap_analysis.instruments.registry import get_instrument, registry_names
from kap_analysis.intake.patient_keys import FOLD, KEEP_APART
from kap_analysis.intake.values import BLOOD_PRESSURE
from kap_analysis.study.contract.dictionary import TABLES

OPEN: Final = "?"
DROP: Final = "drop"
KEEP: Final = "keep"
#: Role -> values of a map that are none of the study: a format as in the first session, an appointment not held yet,
#: a row that is left out.
OWN_VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "sessions.format": ("same",),
    "sessions.status": (DROP,),
    "row": (KEEP, DROP),
}
PLACED_TABLES: Final = (
    "patients",
    "sessions",
    "diagnoses",
    "adverse_events",
    "treatments",
    "assessments",
    "session_measures",
)
OWN_ROLES: Final = (
    "patient_id",
    "date",
    "time",
    "day",
    "date_of_birth",
    "instrument",
    "score",
    "item",
    "item_number",
    "answer",
    "measure",
    "extra",
    "same_as",
    "row",
    "drop",
)
ROLES: Final = (
    *OWN_ROLES,
    *(
        f"{table}.{column}"
        for table in PLACED_TABLES
        for column in TABLES[table].columns
        if column not in ("patient_id", "day", "score", "instrument", "n_answered", "start_day", "end_day")
        and (table, column) not in (("session_measures", "session_id"), ("session_measures", "unit"))
    ),
)
MEASURES: Final = (BLOOD_PRESSURE, *TABLES["session_measures"].columns["measure"].level_names, *registry_names())
STUDY_KEYS: Final = {
    "title": "",
    "primary_instrument": "",
    "primary_visit": "month 3",
    "provenance": "real",
    "visibility": "private",
    "timezone": "",
    "time_zero": "listed",
    "cohorts": "column",
    "duplicates": "stop",
    "ids": "stop",
    "missing": [],
}
TABLE_KEYS: Final = frozenset(
    {
        "file",
        "sheet",
        "header_row",
        "encoding",
        "delimiter",
        "decimal",
        "blank_ids",
        "columns",
        "values",
        "fixed",
        "lowest",
        "like",
        "open",
    }
)
COLUMN_KEYS: Final = (
    *("is", "instrument", "item", "at", "day", "nth", "of", "order", "values", "unit", "when", "value", "rank"),
    *("name", "becomes", "keep", "measure", "minute", "column"),
)
#: Role -> units that its numbers may be in.
UNITS: Final[Mapping[str, tuple[str, ...]]] = {
    "sessions.weight_kg": ("kg", "lb"),
    "sessions.dose_mg": ("mg", "mg/kg"),
    "measure": ("C", "F"),
}
#: What a row without an id of a patient is: one of the patient above, or none.
BLANK_IDS: Final = ("above", "leave_out")
BECOMES: Final = ("day", "three_digits", "age_group")
CHOICES: Final = {
    "time_zero": ("listed", "stated"),
    "cohorts": ("column", "slot", "none"),
    "duplicates": ("stop", "first", "last"),
    "ids": ("stop", FOLD, KEEP_APART),
    "provenance": ("real", "simulated", "made_up"),
    "visibility": ("private", "public"),
}


@dataclass(frozen=True)
class ColumnUse:
    """What one column is for.

    Attributes
    ----------
    column, role : str
        The column's name, and one of ``ROLES``.
    instrument, item
        For scores and items.
    at : str
        Columns of one row that belong together (one visit, one session) where a row holds several.
    day : int or None
        The study day of a score whose table has no date.
    nth : tuple of int
        For a day: the study days of a patient's first, second, ... row, where rows are only in order.
    of : str
        What a date dates: a table, an instrument, ``time_zero``, or a day column such as ``treatments.end_day``.
    order : str
        ``month_first`` or ``day_first``.
    values : dict
        Text in the file -> value in the study; an empty text is a missing value.
    when, value : str
        For a checkbox: which text means yes, and what it then says.
    rank : int
        Of a diagnosis, where the column and not a value says it: 1 is the main one.
    name, becomes : str
        Of a column of the study's own (``extra``): its name there, and what becomes of the identifier that it holds.
    keep : str
        Why a column that looks like an identifier is read all the same.
    measure, minute
        For a measurement in a session: what was measured, and how many minutes after the dose; None: not known.
    same_as : str
        The column that this one stands for, where a form renamed it.
    """

    column: str
    role: str
    instrument: str = ""
    item: int = 0
    at: str = ""
    day: int | None = None
    nth: tuple[int, ...] = ()
    of: str = ""
    order: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    when: str = ""
    value: str = ""
    rank: int = 0
    name: str = ""
    becomes: str = ""
    keep: str = ""
    measure: str = ""
    minute: float | None = None
    same_as: str = ""


@dataclass(frozen=True)
class TableMap:
    """What one file or sheet holds, and how it is read.

    ``like`` names the table that says what the columns are. ``lowest`` says which number stands for the lowest answer
    of an instrument, where that is not the number of points.
    """

    file: str
    sheet: str
    reading: Mapping[str, Any]
    uses: tuple[ColumnUse, ...]
    fixed: Mapping[str, str]
    is_opened: bool = True
    like: str = ""
    lowest: Mapping[str, int] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The file, and the sheet where there is one."""
        return f"{self.file} [{self.sheet}]" if self.sheet else self.file

    def more_than_points(self, instrument: str) -> int:
        """By how much the answers to an instrument are more than their points: 1 where 1 to 4 stand for 0 to 3."""
        if instrument not in self.lowest:
            return 0
        return self.lowest[instrument] - min(low for low, _ in get_instrument(instrument).item_ranges)


@dataclass(frozen=True)
class StudyMap:
    """A finished map."""

    study: Mapping[str, Any]
    tables: tuple[TableMap, ...]

    @property
    def n_opened(self) -> int:
        """How many tables are read."""
        return sum(table.is_opened for table in self.tables)

    @property
    def missing(self) -> frozenset[str]:
        """Texts that stand for a missing value in any column."""
        return frozenset(self.study["missing"])
