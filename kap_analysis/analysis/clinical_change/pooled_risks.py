"""Risks of an event in imputed data sets, pooled by Rubin's rules; the number of events decides the adjustment."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import expit

from kap_analysis.analysis.clinical_change.response import BETTER
from kap_analysis.analysis.clinical_change.standardised_risk import Risks, standardised_risks
from kap_analysis.analysis.missing.imputation import Completed
from kap_analysis.analysis.missing.rubin import Pooled, pool
from kap_analysis.analysis.model.covariates import sources_of
from kap_analysis.columns import (
    BASELINE,
    CI_HIGH,
    CI_LOW,
    COHORT_ID,
    ESTIMATE,
    ESTIMATE_COLUMNS,
    FORMAT,
    GROUP,
    INDIVIDUAL,
    N_PATIENTS,
    PRACTICE,
)
from kap_analysis.writing.names import readable
from kap_analysis.writing.sentences import join_words

#: Patients with the event (or without it, if fewer) needed per coefficient of the model.
EVENTS_PER_COEFFICIENT = 5
#: Patients with and without the event needed in each format, on average, for an interval.
FEWEST_PER_FORMAT = 5
TOO_FEW = (
    f"too few for an interval (in one format fewer than {FEWEST_PER_FORMAT} patients have it, or fewer than "
    f"{FEWEST_PER_FORMAT} do not, on average over the imputed data)"
)
UNFITTED = "the model could not be fitted in every imputed data set"
DIFFERENCE, RATIO = "risk difference", "risk ratio"


@dataclass(frozen=True, slots=True)
class ComparedRisks:
    """The risks of one event in both formats, and their comparison.

    Attributes
    ----------
    shares : tuple of float
        Share of patients with the event, averaged over the data sets: group, individual.
    counts : tuple of float
        Number of patients with the event, averaged likewise.
    difference, log_ratio, logits : Pooled or None
        None if there are too few events for an interval; ``logits`` of the risks, group first.
    adjusted_for : str
    note : str
        Why there is no interval, or empty.
    """

    shares: tuple[float, float]
    counts: tuple[float, float]
    difference: Pooled | None
    log_ratio: Pooled | None
    logits: tuple[Pooled, Pooled] | None
    adjusted_for: str
    note: str


def compare_risks(
    completed: Completed, covariates: tuple[str, ...], happened: np.ndarray, df: float, too_few: str
) -> ComparedRisks:
    """Compare the risks of an event.

    Parameters
    ----------
    happened : bool array (imputations, patients)
    df : float
        Complete-data degrees of freedom: clusters of the group format minus one.
    too_few : str
        Why this describes and gives no interval, or empty.
    """
    group = (completed.patients[FORMAT] == GROUP).to_numpy()
    shares = (float(happened[:, group].mean()), float(happened[:, ~group].mean()))
    counts = (float(happened[:, group].sum(axis=1).mean()), float(happened[:, ~group].sum(axis=1).mean()))
    fewest = min(min(n, arm.sum() - n) for n, arm in zip(counts, (group, ~group), strict=True))
    if too_few or fewest < FEWEST_PER_FORMAT:
        why = "too few patients or cohorts for an interval" if too_few else TOO_FEW
        return ComparedRisks(shares, counts, None, None, None, "nothing", why)
    allowed = min(happened.mean(axis=0).sum(), (~happened).mean(axis=0).sum()) / EVENTS_PER_COEFFICIENT
    for names in _ladder(covariates):
        designs = [_design(completed, which, names) for which in range(len(happened))]
        if names and designs[0].shape[1] + 2 > allowed:
            continue
        found = _risks(completed, designs, happened)
        if found is not None:
            words = join_words([readable(n) for n in sources_of(names, completed.patients.columns)])
            return _pooled(found, shares, counts, df, words or "nothing")
    return ComparedRisks(shares, counts, None, None, None, "nothing", UNFITTED)


def _ladder(covariates: tuple[str, ...]) -> list[tuple[str, ...]]:
    practice = tuple(c for c in covariates if c == PRACTICE)
    return list(dict.fromkeys([(BASELINE, *covariates), (BASELINE, *practice), (BASELINE,), ()]))


def _design(completed: Completed, which: int, names: tuple[str, ...]) -> np.ndarray:
    if not names:
        return np.empty((len(completed.patients), 0))
    people = completed.people(which)
    return pd.get_dummies(people[list(names)], drop_first=True, dtype=float).to_numpy()


def _risks(completed: Completed, designs: list[np.ndarray], happened: np.ndarray) -> list[Risks] | None:
    group = (completed.patients[FORMAT] == GROUP).to_numpy(float)
    cluster = completed.patients[COHORT_ID].astype("str").to_numpy()
    found = []
    for design, event in zip(designs, happened, strict=True):
        risks = standardised_risks(event.astype(float), group, design, cluster)
        if risks is None:
            return None
        found.append(risks)
    return found


def _pooled(
    found: list[Risks], shares: tuple[float, float], counts: tuple[float, float], df: float, adjusted_for: str
) -> ComparedRisks:
    def together(pairs: list[tuple[float, float]]) -> Pooled:
        values = np.array(pairs)
        return pool(values[:, 0], values[:, 1], df)

    return ComparedRisks(
        shares,
        counts,
        together([r.difference() for r in found]),
        together([r.log_ratio() for r in found]),
        (together([r.logit(0) for r in found]), together([r.logit(1) for r in found])),
        adjusted_for,
        "",
    )


@dataclass
class RiskRows:
    """Collects the events of a comparison into frames."""

    found: list[tuple[str, str, ComparedRisks]] = field(default_factory=list)

    def add(self, event: str, side: str, compared: ComparedRisks) -> None:
        self.found.append((event, side, compared))

    def contrasts(self, n_patients: int) -> pd.DataFrame:
        rows = []
        for event, side, one in self.found:
            for measure, pooled in ((DIFFERENCE, one.difference), (RATIO, one.log_ratio)):
                values = _estimate_row(pooled, measure, one.shares)
                about = {
                    N_PATIENTS: n_patients,
                    "n_fewest": min(one.counts),
                    "adjusted_for": one.adjusted_for,
                    "note": one.note,
                }
                rows.append({"event": event, "side": side, "measure": measure, **values, **about})
        return pd.DataFrame(rows)

    def risks(self) -> pd.DataFrame:
        rows = []
        for event, side, one in self.found:
            for which, name in enumerate((GROUP, INDIVIDUAL)):
                risk, low, high = one.shares[which], np.nan, np.nan
                if one.logits is not None:
                    ends = one.logits[which].interval()
                    risk, low, high = (float(expit(value)) for value in (one.logits[which].estimate, *ends))
                named = {"event": event, "side": side, FORMAT: name, "n_with_event": one.counts[which]}
                rows.append({**named, "risk": risk, CI_LOW: low, CI_HIGH: high})
        return pd.DataFrame(rows)

    def needed(self) -> pd.DataFrame:
        """1 / risk difference, for events whose risk difference excludes zero."""
        rows = []
        for event, side, one in self.found:
            if one.difference is None:
                continue
            low, high = one.difference.interval()
            if low <= 0 <= high:
                continue
            more = "more" if one.difference.estimate > 0 else "fewer"
            ends = sorted((1 / abs(low), 1 / abs(high)))
            verdict = "in favour of" if (one.difference.estimate > 0) == (side == BETTER) else "against"
            meaning = f"patients treated in groups instead of individually for one {more} {event}: {verdict} groups"
            estimate = 1 / abs(one.difference.estimate)
            rows.append({"event": event, "meaning": meaning, ESTIMATE: estimate, CI_LOW: ends[0], CI_HIGH: ends[1]})
        return pd.DataFrame(rows, columns=["event", "meaning", ESTIMATE, CI_LOW, CI_HIGH])


def _estimate_row(pooled: Pooled | None, measure: str, shares: tuple[float, float]) -> dict[str, float]:
    if pooled is None:
        estimate = shares[0] - shares[1] if measure == DIFFERENCE else np.nan  # too few events for a ratio
        return {**dict.fromkeys(ESTIMATE_COLUMNS, np.nan), ESTIMATE: estimate, "missing_information": np.nan}
    row = pooled.row()
    if measure == RATIO:
        row |= {name: float(np.exp(row[name])) for name in (ESTIMATE, CI_LOW, CI_HIGH)}
    return {**row, "missing_information": pooled.missing_information}
