"""For whom: does the difference between the formats depend on who the patient is?

Each moderator is asked alone, in the model of the primary comparison with moderator by format by visit added. What
was not named beforehand is exploratory: estimates without p. A variable measured after treatment began is not a
moderator of allocation, and says so.
"""

from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from kap_analysis.analysis.estimates import averaged_rows, estimate_rows, first_that_fits, fit_formula
from kap_analysis.analysis.ladder import choose_rungs
from kap_analysis.analysis.model_frame import ModelFrame, build_model_frame
from kap_analysis.analysis.plan import Plan
from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.analysis.wording import estimate_sentence, number, plural
from kap_analysis.columns import BASELINE, FORMAT, GROUP, INDIVIDUAL, N_PATIENTS, P_VALUE, PATIENT_ID, VISIT
from kap_analysis.disclosure.gate import release
from kap_analysis.errors import AnalysisError
from kap_analysis.study.outcomes import Outcomes

AFTER_START = (
    "measured after treatment began: patients who did well may have it more often, "
    "so this is no moderator of allocation"
)
MEAN_REVERSION = "a high baseline falls by itself; only the difference between formats is asked here, never the change"


@dataclass(frozen=True, slots=True)
class Moderator:
    """A characteristic that may change the difference between the formats.

    Attributes
    ----------
    column, label, unit : str
        `unit` is what the interaction is per, for instance "10 years".
    per : float
        Size of that unit in the column's own units; 0 for a yes-or-no characteristic.
    values : tuple of float
        Values at which the difference is shown; empty: the quartiles of the analysed patients.
    planned : bool
        Named beforehand: tested. Otherwise exploratory, without p.
    warning : str
    """

    column: str
    label: str
    unit: str
    per: float
    values: tuple[float, ...] = ()
    planned: bool = True
    warning: str = ""


MODERATORS = (
    Moderator("age", "Age", "10 years", 10.0, (30.0, 45.0, 60.0)),
    Moderator(BASELINE, "Baseline score", "10 points", 10.0, warning=MEAN_REVERSION),
    Moderator("ace_4_or_more", "ACE score 4 or more", "yes against no", 0.0, (0.0, 1.0)),
    Moderator(
        "integration_in_time", "Integration within 48 hours", "yes against no", 0.0, (0.0, 1.0), warning=AFTER_START
    ),
    Moderator("failed_treatments", "Treatments that had failed", "one more", 1.0, planned=False),
    Moderator("is_female", "Sex", "female against male", 0.0, (0.0, 1.0), planned=False),
    Moderator(
        "hospitalised_before", "Psychiatric hospitalisation before", "yes against no", 0.0, (0.0, 1.0), planned=False
    ),
)


@dataclass(frozen=True)
class Moderation(Result):
    """Moderators of the difference between the formats at one visit.

    Attributes
    ----------
    interactions : DataFrame
        ``moderator``, ``unit``, the estimate columns (how much group minus individual changes per unit), ``p_holm``
        (over the planned ones), ``n_patients``, ``exploratory``, ``warning``, ``note`` (why it could not be asked).
    differences : DataFrame
        Group minus individual at values of the moderator: ``moderator``, ``value``, ``level``, the estimate columns
        (intervals adjusted by Bonferroni over the values of a moderator; no test), ``n_patients``, ``exploratory``.
    visit : str
    """

    interactions: pd.DataFrame
    differences: pd.DataFrame
    visit: str
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def paragraph(self) -> str:
        planned = self.interactions[~self.interactions["exploratory"] & self.interactions["estimate"].notna()]
        told = [
            f"{row['moderator']}: {estimate_sentence(row, 'points per ' + row['unit'])}"
            for _, row in planned.iterrows()
        ]
        count = int((self.interactions["exploratory"] & self.interactions["estimate"].notna()).sum())
        warned = planned[planned["warning"].str.startswith("measured after")]
        tail = f" {warned['moderator'].iloc[0]} was {AFTER_START}." if len(warned) else ""
        return (
            f"How the difference between the formats at {self.visit} changes with the patient: {'; '.join(told)}. "
            f"{plural(count, 'other characteristic')} {'was' if count == 1 else 'were'} looked at as exploratory, "
            f"without tests.{tail}"
        )


def moderate(
    outcomes: Outcomes,
    *,
    plan: Plan | None = None,
    visit: str | None = None,
    moderators: tuple[Moderator, ...] = MODERATORS,
) -> Moderation:
    """Ask of each moderator how the difference between the formats depends on it.

    Parameters
    ----------
    outcomes : Outcomes
        A column ``integration_in_time`` (0/1 per patient) is used where the frame has it; see
        `add_integration_in_time`.
    plan : Plan, optional
        For its covariates, ladder and visit.
    visit : str, optional
        Default the plan's, or the last one.
    """
    visit = visit or (plan.visit if plan else outcomes.visits[-1])
    plan = plan or Plan(outcomes.instrument.name, visit)
    model = build_model_frame(outcomes, plan.covariates, pool_levels_below=plan.ladder.pool_levels_below)
    if visit not in model.visits:
        raise AnalysisError(f"The formats cannot be compared at {visit}; choose one of {', '.join(model.visits)}.")
    frame = _add_derived(model.frame)
    asked = [_ask(model, frame, m, visit, plan) for m in moderators if m.column in frame]
    if not asked:
        raise AnalysisError(f"The data have none of the moderators {', '.join(m.label for m in moderators)}.")
    interactions = pd.concat([a[0] for a in asked], ignore_index=True)
    found = [a[1] for a in asked if len(a[1])]
    differences = pd.concat(found, ignore_index=True) if found else pd.DataFrame()
    tested = ~interactions["exploratory"] & interactions[P_VALUE].notna()
    interactions["p_holm"] = np.nan
    if tested.any():
        interactions.loc[tested, "p_holm"] = multipletests(interactions.loc[tested, P_VALUE], method="holm")[1]
    return release(
        Moderation(interactions, differences, visit),
        visibility=outcomes.visibility,
        is_simulated=outcomes.is_simulated,
    )


def _add_derived(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.copy()
    if "ace_score" in frame:
        recorded = frame["ace_score"]
        if "ace_score_not_recorded" in frame:
            recorded = recorded.where(frame["ace_score_not_recorded"] != 1.0)
        frame["ace_4_or_more"] = (recorded >= 4).astype(float).where(recorded.notna())
    for source, name, yes, no in (
        ("sex", "is_female", "female", "male"),
        ("prior_hospitalisation", "hospitalised_before", "yes", "no"),
    ):
        if source in frame:
            frame[name] = frame[source].astype("object").map({yes: 1.0, no: 0.0}).astype(float)
    return frame


def _ask(
    model: ModelFrame, frame: pd.DataFrame, moderator: Moderator, visit: str, plan: Plan
) -> tuple[pd.DataFrame, pd.DataFrame]:
    described = {
        "moderator": moderator.label, "unit": moderator.unit, "exploratory": not moderator.planned,
        "warning": moderator.warning, "note": "",
    }  # fmt: skip
    rows = frame[frame[moderator.column].notna()]
    people = rows.drop_duplicates(PATIENT_ID)
    reason = _cannot_be_asked(people, moderator)
    if reason:
        return _unanswered(described, people, reason), pd.DataFrame()
    subset = ModelFrame(rows, model.visits, model.formats, _others(model, moderator), model.notes)
    rungs = choose_rungs(subset, visit, plan.ladder)
    several = f"{VISIT}*" if len(model.visits) > 1 else ""
    formulas = [f"{r.formula} + {several}{FORMAT}*{moderator.column}" for r in rungs]
    try:
        _, fit, _ = first_that_fits(
            [partial(fit_formula, f, rows, rung.residual_by) for f, rung in zip(formulas, rungs, strict=True)]
        )
    except ValueError as error:
        return _unanswered(described, people, str(error)), pd.DataFrame()
    per = moderator.per or 1.0
    values = moderator.values or tuple(people[moderator.column].quantile([0.25, 0.5, 0.75]))
    points = [0.0, per, *values]
    grid = pd.DataFrame(
        [(f, visit, v) for v in points for f in (INDIVIDUAL, GROUP)], columns=[FORMAT, VISIT, moderator.column]
    )
    matrix = averaged_rows(fit, people, grid).matrix
    difference = matrix[1::2] - matrix[0::2]
    interaction = estimate_rows(
        fit,
        difference[1:2] - difference[0:1],
        pd.DataFrame([{**described, N_PATIENTS: len(people)}]),
        test=moderator.planned,
    )
    names = pd.DataFrame(
        {"moderator": moderator.label, "value": list(values), N_PATIENTS: _near(people, moderator, values)}
    )
    names["level"] = [_value_name(moderator, v) for v in values]
    names["exploratory"] = not moderator.planned
    level = 1 - 0.05 / len(values)
    return interaction, estimate_rows(fit, difference[2:], names, level=level, test=False)


def _cannot_be_asked(people: pd.DataFrame, moderator: Moderator) -> str:
    arms = people[FORMAT].astype("str")
    for arm in (INDIVIDUAL, GROUP):
        values = people.loc[arms == arm, moderator.column]
        if moderator.per == 0 and values.value_counts().reindex(list(moderator.values), fill_value=0).min() < 2:
            return f"fewer than two patients on one side of it in {arm} format"
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
    """Covariates without those that say the same as the moderator."""
    same = {"ace_4_or_more": "ace_score", "is_female": "sex", "hospitalised_before": "prior_hospitalisation"}
    source = same.get(moderator.column, moderator.column)
    return tuple(c for c in model.covariates if c not in (source, moderator.column, f"{source}_not_recorded"))


def _near(people: pd.DataFrame, moderator: Moderator, values: tuple[float, ...]) -> list[int]:
    """Patients at a yes-or-no value; of a number, all who were analysed."""
    if moderator.per:
        return [len(people)] * len(values)
    return [int((people[moderator.column] == v).sum()) for v in values]


def _value_name(moderator: Moderator, value: float) -> str:
    if moderator.per:
        return f"{number(value, 0)}"
    yes, no = moderator.unit.split(" against ")
    return yes if value == 1 else no
