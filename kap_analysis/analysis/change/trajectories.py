"""Scores over time: a descriptive piecewise growth model.

    early = min(month, 2) (dosing), late = max(month - 2, 0) (after dosing); a baseline before day 0 is at month 0
    (one straight line if there are no scores on one side of the knot)
    score ~ practice + format*(early + late) + (1 + early | patient) + (0 + is_group:early | cohort),
    residual variance per format

The curves include differences at the start. For the adjusted comparison see `compare_formats`.
"""

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pandas as pd

from kap_analysis.analysis.change.latent_slope import latent_correlation, latent_sentence
from kap_analysis.analysis.formats import formats_present, recorded_words
from kap_analysis.analysis.model.adjusted_difference import adjusted_beside, beside_sentence
from kap_analysis.analysis.model.covariates import practices_apart
from kap_analysis.analysis.model.estimates import (
    Rows,
    averaged_rows,
    engine_notes,
    estimate_rows,
    first_or_refuse,
    fit_formula,
)
from kap_analysis.analysis.model.model_frame import cohort_of_one
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.patients.diagnosis_groups import DIAGNOSIS, group_diagnoses
from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.analysis.visits import NO_CONTROL
from kap_analysis.columns import (
    COHORT_ID,
    FORMAT,
    FORMATS,
    GROUP,
    INSTRUMENT,
    MONTH,
    N_PATIENTS,
    PATIENT_ID,
    PRACTICE,
    SCORE,
    VISIT,
)
from kap_analysis.disclosure.gate import release
from kap_analysis.errors import AnalysisError
from kap_analysis.mixed.results import MixedResults
from kap_analysis.run_memory import once_per_run
from kap_analysis.study.answerable import too_many_practices
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.writing.sentences import estimate_sentence, join_words, n_statement, number
from kap_analysis.writing.small_numbers import interval_words, is_enough

#: Month at which the second slope begins: dosing is assumed to end about then.
KNOT = 2.0
DURING = f"in months 0 to {KNOT:.0f}"
AFTER = f"from month {KNOT:.0f} on"
#: Steps of the curve, in months.
STEP = 0.25
THROUGHOUT = "over the months observed"
#: Two slopes need this share of the later scores on each side of the knot, give or take half a month.
FEWEST_ON_A_SIDE, NEAR_KNOT = 0.05, 0.5


@dataclass(frozen=True)
class Trajectories(Result):
    """Growth curves, descriptive.

    Attributes
    ----------
    curves : DataFrame
        Population curve per format: ``format``, ``month``, the estimate columns (no test), averaged over practices.
    patients : DataFrame
        ``patient_id``, ``format``, ``practice``, ``primary_diagnosis`` (as `group_diagnoses`), ``month``,
        ``score``, ``fitted`` (conditional on the patient).
    slopes : DataFrame
        Points per month: ``format`` (or "group - individual"), ``phase``, the estimate columns (no test; missing where
        the scores do not tell a slope), ``n_patients``.
    latent : DataFrame
        One row: ``correlation`` of the latent score at the start with the latent slope, with ``ci_low`` and
        ``ci_high`` (profile interval), ``warning``; empty where the model has no such correlation.
    beside : DataFrame
        As `adjusted_beside`: shown with the curves of the formats.
    model : DataFrame
        One row: ``instrument``, ``formula``, ``n_patients``, ``n_observations``.
    fit : MixedResults or None
    """

    curves: pd.DataFrame
    patients: pd.DataFrame
    slopes: pd.DataFrame
    latent: pd.DataFrame
    beside: pd.DataFrame
    model: pd.DataFrame
    fit: MixedResults | None = None
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def paragraph(self) -> str:
        name = self.model[INSTRUMENT].iloc[0]
        all_own = self.slopes[self.slopes[FORMAT].isin(FORMATS)]
        own = all_own[all_own["estimate"].notna()]
        untold = all_own[all_own["estimate"].isna()]
        told = [
            f"{number(r['estimate'])} points per month {r['phase']} in {r[FORMAT]} format ("
            f"{interval_words(r)}; {n_statement(r[N_PATIENTS])})"
            for _, r in own.iterrows()
        ]
        parts = [f"{name} changed by {join_words(told)}."] if told else []
        if len(untold):
            where = [f"{r['phase']} in {r[FORMAT]} format" for _, r in untold.iterrows()]
            parts.append(f"No slope of {name} is given {join_words(where)}: too few scores tell it.")
        between = self.slopes[self.slopes[FORMAT].str.contains(" - ")]
        if len(between):
            first = between.iloc[0]
            if is_enough(own).all() and pd.notna(first["estimate"]):
                difference = estimate_sentence(first, "points per month")
                parts.append(f"The slopes {first['phase']} differ by {difference}, group minus individual.")
            parts.append(
                "These curves are descriptive: they show where each format started, and no difference is tested."
            )
        parts += filter(None, [latent_sentence(self.latent), NO_CONTROL, beside_sentence(self.beside)])
        return " ".join(parts)


@asked_of(Outcomes)
@once_per_run
def model_trajectories(outcomes: Outcomes, *, plan: Plan | None = None) -> Trajectories:
    """Fit the growth model and draw its curves.

    Parameters
    ----------
    outcomes : Outcomes
        One row per patient and visit, or per assessment (``visits="all"``).
    plan : Plan, optional
        For the adjusted difference that is shown with the curves.

    Raises
    ------
    AnalysisError
        With fewer than two time points, fewer than two patients, or scores that no growth model fits.
    """
    frame = _rows(outcomes)
    formats = tuple(frame[FORMAT].cat.categories)
    formulas = _formulas(frame, len(formats))
    residual = FORMAT if len(formats) > 1 else None
    builders = [partial(fit_formula, formula, frame, residual) for formula in formulas]
    with engine_notes():
        position, fit, _ = first_or_refuse(builders, f"{outcomes.instrument.name} over time")
    people = frame.drop_duplicates(PATIENT_ID)
    months = np.arange(0, frame[MONTH].max() + STEP / 2, STEP)
    grid = pd.DataFrame([(f, m) for f in formats for m in months], columns=[FORMAT, MONTH])
    pieces = grid.assign(**_pieces(grid[MONTH], bends=bool(frame["late"].any())))
    rows = averaged_rows(fit, people, pieces[[FORMAT, "early", "late"]])
    described = {
        INSTRUMENT: outcomes.instrument.name, "formula": formulas[position], N_PATIENTS: len(people),
        "n_observations": len(frame),
    }  # fmt: skip
    lines = frame[[c for c in (PATIENT_ID, FORMAT, PRACTICE, DIAGNOSIS, MONTH, SCORE) if c in frame]]
    if DIAGNOSIS in lines:
        lines = lines.assign(**{DIAGNOSIS: group_diagnoses(lines)})
    result = Trajectories(
        curves=estimate_rows(fit, rows.matrix, grid, test=False),
        patients=lines.assign(fitted=np.asarray(fit.fittedvalues)).reset_index(drop=True),
        slopes=_slopes(fit, people, formats),
        latent=latent_correlation(fit),
        beside=_beside(outcomes, plan),
        model=pd.DataFrame([described]),
        fit=fit,
    )
    return release(result, outcomes)


def _rows(outcomes: Outcomes) -> pd.DataFrame:
    frame = outcomes.frame.dropna(subset=[SCORE, FORMAT, MONTH]).reset_index(drop=True)
    present = formats_present(frame[FORMAT])
    month = frame[MONTH].astype(float)
    if frame.empty or month.clip(lower=0).nunique() < 2:
        raise AnalysisError(
            f"{outcomes.instrument.name} was scored at fewer than two points in time; there is no trajectory to model."
        )
    if frame[PATIENT_ID].nunique() < 2:
        raise AnalysisError(
            f"Found {outcomes.instrument.name} of one patient; a growth model needs two or more. What one patient "
            "scored stands in the outcome frame."
        )
    return growth_rows(frame, present, bends=_bends(month))


def growth_rows(frame: pd.DataFrame, formats: tuple[str, ...], *, bends: bool) -> pd.DataFrame:
    """Rows with score, format and month as the growth model takes them: its pieces of time, cohorts, practice in words.

    Parameters
    ----------
    formats : tuple of str
        In order.
    bends : bool
        Whether there are two slopes.
    """
    month = frame[MONTH].astype(float)
    frame = frame.assign(**_pieces(month, bends=bends))
    frame[FORMAT] = pd.Categorical(frame[FORMAT].astype("str"), categories=list(formats))
    frame[MONTH] = month
    nested = (
        (frame[FORMAT] == GROUP) & frame[COHORT_ID].notna() if COHORT_ID in frame else pd.Series(False, frame.index)
    )
    frame["group_early"] = nested * frame["early"]
    alone = cohort_of_one(frame[PATIENT_ID])
    frame[COHORT_ID] = frame[COHORT_ID].astype("object").where(nested, alone) if nested.any() else alone
    if PRACTICE in frame:
        frame[PRACTICE] = recorded_words(frame[PRACTICE])
    return frame


def _bends(month: pd.Series) -> bool:
    """Whether there are scores on both sides of the knot, so that two slopes can be estimated."""
    after_start = month[month > 0]
    by_knot = (after_start <= KNOT + NEAR_KNOT).mean() if len(after_start) else 0.0
    return bool(FEWEST_ON_A_SIDE <= by_knot <= 1 - FEWEST_ON_A_SIDE)


def _pieces(month: pd.Series, *, bends: bool) -> dict[str, pd.Series]:
    if not bends:
        return {"early": month.clip(lower=0), "late": month * 0.0}
    return {"early": month.clip(0, KNOT), "late": (month - KNOT).clip(lower=0)}


def _beside(outcomes: Outcomes, plan: Plan | None) -> pd.DataFrame:
    """Only rows in visit windows: a frame with every assessment also has rows between them."""
    frame = outcomes.frame
    in_window = frame[VISIT].notna()
    return adjusted_beside(
        replace(outcomes, frame=frame[in_window & ~frame.duplicated([PATIENT_ID, VISIT])]), plan=plan
    )


def _formulas(frame: pd.DataFrame, n_formats: int) -> list[str]:
    time = "early + late" if frame["late"].any() else "early"
    fixed = [f"{FORMAT}*({time})" if n_formats > 1 else time]
    several = PRACTICE in frame and frame[PRACTICE].nunique() > 1
    if several and not practices_apart(frame) and not too_many_practices(frame[PRACTICE]):
        fixed.insert(0, PRACTICE)
    cohort = [f"(0 + group_early | {COHORT_ID})"] if (frame["group_early"] > 0).any() else []
    ends = [[f"(1 + early | {PATIENT_ID})", *cohort], [f"(1 | {PATIENT_ID})", *cohort], [f"(1 | {PATIENT_ID})"]]
    return [f"{SCORE} ~ {' + '.join([*fixed, *end])}" for end in ends]


def _slopes(fit: MixedResults, people: pd.DataFrame, formats: tuple[str, ...]) -> pd.DataFrame:
    has_late = any("late" in name for name in fit.design.fixed.names)
    phases = [(DURING if has_late else THROUGHOUT, {"early": 1.0, "late": 0.0})]
    phases += [(AFTER, {"early": 0.0, "late": 1.0})] if has_late else []
    counts = people[FORMAT].value_counts()
    names, matrix = [], []
    for phase, step in phases:
        slopes = {}
        for arm in formats:
            settings = pd.DataFrame([{FORMAT: arm, **step}, {FORMAT: arm, "early": 0.0, "late": 0.0}])
            rows: Rows = averaged_rows(fit, people, settings)
            slopes[arm] = rows.matrix[0] - rows.matrix[1]
            names.append({FORMAT: arm, "phase": phase, N_PATIENTS: int(counts[arm])})
            matrix.append(slopes[arm])
        if {"individual", GROUP} <= set(formats):
            names.append({FORMAT: "group - individual", "phase": phase, N_PATIENTS: len(people)})
            matrix.append(slopes[GROUP] - slopes["individual"])
    return estimate_rows(fit, np.array(matrix), pd.DataFrame(names), test=False)
