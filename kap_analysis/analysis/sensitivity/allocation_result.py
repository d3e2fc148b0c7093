"""The result of `check_allocation`, and its sentences."""

from dataclasses import dataclass, field

import pandas as pd

from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.columns import N_PATIENTS
from kap_analysis.writing.sentences import count, estimate_words, interval, number, plural

UNWEIGHTED, IPW, OVERLAP = "unweighted", "ipw", "overlap"


@dataclass(frozen=True)
class AllocationSensitivity(Result):
    """The contrast at one visit after weighting, in the treated patients of the two formats.

    Attributes
    ----------
    propensity : DataFrame
        ``patient_id``, ``format``, ``propensity`` (of group format), ``ipw``, ``overlap`` (weights). A missing
        baseline is that of the first imputed data set.
    balance : DataFrame
        ``characteristic``, ``level``, ``weighting`` (unweighted, ipw, overlap), ``smd`` (weighted difference of means
        divided by the unweighted pooled SD).
    effective_sample_size : DataFrame
        ``weighting``, ``format``, ``n_patients``, ``effective`` ((sum w)^2 / sum w^2).
    estimates : DataFrame
        ``method``, ``estimand``, ``estimate``, ``std_error``, ``df``, ``ci_low``, ``ci_high``, ``missing_information``
        (cluster bootstrap within imputed data, Rubin's rules), ``n_patients`` (all treated patients in individual or
        group format who were scored at least once), ``n_scored`` (of them scored at the visit), ``n_bootstrap``,
        ``assumes``. Averages over all patients are missing where a covariate, such as practice, has patients of one
        format only.
    notes : DataFrame
        ``note``.
    n_imputations : int
    too_few : str
        Why this describes and does not compare, or empty.
    """

    propensity: pd.DataFrame
    balance: pd.DataFrame
    effective_sample_size: pd.DataFrame
    estimates: pd.DataFrame
    notes: pd.DataFrame
    visit: str
    n_imputations: int
    too_few: str = ""
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def paragraph(self) -> str:
        worst = self.balance.groupby("weighting")["smd"].apply(lambda s: s.abs().max())
        told = [
            f"{row['method']}: {estimate_words(row)} (95% interval {interval(row['ci_low'], row['ci_high'])})"
            for _, row in self.estimates.iterrows()
            if pd.notna(row["estimate"])
        ] or ["no method, for none is available"]
        notes = " ".join(dict.fromkeys(self.notes["note"]))
        first = self.estimates.iloc[0]
        scored = (
            "all of them were scored then"
            if first["n_scored"] == first[N_PATIENTS]
            else f"{count(first['n_scored'])} of them were scored then, and the scores of the others were imputed "
            f"{number(self.n_imputations, 0)} times"
        )
        few = f"Descriptive only: {self.too_few}. " if self.too_few else ""
        return (
            f"{few}The largest standardised difference between the formats was {number(worst[UNWEIGHTED], 2)} before "
            f"weighting, {number(worst[IPW], 2)} after inverse-probability and {number(worst[OVERLAP], 2)} after "
            f"overlap weights. The differences at {self.visit} are of {plural(first[N_PATIENTS], 'patient')} in "
            f"individual or group format who were scored at least once; {scored}. Group minus individual by "
            f"{'; '.join(told)}. {notes}".strip()
        )
