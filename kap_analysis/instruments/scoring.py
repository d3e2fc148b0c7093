"""From item answers to totals, with what the missing-item rule did reported."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.columns import INSTRUMENT, SCORE
from kap_analysis.errors import InstrumentError
from kap_analysis.instruments.answer_table import AnswerTable, tabulate_answers
from kap_analysis.instruments.facts import MissingRule
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.instruments.missing_items import FILLERS, choose_rule, missing_rule_sentence
from kap_analysis.instruments.registry import as_instrument

COMPLETE: Final = "complete"
KNOWN: Final = "complete but for answers that cannot change the total"
FILLED: Final = "completed by the rule"
NO_TOTAL: Final = "no total"
HOW: Final = (COMPLETE, KNOWN, FILLED, NO_TOTAL)


@dataclass(frozen=True, slots=True)
class ScoredItems:
    """Totals made of item answers.

    Attributes
    ----------
    scores : DataFrame
        One row per assessment (patient, day, and hour and rater where the items have them), in the order of first
        appearance: ``patient_id``, ``day``, (``hour``,) ``instrument``, ``rater``, ``score`` (missing where the rule
        gives none; not rounded), ``n_answered``, ``n_missing``, ``lowest_possible`` and ``highest_possible`` (totals
        that the missing items leave open), ``how`` (one of `HOW`: items that the form skips, and a domain whose
        answered items already reach the highest answer, leave the total known).
    report : DataFrame
        What the rule did: ``instrument``, ``rater``, ``how``, ``n_assessments``, ``share``.
    sentence : str
        The rule, for under a table.
    """

    scores: pd.DataFrame
    report: pd.DataFrame
    sentence: str


def score_items(items: pd.DataFrame, instrument: Instrument | str, *, missing_rule: str = "published") -> ScoredItems:
    """Make totals of the item answers of one instrument.

    Parameters
    ----------
    items : DataFrame
        One row per answer: ``patient_id``, ``day``, ``instrument``, ``item`` (number from 1), ``answer`` (missing
        where the item was not answered), and ``rater`` and ``hour`` where known. Other instruments' rows are passed
        over. An item without a row counts as missing.
    instrument : Instrument or str
        A name is looked up in the registry.
    missing_rule : "published" or "project"
        "project" takes the rule of this project where none is published; `ScoredItems.sentence` says so.

    Raises
    ------
    InstrumentError
        If the instrument is ordinal or has no items in the registry, a column is missing, an answer is no number or
        not one of the item's answers, an item does not exist, or an item was answered twice.
    """
    instrument = as_instrument(instrument)
    if instrument.total_rule == "ordinal":
        raise InstrumentError(
            f"{instrument.name} is ordinal and is never summed, averaged or prorated. "
            "Read its items with suicidality_states(items, instrument)."
        )
    rule = choose_rule(instrument, missing_rule)
    table = tabulate_answers(items, instrument)
    skipped = _apply_skips(table.points, instrument)
    total = _total(skipped, instrument, rule)
    scores = table.assessments.copy()
    scores[INSTRUMENT] = instrument.name
    scores[SCORE] = total
    scores["n_answered"] = (~np.isnan(table.points)).sum(axis=1)
    scores["n_missing"] = table.points.shape[1] - scores["n_answered"]
    lowest, highest = _possible_totals(table, skipped, instrument)
    scores["lowest_possible"], scores["highest_possible"] = lowest, highest
    how = np.select([np.isnan(total), scores["n_missing"] == 0, lowest == highest], [NO_TOTAL, COMPLETE, KNOWN], FILLED)
    scores["how"] = pd.Categorical(how, categories=HOW, ordered=True)
    return ScoredItems(scores, _report(scores), missing_rule_sentence(instrument, missing_rule))


def _apply_skips(points: np.ndarray, instrument: Instrument) -> np.ndarray:
    filled = points.copy()
    for skip in instrument.skips:
        zero = (points[:, np.array(skip.zero_items) - 1] == 0).all(axis=1)
        columns = np.array(skip.then_zero) - 1
        part = filled[:, columns]
        filled[:, columns] = np.where(np.isnan(part) & zero[:, None], 0.0, part)
    return filled


def _total(points: np.ndarray, instrument: Instrument, rule: MissingRule) -> np.ndarray:
    if instrument.total_rule == "sum of domains":
        total = _domain_scores(points, instrument, rule).sum(axis=1)
    elif instrument.total_rule == "percent of maximum":
        total = _percent_of_maximum(points, instrument, rule)
    else:
        total = FILLERS[rule.kind](points, instrument, rule).sum(axis=1)
    none_answered = np.isnan(points).all(axis=1)
    return np.where(none_answered, np.nan, total * instrument.multiplier)


def _domain_scores(points: np.ndarray, instrument: Instrument, rule: MissingRule) -> np.ndarray:
    """The largest item of each domain, where it is known.

    It is known where all items that the form asks are answered, and whatever is missing where an answered one is
    already the highest possible. The project's rule takes the largest of those answered.
    """
    missing = np.isnan(points)
    n_missing = np.zeros(len(points), dtype=int)
    columns = []
    for domain in instrument.domains:
        part = points[:, np.array(domain.items) - 1]
        gap = missing[:, np.array(domain.items) - 1].copy()
        for first, second in domain.either_or:
            a, b = domain.items.index(first), domain.items.index(second)
            one_of_two = gap[:, a] ^ gap[:, b]
            gap[one_of_two, a] = gap[one_of_two, b] = False
        largest = np.where(np.isnan(part), -np.inf, part).max(axis=1)
        top = max(instrument.item_ranges[item - 1][1] for item in domain.items)
        known = ~gap.any(axis=1) | (largest == top)
        n_missing += np.where(known, 0, gap.sum(axis=1))
        guess = np.isfinite(largest) & (rule.kind == "largest present")
        columns.append(np.where(known | guess, largest, np.nan))
    parts = np.column_stack(columns)
    if rule.kind == "largest present":
        parts[n_missing > rule.max_missing] = np.nan
    return parts


def _percent_of_maximum(points: np.ndarray, instrument: Instrument, rule: MissingRule) -> np.ndarray:
    answered = ~np.isnan(points)
    top = np.array([high for _, high in instrument.item_ranges], dtype=float)
    possible = (answered * top).sum(axis=1)
    allowed = (~answered).sum(axis=1) <= (rule.max_missing if rule.kind == "answered only" else 0)
    share = np.nansum(points, axis=1) / np.where(possible > 0, possible, np.nan)
    return np.where(allowed, 100 * share, np.nan)


def _possible_totals(table: AnswerTable, skipped: np.ndarray, instrument: Instrument) -> tuple[np.ndarray, np.ndarray]:
    if instrument.total_rule == "percent of maximum":
        none = np.full(len(skipped), np.nan)
        return none, none.copy()
    ends = []
    for end in (table.lowest, table.highest):
        filled = np.where(np.isnan(skipped), end[None, :], skipped)
        if instrument.domains:
            filled = _fill_either_or(skipped, filled, instrument)
            filled = np.column_stack([filled[:, np.array(d.items) - 1].max(axis=1) for d in instrument.domains])
        ends.append(filled.sum(axis=1) * instrument.multiplier)
    return ends[0], ends[1]


def _fill_either_or(points: np.ndarray, filled: np.ndarray, instrument: Instrument) -> np.ndarray:
    filled = filled.copy()
    for domain in instrument.domains:
        for first, second in domain.either_or:
            one_of_two = np.isnan(points[:, first - 1]) ^ np.isnan(points[:, second - 1])
            for item in (first, second):
                gap = one_of_two & np.isnan(points[:, item - 1])
                filled[gap, item - 1] = 0
    return filled


def _report(scores: pd.DataFrame) -> pd.DataFrame:
    keys = [INSTRUMENT] + (["rater"] if "rater" in scores else [])
    counts = scores.groupby([*keys, "how"], observed=True, dropna=False).size().rename("n_assessments").reset_index()
    counts["share"] = counts["n_assessments"] / counts.groupby(keys, dropna=False)["n_assessments"].transform("sum")
    return counts
