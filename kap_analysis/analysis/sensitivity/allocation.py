"""Does it hold when the patients were not comparable: propensity of group format, weights, doubly robust regression.

Propensity: logistic regression of group format on the baseline, practice and the plan's covariates. Weights:
stabilised inverse-probability weights (truncated at their 1st and 99th percentiles) and overlap weights (Li, Morgan &
Zaslavsky 2018, doi 10.1080/01621459.2016.1260466), whose patients are those who might have been in either format.
Intervals: bootstrap that resamples cohorts in the group format and patients in the individual one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from kap_analysis.analysis.model.model_frame import ModelFrame, build_model_frame, hide_few
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model.resampling import bootstrap_samples, percentile_interval
from kap_analysis.analysis.model.study_or_outcomes import planned_outcomes
from kap_analysis.analysis.result import Progress, Result, empty_withheld
from kap_analysis.analysis.sensitivity.propensity import (
    PROPENSITY_LIMITS,
    estimate_propensity,
    overlap_weights,
    stabilised_weights,
)
from kap_analysis.analysis.visits import check_visit
from kap_analysis.columns import BASELINE, FORMAT, GROUP, N_PATIENTS, PATIENT_ID, SCORE, VISIT
from kap_analysis.disclosure.gate import release
from kap_analysis.errors import AnalysisError
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study
from kap_analysis.writing.sentences import interval, join_words, number, sentence_case

UNWEIGHTED, IPW, OVERLAP = "unweighted", "ipw", "overlap"
#: Patients of each format at the visit that weighting needs.
FEWEST_PATIENTS = 10
#: A weight beyond this is said: the weighted estimate then rests on few patients.
LARGE_WEIGHT = 10


@dataclass(frozen=True)
class AllocationSensitivity(Result):
    """The contrast at the primary visit after weighting.

    Attributes
    ----------
    propensity : DataFrame
        ``patient_id``, ``format``, ``propensity`` (of group format), ``ipw``, ``overlap`` (weights).
    balance : DataFrame
        ``characteristic``, ``level``, ``weighting`` (unweighted, ipw, overlap), ``smd`` (weighted difference of means
        divided by the unweighted pooled SD).
    effective_sample_size : DataFrame
        ``weighting``, ``format``, ``n_patients``, ``effective`` ((sum w)^2 / sum w^2).
    estimates : DataFrame
        ``method``, ``estimand``, ``estimate``, ``ci_low``, ``ci_high`` (bootstrap percentiles), ``n_patients``,
        ``n_bootstrap``, ``assumes``.
    confounding : DataFrame
        How many points of the difference an unmeasured confounder must account for: ``target`` (zero, margin),
        ``limit`` (of the interval), ``points``, ``meaning``.
    notes : DataFrame
        ``note``.
    """

    propensity: pd.DataFrame
    balance: pd.DataFrame
    effective_sample_size: pd.DataFrame
    estimates: pd.DataFrame
    confounding: pd.DataFrame
    notes: pd.DataFrame
    visit: str
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def paragraph(self) -> str:
        worst = self.balance.groupby("weighting")["smd"].apply(lambda s: s.abs().max())
        told = [
            f"{row['method']}: {number(row['estimate'])} (95% interval {interval(row['ci_low'], row['ci_high'])})"
            for _, row in self.estimates.iterrows()
        ]
        notes = " ".join(self.notes["note"])
        return (
            f"The largest standardised difference between the formats was {number(worst[UNWEIGHTED], 2)} before "
            f"weighting, {number(worst[IPW], 2)} after inverse-probability and {number(worst[OVERLAP], 2)} after "
            f"overlap weights. Group minus individual at {self.visit} by {'; '.join(told)}. "
            f"{sentence_case(join_words(list(self.confounding['meaning'])))}. {notes}".strip()
        )


def check_allocation(
    source: Study | Outcomes,
    *,
    plan: Plan | None = None,
    visit: str | None = None,
    margin: float | None = None,
    n_bootstrap: int = 500,
    seed: int = 20190402,
    progress: Progress | None = None,
) -> AllocationSensitivity:
    """Repeat the contrast at one visit with weights, and say how strong an unmeasured confounder must be.

    Only patients scored at the visit are used: dropout is the subject of `check_dropout`.

    Raises
    ------
    AnalysisError
        If the covariates tell the formats apart completely: no weight can then make them alike.
    """
    outcomes, plan, visit = planned_outcomes(source, plan, visit)
    check_visit(outcomes, visit)
    model = build_model_frame(outcomes, plan.covariates, pool_levels_below=plan.ladder.pool_levels_below)
    people = _at_visit(model, visit)
    design = covariate_matrix(people, model.covariates)
    score = estimate_propensity(design, people["is_group"].to_numpy())
    weights = {
        UNWEIGHTED: np.ones(len(people)),
        IPW: stabilised_weights(score, people["is_group"].to_numpy()),
        OVERLAP: overlap_weights(score, people["is_group"].to_numpy()),
    }
    estimates = _estimates(people, model.covariates, n_bootstrap, seed, progress)
    margin = margin if margin is not None else (plan.margin.points if plan.margin else None)
    primary = next(e for e in estimates if e["method"] == "doubly robust")
    result = AllocationSensitivity(
        propensity=people[[PATIENT_ID, FORMAT]]
        .astype({FORMAT: "str"})
        .assign(propensity=score, ipw=weights[IPW], overlap=weights[OVERLAP]),
        balance=_balance(design, people["is_group"].to_numpy(), weights),
        effective_sample_size=_effective_sizes(people, weights),
        estimates=pd.DataFrame(estimates),
        confounding=_confounding(primary, margin, outcomes.instrument.higher_is_better),
        notes=pd.DataFrame({"note": [*model.notes, *_weight_notes(score, weights[IPW], hide_few(outcomes))]}),
        visit=visit,
    )
    return release(result, visibility=outcomes.visibility, is_simulated=outcomes.is_simulated)


def covariate_matrix(people: pd.DataFrame, covariates: tuple[str, ...]) -> pd.DataFrame:
    """Baseline and covariates as numbers, without a constant: a column per level but the first."""
    frame = people[[BASELINE, *covariates]]
    matrix = pd.get_dummies(frame, drop_first=True, dtype=float)
    return matrix.loc[:, matrix.nunique() > 1]


def _at_visit(model: ModelFrame, visit: str) -> pd.DataFrame:
    people = model.frame[(model.frame[VISIT] == visit) & model.frame[FORMAT].isin(["individual", GROUP])]
    counts = people["is_group"].value_counts()
    if len(counts) < 2 or counts.min() < FEWEST_PATIENTS:
        raise AnalysisError(
            f"At {visit} fewer than {FEWEST_PATIENTS} patients of a format were scored; weighting needs so "
            "many of each."
        )
    return people.reset_index(drop=True)


def _estimates(
    people: pd.DataFrame, covariates: tuple[str, ...], n_bootstrap: int, seed: int, progress: Progress | None
) -> list[dict[str, object]]:
    design = covariate_matrix(people, covariates).to_numpy()
    group, score = people["is_group"].to_numpy(), people[SCORE].to_numpy(float)
    point = _all_methods(design, group, score)
    samples = bootstrap_samples(people, n_bootstrap, seed)
    drawn: list[tuple[float, ...]] = []
    for done, rows in enumerate(samples, start=1):
        try:
            drawn.append(_all_methods(design[rows], group[rows], score[rows]))
        except (AnalysisError, np.linalg.LinAlgError):
            continue  # a sample without overlap says nothing; how many were used stands in n_bootstrap
        if progress is not None:
            progress(done, n_bootstrap, "bootstrap samples")
    assumes = "every confounder is among the covariates, which are modelled rightly"
    estimands = {
        "regression": "difference given the covariates", "inverse-probability weights": "all patients (ATE)",
        "overlap weights": "patients who might be in either (ATO)", "doubly robust": "all patients (ATE)",
    }  # fmt: skip
    found: list[dict[str, object]] = []
    for position, (method, estimand) in enumerate(estimands.items()):
        low, high = percentile_interval(np.array([values[position] for values in drawn]))
        described = {
            "method": method,
            "estimand": estimand,
            "estimate": point[position],
            "ci_low": low,
            "ci_high": high,
        }
        found.append({**described, N_PATIENTS: len(people), "n_bootstrap": len(drawn), "assumes": assumes})
    return found


def _all_methods(design: np.ndarray, group: np.ndarray, score: np.ndarray) -> tuple[float, float, float, float]:
    """Regression, inverse-probability weighted, overlap weighted, augmented inverse-probability weighted."""
    propensity = estimate_propensity(design, group)
    ones = np.ones(len(group))
    full = np.column_stack([ones, group, design])
    regression = _weighted_coefficients(full, score, ones)[1]
    ipw = _weighted_difference(score, group, stabilised_weights(propensity, group))
    overlap = _weighted_difference(score, group, overlap_weights(propensity, group))
    x = np.column_stack([ones, design])
    predicted = {
        arm: x @ _weighted_coefficients(x[group == arm], score[group == arm], ones[group == arm]) for arm in (0, 1)
    }
    bounded = np.clip(propensity, *PROPENSITY_LIMITS)
    treated = predicted[1] + group * (score - predicted[1]) / bounded
    untreated = predicted[0] + (1 - group) * (score - predicted[0]) / (1 - bounded)
    return float(regression), ipw, overlap, float(np.mean(treated - untreated))


def _weighted_coefficients(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    root = np.sqrt(weights)
    return np.linalg.lstsq(x * root[:, None], y * root, rcond=None)[0]


def _weighted_difference(score: np.ndarray, group: np.ndarray, weights: np.ndarray) -> float:
    return float(
        np.average(score[group == 1], weights=weights[group == 1])
        - np.average(score[group == 0], weights=weights[group == 0])
    )


def _balance(design: pd.DataFrame, group: np.ndarray, weights: dict[str, np.ndarray]) -> pd.DataFrame:
    rows = []
    for column in design:
        values = design[column].to_numpy(float)
        pooled = np.sqrt((values[group == 1].var(ddof=1) + values[group == 0].var(ddof=1)) / 2)
        for name, weight in weights.items():
            difference = _weighted_difference(values, group, weight)
            rows.append([*_characteristic(str(column), design), name, difference / pooled if pooled > 0 else np.nan])
    return pd.DataFrame(rows, columns=["characteristic", "level", "weighting", "smd"])


def _characteristic(column: str, design: pd.DataFrame) -> tuple[str, str]:
    for source in ("primary_diagnosis", "practice", "sex", "gender", "race_ethnicity"):
        if column.startswith(f"{source}_"):
            return source, column[len(source) + 1 :]
    return column, ""


def _effective_sizes(people: pd.DataFrame, weights: dict[str, np.ndarray]) -> pd.DataFrame:
    rows = []
    for name, weight in weights.items():
        for arm in people[FORMAT].astype("str").unique():
            w = weight[(people[FORMAT].astype("str") == arm).to_numpy()]
            rows.append([name, arm, len(w), w.sum() ** 2 / (w**2).sum()])
    return pd.DataFrame(rows, columns=["weighting", FORMAT, N_PATIENTS, "effective"])


def _weight_notes(score: np.ndarray, ipw: np.ndarray, of_patients: Callable[[int], str]) -> list[str]:
    low, high = PROPENSITY_LIMITS
    outside = int(((score < low) | (score > high)).sum())
    notes = []
    if outside:
        notes.append(
            f"A propensity below {low} or above {high} was found in {of_patients(outside)}: the formats hardly overlap "
            "there."
        )
    if ipw.max() > LARGE_WEIGHT:
        notes.append(f"The largest weight is {number(ipw.max())}: the weighted estimate rests on few patients.")
    return notes


def _confounding(primary: dict[str, object], margin: float | None, higher_is_better: bool) -> pd.DataFrame:
    """Points of bias that would move the nearer limit of the interval to zero, or the worse one to the margin."""
    low, high = float(primary["ci_low"]), float(primary["ci_high"])  # type: ignore[arg-type]
    rows = []
    if low <= 0 <= high:
        rows.append(
            [
                "zero",
                np.nan,
                0.0,
                "the interval already includes no difference, so no confounder is needed to explain it away",
            ]
        )
    else:
        limit = low if low > 0 else high
        rows.append(
            [
                "zero",
                limit,
                abs(limit),
                f"an unmeasured confounder must account for {number(abs(limit))} points to move the interval to zero",
            ]
        )
    if margin is not None:
        worse = -low if higher_is_better else high
        room = margin - worse
        meaning = (
            f"it must account for {number(room)} points to move the interval across the margin"
            if room > 0
            else "the interval crosses the margin without any confounder"
        )
        rows.append(["margin", worse, max(room, 0.0), meaning])
    return pd.DataFrame(rows, columns=["target", "limit", "points", "meaning"])
