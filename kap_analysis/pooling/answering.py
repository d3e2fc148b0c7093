"""What a practice answers to a request: sums over all of its patients, masked; or a sentence why it does not."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.linalg import block_diag

from kap_analysis.analysis.change.trajectories import model_trajectories
from kap_analysis.analysis.model.estimates import engine_notes
from kap_analysis.analysis.model.primary_model import fit_primary, format_estimates
from kap_analysis.columns import FORMAT, GROUP, INDIVIDUAL, PATIENT_ID, PRACTICE
from kap_analysis.disclosure.gate import is_open
from kap_analysis.disclosure.policy import MINIMUM_COUNT
from kap_analysis.errors import AnalysisError, KapError
from kap_analysis.mixed.design.design import Design
from kap_analysis.mixed.likelihood.first_sums import first_sums_of
from kap_analysis.mixed.likelihood.layout import make_layout
from kap_analysis.mixed.likelihood.sums import sums_at
from kap_analysis.pooling.agreed_model import AgreedModel, known_of_patients, model_rows, usable_rows
from kap_analysis.pooling.counts import count_rows
from kap_analysis.pooling.given_before import GivenBefore, exchange_of
from kap_analysis.pooling.masks import fingerprint, mark, masked, public_key
from kap_analysis.pooling.message_checks import asked_values, check_request, check_rows, checked_counts, checked_model
from kap_analysis.pooling.messages import COUNTS, KEYS, SUMS, Answer, Request, whole_numbers_to_text
from kap_analysis.pooling.pooling_plan import PRIMARY, PoolingPlan, pooling_plan_of
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study

#: In place of an estimate that would show how it changed.
GIVEN_BEFORE: Mapping[str, Any] = {
    "estimate": None, "std_error": None, "note": "It gave its estimate before, of other rows or by another plan.",
}  # fmt: skip


def practice_outcomes(source: Study | Outcomes, plan: PoolingPlan, practice: str) -> Outcomes:
    """The outcomes of one practice, of a study or a frame that may hold others.

    Raises
    ------
    AnalysisError
        When the practice is not there.
    """
    rules = plan.plan
    outcomes = (
        source
        if isinstance(source, Outcomes)
        else source.outcomes(rules.instrument, format_rule=rules.format_rule, cohort_rule=rules.cohort_rule)
    )
    if outcomes.instrument.name != rules.instrument:
        raise AnalysisError(f"The plan is about {rules.instrument}; found outcomes of {outcomes.instrument.name}.")
    frame = outcomes.frame
    if PRACTICE not in frame or frame[PRACTICE].isna().all():
        return outcomes
    own = frame[PRACTICE].astype("object") == practice
    if not own.any():
        known = ", ".join(sorted(frame[PRACTICE].dropna().astype("str").unique()))
        raise AnalysisError(f"There is no practice {practice} in the data; found {known}.")
    return replace(outcomes, frame=frame[own.to_numpy()].reset_index(drop=True))


def answer_request(
    request: Request,
    source: Study | Outcomes,
    *,
    practice: str,
    secret: str,
    given: GivenBefore | None = None,
    again: bool = False,
) -> Answer:
    """The answer of one practice to one request.

    Parameters
    ----------
    source : Study or Outcomes
        With the patients of the practice, and perhaps of others.
    secret : str
        The secret of the practice for this exchange, as `new_secret` made it before the first round.
    given : GivenBefore, optional
        What the practice gave before. Another exchange is then not answered, nor is its own estimate, which is not
        masked, given of other rows or by another plan.
    again : bool
        The decision to give both all the same.

    Raises
    ------
    AnalysisError
        When the practice is not asked, has too few patients, has answered another exchange, or its data do not suit
        the request.
    """
    check_request(request, practice)
    plan = pooling_plan_of(request.plan)
    outcomes = practice_outcomes(source, plan, practice)
    rows = usable_rows(outcomes, plan.question, plan.visits)
    _check_size(rows, plan, practice)
    of_rows = fingerprint(secret, plan.hash.encode("ascii") + _bytes(rows))  # tells nothing beside that of another plan
    check_rows(request, practice, of_rows)
    given, this = given or GivenBefore(), exchange_of(request, of_rows, again)
    given.check(this, practice)
    if request.step == KEYS:
        content: dict[str, Any] = {"key": public_key(secret)}
        if not is_open(source.visibility, source.is_simulated):
            content["gated"] = True
        content["own"] = None
        if plan.two_stage:
            given_before = given.estimate not in (None, of_rows) and not given.is_decided(this)
            content["own"] = dict(GIVEN_BEFORE) if given_before else _own_estimate(outcomes, rows, plan)
    else:
        sums = _sums(request, rows, plan, practice, secret)
        if len(sums) != request.content["length"]:
            raise AnalysisError(
                f"The request asks for {request.content['length']} sums, and its model has {len(sums)}. It was not "
                "answered; ask the coordinator."
            )
        hidden = masked(
            sums,
            request.content["bits"],
            practice=practice,
            secret=secret,
            keys=request.content["keys"],
            request=request.hash,
        )
        content = {"sums": whole_numbers_to_text(hidden)}
        if request.step == COUNTS:  # so that the others can tell these counts from those that somebody else wrote
            others = {name: key for name, key in request.content["keys"].items() if name != practice}
            content["marks"] = {n: mark(secret, key, request.hash, content["sums"]) for n, key in others.items()}
    return Answer(practice, request.hash, request.round, of_rows, content)


def _check_size(rows: pd.DataFrame, plan: PoolingPlan, practice: str) -> None:
    n = rows[PATIENT_ID].nunique()
    if n < plan.smallest:
        raise AnalysisError(
            f"Practice {practice} has {n} {'patient' if n == 1 else 'patients'} with what the model needs; a practice "
            f"with fewer than {plan.smallest} does not take part, because its sums would say too much of each. "
            "The others can go on without it."
        )


def _bytes(rows: pd.DataFrame) -> bytes:
    text = rows.astype("str").to_csv(index=False)
    return hashlib.sha256(text.encode("utf-8")).digest()


def _sums(request: Request, rows: pd.DataFrame, plan: PoolingPlan, practice: str, secret: str) -> np.ndarray:
    """The sums that are asked for, unmasked: these never leave this function's caller."""
    own = count_rows(rows, plan).to_numbers()
    if request.step == COUNTS:
        return own
    counts = checked_counts(request, plan, own, practice=practice, secret=secret)
    model = checked_model(request.content.get("model"), counts, plan, len(request.practices))
    frame = model_rows(rows, model)
    design = model.design(frame)
    _check_rank(frame, design, practice)
    if request.step == SUMS:
        return _sums_at(design, request.content)
    regressions = _regression_sums(rows, model, plan, practice)
    return np.concatenate([first_sums_of(design, own=1).numbers(), setting_sums(design, frame, model), *regressions])


def _regression_sums(rows: pd.DataFrame, model: AgreedModel, plan: PoolingPlan, practice: str) -> list[np.ndarray]:
    """What stands in place of covariates that were not recorded, one row for each regression."""
    if not model.asked:
        return []
    patients = known_of_patients(rows.drop_duplicates(PATIENT_ID), model)
    return [patients.sums(one, plan.smallest, practice) for one in model.asked]


def _check_rank(frame: pd.DataFrame, design: Design, practice: str) -> None:
    """More patients than columns: from fewer, sums of products could be solved for what single patients scored."""
    n, k = frame[PATIENT_ID].nunique(), design.x.shape[1] + 1
    if n <= k:
        raise AnalysisError(
            f"Practice {practice} has {n} patients, and the model has {k} columns with the score: sums of fewer "
            f"patients than columns could be solved for their scores. At least {k + 1} patients are needed; or ask the "
            "coordinator for fewer covariates."
        )


def setting_sums(design: Design, frame: pd.DataFrame, model: AgreedModel) -> np.ndarray:
    """Design rows summed over the patients, each of them set to each setting (settings x columns, one row)."""
    patients = frame.drop_duplicates(PATIENT_ID)
    return np.concatenate([design.fixed.rows(patients.assign(**one)).sum(axis=0) for one in model.settings])


def _sums_at(design: Design, content: dict[str, Any]) -> np.ndarray:
    shared, asked, eta = asked_values(content, design.x.shape[1] - 1, [bar.z.shape[1] for bar in design.bars])
    kept = [0, *(at + 1 for at in content["columns"])]
    design = replace(design, x=np.asfortranarray(design.x[:, kept]))
    layout = make_layout(design, replace(shared, centre=np.r_[0.0, shared.centre], r=block_diag(1.0, shared.r)))
    found = sums_at(layout, eta, asked, own=1) if len(eta) == layout.n_elements else None
    if found is None:
        raise AnalysisError("At these parameters the scores have no covariance; ask the coordinator to start again.")
    return found.numbers()


def _own_estimate(outcomes: Outcomes, rows: pd.DataFrame, plan: PoolingPlan) -> dict[str, Any]:
    """The practice's own difference of the formats, for the meta-analysis beside; or why there is none.

    It is sent unmasked, so that a format of few patients would tell of them: the smallest practice is the smallest
    format here.
    """
    people = rows.drop_duplicates(PATIENT_ID)[FORMAT].astype("str").value_counts()
    if any(0 < people.get(name, 0) < MINIMUM_COUNT for name in (INDIVIDUAL, GROUP)):
        return {"estimate": None, "std_error": None, "note": f"It has fewer than {MINIMUM_COUNT} patients in a format."}
    try:
        with engine_notes():
            row = _own_row(outcomes, plan)
    except (KapError, ValueError):  # its text may name patients, and an answer does not
        several = outcomes.frame[FORMAT].dropna().nunique() > 1
        note = "No model of its own can be fitted." if several else "It has one format."
        return {"estimate": None, "std_error": None, "note": note}
    # This is sent unmasked: digits that no reader needs would only tell of the rows, and differ between computers.
    values = {name: float(f"{row[name]:.8g}") for name in ("estimate", "std_error")}
    if not all(np.isfinite(value) for value in values.values()):
        return {"estimate": None, "std_error": None, "note": "It has no standard error."}
    return {**values, "note": ""}


def _own_row(outcomes: Outcomes, plan: PoolingPlan) -> pd.Series:
    if plan.question == PRIMARY:
        model, rung, fit, _ = fit_primary(outcomes, plan.plan, plan.plan.visit)
        contrasts = format_estimates(fit, model, plan.plan.visit, rung, test=False)[1]
        return contrasts[contrasts["is_primary"]].iloc[0]
    slopes = model_trajectories(outcomes).slopes
    between = slopes[slopes[FORMAT].astype("str") == f"{GROUP} - {INDIVIDUAL}"]
    if between.empty:
        raise AnalysisError("The practice has one format.")
    return between.iloc[0]
