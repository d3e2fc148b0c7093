"""The instruments that a study knows: those of the registry, and its own."""

from collections.abc import Iterable, Mapping

from kap_analysis.errors import InstrumentError
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.instruments.registry import get_instrument, instrument_from_mapping, registry_names
from kap_analysis.study.contract.problems import Problems
from kap_analysis.study.contract.settings import Settings
from kap_analysis.study.contract.settings_file import SETTINGS_FILE


def own_instruments(settings: Settings, problems: Problems) -> dict[str, Instrument]:
    """Make the ``[[instrument]]`` entries of study.toml; what is wrong with one goes to ``problems``."""
    own: dict[str, Instrument] = {}
    for entry in settings.own_instruments:
        try:
            instrument = instrument_from_mapping(entry)
        except InstrumentError as error:
            found, _, expected = str(error).removesuffix(".").partition("; expected ")
            otherwise = "name, total_range and higher_is_better, as in the documentation of study.toml"
            problems.add(SETTINGS_FILE, found[0].lower() + found[1:], expected or otherwise, column="instrument")
            continue
        if instrument.name in own:
            problems.add(SETTINGS_FILE, f"two [[instrument]] {instrument.name}", "one", column="instrument")
        own[instrument.name] = instrument
    return own


def instrument_names(own: Mapping[str, Instrument]) -> tuple[str, ...]:
    """Return all names that may stand in the data: the study's own first."""
    return tuple(dict.fromkeys((*own, *registry_names())))


def instruments_named(names: Iterable[str], own: Mapping[str, Instrument]) -> dict[str, Instrument]:
    """Return the instruments of these names; names that nobody knows are left out (they are reported elsewhere)."""
    known = {*own, *registry_names()}
    return {name: get_instrument(name, own=own.values()) for name in dict.fromkeys(names) if name in known}
