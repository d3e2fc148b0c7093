"""Instruments of the user's own, from the ``[[instrument]]`` entries of ``study.toml``."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from kap_analysis.errors import InstrumentError, quoted
from kap_analysis.instruments.data_folder import data_files
from kap_analysis.instruments.facts import (
    Band,
    BandSet,
    ClinicalCutoff,
    ImportantChange,
    Norm,
    Provenance,
    Reliability,
    ReliableChange,
    Remission,
    Response,
    Source,
    SuicidalityItems,
)
from kap_analysis.instruments.instrument import ROLES, Instrument
from kap_analysis.instruments.missing_items import describe_rule

NUMBER: Final = (int, float)
LARGEST: Final = 1_000_000
MOST_ITEMS: Final = 1_000
REQUIRED: Final = {"name": str, "total_range": list, "higher_is_better": bool}
OPTIONAL: Final = {
    "title": str,
    "version": str,
    "role": str,
    "measures": str,
    "rater": str,
    "recall_days": int,
    "n_items": int,
    "item_range": list,
    "max_missing": int,
    "suicidality_item": int,
    "bands": list,
    "response_percent": NUMBER,
    "remission": NUMBER,
    "reliability": NUMBER,
    "clinical_mean": NUMBER,
    "clinical_sd": NUMBER,
    "normative_mean": NUMBER,
    "normative_sd": NUMBER,
    "smallest_important_change": NUMBER,
    "reliable_change": NUMBER,
    "clinical_cutoff": NUMBER,
    "source": str,
}
DECLARED: Final = Provenance(("declared",), "declared")


def instrument_from_mapping(mapping: Mapping[str, Any]) -> Instrument:
    """Make an instrument of a ``[[instrument]]`` entry of ``study.toml``.

    Parameters
    ----------
    mapping : mapping
        Required: ``name``, ``total_range`` ([low, high]) and ``higher_is_better``. If known: ``recall_days``,
        ``n_items`` with ``item_range``, ``max_missing``, ``suicidality_item``, ``bands`` (tables of label, low and
        high), ``response_percent``, ``remission``, ``reliability``, ``clinical_mean`` and ``clinical_sd``,
        ``normative_mean`` and ``normative_sd``, ``smallest_important_change``, ``reliable_change`` and
        ``clinical_cutoff`` (all in points), ``title``, ``version``, ``role``, ``measures``, ``rater`` and ``source``.

    Raises
    ------
    InstrumentError
        One sentence: what was found, what was expected.
    """
    _check(mapping)
    low, high = mapping["total_range"]
    n_items = mapping.get("n_items")
    limit = mapping.get("max_missing", 0)
    rule = describe_rule({"kind": "prorate" if limit else "none", "max_missing": limit}, n_items or 0, DECLARED)
    bands = tuple(Band(b["label"], b["low"], b["high"]) for b in mapping.get("bands", ()))
    item = mapping.get("suicidality_item")
    return Instrument(
        name=mapping["name"],
        title=mapping.get("title", mapping["name"]),
        version=mapping.get("version", "as declared in study.toml"),
        role=mapping.get("role", "outcome"),
        measures=mapping.get("measures", "not stated"),
        rater=mapping.get("rater", "self"),
        n_items=n_items,
        item_ranges=(tuple(mapping["item_range"]),) * n_items if n_items else (),
        total_range=(low, high),
        higher_is_better=mapping["higher_is_better"],
        recall_days=mapping.get("recall_days"),
        missing_rule=rule,
        project_missing_rule=rule,
        checked_on=None,
        band_sets=(BandSet("study.toml", bands, DECLARED),) if bands else (),
        default_band_set="study.toml" if bands else None,
        suicidality=None if item is None else SuicidalityItems((item,), (item,), 1, DECLARED),
        sources=MappingProxyType({"declared": Source("declared", mapping.get("source", "study.toml"))}),
        provenance=MappingProxyType({"total_range": DECLARED, "higher_is_better": DECLARED}),
        is_own=True,
        **_thresholds(mapping),
    )


def _thresholds(mapping: Mapping[str, Any]) -> dict[str, Any]:
    norms = []
    for population in ("clinical", "normative"):
        mean, sd = mapping.get(f"{population}_mean"), mapping.get(f"{population}_sd")
        if mean is not None and sd is not None:
            norms.append(Norm(population, "as declared", mean, sd, None, True, DECLARED))
    response, remission = mapping.get("response_percent"), mapping.get("remission")
    reliability, important = mapping.get("reliability"), mapping.get("smallest_important_change")
    reliable, cutoff = mapping.get("reliable_change"), mapping.get("clinical_cutoff")
    return {
        "norms": tuple(norms),
        "response": None if response is None else Response("percent", response, DECLARED),
        "remission": None if remission is None else Remission(remission, DECLARED),
        "reliability": ()
        if reliability is None
        else (Reliability("test-retest", "as declared", reliability, "as declared", True, DECLARED),),
        "smallest_important_change": ()
        if important is None
        else (ImportantChange("patients", "points", important, "as declared", DECLARED),),
        "reliable_change": () if reliable is None else (ReliableChange(reliable, "as declared", DECLARED),),
        "clinical_cutoffs": () if cutoff is None else (ClinicalCutoff(cutoff, "as declared", DECLARED),),
    }


def _check(mapping: Mapping[str, Any]) -> None:
    name = mapping.get("name")
    where = f"The [[instrument]] {quoted(name)} of study.toml" if name else "An [[instrument]] of study.toml"
    _check_keys(mapping, where)
    if not str(name).strip():
        raise InstrumentError(f"{where} has an empty name.")
    if name in data_files():
        raise InstrumentError(f"{where} has the name of an instrument of the registry; give yours a name of its own.")
    _check_range(mapping["total_range"], "total_range", where)
    if mapping.get("role", "outcome") not in ROLES:
        raise InstrumentError(f"{where}: role is {quoted(mapping['role'])}; expected one of {', '.join(ROLES)}.")
    if mapping.get("rater", "self") not in ("self", "clinician"):
        raise InstrumentError(f"{where}: rater is {quoted(mapping['rater'])}; expected self or clinician.")
    _check_items(mapping, where)
    _check_numbers(mapping, where)
    _check_bands(mapping, where)


def _check_keys(mapping: Mapping[str, Any], where: str) -> None:
    allowed = {**REQUIRED, **OPTIONAL}
    for key in REQUIRED:
        if key not in mapping:
            raise InstrumentError(f"{where} has no {key!r}; required are {', '.join(REQUIRED)}.")
    for key, value in mapping.items():
        if key not in allowed:
            raise InstrumentError(f"{where} has {quoted(key)}; expected one of {', '.join(sorted(allowed))}.")
        wanted: Any = allowed[key]
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            raise InstrumentError(f"{where}: {key} is {quoted(value)}; expected {_type_name(wanted)}.")
        if isinstance(value, NUMBER) and not _is_usable(value):
            raise InstrumentError(f"{where}: {key} is {quoted(value)}; expected a number up to {LARGEST:,}.")


def _check_items(mapping: Mapping[str, Any], where: str) -> None:
    """Items come with their range, can reach both ends of the total, and the item on suicidality is one of them."""
    if ("n_items" in mapping) != ("item_range" in mapping):
        raise InstrumentError(f"{where} has only one of n_items and item_range; give both or neither.")
    n_items = mapping.get("n_items", 0)
    if "n_items" in mapping:
        if not 1 <= n_items <= MOST_ITEMS:
            raise InstrumentError(f"{where}: n_items is {n_items}; expected 1 to {MOST_ITEMS}.")
        _check_range(mapping["item_range"], "item_range", where)
        (low, high), total = mapping["item_range"], mapping["total_range"]
        if not (isinstance(low, int) and isinstance(high, int)):
            raise InstrumentError(f"{where}: item_range is [{low:g}, {high:g}]; expected whole numbers.")
        if n_items * low > total[0] or n_items * high < total[1]:
            raise InstrumentError(
                f"{where}: {n_items} items from {low} to {high} give totals from {n_items * low} to {n_items * high}; "
                f"expected to reach all of total_range, {total[0]:g} to {total[1]:g}."
            )
    for key, lowest in (("max_missing", 0), ("suicidality_item", 1)):
        if mapping.get(key, lowest) < lowest:
            raise InstrumentError(f"{where}: {key} is {mapping[key]}; expected {lowest} or more.")
        if mapping.get(key, 0) > n_items:
            raise InstrumentError(f"{where}: {key} is {mapping[key]}, and n_items is {n_items}.")


def _check_numbers(mapping: Mapping[str, Any], where: str) -> None:
    low, high = mapping["total_range"]
    for key in ("remission", "clinical_cutoff", "clinical_mean", "normative_mean"):
        if key in mapping and not low <= mapping[key] <= high:
            raise InstrumentError(f"{where}: {key} is {mapping[key]:g}; expected {low:g} to {high:g}.")
    for key in ("smallest_important_change", "reliable_change", "clinical_sd", "normative_sd", "response_percent"):
        if key in mapping and not mapping[key] > 0:
            raise InstrumentError(f"{where}: {key} is {mapping[key]:g}; expected more than 0.")
    if mapping.get("response_percent", 0) > 100:
        raise InstrumentError(f"{where}: response_percent is {mapping['response_percent']:g}; expected 100 or less.")
    if not 0 < mapping.get("reliability", 0.5) < 1:
        raise InstrumentError(f"{where}: reliability is {mapping['reliability']:g}; expected between 0 and 1.")
    if mapping.get("recall_days", 0) < 0:
        raise InstrumentError(f"{where}: recall_days is {mapping['recall_days']}; expected 0 or more.")


def _check_bands(mapping: Mapping[str, Any], where: str) -> None:
    expected, high = mapping["total_range"]
    labels: list[str] = []
    for band in mapping.get("bands", ()):
        if not isinstance(band, Mapping) or set(band) != {"label", "low", "high"}:
            raise InstrumentError(f"{where}: a band is {quoted(band)}; expected a table of label, low and high.")
        label, first, last = band["label"], band["low"], band["high"]
        if not isinstance(label, str) or not label.strip() or label in labels:
            raise InstrumentError(f"{where}: a band has the label {quoted(label)}; expected a text of its own.")
        if not (_is_number(first) and _is_number(last) and expected <= first <= last <= high):
            raise InstrumentError(
                f"{where}: the band {quoted(label)} runs from {_plain(first)} to {_plain(last)}; "
                f"expected inside {expected:g} to {high:g}."
            )
        labels.append(label)
        expected = last


def _check_range(value: list[Any], key: str, where: str) -> None:
    usable = len(value) == 2 and all(_is_number(one) and _is_usable(one) for one in value)
    if not usable or not value[0] < value[1]:
        raise InstrumentError(f"{where}: {key} is {quoted(value)}; expected [lowest, highest].")


def _is_number(value: Any) -> bool:
    return isinstance(value, NUMBER) and not isinstance(value, bool)


def _is_usable(number: float) -> bool:
    """Whether a number is finite and no larger than any score or day can be."""
    return -LARGEST <= number <= LARGEST


def _plain(value: Any) -> str:
    return f"{value:g}" if _is_number(value) and _is_usable(value) else quoted(value)


def _type_name(wanted: Any) -> str:
    names = {str: "text", int: "a whole number", bool: "true or false", list: "a list"}
    return "a number" if wanted == NUMBER else names[wanted]
