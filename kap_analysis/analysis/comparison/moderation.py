"""Does the difference between the formats depend on characteristics of the patient?

Each moderator is examined alone, in the primary model with moderator by format by visit added. Moderators that the plan
does not name are exploratory: estimates without p-values. A variable measured after treatment began is not a
baseline moderator, and the result says so.
"""

from functools import partial

import numpy as np
import pandas as pd

from kap_analysis.analysis.comparison.moderation_result import Moderation
from kap_analysis.analysis.model.covariates import columns_of
from kap_analysis.analysis.model.estimates import (
    averaged_rows,
    engine_notes,
    estimate_rows,
    first_or_refuse,
    fit_formula,
)
from kap_analysis.analysis.model.ladder import DESCRIPTIVE, choose_rungs
from kap_analysis.analysis.model.model_frame import ModelFrame, build_model_frame
from kap_analysis.analysis.model.moderators import MODERATORS, Moderator, add_yes_or_no, recorded
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model.plan_file import plan_of, study_plan
from kap_analysis.analysis.patients.integration_in_time import add_integration_in_time
from kap_analysis.columns import FORMAT, GROUP, INDIVIDUAL, N_PATIENTS, P_VALUE, PATIENT_ID, VISIT
from kap_analysis.disclosure.gate import release
from kap_analysis.errors import AnalysisError
from kap_analysis.mixed.means.multiplicity import holm
from kap_analysis.run_memory import once_per_run
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study
from kap_analysis.writing.sentences import join_words

NOT_RECORDED_REASON = "it is not recorded"


@asked_of(Study, Outcomes)
@once_per_run
def moderate(
    source: Study | Outcomes,
    *,
    plan: Plan | None = None,
    visit: str | None = None,
    moderators: tuple[Moderator, ...] = MODERATORS,
) -> Moderation:
    """Examine how the difference between the formats varies with each moderator.

    Parameters
    ----------
    source : Study or Outcomes
        A study brings its plan, its primary instrument and whether integration followed in time. For outcomes, a
        column ``integration_in_time`` (0/1 per patient) is used if the frame has it; see `add_integration_in_time`.
    plan : Plan, optional
        For its moderators (those that it names are tested), covariates, ladder and visit; default the study's. Outcomes
        without a plan have no planned moderator.
    visit : str, optional
        Default the plan's primary visit, or that of the study the outcomes come from.
    moderators : tuple of Moderator
        Those to examine. Those that the plan names are among them either way: they are one family of tests.

    Raises
    ------
    AnalysisError
        If no visit is given and none is known, if the formats cannot be compared at the visit, if the data have none of
        the moderators, or if the plan names one that is not known.
    """
    for moderator in moderators:
        if not isinstance(moderator, Moderator):
            raise AnalysisError(f"Found {moderator!r} among the moderators; describe each as Moderator(...).")
    outcomes, plan, visit = _resolve(source, plan, visit)
    described = {m.column for m in moderators}
    moderators = (*moderators, *(m for m in MODERATORS if m.column in plan.moderators and m.column not in described))
    model = build_model_frame(outcomes, plan.covariates, pool_levels_below=plan.ladder.pool_levels_below)
    if visit not in model.visits:
        raise AnalysisError(f"The formats cannot be compared at {visit}; choose one of {join_words(model.visits)}.")
    _check_planned(plan, moderators)
    frame = add_yes_or_no(model.frame, moderators)
    asked = [
        _examine(model, frame, m, visit, plan)
        for m in moderators
        if m.column in plan.moderators or _is_recorded(frame, m)
    ]
    if not any(_is_recorded(frame, m) for m in moderators):
        raise AnalysisError(f"The data have none of the moderators {join_words([m.label for m in moderators])}.")
    interactions = pd.concat([a[0] for a in asked], ignore_index=True)
    found = [a[1] for a in asked if len(a[1])]
    differences = pd.concat(found, ignore_index=True) if found else pd.DataFrame()
    tested = ~interactions["exploratory"] & interactions[P_VALUE].notna()
    interactions["p_holm"] = np.nan
    if tested.any():
        interactions.loc[tested, "p_holm"] = holm(interactions.loc[tested, P_VALUE].to_numpy(float))
    return release(Moderation(interactions, differences, visit, plan.origin, model.caution), outcomes)


def _check_planned(plan: Plan, moderators: tuple[Moderator, ...]) -> None:
    """Raise an error if the plan names a moderator that nobody described."""
    known = {m.column for m in (*MODERATORS, *moderators)}
    unknown = [name for name in plan.moderators if name not in known]
    if unknown:
        raise AnalysisError(
            f"The plan names the moderators {join_words(unknown)}; known are {join_words(sorted(known))}. "
            "Describe others as Moderator(...) in `moderators`."
        )


def _resolve(source: Study | Outcomes, plan: Plan | None, visit: str | None) -> tuple[Outcomes, Plan, str]:
    if isinstance(source, Outcomes):
        at = visit or (plan.visit if plan else source.primary_visit)
        if at is None:
            raise AnalysisError(
                f"Name the visit to compare at, one of {join_words(source.visits[1:])}, or give a plan."
            )
        return source, plan or plan_of(source, at), at
    plan = plan or study_plan(source)
    outcomes = source.outcomes(plan.instrument, format_rule=plan.format_rule, cohort_rule=plan.cohort_rule)
    return add_integration_in_time(outcomes, source), plan, visit or plan.visit


def _examine(
    model: ModelFrame, frame: pd.DataFrame, moderator: Moderator, visit: str, plan: Plan
) -> tuple[pd.DataFrame, pd.DataFrame]:
    described = {
        "moderator": moderator.label, "unit": moderator.unit, "exploratory": moderator.column not in plan.moderators,
        "warning": moderator.warning, "note": "",
    }  # fmt: skip
    if moderator.column not in frame:
        return _unanswered(described, model.patients, NOT_RECORDED_REASON), pd.DataFrame()
    rows = frame[recorded(frame, moderator.column).notna()]
    people = rows.drop_duplicates(PATIENT_ID)
    reason = _cannot_be_examined(people, moderator)
    if reason:
        return _unanswered(described, people, reason), pd.DataFrame()
    varying = tuple(c for c in _others(model, moderator) if people[c].nunique() > 1)
    subset = ModelFrame(rows, model.visits, model.formats, varying, model.notes)
    rungs = choose_rungs(subset, visit, plan.ladder)
    by_moderator = f"{FORMAT}*{moderator.column}"
    if len(model.visits) > 1:
        by_moderator = f"{VISIT}*{by_moderator}"
    builders = [partial(fit_formula, r.adding(by_moderator).formula, rows, r.residual_by) for r in rungs]
    try:
        with engine_notes() as warned:
            position, fit, _ = first_or_refuse(builders, f"The difference by {moderator.label}")
    except AnalysisError as error:
        return _unanswered(described, people, str(error)), pd.DataFrame()
    described["note"] = " ".join(warned)
    values = moderator.values or _quartiles(people[moderator.column])
    points = [0.0, moderator.per or 1.0, *values]
    grid = pd.DataFrame(
        [(f, visit, v) for v in points for f in (INDIVIDUAL, GROUP)], columns=[FORMAT, VISIT, moderator.column]
    )
    matrix = averaged_rows(fit, people, grid).matrix
    difference = matrix[1::2] - matrix[0::2]
    interaction = estimate_rows(
        fit,
        difference[1:2] - difference[0:1],
        pd.DataFrame([{**described, N_PATIENTS: len(people)}]),
        test=moderator.column in plan.moderators and rungs[position].name != DESCRIPTIVE,
    )
    if interaction["estimate"].isna().all():
        reason = f"at {visit} a format has no patient with some value of it, so that the data do not tell"
        return _unanswered({**described, "note": ""}, people, reason), pd.DataFrame()
    names = pd.DataFrame(
        {"moderator": moderator.label, "value": list(values), N_PATIENTS: _patients_at(people, moderator, values)}
    )
    names["level"] = [moderator.value_name(v) for v in values]
    names["exploratory"] = moderator.column not in plan.moderators
    level = 1 - 0.05 / len(values)
    return interaction, estimate_rows(fit, difference[2:], names, level=level, test=False)


def _is_recorded(frame: pd.DataFrame, moderator: Moderator) -> bool:
    return moderator.column in frame and bool(frame[moderator.column].notna().any())


def _quartiles(values: pd.Series) -> tuple[float, ...]:
    """Quartiles that occur in the data, without repeats."""
    return tuple(dict.fromkeys(values.quantile([0.25, 0.5, 0.75], interpolation="nearest").astype(float)))


def _cannot_be_examined(people: pd.DataFrame, moderator: Moderator) -> str:
    arms = people[FORMAT].astype("str")
    if people[moderator.column].isna().all():
        return NOT_RECORDED_REASON
    if not pd.api.types.is_numeric_dtype(people[moderator.column]):
        return "its values are words: name two of them as its unit, as in 'female against male', and the source"
    for arm in (INDIVIDUAL, GROUP):
        values = people.loc[arms == arm, moderator.column]
        if moderator.is_yes_or_no and values.value_counts().reindex(list(moderator.values), fill_value=0).min() < 2:
            return f"too few patients with one of its two values in {arm} format"
        if values.nunique() < 2:
            return f"it does not vary in {arm} format"
    return ""


def _unanswered(described: dict, people: pd.DataFrame, reason: str) -> pd.DataFrame:
    columns = [*described, N_PATIENTS, "estimate", "std_error", "df", "statistic", P_VALUE, "ci_low", "ci_high"]
    return (
        pd.DataFrame([{**described, N_PATIENTS: len(people), "note": reason}])
        .reindex(columns=columns)
        .astype(dict.fromkeys(columns[6:], float))
    )


def _others(model: ModelFrame, moderator: Moderator) -> tuple[str, ...]:
    """Covariates other than the moderator and its source."""
    source = moderator.source or moderator.column
    left_out = (moderator.column, *columns_of(model.covariates, source))
    return tuple(c for c in model.covariates if c not in left_out)


def _patients_at(people: pd.DataFrame, moderator: Moderator, values: tuple[float, ...]) -> list[int]:
    """Patients at a yes-or-no value; of a number, all who were analysed."""
    if moderator.is_yes_or_no:
        return [int((people[moderator.column] == v).sum()) for v in values]
    return [len(people)] * len(values)
