"""What a questionnaire is: structure, direction, thresholds, and where each of these facts comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd

from kap_analysis.errors import InstrumentError
from kap_analysis.instruments.facts import (
    Band,
    BandSet,
    ClinicalCutoff,
    Domain,
    ImportantChange,
    MissingRule,
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

ROLES: Final = ("outcome", "screen", "covariate")

#: Facts that may stay empty, and the words for them in a sentence.
OPTIONAL_FACTS: Final = MappingProxyType(
    {
        "recall_days": "recall period",
        "band_sets": "set of severity bands",
        "response": "response rule",
        "remission": "remission rule",
        "reliability": "reliability",
        "norms": "clinical and normative means and SDs",
        "smallest_important_change": "smallest important change",
        "reliable_change": "published reliable change",
        "clinical_cutoffs": "published cut-off for clinically significant change",
        "suicidality": "item on suicidality",
        "licence": "licence",
    }
)

#: The keys of an [[instrument]] of study.toml that state such a fact; its others are named alike.
_OWN_KEYS: Final = MappingProxyType(
    {
        "band_sets": "bands",
        "response": "response_percent",
        "norms": "clinical_mean, clinical_sd, normative_mean and normative_sd",
        "clinical_cutoffs": "clinical_cutoff",
        "suicidality": "suicidality_item",
    }
)


@dataclass(frozen=True)
class Instrument:
    """A questionnaire or rating scale. No item wording is kept.

    Attributes
    ----------
    name, title, version : str
        The name used in data, the full name, and which version is meant.
    role : "outcome", "screen" or "covariate"
        Screens and covariates are refused as outcomes.
    rater : "self" or "clinician"
    n_items : int or None
        None for an instrument of the user's own that has totals only.
    item_ranges : tuple of (low, high)
        Recorded answers of each item, both ends allowed.
    item_answers : mapping of item to tuple
        The allowed answers of items that leave some of their range out (AUDIT 9 and 10).
    total_range : (low, high)
    total_rule : "sum", "sum of domains", "percent of maximum" or "ordinal"
        An ordinal instrument is never summed.
    multiplier : float
        Points of the total per raw point (WHO-5: 4).
    higher_is_better : bool
    recall_days : int or None
        How far back the questions look; 0 for "now" and for a session that has just ended.
    band_sets : tuple of BandSet; default_band_set : str or None
    response, remission : Response or None, Remission or None
    reliability, norms, smallest_important_change, reliable_change, clinical_cutoffs : tuples
        Smallest important change and reliable change are different questions and separate fields.
    missing_rule, project_missing_rule : MissingRule
        The published rule (kind "none" where there is none), and the one that holds only by opting in.
    suicidality : SuicidalityItems or None
    licence : str or None
    sources : mapping of key to Source
    provenance : mapping of field name to Provenance
        For the plain fields; the other facts carry their own.
    checked_on : datetime.date or None
    not_pooled_with : tuple of str
        Instruments of a similar name whose scores must not be mixed with these.
    """

    name: str
    title: str
    version: str
    role: str
    measures: str
    rater: str
    n_items: int | None
    item_ranges: tuple[tuple[int, int], ...]
    total_range: tuple[float, float]
    higher_is_better: bool
    missing_rule: MissingRule
    project_missing_rule: MissingRule
    checked_on: date | None
    total_rule: str = "sum"
    multiplier: float = 1.0
    item_answers: Mapping[int, tuple[int, ...]] = field(default_factory=lambda: MappingProxyType({}))
    domains: tuple[Domain, ...] = ()
    subscales: tuple[tuple[int, ...], ...] = ()
    skips: tuple[Skip, ...] = ()
    recodes: tuple[Recode, ...] = ()
    recall_days: int | None = None
    band_sets: tuple[BandSet, ...] = ()
    default_band_set: str | None = None
    response: Response | None = None
    remission: Remission | None = None
    reliability: tuple[Reliability, ...] = ()
    norms: tuple[Norm, ...] = ()
    smallest_important_change: tuple[ImportantChange, ...] = ()
    reliable_change: tuple[ReliableChange, ...] = ()
    clinical_cutoffs: tuple[ClinicalCutoff, ...] = ()
    suicidality: SuicidalityItems | None = None
    licence: str | None = None
    sources: Mapping[str, Source] = field(default_factory=lambda: MappingProxyType({}))
    provenance: Mapping[str, Provenance] = field(default_factory=lambda: MappingProxyType({}))
    not_pooled_with: tuple[str, ...] = ()
    note: str | None = None
    is_own: bool = False

    def __repr__(self) -> str:
        low, high = self.total_range
        better = "higher" if self.higher_is_better else "lower"
        return f"<Instrument {self.name}: {self.title[:80]}; {low:g} to {high:g}, {better} is better>"

    def __getstate__(self) -> dict[str, Any]:
        """The fields with read-only mappings as plain ones, for these cannot be pickled or copied."""
        return {key: dict(v) if isinstance(v, MappingProxyType) else v for key, v in vars(self).items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for key, value in state.items():
            object.__setattr__(self, key, MappingProxyType(value) if isinstance(value, dict) else value)

    @property
    def direction(self) -> int:
        """+1 where higher is better, -1 where lower is better: ``direction * change`` is improvement."""
        return 1 if self.higher_is_better else -1

    @property
    def suicidality_item(self) -> int | None:
        """The first item on suicidality; None where no item asks about it."""
        return None if self.suicidality is None else self.suicidality.items[0]

    @property
    def not_established(self) -> tuple[str, ...]:
        """The fields that nobody could establish, or that the instrument does not have."""
        return tuple(f for f in OPTIONAL_FACTS if getattr(self, f) is None or getattr(self, f) == ())

    def require(self, fact: str, instead: str = "") -> Any:
        """Return the field `fact`, or raise an InstrumentError that says it is not established and what to do."""
        if fact == "suicidality" and self.suicidality is None:
            raise InstrumentError(f"{self.name} has no item on suicidality: it says nothing about it, either way.")
        if fact in self.not_established:
            words, keys = OPTIONAL_FACTS[fact], _OWN_KEYS.get(fact, fact)
            raise self._not_known(f"No {words} of {self.name} is established in the registry.", words, keys, instead)
        return getattr(self, fact)

    def _not_known(self, of_registry: str, fact: str, keys: str, instead: str) -> InstrumentError:
        """What nobody could establish of an instrument of the registry, or study.toml does not say of one's own."""
        of_own = f"study.toml states no {fact} of {self.name}: {keys} in its [[instrument]] would."
        return InstrumentError(f"{of_own if self.is_own else of_registry} {instead}".rstrip())

    def require_outcome(self) -> "Instrument":
        """Return the instrument, or raise where it is a screen or a covariate."""
        if self.role != "outcome":
            reason = self.note or f"its role is {self.role}."
            raise InstrumentError(f"{self.name} is a {self.role} and cannot be an outcome: {reason}")
        return self

    def bands(self, band_set: str | None = None) -> tuple[Band, ...]:
        """The severity bands of one published set, lowest scores first; the default set unless named.

        Raises
        ------
        InstrumentError
            Where the instrument has no established bands, or none of that name.
        """
        self.require("band_sets", "Scores can be shown without bands.")
        wanted = self.default_band_set if band_set is None else band_set
        for one in self.band_sets:
            if one.name == wanted:
                return one.bands
        known = ", ".join(repr(one.name) for one in self.band_sets)
        raise InstrumentError(f"{self.name} has no set of bands {wanted!r}; its sets are {known}.")

    def band_of(self, scores: pd.Series | np.ndarray | list[float], band_set: str | None = None) -> pd.Series:
        """The band of each score, as an ordered categorical with the labels of the set, lowest scores first.

        A score between two whole-number bands (a prorated total) belongs to the lower one. A missing score, and one
        that the published set leaves out, has no band.
        """
        bands = self.bands(band_set)
        index = scores.index if isinstance(scores, pd.Series) else None
        values = pd.to_numeric(pd.Series(scores, index=index)).to_numpy(dtype=float, na_value=np.nan)
        codes = np.searchsorted([band.low for band in bands], values, side="right") - 1
        outside = np.isnan(values) | (values > bands[-1].high) | (values < bands[0].low)
        codes = np.where(outside, -1, codes)
        kind = pd.CategoricalDtype([band.label for band in bands], ordered=True)
        labels = pd.Categorical.from_codes(codes, dtype=kind)
        return pd.Series(labels, index=index, name="band")

    def reliability_for_change(self) -> Reliability:
        """The reliability that the reliable change index takes; an InstrumentError where none is established."""
        marked = [one for one in self.reliability if one.for_reliable_change]
        if not marked:
            instead = "Pass reliability=... together with its source."
            sentence = f"No reliability of {self.name} for reliable change is established in the registry."
            raise self._not_known(sentence, "reliability", "reliability", instead)
        return marked[0]

    def norm(self, population: str) -> Norm:
        """The default "clinical" or "normative" mean and SD; an InstrumentError where none is established."""
        for one in self.norms:
            if one.population == population and one.default:
                return one
        instead = "Pass the norms together with their source, or take the clinical ones from the analysed pairs."
        sentence = f"No {population} mean and SD of {self.name} is established in the registry as a default."
        keys = f"{population}_mean and {population}_sd"
        raise self._not_known(sentence, f"{population} mean and SD", keys, instead)

    def facts(self) -> pd.DataFrame:
        """Every fact with its source.

        Returns
        -------
        One row per fact: ``fact``, ``value`` (text), ``source`` (citations), ``certainty``, ``note``, ``checked_on``.
        A fact that is not established has value "not established" and no source.
        """
        rows = [self._fact_row(name, str(getattr(self, name)), p) for name, p in self.provenance.items()]
        for name in OPTIONAL_FACTS:
            held = getattr(self, name)
            for one in held if isinstance(held, tuple) else (held,):
                if hasattr(one, "provenance"):
                    rows.append(self._fact_row(name, _describe(one), one.provenance))
        for name in ("missing_rule", "project_missing_rule"):
            rule = getattr(self, name)
            rows.append(self._fact_row(name, rule.sentence, rule.provenance))
        for name in self.not_established:
            rows.append(self._fact_row(name, "not established", None))
        return pd.DataFrame(rows)

    def _fact_row(self, name: str, value: str, provenance: Provenance | None) -> dict[str, Any]:
        keys = () if provenance is None else provenance.source
        return {
            "fact": name,
            "value": value,
            "source": "; ".join(self.sources[key].citation for key in keys) or None,
            "certainty": None if provenance is None else provenance.certainty,
            "note": None if provenance is None else provenance.note,
            "checked_on": self.checked_on,
        }


def _describe(fact: Any) -> str:
    if isinstance(fact, BandSet):
        return f"{fact.name}: " + ", ".join(f"{b.low:g}-{b.high:g} {b.label}" for b in fact.bands)
    held = {name: getattr(fact, name) for name in fact.__slots__ if name != "provenance"}
    return ", ".join(f"{name} {value}" for name, value in held.items())
