"""Cut-offs between the clinical and the functional range by Jacobson and Truax, and the norms they need.

a = M_clinical - 2 SD_clinical, b = M_normative + 2 SD_normative and
c = (SD_normative M_clinical + SD_clinical M_normative) / (SD_normative + SD_clinical), with the signs of a and b
reversed where higher scores are better.

Reference: Jacobson NS, Truax P. J Consult Clin Psychol 1991;59:12-19, doi 10.1037/0022-006X.59.1.12.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from kap_analysis.errors import AnalysisError
from kap_analysis.instruments.facts import Norm
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.writing.sentences import n_statement, number

LETTERS: Final = ("a", "b", "c")
PUBLISHED: Final = "published"
RELIABLE_CHANGE: Final = "reliable change"
CutoffChoice = Literal["a", "b", "c", "published"]


@dataclass(frozen=True, slots=True)
class Norms:
    """Means, SDs and reliability used to judge change; None if not known.

    Attributes
    ----------
    clinical_mean, clinical_sd : float
        Before treatment: of a published clinical sample, or of the analysed pairs.
    normative_mean, normative_sd : float or None
    reliability : float
    clinical_source, normative_source, reliability_source : str
        Where they come from, for the notes of a table.
    clinical_label : str
        The population of the clinical mean and SD, in words.
    """

    clinical_mean: float
    clinical_sd: float
    reliability: float
    normative_mean: float | None = None
    normative_sd: float | None = None
    clinical_source: str = "given by the user"
    normative_source: str = "given by the user"
    reliability_source: str = "given by the user"
    clinical_label: str = "as given"

    @property
    def basis(self) -> str:
        """What a reliable change is based on, in words: the SD, its population, and the reliability."""
        return f"SD {number(self.clinical_sd, 2)}, {self.clinical_label}; reliability {self.reliability:g}"


@dataclass(frozen=True, slots=True)
class Cutoff:
    """The cut-off used: ``name`` (a, b, c or published), ``value``, and whether the value itself is functional."""

    name: str
    value: float
    inclusive: bool

    def is_functional(self, scores: pd.Series, direction: int) -> pd.Series:
        """Whether scores are on the functional side; False where they are missing."""
        beyond = direction * (scores - self.value)
        return (beyond >= 0) if self.inclusive else (beyond > 0)


def functional_side(name: str, *, higher_is_better: bool) -> str:
    """On which side of a cut-off a recovered score lies, in words: a published value is itself functional."""
    side = "above" if higher_is_better else "below"
    return f"at or {side}" if name == PUBLISHED else side


def choose_norms(
    instrument: Instrument,
    norms: Literal["registry", "pairs"] | Norms,
    baseline: pd.Series,
    reliability: float | None = None,
) -> Norms:
    """The norms to use.

    Parameters
    ----------
    norms : "registry", "pairs" or Norms
        The registry's clinical mean and SD, those of `baseline` (the baseline scores of the analysed pairs), or
        your own.
    reliability : float, optional
        Instead of the registry's.

    Raises
    ------
    InstrumentError, AnalysisError
        If a needed norm is not established, or the baseline scores of the pairs do not vary.
    """
    if isinstance(norms, Norms):
        if reliability is not None and reliability != norms.reliability:
            raise AnalysisError(
                f"The norms that were given have the reliability {norms.reliability:g}, and {reliability:g} was given "
                "beside them. Give it in the norms alone."
            )
        return norms
    if norms not in ("registry", "pairs"):
        raise AnalysisError(f"norms is {norms!r}; expected 'registry', 'pairs' or Norms(...).")
    if reliability is None:
        held = instrument.reliability_for_change()
        reliability, known_from = held.value, f"{held.kind} ({held.statistic}), {held.population}"
    else:
        known_from = "given by the user"
    if norms == "pairs":
        if len(baseline) < 2 or not baseline.std(ddof=1) > 0:
            raise AnalysisError(
                f"The analysed pairs are too few, or have no spread of {instrument.name} at baseline; "
                "a mean and SD from elsewhere (norms=) would be needed."
            )
        label = "the analysed pairs"
        clinical = (float(baseline.mean()), float(baseline.std(ddof=1)), label, label)
    else:
        held_norm = instrument.norm("clinical")
        clinical = (held_norm.mean, held_norm.sd, _norm_source(instrument, held_norm), held_norm.label)
    normative = next((n for n in instrument.norms if n.population == "normative" and n.default), None)
    return Norms(
        clinical_mean=clinical[0],
        clinical_sd=clinical[1],
        clinical_source=clinical[2],
        clinical_label=clinical[3],
        reliability=reliability,
        reliability_source=known_from,
        normative_mean=None if normative is None else normative.mean,
        normative_sd=None if normative is None else normative.sd,
        normative_source="not established" if normative is None else _norm_source(instrument, normative),
    )


def cutoff_values(norms: Norms, direction: int) -> dict[str, float]:
    """Cut-offs a, b and c; missing if the normative mean and SD are not known."""
    m1, s1 = norms.clinical_mean, norms.clinical_sd
    m0 = np.nan if norms.normative_mean is None else norms.normative_mean
    s0 = np.nan if norms.normative_sd is None else norms.normative_sd
    return {"a": m1 + direction * 2 * s1, "b": m0 - direction * 2 * s0, "c": (s0 * m1 + s1 * m0) / (s0 + s1)}


def pick_cutoff(instrument: Instrument, norms: Norms, choice: CutoffChoice) -> Cutoff | None:
    """The requested cut-off; if c cannot be computed, the published one; None if there is neither.

    Raises
    ------
    AnalysisError
        If the choice is unknown, cannot be computed (a, b, published), or lies outside the range of the scale.
    """
    if choice not in (*LETTERS, PUBLISHED):
        raise AnalysisError(f"The cut-off {choice!r} is not known; choose a, b, c or published.")
    value = cutoff_values(norms, instrument.direction).get(choice, np.nan)
    if np.isnan(value):
        if choice in ("c", PUBLISHED) and instrument.clinical_cutoffs:
            return Cutoff(PUBLISHED, instrument.clinical_cutoffs[0].value, inclusive=True)
        if choice == "c":
            return None
        raise AnalysisError(f"The cut-off {choice} of {instrument.name} cannot be computed: no norms are established.")
    low, high = instrument.total_range
    if not low < value < high:
        raise AnalysisError(
            f"The cut-off {choice} of {instrument.name} is {number(value)}, outside the scale ({low:g} to {high:g}): "
            "no score can be beyond it. Take c."
        )
    return Cutoff(choice, value, inclusive=False)


def cutoff_frame(instrument: Instrument, norms: Norms, used: Cutoff | None, reliable_points: float) -> pd.DataFrame:
    """Every cut-off that can be formed, and the smallest reliable change.

    Returns
    -------
    ``cutoff`` (a, b, c, published, reliable change), ``value`` (points), ``formula``, ``source``, ``is_used``,
    ``qualification`` (why it cannot serve, or empty).
    """
    both = f"clinical: {norms.clinical_source}; normative: {norms.normative_source}"
    sign, reverse = ("+", "-") if instrument.higher_is_better else ("-", "+")
    formulas = {
        "a": (f"M_clinical {sign} 2 SD_clinical", f"clinical: {norms.clinical_source}"),
        "b": (f"M_normative {reverse} 2 SD_normative", f"normative: {norms.normative_source}"),
        "c": ("(SD_normative M_clinical + SD_clinical M_normative) / (SD_normative + SD_clinical)", both),
    }
    low, high = instrument.total_range
    rows = []
    for name, value in cutoff_values(norms, instrument.direction).items():
        if np.isnan(value):
            continue
        outside = "" if low < value < high else f"outside the scale, {low:g} to {high:g}"
        rows.append((name, value, *formulas[name], used is not None and used.name == name, outside))
    for held in instrument.clinical_cutoffs[:1]:
        source = "; ".join(instrument.sources[key].citation for key in held.provenance.source)
        rows.append((PUBLISHED, held.value, held.how, source, used is not None and used.name == PUBLISHED, ""))
    formula = "1.96 SD_clinical sqrt(2 (1 - reliability))"
    source = f"SD: {norms.clinical_source}; reliability {norms.reliability:g}: {norms.reliability_source}"
    rows.append((RELIABLE_CHANGE, reliable_points, formula, source, True, ""))
    return pd.DataFrame(rows, columns=["cutoff", "value", "formula", "source", "is_used", "qualification"])


def _norm_source(instrument: Instrument, norm: Norm) -> str:
    citations = "; ".join(instrument.sources[key].citation.rstrip(".") for key in norm.provenance.source)
    size = "" if norm.n is None else f", {n_statement(norm.n)}"
    return f"{norm.label}{size} ({citations}{norm.provenance.mark})"
