"""The primary model: fitted down the ladder of models, with its estimates of the formats at each visit."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from kap_analysis.analysis.model.estimates import (
    averaged_rows,
    engine_notes,
    estimate_rows,
    first_or_refuse,
    fit_formula,
)
from kap_analysis.analysis.model.ladder import DESCRIPTIVE, Rung, choose_rungs
from kap_analysis.analysis.model.model_frame import ModelFrame, build_model_frame
from kap_analysis.analysis.model.plan import Ladder, Plan
from kap_analysis.columns import BASELINE, ESTIMATE, FORMAT, INDIVIDUAL, N_PATIENTS, P_VALUE, PATIENT_ID, VISIT
from kap_analysis.errors import AnalysisError
from kap_analysis.mixed.results import MixedResults
from kap_analysis.run_memory import once_per_run
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.writing.sentences import join_words


@once_per_run
def fit_primary(outcomes: Outcomes, plan: Plan, visit: str) -> tuple[ModelFrame, Rung, MixedResults, list[str]]:
    """The model frame, the rung that was fitted, the fit, and notes on the fitting in sentences.

    Raises
    ------
    AnalysisError
        If the visit cannot be compared, or no model of the ladder can be fitted.
    """
    model = build_model_frame(outcomes, plan.covariates, pool_levels_below=plan.ladder.pool_levels_below)
    if visit not in model.visits:
        raise AnalysisError(
            f"At {visit} too few patients of a format have {outcomes.instrument.name}; "
            f"visits that can be compared: {join_words(model.visits)}."
        )
    rung, model, fit, notes = fit_down_the_ladder(model, plan.ladder, visit, outcomes.instrument.name)
    return model, rung, fit, notes


def fit_down_the_ladder(
    model: ModelFrame, ladder: Ladder, visit: str, what: str, *, ddf: str = "kenward-roger"
) -> tuple[Rung, ModelFrame, MixedResults, list[str]]:
    """The rung that was fitted, the model frame as it was fitted, the fit, and notes in sentences.

    Raises
    ------
    AnalysisError
        If no model of the ladder can be fitted; `what` names the scores.
    """
    if len(model.visits) == 1:  # no term of the formula holds the patient, so the index does
        model = replace(model, frame=model.frame.set_axis(model.frame[PATIENT_ID].to_numpy(object), axis=0))
    rungs = choose_rungs(model, visit, ladder)
    with engine_notes() as warned:
        position, fit, failures = first_or_refuse(
            [partial(fit_formula, rung.formula, model.frame, rung.residual_by, ddf=ddf) for rung in rungs],
            f"{what} by format",
        )
    left = [f"The {r.name} model was left: {why}" for r, why in zip(rungs, failures, strict=False)]
    return _as_reached(rungs, position), model, fit, [*left, *warned]


def why_descriptive(outcomes: Outcomes, plan: Plan, visit: str) -> str:
    """Why the counts of the analysed patients allow a description only; empty where they allow a comparison."""
    try:
        model = build_model_frame(outcomes, (), pool_levels_below=plan.ladder.pool_levels_below)
    except AnalysisError as error:
        return str(error).rstrip(".")
    if visit not in model.visits:
        return f"too few patients of a format were scored at {visit}"
    rung = choose_rungs(model, visit, plan.ladder)[0]
    return rung.why if rung.name == DESCRIPTIVE else ""


def _as_reached(rungs: list[Rung], position: int) -> Rung:
    """The rung that was fitted; its reason says so if the data, not the counts, led to a simpler model."""
    rung, first = rungs[position], rungs[0]
    if rung.name == first.name:
        return rung
    passed = join_words(list(dict.fromkeys(r.name for r in rungs[:position] if r.name != rung.name)))
    return replace(rung, why=f"{first.why}, but the data do not support the {passed} model")


def format_estimates(
    fit: MixedResults, model: ModelFrame, visit: str, rung: Rung, *, test: bool = True
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Adjusted means per format and visit, and their differences from individual format.

    With ``test=False``, and for the descriptive model, no difference has a p-value.
    """
    grid = pd.DataFrame([(f, v) for v in model.visits for f in model.formats], columns=[FORMAT, VISIT])
    rows = averaged_rows(fit, model.patients, grid)
    means = estimate_rows(fit, rows.matrix, grid, test=False)
    counts = model.frame.groupby([FORMAT, VISIT], observed=True)[PATIENT_ID].nunique()
    means[N_PATIENTS] = [int(counts.get((f, v), 0)) for f, v in zip(grid[FORMAT], grid[VISIT], strict=True)]
    names, matrix = [], []
    for v in model.visits:
        reference = rows.matrix[((grid[VISIT] == v) & (grid[FORMAT] == INDIVIDUAL)).to_numpy()][0]
        for f in (f for f in model.formats if f != INDIVIDUAL):
            matrix.append(rows.matrix[((grid[VISIT] == v) & (grid[FORMAT] == f)).to_numpy()][0] - reference)
            n = int(counts.get((f, v), 0) + counts.get((INDIVIDUAL, v), 0))
            names.append({VISIT: v, "contrast": f"{f} - {INDIVIDUAL}", N_PATIENTS: n})
    contrasts = estimate_rows(fit, np.array(matrix), pd.DataFrame(names))
    first = contrasts[VISIT].eq(visit) & contrasts["contrast"].eq(contrasts["contrast"].iloc[0])
    if contrasts.loc[first, ESTIMATE].isna().any():
        raise AnalysisError(
            f"The data do not tell the difference between the formats at {visit} from that between levels of a "
            "covariate: take such a covariate out of the plan."
        )
    contrasts["is_primary"] = first
    untested = ~first | (rung.name == DESCRIPTIVE) | (not test)
    contrasts.loc[untested, ["statistic", P_VALUE]] = np.nan
    for frame in (means, contrasts):
        frame[VISIT] = pd.Categorical(frame[VISIT], categories=list(model.visits), ordered=True)
    return means, contrasts


def baseline_sd(patients: pd.DataFrame) -> float:
    """Standard deviation of the baseline score, pooled over the formats."""
    arms = patients.groupby(FORMAT, observed=True)[BASELINE].agg(["var", "size"]).dropna()
    freedom = arms["size"] - 1
    return float(np.sqrt((arms["var"] * freedom).sum() / freedom.sum()))
