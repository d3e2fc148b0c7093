"""The instruments used: bands, recall, rules, licence, and where each fact comes from."""

from collections.abc import Iterable, Mapping

import pandas as pd

from kap_analysis.errors import NothingToShowError
from kap_analysis.instruments.facts import Source
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.tables.page.cells import assemble
from kap_analysis.tables.page.layout import Layout, label_column, text_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import plural, whole_range
from kap_analysis.writing.sentences import join_words, sentence_case

UNKNOWN = "not established"


def table_instruments(*, instruments: Mapping[str, Instrument] | Iterable[Instrument], stamp: str = "") -> Table:
    """Show the instruments used, with range, direction, recall, severity bands, licence and sources.

    Parameters
    ----------
    instruments : mapping of str to Instrument, or iterable of Instrument
        ``study.instruments``, or ``[get_instrument("BDI-II"), ...]``. All published band sets are shown.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per instrument; the sources stand below. A fact that nobody could establish says so.

    Raises
    ------
    NothingToShowError
        If there is no instrument.
    """
    used = list(instruments.values() if isinstance(instruments, Mapping) else instruments)
    if not used:
        raise NothingToShowError("table_instruments has nothing to show: instruments= is empty.")
    cells = pd.DataFrame(
        {
            "label": [f"{one.name}: {one.title}" if one.title != one.name else one.name for one in used],
            "scores": [_scores(one) for one in used],
            "recall": [_recall(one) for one in used],
            "bands": [_bands(one) for one in used],
            "rules": [_rules(one) for one in used],
            "licence": [_marked(one, "licence", one.licence or UNKNOWN) for one in used],
        }
    )
    columns = (
        label_column("Instrument", prose=True),
        text_column("scores", "Scores", prose=True),
        text_column("recall", "Recall"),
        text_column("bands", "Severity bands", prose=True),
        text_column("rules", "Response (improvement); remission (score)", prose=True),
        text_column("licence", "Licence", prose=True),
    )
    return assemble(
        "instruments",
        "Instruments used",
        cells,
        Layout(columns),
        raw=pd.concat([one.facts().assign(instrument=one.name) for one in used], ignore_index=True),
        notes=[*_missing_items(used), *_sources(used)],
        stamp=stamp,
    )


def _scores(one: Instrument) -> str:
    side = "higher is better" if one.higher_is_better else "lower is better"
    items = "" if one.n_items is None else f"{one.n_items} items, "
    rater = {"self": "self-report", "clinician": "rated by a clinician"}.get(one.rater, one.rater)
    return _marked(one, "total_range", f"{items}{whole_range(*one.total_range)}, {side}; {rater}")


def _marked(one: Instrument, fact: str, text: str) -> str:
    """The text of a fact, marked if it must be checked before it is cited."""
    return text + (one.provenance[fact].mark if fact in one.provenance and text != UNKNOWN else "")


def _recall(one: Instrument) -> str:
    if one.recall_days is None:
        return UNKNOWN
    return _marked(one, "recall_days", "now" if one.recall_days == 0 else plural(one.recall_days, "day"))


def _bands(one: Instrument) -> str:
    sets = []
    for found in one.band_sets:
        bands = ", ".join(f"{band.label} {whole_range(band.low, band.high)}" for band in found.bands)
        bands += found.provenance.mark
        is_default = " (used)" if len(one.band_sets) > 1 and found.name == one.default_band_set else ""
        sets.append(
            f"{sentence_case(found.name)}{is_default}: {bands}" if len(one.band_sets) > 1 else sentence_case(bands)
        )
    return "; ".join(sets) or UNKNOWN


def _rules(one: Instrument) -> str:
    side = "at least" if one.higher_is_better else "at most"
    unit = {"percent": "%"}.get(one.response.unit, f" {one.response.unit}") if one.response else ""
    response = f"{one.response.value:g}{unit} or more{one.response.provenance.mark}" if one.response else UNKNOWN
    remission = f"{side} {one.remission.value:g}{one.remission.provenance.mark}" if one.remission else UNKNOWN
    return UNKNOWN if response == remission == UNKNOWN else f"{response}; {remission}"


def _missing_items(used: list[Instrument]) -> list[str]:
    """One line per rule for missing items, with the instruments that have it."""
    names: dict[str, list[str]] = {}
    for one in (one for one in used if one.n_items is not None):
        names.setdefault(one.missing_rule.sentence + one.missing_rule.provenance.mark, []).append(one.name)
    return [f"Missing items of {join_words(having)}: {rule}" for rule, having in names.items()]


def _sources(used: list[Instrument]) -> list[str]:
    """One line per instrument with the sources of its facts, and when they were checked."""
    lines = []
    for one in used:
        cited = [_cite(source) for source in one.sources.values()]
        if cited:
            checked = "" if one.checked_on is None else f" (checked {one.checked_on:%Y-%m-%d})"
            lines.append(f"{one.name}, sources{checked}: {'; '.join(cited)}.")
    return lines


def _cite(source: Source) -> str:
    citation = source.citation.rstrip(".")
    return f"{citation}, doi {source.doi}" if source.doi and source.doi not in citation else citation
