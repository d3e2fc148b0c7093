"""What happens to a total when items are missing: one rule, one function, one sentence for under the table."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from kap_analysis.errors import InstrumentError
from kap_analysis.instruments.facts import MissingRule, Provenance
from kap_analysis.instruments.instrument import Instrument

CHOICES: Final = ("published", "project")


def describe_rule(table: Mapping[str, Any], n_items: int, provenance: Provenance) -> MissingRule:
    """Make a rule of its kind and number of items, with the sentence that is printed under tables."""
    kind, limit = table["kind"], table.get("max_missing", 0)
    if kind != "none" and limit < 1:
        raise InstrumentError(f"A missing-item rule of kind {kind!r} needs max_missing of 1 or more; found {limit}.")
    sentences = {
        "none": "no total where any item is missing",
        "prorate": f"up to {limit} of {n_items} missing items take the mean of the patient's answered items",
        "answered only": "unanswered items are left out and the total is a share of the highest possible of the others",
        "subscale median": f"up to {limit} missing item per subscale takes the patient's median item score in it, "
        "rounded up",
        "largest present": f"with up to {limit} missing items, a domain scored by its largest item takes the largest "
        "of those answered",
    }
    return MissingRule(kind, limit, sentences[kind], provenance)


def choose_rule(instrument: Instrument, missing_rule: str) -> MissingRule:
    """The rule in force: the published one, or with ``missing_rule="project"`` ours where none is published."""
    if missing_rule not in CHOICES:
        raise InstrumentError(f"missing_rule is {missing_rule!r}; expected 'published' or 'project'.")
    published = instrument.missing_rule
    return instrument.project_missing_rule if missing_rule == "project" and published.kind == "none" else published


def missing_rule_sentence(instrument: Instrument, missing_rule: str = "published") -> str:
    """What is printed under a table of totals: which rule for missing items was in force, and whose it is."""
    rule = choose_rule(instrument, missing_rule)
    if rule.provenance.certainty == "decision":
        whose = "a rule of this project, not a published one" if rule.kind != "none" else "no published rule is known"
    elif rule.kind == "none":
        whose = "no published rule is known"
    else:
        sources = "; ".join(instrument.sources[key].citation for key in rule.provenance.source)
        whose = f"{sources.rstrip('.')}{', to be checked there before it is cited' if rule.provenance.mark else ''}"
    return f"{instrument.name}: {rule.sentence} ({whose})."


def fill_none(points: np.ndarray, instrument: Instrument, rule: MissingRule) -> np.ndarray:
    """Any missing item, no total: nothing is filled."""
    return points


def fill_prorate(points: np.ndarray, instrument: Instrument, rule: MissingRule) -> np.ndarray:
    """Missing items take the patient's mean, where no more than ``max_missing`` are missing."""
    missing = np.isnan(points)
    n_missing = missing.sum(axis=1)
    fillable = (n_missing > 0) & (n_missing <= rule.max_missing)
    n_answered = np.maximum(points.shape[1] - n_missing, 1)
    means = np.nansum(points, axis=1) / n_answered
    return np.where(missing & fillable[:, None], means[:, None], points)


def fill_subscale_median(points: np.ndarray, instrument: Instrument, rule: MissingRule) -> np.ndarray:
    """A subscale's few missing items take the patient's median in it, rounded up to a whole number."""
    filled = points.copy()
    for items in instrument.subscales:
        columns = np.array(items) - 1
        part = points[:, columns]
        missing = np.isnan(part)
        fillable = (missing.sum(axis=1) > 0) & (missing.sum(axis=1) <= rule.max_missing)
        if fillable.any():
            medians = np.ceil(np.nanmedian(part[fillable], axis=1))
            filled[np.ix_(fillable, columns)] = np.where(missing[fillable], medians[:, None], part[fillable])
    return filled


#: Rules that replace missing items; the other kinds act where the total is formed.
FILLERS: Final[Mapping[str, Callable[[np.ndarray, Instrument, MissingRule], np.ndarray]]] = {
    "none": fill_none,
    "prorate": fill_prorate,
    "subscale median": fill_subscale_median,
    "answered only": fill_none,
    "largest present": fill_none,
}
