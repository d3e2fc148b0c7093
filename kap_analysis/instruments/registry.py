"""The registry: one data file per instrument, read when it is first asked for and kept."""

from collections.abc import Iterable
from functools import cache

import pandas as pd

from kap_analysis.errors import InstrumentError
from kap_analysis.instruments.data_folder import data_files
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.instruments.instrument_file import read_instrument
from kap_analysis.instruments.own_instrument import instrument_from_mapping as instrument_from_mapping
from kap_analysis.suggestions import nearest_name


def get_instrument(
    name: str, *, version: str | None = None, own: Iterable[Instrument] = (), for_outcome: bool = False
) -> Instrument:
    """Return one instrument of the registry.

    Parameters
    ----------
    name : str
        One of `registry_names`. "PCL-5" is the past-month form; the past-week form is the instrument "PCL-5 past week",
        because scores over a week and over a month are never mixed. ``get_instrument("PCL-5", version="past week")``
        returns it too.
    version : str, optional
        The version that the data name; another version than the registry's is refused, never taken for it.
    own : instruments of the study's own, searched first
    for_outcome : bool
        Refuse screens and covariates.

    Raises
    ------
    InstrumentError
        If there is no instrument of that name or version (a misspelt name is offered as it is written), or it cannot
        be an outcome.

    Examples
    --------
    >>> get_instrument("BDI-II").total_range
    (0, 63)
    """
    declared = {one.name: one for one in own}
    if name in declared:
        instrument = declared[name]
    elif isinstance(name, str) and name in data_files():
        instrument = _read(name)
    else:
        raise InstrumentError(_unknown(name, list(dict.fromkeys([*declared, *registry_names()]))))
    if version is not None and version != instrument.version:
        instrument = _other_version(instrument, version)
    return instrument.require_outcome() if for_outcome else instrument


def as_instrument(given: Instrument | str) -> Instrument:
    """The instrument itself, or the one of the registry that has this name.

    Raises
    ------
    InstrumentError
        If it is neither, or there is no instrument of that name.
    """
    return given if isinstance(given, Instrument) else get_instrument(given)


def registry_names() -> tuple[str, ...]:
    """The names of the instruments of the registry, in the order of :func:`list_instruments`; no file is read whole."""
    return tuple(data_files())


def list_instruments() -> pd.DataFrame:
    """Every instrument of the registry.

    Returns
    -------
    One row per instrument: ``name``, ``title``, ``version``, ``role``, ``measures``, ``rater``, ``n_items``, ``low``
    and ``high`` (of the total), ``higher_is_better``, ``recall_days``, ``bands``, ``response``, ``remission``,
    ``missing_items``, ``suicidality_item``, ``licence``, ``checked_on`` and ``not_established`` (facts that nobody
    could establish, or that the instrument does not have, separated by commas).
    """
    frame = pd.DataFrame([_row(get_instrument(name)) for name in registry_names()])
    return frame.astype({"recall_days": "Int64", "suicidality_item": "Int64"})


@cache
def _read(name: str) -> Instrument:
    return read_instrument(data_files()[name])


def _other_version(instrument: Instrument, version: str) -> Instrument:
    siblings = [_read(name) for name in instrument.not_pooled_with if name.startswith(instrument.name)]
    for sibling in siblings:
        if sibling.version == version:
            return sibling
    known = ", ".join(repr(one.version) for one in (instrument, *siblings))
    raise InstrumentError(
        f"{instrument.name} of version {version!r} is not in the registry, which knows {known}. "
        "Scores of different versions are never mixed: declare yours as an [[instrument]] of study.toml."
    )


def _unknown(name: object, known: list[str]) -> str:
    near = nearest_name(str(name), known)
    advice = f"Did you mean {near}? " if near else f"Known are {', '.join(known)}. "
    return (
        f"There is no instrument {name!r} in the registry. {advice}"
        "An instrument of your own is declared as an [[instrument]] of study.toml."
    )


def _row(one: Instrument) -> dict[str, object]:
    bands = one.bands() if one.band_sets else ()
    response, remission = one.response, one.remission
    side = "at least" if one.higher_is_better else "at most"
    return {
        "name": one.name,
        "title": one.title,
        "version": one.version,
        "role": one.role,
        "measures": one.measures,
        "rater": one.rater,
        "n_items": one.n_items,
        "low": one.total_range[0],
        "high": one.total_range[1],
        "higher_is_better": one.higher_is_better,
        "recall_days": one.recall_days,
        "bands": ", ".join(f"{b.low:g}-{b.high:g} {b.label}" for b in bands) or None,
        "response": f"{response.value:g} {response.unit} or more" if response else None,
        "remission": f"{side} {remission.value:g}" if remission else None,
        "missing_items": one.missing_rule.sentence,
        "suicidality_item": one.suicidality_item,
        "licence": one.licence,
        "checked_on": one.checked_on,
        "not_established": ", ".join(one.not_established),
    }
