"""Reading and writing ``study.toml``; what it says wrongly is reported with its line, like any cell."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, TypeGuard, get_args

from kap_analysis.errors import quoted
from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.contract.identifiers import A_NAME, Place, identifier_kinds, is_identifying_name, mask
from kap_analysis.study.contract.problems import WHOLE_FILE, Problems
from kap_analysis.study.contract.settings import (
    DEFAULT_BASELINE_WINDOW,
    DEFAULT_VISITS,
    TIME_ZERO,
    Margin,
    Provenance,
    Settings,
    Visibility,
    Visit,
    is_when,
)
from kap_analysis.suggestions import nearest_name

SETTINGS_FILE: Final = "study.toml"
LAST_DAY: Final = 36_500
MOST_POINTS: Final = 1_000_000
#: Models have a mean for each visit and format; more visits than these are days, to be read with `visits="all"`.
MOST_VISITS: Final = 200
_LABELS_NAMED: Final = 12
NOTHING_SAID: Final = Settings(title="", primary_instrument="", primary_visit="")
_REQUIRED: Final = ("title", "primary_instrument", "primary_visit")
_KEYS: Final = frozenset(
    {
        *_REQUIRED,
        "practices",
        "visits",
        "baseline_window",
        "margin",
        "visibility",
        "provenance",
        "data_cut",
        "time_zero",
        "extra_columns",
        "not_names",
        "instrument",
    }
)


#: Where a text stands that is no sentence; all others are looked through for names and numbers.
_PLACES: Final[dict[str, Place]] = {
    "practices": "label",
    "visits.label": "label",
    "instrument.source": "citation",
}
_DATED: Final = frozenset({"margin.source", "margin.date", "data_cut", "instrument.version"})
_DAYS: Final = f"from -{LAST_DAY} to {LAST_DAY}"


def read_settings(folder: Path, problems: Problems) -> Settings:
    """Read the ``study.toml`` of a folder.

    What is wrong goes to ``problems`` and a default (or an empty text) takes its place, so that the tables can be
    checked all the same; a study with problems is never loaded.
    """
    path = folder / SETTINGS_FILE
    if not path.is_file():
        found = "no such file" if not path.exists() else "something that is not a file"
        expected = f"a file {SETTINGS_FILE} with at least {', '.join(_REQUIRED[:-1])} and {_REQUIRED[-1]}"
        problems.add(SETTINGS_FILE, found, expected)
        return NOTHING_SAID
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        problems.add(SETTINGS_FILE, f"a file that cannot be opened ({error.strerror})", "a text in UTF-8")
        return NOTHING_SAID
    except UnicodeDecodeError:
        problems.add(SETTINGS_FILE, "bytes that are not UTF-8", "a text in UTF-8")
        return NOTHING_SAID
    try:
        content = tomllib.loads(text)
    except RecursionError:
        problems.add(SETTINGS_FILE, "brackets nested too deep to be read", "key = value lines")
        return NOTHING_SAID
    except ValueError as error:  # a TOMLDecodeError, or a number of thousands of digits
        line = re.search(r"line (\d+)", str(error))
        row = int(line.group(1)) if line else WHOLE_FILE
        why = error if isinstance(error, tomllib.TOMLDecodeError) else "a number of too many digits"
        problems.add(SETTINGS_FILE, f"text that is not TOML ({why})", "key = value lines", row=row)
        return NOTHING_SAID
    reader = _SettingsReader(content, text, problems)
    return reader.settings()


class _SettingsReader:
    """Takes the settings out of the TOML one by one and reports each that is wrong."""

    def __init__(self, content: Mapping[str, Any], text: str, problems: Problems) -> None:
        self.content, self.lines, self.problems = content, text.splitlines(), problems
        self.not_names = self._not_names()
        self.looks_like = _looks_like(content)

    def settings(self) -> Settings:
        self.content = self._without_identifiers(self.content)
        self._unknown_keys()
        n_before = len(self.problems)
        visits = self._visits()
        visits_are_known = len(self.problems) == n_before
        settings = Settings(
            title=self._text("title"),
            primary_instrument=self._text("primary_instrument"),
            primary_visit=self._text("primary_visit"),
            practices=self._texts("practices", self.content.get("practices", [])),
            visits=visits,
            baseline_window=self._window("baseline_window", self.content.get("baseline_window")),
            margin=self._margin(),
            visibility=self._one_of("visibility", get_args(Visibility), "private"),
            provenance=self._one_of("provenance", get_args(Provenance), "real"),
            data_cut=self._data_cut(),
            time_zero=self._one_of("time_zero", (TIME_ZERO,), TIME_ZERO),
            extra_columns=self._extra_columns(),
            own_instruments=self._own_instruments(),
            not_names=self.not_names,
        )
        labels, primary = settings.visit_labels, settings.primary_visit
        if visits_are_known and primary and primary not in labels:
            more = f" and {len(labels) - _LABELS_NAMED} more" if len(labels) > _LABELS_NAMED else ""
            named = ", ".join(labels[:_LABELS_NAMED]) + more
            self._wrong("primary_visit", quoted(primary), f"one of the visits: {named}")
        return settings

    def _wrong(self, key: str, found: str, expected: str) -> None:
        name = key.rsplit(".", 1)[-1]
        pattern = re.compile(rf"^\s*(\[+\s*)?[\"']?{re.escape(name)}[\"']?\s*(=|\]|\.)")
        row = next((n for n, line in enumerate(self.lines, 1) if pattern.match(line)), WHOLE_FILE)
        self.problems.add(SETTINGS_FILE, found, expected, row=row, column=key)

    def _without_identifiers(self, value: Any, path: str = "") -> Any:
        """Report each text and key that looks like an identifier of a person, and put a mask in its place."""
        if isinstance(value, Mapping):
            return {
                self._masked(key, path, "text"): self._without_identifiers(entry, f"{path}.{key}".lstrip("."))
                for key, entry in value.items()
            }
        if isinstance(value, list):
            return [self._without_identifiers(entry, path) for entry in value]
        return self._masked(value, path, _PLACES.get(path, "text")) if isinstance(value, str) else value

    def _masked(self, text: str, path: str, place: Place) -> str:
        if not text.replace("\n", " ").isprintable():
            self._wrong(path, f"{quoted(text)}, with an unprintable character", "a text that can be read")
            return text.encode("unicode_escape").decode("ascii")
        kind = self.looks_like[place, text]
        if not kind or (path in _DATED and kind == "a date"):
            return text
        if kind == A_NAME and path in self.not_names.get("study", ()):
            return text
        way_out = f', or study = ["{path}"] in [not_names] if it is none' if kind == A_NAME else ""
        self._wrong(path, f"{mask(text)}, which looks like {kind}", f"no identifiers of persons{way_out}")
        return mask(text)

    def _not_names(self) -> dict[str, tuple[str, ...]]:
        entry = self.content.get("not_names", {})
        if not isinstance(entry, dict):
            self._wrong("not_names", "something else than a block", "a [not_names] block: table = [columns]")
            return {}
        said = {}
        for table, names in entry.items():
            key = f"not_names.{table}"
            if table not in TABLES and table != "study":
                self._wrong(key, "another name", f"study or one of {', '.join(TABLES)}")
                continue
            said[table] = self._texts(key, names)
        return said

    def _unknown_keys(self) -> None:
        for key in self.content:
            if key not in _KEYS:
                near = nearest_name(key, _KEYS)
                known = f"{near}, written exactly so" if near else f"one of {', '.join(sorted(_KEYS))}"
                self._wrong(key, f"the key {quoted(key)}", known)

    def _text(self, key: str) -> str:
        value = self.content.get(key)
        if isinstance(value, str) and value.strip():
            return value
        self._wrong(key, _said(value), "a text; it is required")
        return ""

    def _texts(self, key: str, value: Any) -> tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
            return tuple(value)
        self._wrong(key, quoted(value), 'a list of texts, such as ["A", "B"]')
        return ()

    def _one_of(self, key: str, allowed: tuple[str, ...], default: str) -> Any:
        value = self.content.get(key, default)
        if value not in allowed:
            self._wrong(key, quoted(value), " or ".join(allowed))
            return default
        return value

    def _window(self, key: str, value: Any) -> tuple[int, int]:
        if value is None and key == "baseline_window":
            return DEFAULT_BASELINE_WINDOW
        if isinstance(value, list) and len(value) == 2 and all(_is_day(day) for day in value):
            if value[0] > value[1]:
                self._wrong(key, f"a window that ends before it begins: {value}", "first day, last day")
            elif key == "baseline_window" and value[1] > 0:
                self._wrong(key, f"a baseline that ends on day {value[1]}", "a last day of 0 or earlier")
            return value[0], value[1]
        self._wrong(key, quoted(value), f"two days in brackets, [first day, last day], {_DAYS}")
        return DEFAULT_BASELINE_WINDOW

    def _visits(self) -> tuple[Visit, ...]:
        entries = self.content.get("visits")
        if entries is None:
            return DEFAULT_VISITS
        if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
            self._wrong("visits", quoted(entries), "one [[visits]] block per visit")
            return DEFAULT_VISITS
        if len(entries) > MOST_VISITS:
            self._wrong("visits", f"{len(entries):,} [[visits]] blocks", f"at most {MOST_VISITS}")
            return DEFAULT_VISITS
        visits = [visit for entry in entries if (visit := self._visit(entry)) is not None]
        visits.sort(key=lambda visit: visit.first_day)
        for earlier, later in pairwise(visits):
            if later.first_day <= earlier.last_day:
                found = f"windows that overlap: {earlier.label} ends on day {earlier.last_day}, {later.label} begins on"
                self._wrong("visits", f"{found} day {later.first_day}", "windows that share no day")
        labels = [visit.label for visit in visits]
        for label in sorted({label for label in labels if labels.count(label) > 1}):
            self._wrong("visits", f"{labels.count(label)} visits with the label {quoted(label)}", "one")
        if visits and visits[0].first_day <= self._baseline_end():
            self._wrong(
                "visits", f"{visits[0].label} beginning on day {visits[0].first_day}", "a day after the baseline"
            )
        return tuple(visits)

    def _baseline_end(self) -> int:
        window = self.content.get("baseline_window")
        return window[1] if isinstance(window, list) and len(window) == 2 and _is_day(window[1]) else 0

    def _visit(self, entry: Mapping[str, Any]) -> Visit | None:
        label, target = entry.get("label"), entry.get("target_day")
        unknown = sorted(set(entry) - {"label", "target_day", "window"})
        if unknown:
            self._wrong("visits", f"the key {quoted(unknown[0])}", "label, target_day and window")
        if not isinstance(label, str) or not label.strip() or label == "baseline":
            self._wrong(
                "visits", "no label" if label is None else f"the label {quoted(label)}", "a text other than baseline"
            )
            return None
        if not _is_day(target):
            found = "no target_day" if target is None else f"the target_day {quoted(target)}"
            self._wrong("visits", f"{found} of {label}", f"a whole number {_DAYS}")
            return None
        first, last = self._window("visits.window", entry.get("window"))
        if not first <= target <= last:
            self._wrong("visits", f"target day {target} of {label} outside its window", f"a day from {first} to {last}")
        return Visit(label, target, first, last)

    def _margin(self) -> Margin | None:
        entry = self.content.get("margin")
        if entry is None:
            return None
        if not isinstance(entry, dict):
            self._wrong("margin", quoted(entry), "a [margin] block with points and source")
            return None
        points, source, when = entry.get("points"), entry.get("source"), entry.get("date", "")
        unknown = sorted(set(entry) - {"points", "source", "date"})
        if unknown:
            self._wrong("margin", f"the key {quoted(unknown[0])}", "points, source and date")
        if isinstance(points, bool) or not isinstance(points, int | float) or not 0 < points <= MOST_POINTS:
            self._wrong("margin.points", _said(points), f"a positive number of points, at most {MOST_POINTS:,}")
            return None
        if not isinstance(source, str) or not source.strip():
            self._wrong("margin.source", _said(source), "who fixed the margin, and on what grounds")
            return None
        if str(when) and not is_when(str(when)):
            self._wrong("margin.date", _said(when), "when it was fixed: a year, a month or a day, such as 2026-05-31")
            return None
        return Margin(float(points), source, str(when))

    def _data_cut(self) -> str:
        value = self.content.get("data_cut", "")
        if isinstance(value, str | date):
            return str(value)
        self._wrong("data_cut", quoted(value), 'a text such as "2026-Q3"')
        return ""

    def _extra_columns(self) -> dict[str, tuple[str, ...]]:
        entry = self.content.get("extra_columns", {})
        if not isinstance(entry, dict):
            self._wrong("extra_columns", quoted(entry), "an [extra_columns] block: table = [columns]")
            return {}
        wanted = {}
        for table, names in entry.items():
            key = f"extra_columns.{table}"
            if table not in TABLES:
                self._wrong(key, f"the table {quoted(table)}", f"one of {', '.join(TABLES)}")
                continue
            names = self._texts(key, names)
            for name in (name for name in names if is_identifying_name(name)):
                self._wrong(key, f"a column {mask(name)} whose name is that of an identifier", "no identifiers")
            wanted[table] = tuple(name for name in names if name not in TABLES[table].columns)
        return wanted

    def _own_instruments(self) -> tuple[dict[str, Any], ...]:
        entries = self.content.get("instrument", [])
        if isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries):
            return tuple(entries)
        self._wrong("instrument", quoted(entries), "one [[instrument]] block per instrument")
        return ()


def _looks_like(content: Mapping[str, Any]) -> dict[tuple[Place, str], str]:
    """What each text and key looks like, all of one place at a time: thousands of blocks take no longer than one."""
    found: dict[Place, set[str]] = {}
    for place, text in _texts_in(content, ""):
        found.setdefault(place, set()).add(text)
    return {
        (place, text): str(kind)
        for place, texts in found.items()
        for text, kind in zip(texts, identifier_kinds(list(texts), place), strict=True)
    }


def _texts_in(value: Any, path: str) -> Iterator[tuple[Place, str]]:
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield "text", key
            yield from _texts_in(entry, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for entry in value:
            yield from _texts_in(entry, path)
    elif isinstance(value, str):
        yield _PLACES.get(path, "text"), value


def _said(value: Any) -> str:
    return "nothing" if value is None else quoted(value)


def _is_day(value: Any) -> TypeGuard[int]:
    return type(value) is int and -LAST_DAY <= value <= LAST_DAY
