"""The tables against the instruments: scores and answers inside their ranges, measures with their units."""

from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.instruments.registry import registry_names
from kap_analysis.study.checking.table_links import Check, TypedFolder
from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.contract.problems import Problems
from kap_analysis.study.contract.settings_file import SETTINGS_FILE
from kap_analysis.study.reading.cells import ANOTHER_INSTRUMENT
from kap_analysis.study.reading.typed_table import TypedTable
from kap_analysis.study.timing.look_up import value_at
from kap_analysis.suggestions import nearest_name

ASSESSMENT: Final = ("patient_id", "day", "instrument", "rater")


def check_primary_instrument(folder: TypedFolder, problems: Problems) -> None:
    """The primary instrument is known, and is an outcome."""
    name = folder.settings.primary_instrument
    if name and name not in folder.instruments:
        near = nearest_name(
            name, [*(str(own.get("name", "")) for own in folder.settings.own_instruments), *registry_names()]
        )
        meant = f" (did you mean {near}?)" if near else ANOTHER_INSTRUMENT
        problems.add(
            SETTINGS_FILE, f"the instrument {name!r}", f"the name of an instrument{meant}", column="primary_instrument"
        )
    elif name and folder.instruments[name].role != "outcome":
        found = f"{name}, a {folder.instruments[name].role}"
        problems.add(SETTINGS_FILE, found, "an instrument that may be an outcome", column="primary_instrument")


def check_scores(folder: TypedFolder, problems: Problems) -> None:
    """Totals lie inside the range of their instrument, and no more items are answered than it has."""
    table = folder.table("assessments", "instrument", "score")
    if table is None:
        return
    for name, where in _by_instrument(table, folder):
        instrument = folder.instruments[name]
        _report_range(table, where, "score", instrument.total_range, f"a {name} score", problems)
        if table.has("n_answered") and instrument.n_items is not None:
            limits = (0, instrument.n_items)
            _report_range(table, where, "n_answered", limits, f"a number of {name} items", problems)


def check_answers(folder: TypedFolder, problems: Problems) -> None:
    """Items exist in their instrument, and answers lie inside the item's range."""
    table = folder.table("items", "instrument", "item", "answer")
    if table is None:
        return
    for name, where in _by_instrument(table, folder):
        ranges = np.asarray(folder.instruments[name].item_ranges, dtype=float).reshape(-1, 2)
        if len(ranges) == 0:
            continue
        item = table.frame["item"].to_numpy()[where]
        there = (item >= 1) & (item <= len(ranges))
        absent = where[~there & ~np.isnan(item)]
        found = [f"item {number:g}" for number in table.frame["item"].to_numpy()[absent]]
        table.report(problems, absent, "item", found, f"an item of {name}, from 1 to {len(ranges)}")
        where, item = where[there], item[there].astype(int)
        answer = table.frame["answer"].to_numpy()[where]
        low, high = ranges[item - 1].T
        off = (answer < low) | (answer > high) | (answer != np.floor(answer)) & ~np.isnan(answer)
        for number, allowed in folder.instruments[name].item_answers.items():
            off |= (item == number) & ~np.isin(answer, allowed) & ~np.isnan(answer)
        found = [f"{value:g}" for value in answer[off]]
        texts = [f"an answer to item {n} of {name}, from {a:g} to {b:g}"
                 for n, a, b in zip(item[off], low[off], high[off], strict=True)]  # fmt: skip
        table.report(problems, where[off], "answer", found, texts)


def check_empty_scores(folder: TypedFolder, problems: Problems) -> None:
    """An assessment without a total has its answers in items.csv, or says by n_answered that some are missing.

    Where a folder has neither items.csv nor n_answered, it cannot say why there is no total, and need not.
    """
    table = folder.table("assessments", "patient_id", "day", "instrument", "score")
    items = folder.table("items", "patient_id", "day", "instrument")
    if table is None or (items is None and not table.has("n_answered")):
        return
    unexplained = table.frame["score"].isna().to_numpy()
    if table.has("n_answered"):
        n_items = pd.Series({name: one.n_items or np.inf for name, one in folder.instruments.items()}, dtype=float)
        n_answered = table.frame["n_answered"].to_numpy()
        unexplained = unexplained & ~(n_answered < value_at(table.frame["instrument"], n_items))
    if items is not None and unexplained.any():
        key = [name for name in ASSESSMENT if table.has(name) and items.has(name)]
        answered = pd.MultiIndex.from_frame(items.frame[key].drop_duplicates())
        unexplained = unexplained & ~pd.MultiIndex.from_frame(table.frame[key]).isin(answered)
    expected = "a number, or the answers in items, or fewer n_answered than the instrument has items"
    table.report(problems, unexplained, "score", "an empty cell", expected)


def check_measures(folder: TypedFolder, problems: Problems) -> None:
    """Measures of a session lie inside their range and carry their unit."""
    table = folder.table("session_measures", "measure", "value")
    if table is None:
        return
    vitals = {level.name: level for level in TABLES["session_measures"].columns["measure"].levels}
    for name, positions in table.frame.groupby("measure", sort=False, observed=True).indices.items():
        where, label = np.asarray(positions), str(name)
        if label in vitals:
            low, high, unit = vitals[label].min, vitals[label].max, vitals[label].unit
        elif label in folder.instruments:
            (low, high), unit = folder.instruments[label].total_range, "points"
        else:
            continue
        if low is not None and high is not None:
            _report_range(table, where, "value", (low, high), f"{label} in {unit}", problems)
        if table.has("unit"):
            units = table.frame["unit"].to_numpy()[where]
            other = where[pd.notna(units) & (units != unit)]
            found = [repr(text) for text in table.frame["unit"].to_numpy()[other]]
            table.report(problems, other, "unit", found, f"{unit}, the unit of {label}")


def _by_instrument(table: TypedTable, folder: TypedFolder) -> list[tuple[str, np.ndarray]]:
    groups = table.frame.groupby("instrument", sort=False, observed=True).indices
    return [(str(name), np.asarray(where)) for name, where in groups.items() if name in folder.instruments]


def _report_range(
    table: TypedTable, where: np.ndarray, column: str, limits: tuple[float, float], what: str, problems: Problems
) -> None:
    values = table.frame[column].to_numpy()[where]
    off = (values < limits[0]) | (values > limits[1])
    found = [f"{value:g}" for value in values[off]]
    table.report(problems, where[off], column, found, f"{what} from {limits[0]:g} to {limits[1]:g}")


INSTRUMENT_CHECKS: Final[tuple[Check, ...]] = (
    check_primary_instrument,
    check_scores,
    check_answers,
    check_empty_scores,
    check_measures,
)
