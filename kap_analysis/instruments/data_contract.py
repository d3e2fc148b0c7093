"""What an instrument's data file may hold: every table, its keys and their types, checked before anything is built."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from kap_analysis.errors import InstrumentError
from kap_analysis.instruments.facts import CERTAINTIES

NUMBER: Final = (int, float)
_PROVENANCE: Final = {"source": list, "certainty": str}
_NOTE: Final = {"note": str}

#: table -> (required keys, optional keys); a table of `ARRAYS` may stand several times ([[...]]).
TABLES: Final[Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]]] = {
    "items": ({"n": int, "range": list} | _PROVENANCE, {"exceptions": list} | _NOTE),
    "total": ({"range": list, "rule": str} | _PROVENANCE, {"multiplier": NUMBER} | _NOTE),
    "direction": ({"higher_is_better": bool} | _PROVENANCE, _NOTE),
    "recall": ({"days": int} | _PROVENANCE, _NOTE),
    "response": ({"unit": str, "value": NUMBER} | _PROVENANCE, _NOTE),
    "remission": ({"value": NUMBER} | _PROVENANCE, _NOTE),
    "missing_rule": ({"kind": str} | _PROVENANCE, {"max_missing": int} | _NOTE),
    "project_missing_rule": ({"kind": str}, {"max_missing": int}),
    "suicidality": ({"items": list, "endorsed_from": int} | _PROVENANCE, {"always_asked": list} | _NOTE),
    "licence": ({"text": str} | _PROVENANCE, _NOTE),
    "band_set": ({"name": str, "bands": list} | _PROVENANCE, {"default": bool} | _NOTE),
    "reliability": (
        {"kind": str, "statistic": str, "value": NUMBER, "population": str} | _PROVENANCE,
        {"for_reliable_change": bool} | _NOTE,
    ),
    "norm": (
        {"population": str, "label": str, "mean": NUMBER, "sd": NUMBER} | _PROVENANCE,
        {"n": int, "default": bool} | _NOTE,
    ),
    "smallest_important_change": ({"of": str, "unit": str, "value": NUMBER, "population": str} | _PROVENANCE, _NOTE),
    "reliable_change": ({"points": NUMBER, "how": str} | _PROVENANCE, _NOTE),
    "clinical_cutoff": ({"value": NUMBER, "how": str} | _PROVENANCE, _NOTE),
    "recode": ({"items": list, "answers": dict}, {}),
    "domain": ({"items": list}, {"either_or": list}),
    "skip": ({"zero_items": list, "then_zero": list}, {}),
    "subscale": ({"name": str, "items": list}, {}),
    "example": ({"answers": list, "total": str, "how": str}, {"missing_rule": str} | _NOTE),
}
ARRAYS: Final = frozenset(
    {
        "band_set",
        "reliability",
        "norm",
        "smallest_important_change",
        "reliable_change",
        "clinical_cutoff",
        "recode",
        "domain",
        "skip",
        "subscale",
        "example",
    }
)
REQUIRED_TABLES: Final = ("items", "total", "direction", "missing_rule", "project_missing_rule")
PLAIN: Final = {
    "name": str,
    "listed_at": int,
    "title": str,
    "version": str,
    "role": str,
    "measures": str,
    "rater": str,
    "checked_on": date,
    "sources": dict,
}
OPTIONAL_PLAIN: Final = {"not_pooled_with": list, "note": str}

#: table, key -> the words that may stand there.
WORDS: Final = {
    ("", "role"): ("outcome", "screen", "covariate"),
    ("", "rater"): ("self", "clinician"),
    ("total", "rule"): ("sum", "sum of domains", "percent of maximum", "ordinal"),
    ("response", "unit"): ("percent", "points"),
    ("smallest_important_change", "unit"): ("percent", "points"),
    ("smallest_important_change", "of"): ("patients", "groups"),
    ("norm", "population"): ("clinical", "normative"),
    ("reliability", "kind"): ("test-retest", "internal consistency", "inter-rater"),
    ("missing_rule", "kind"): ("none", "prorate", "answered only", "subscale median", "largest present"),
    ("project_missing_rule", "kind"): ("none", "prorate", "answered only", "subscale median", "largest present"),
}


def check_tables(content: Mapping[str, Any], file: str) -> None:
    """Check the tables, keys, types and words of one data file; raise an InstrumentError at the first fault."""
    tables = {k: v for k, v in content.items() if k in TABLES}
    plain = {k: v for k, v in content.items() if k not in TABLES}
    _check_keys(plain, PLAIN, OPTIONAL_PLAIN, "", file)
    for name in REQUIRED_TABLES:
        if name not in tables:
            raise InstrumentError(f"{file} has no table [{name}].")
    for key, source in plain["sources"].items():
        _check_keys(source, {"citation": str}, {"doi": str}, f"sources.{key}", file)
    used: set[str] = set()
    for name, value in tables.items():
        if isinstance(value, list) != (name in ARRAYS):
            wanted = f"[[{name}]]" if name in ARRAYS else f"[{name}]"
            raise InstrumentError(f"{file}: {name} must be written as {wanted}.")
        for table in value if isinstance(value, list) else [value]:
            required, optional = TABLES[name]
            _check_keys(table, required, optional, name, file)
            used |= _check_provenance(table, plain["sources"], name, file)
    unused = sorted(set(plain["sources"]) - used)
    if unused:
        raise InstrumentError(f"{file}: no fact rests on the source {unused[0]!r}. Remove it or name it.")


def _check_keys(
    table: Mapping[str, Any], required: Mapping[str, Any], optional: Mapping[str, Any], name: str, file: str
) -> None:
    where = f"[{name}] of {file}" if name else file
    missing = [key for key in required if key not in table]
    if missing:
        raise InstrumentError(f"{where} has no {missing[0]!r}.")
    allowed = {**required, **optional}
    for key, value in table.items():
        if key not in allowed:
            raise InstrumentError(f"{where} has {key!r}; expected one of {', '.join(sorted(allowed))}.")
        is_bool_for_number = isinstance(value, bool) and allowed[key] is not bool
        if not isinstance(value, allowed[key]) or is_bool_for_number:
            raise InstrumentError(f"{where}: {key} is {value!r}; expected {_type_name(allowed[key])}.")
        words = WORDS.get((name, key))
        if words and value not in words:
            raise InstrumentError(f"{where}: {key} is {value!r}; expected one of {', '.join(words)}.")


def _check_provenance(table: Mapping[str, Any], sources: Mapping[str, Any], name: str, file: str) -> set[str]:
    if "source" not in table:
        return set()
    unknown = [key for key in table["source"] if key not in sources]
    if unknown or not table["source"]:
        found = repr(unknown[0]) if unknown else "no source"
        raise InstrumentError(f"[{name}] of {file} names {found}; its sources are {', '.join(sources)}.")
    if table["certainty"] not in CERTAINTIES:
        raise InstrumentError(
            f"[{name}] of {file}: certainty is {table['certainty']!r}; expected one of {', '.join(CERTAINTIES)}."
        )
    return set(table["source"])


def _type_name(wanted: Any) -> str:
    names = {str: "text", int: "a whole number", bool: "true or false", list: "a list", dict: "a table", date: "a date"}
    return "a number" if wanted == NUMBER else names[wanted]
