"""Reads one instrument's data file into an `Instrument`, and checks that its facts agree with each other."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any, Final

from kap_analysis.errors import InstrumentError
from kap_analysis.instruments.data_contract import check_tables
from kap_analysis.instruments.facts import (
    Band,
    BandSet,
    ClinicalCutoff,
    Domain,
    ImportantChange,
    Norm,
    Provenance,
    Recode,
    Reliability,
    ReliableChange,
    Remission,
    Response,
    Skip,
    Source,
    SuicidalityItems,
)
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.instruments.missing_items import describe_rule

DECISION: Final = Provenance((), "decision")
#: What a fact says where its table does not.
LEFT_OUT: Final = {"for_reliable_change": False, "default": False, "n": None}


def read_instrument(path: Traversable) -> Instrument:
    """Read and check one data file.

    Raises
    ------
    InstrumentError
        At the first fault of the file: a table or key that is missing, unknown or of the wrong type, a fact whose
        source is not listed, bands that leave a gap, items that do not add up to the total.
    """
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    check_tables(content, path.name)
    instrument = build_instrument(content)
    check_agreement(instrument, path.name)
    return instrument


def build_instrument(content: Mapping[str, Any]) -> Instrument:
    """Make an `Instrument` of the checked content of a data file."""
    items, total = content["items"], content["total"]
    n_items = items["n"]
    ranges, answers = _item_ranges(items)
    band_sets = tuple(_band_set(one) for one in content.get("band_set", ()))
    return Instrument(
        **{key: content[key] for key in ("name", "title", "version", "role", "measures", "rater", "checked_on")},
        n_items=n_items,
        item_ranges=ranges,
        item_answers=MappingProxyType(answers),
        total_range=(total["range"][0], total["range"][1]),
        total_rule=total["rule"],
        multiplier=total.get("multiplier", 1),
        higher_is_better=content["direction"]["higher_is_better"],
        domains=tuple(
            Domain(tuple(one["items"]), tuple((a, b) for a, b in one.get("either_or", ())))
            for one in content.get("domain", ())
        ),
        subscales=tuple(tuple(one["items"]) for one in content.get("subscale", ())),
        skips=tuple(Skip(tuple(one["zero_items"]), tuple(one["then_zero"])) for one in content.get("skip", ())),
        recodes=tuple(Recode(tuple(o["items"]), tuple(o["answers"].items())) for o in content.get("recode", ())),
        recall_days=content["recall"]["days"] if "recall" in content else None,
        band_sets=band_sets,
        default_band_set=_default_band_set(content.get("band_set", ())),
        missing_rule=describe_rule(content["missing_rule"], n_items, _provenance(content["missing_rule"])),
        project_missing_rule=describe_rule(content["project_missing_rule"], n_items, DECISION),
        suicidality=_suicidality(content.get("suicidality")),
        licence=content["licence"]["text"] if "licence" in content else None,
        sources=MappingProxyType({k: Source(k, s["citation"], s.get("doi")) for k, s in content["sources"].items()}),
        provenance=MappingProxyType(_plain_provenance(content)),
        not_pooled_with=tuple(content.get("not_pooled_with", ())),
        note=content.get("note"),
        **_thresholds(content),
    )


def check_agreement(instrument: Instrument, file: str) -> None:
    """Check what no single key shows: bands without gaps, items that add up, one default, thresholds inside."""
    low, high = instrument.total_range
    if not low < high:
        raise InstrumentError(f"{file}: the total runs from {low:g} to {high:g}; expected the lower end first.")
    for one in instrument.band_sets:
        _check_bands(one, low, high, file)
    outside = [
        r.value for r in (instrument.remission, *instrument.clinical_cutoffs) if r and not low <= r.value <= high
    ]
    if outside:
        raise InstrumentError(f"{file}: the threshold {outside[0]:g} is outside the total, {low:g} to {high:g}.")
    for population in ("clinical", "normative"):
        defaults = [norm for norm in instrument.norms if norm.population == population and norm.default]
        if len(defaults) > 1:
            raise InstrumentError(f"{file}: {len(defaults)} {population} norms are marked as default; expected one.")
    if instrument.role == "outcome" and instrument.reliability:
        marked = sum(one.for_reliable_change for one in instrument.reliability)
        if marked != 1:
            raise InstrumentError(f"{file}: {marked} reliabilities are marked for_reliable_change; expected one.")
    known = range(1, (instrument.n_items or 0) + 1)
    suicidality = instrument.suicidality.items if instrument.suicidality else ()
    parts = [r.items for r in instrument.recodes] + [d.items for d in instrument.domains] + list(instrument.subscales)
    for items in [suicidality, *parts]:
        if not set(items) <= set(known):
            raise InstrumentError(f"{file}: items {items} are not all among items 1 to {instrument.n_items}.")


def _check_bands(band_set: BandSet, low: float, high: float, file: str) -> None:
    expected = low
    for band in band_set.bands:
        if band.low != expected or band.high < band.low or band.high > high:
            raise InstrumentError(
                f"{file}: band {band.label!r} of {band_set.name!r} runs from {band.low:g} to {band.high:g}; "
                f"expected to begin at {expected:g} and to end by {high:g}."
            )
        expected = band.high + 1


def _item_ranges(items: Mapping[str, Any]) -> tuple[tuple[tuple[int, int], ...], dict[int, tuple[int, ...]]]:
    ranges = [(items["range"][0], items["range"][1])] * items["n"]
    answers: dict[int, tuple[int, ...]] = {}
    for exception in items.get("exceptions", ()):
        for item in exception["items"]:
            if "answers" in exception:
                answers[item] = tuple(exception["answers"])
                ranges[item - 1] = (min(exception["answers"]), max(exception["answers"]))
            else:
                ranges[item - 1] = (exception["range"][0], exception["range"][1])
    return tuple(ranges), answers


def _band_set(table: Mapping[str, Any]) -> BandSet:
    bands = tuple(Band(band["label"], band["low"], band["high"]) for band in table["bands"])
    return BandSet(table["name"], bands, _provenance(table))


def _default_band_set(tables: Any) -> str | None:
    names = [table["name"] for table in tables]
    marked = [table["name"] for table in tables if table.get("default")]
    return (marked or names or [None])[0]


def _suicidality(table: Mapping[str, Any] | None) -> SuicidalityItems | None:
    if table is None:
        return None
    items = tuple(table["items"])
    return SuicidalityItems(items, tuple(table.get("always_asked", items)), table["endorsed_from"], _provenance(table))


def _thresholds(content: Mapping[str, Any]) -> dict[str, Any]:
    several = {
        "reliability": (Reliability, "reliability"),
        "norms": (Norm, "norm"),
        "smallest_important_change": (ImportantChange, "smallest_important_change"),
        "reliable_change": (ReliableChange, "reliable_change"),
        "clinical_cutoffs": (ClinicalCutoff, "clinical_cutoff"),
    }
    return {
        "response": _fact(Response, content["response"]) if "response" in content else None,
        "remission": _fact(Remission, content["remission"]) if "remission" in content else None,
        **{name: tuple(_fact(kind, one) for one in content.get(table, ())) for name, (kind, table) in several.items()},
    }


def _fact(kind: Any, table: Mapping[str, Any]) -> Any:
    """A fact whose fields are the keys of its table; what may be left out of the table is in ``LEFT_OUT``."""
    names = [one.name for one in fields(kind) if one.name != "provenance"]
    return kind(**{name: table.get(name, LEFT_OUT.get(name)) for name in names}, provenance=_provenance(table))


def _plain_provenance(content: Mapping[str, Any]) -> dict[str, Provenance]:
    fields = {
        "items": ("n_items", "item_ranges"),
        "total": ("total_range",),
        "direction": ("higher_is_better",),
        "recall": ("recall_days",),
        "licence": ("licence",),
    }
    return {name: _provenance(content[table]) for table, names in fields.items() if table in content for name in names}


def _provenance(table: Mapping[str, Any]) -> Provenance:
    return Provenance(tuple(table["source"]), table["certainty"], table.get("note"))
