"""Group versus individual KAP: the primary question.

Scores after baseline, REML, Kenward-Roger. Patients of one therapy group are alike and only the group format has
such groups: a partially nested model, with the cohort as a random effect in the group format and a covariance of the
visits within each format (Bauer, Sterba & Hallfors 2008, doi 10.1080/00273170802034810; Candlish et al. 2018,
doi 10.1186/s12874-018-0559-x). Allocation was not by chance: the baseline and the plan's covariates are in the model.
"""

from dataclasses import replace

import pandas as pd

from kap_analysis.analysis.comparison.adjusted_course import trace_adjusted_course
from kap_analysis.analysis.comparison.comparison_result import (
    FormatComparison,
)
from kap_analysis.analysis.comparison.margins import assess_margins
from kap_analysis.analysis.model.cohort_icc import estimate_icc
from kap_analysis.analysis.model.covariates import PRACTICES_APART
from kap_analysis.analysis.model.ladder import DESCRIPTIVE, Rung
from kap_analysis.analysis.model.model_frame import ModelFrame
from kap_analysis.analysis.model.plan import Plan, stated_margin
from kap_analysis.analysis.model.plan_file import plan_of, study_plan
from kap_analysis.analysis.model.primary_model import baseline_sd, fit_primary, format_estimates
from kap_analysis.analysis.model.unadjusted import describe_unadjusted
from kap_analysis.analysis.visits import check_visit
from kap_analysis.columns import (
    INSTRUMENT,
    N_PATIENTS,
    P_VALUE,
    VISIT,
)
from kap_analysis.disclosure.gate import release
from kap_analysis.errors import AnalysisError, KapError
from kap_analysis.mixed.means.multiplicity import holm
from kap_analysis.run_memory import once_per_run
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study

#: Standardised difference: adjusted difference divided by the baseline SD pooled over the formats.
STANDARDISED_BY = "adjusted difference / SD of the baseline score, pooled over the formats"
STANDARDISED = {"standardised": "estimate", "standardised_low": "ci_low", "standardised_high": "ci_high"}


@asked_of(Study, Outcomes)
@once_per_run
def compare_formats(
    source: Study | Outcomes,
    *,
    plan: Plan | None = None,
    instrument: str | None = None,
    visit: str | None = None,
    margin: float | None = None,
    secondary: bool = True,
) -> FormatComparison:
    """Compare group with individual format.

    Parameters
    ----------
    source : Study or Outcomes
        A study brings its plan and its secondary instruments; an outcome frame needs `visit` (or a plan).
    plan : Plan, optional
        Default: the study's `plan.toml`, or a draft from its settings.
    instrument, visit : str, optional
        Default: the plan's primary ones. Another instrument or visit is estimated, not tested. Its model is the one
        that the counts at this visit allow, so that the difference can be another than at this visit in the primary
        model (``contrasts`` without `visit`, and the visits of `check_sensitivity`).
    margin : float, optional
        In points; default the plan's, or none. Without a margin nothing is judged.
    secondary : bool
        Whether the plan's other instruments are compared too (only for a study).

    Raises
    ------
    AnalysisError
        With one format only, without a baseline, for a visit that nobody has, for a margin that is no positive
        number, or where no model of the ladder can be fitted.
    """
    plan = _resolve_plan(source, plan, instrument, visit)
    visit = plan.visit if visit is None else visit
    outcomes = source if isinstance(source, Outcomes) else _plan_outcomes(source, plan, instrument or plan.instrument)
    check_visit(outcomes, visit)
    model, rung, fit, notes = fit_primary(outcomes, plan, visit)
    is_planned = visit == plan.visit and outcomes.instrument.name == plan.instrument
    means, contrasts = format_estimates(fit, model, visit, rung, test=is_planned)
    contrasts = _with_standardised(contrasts, baseline_sd(model.patients))
    primary = contrasts[contrasts["is_primary"]].iloc[0]
    points = stated_margin(margin, plan, outcomes.instrument.name, visit)
    higher = outcomes.instrument.higher_is_better
    judged = points is not None and rung.name != DESCRIPTIVE
    described = {
        INSTRUMENT: outcomes.instrument.name, VISIT: visit, "rung": rung.name, "formula": rung.formula,
        N_PATIENTS: len(model.patients), "n_observations": int(fit.nobs), "why": rung.why,
        "ddf": fit.settings.ddf, "standardised_by": STANDARDISED_BY, "plan_origin": plan.origin,
        "margin": float("nan") if points is None else points, "is_planned": is_planned,
    }  # fmt: skip
    result = FormatComparison(
        means=means,
        course=trace_adjusted_course(means, model, outcomes),
        contrasts=contrasts,
        secondary=_secondary(source, plan, visit)
        if secondary and is_planned and isinstance(source, Study)
        else _no_secondary(),
        icc=estimate_icc(fit, model, visit),
        margins=_judge(primary, float(points), higher) if judged and points is not None else _no_margins(),
        unadjusted=describe_unadjusted(outcomes, visit),
        model=pd.DataFrame([described]),
        notes=pd.DataFrame({"note": [*_prepared(model, rung), *notes]}),
        higher_is_better=higher,
        fit=fit,
    )
    return release(result, outcomes)


def _prepared(model: ModelFrame, rung: Rung) -> list[str]:
    """How the data were prepared; of covariates only where the model has them."""
    if rung.name != DESCRIPTIVE or not model.covariates:
        return list(model.notes)
    told = [note for note in model.notes if note not in model.covariate_notes or note == PRACTICES_APART]
    return [*told, "The descriptive model has no covariates but the baseline score."]


def _with_standardised(contrasts: pd.DataFrame, spread: float) -> pd.DataFrame:
    """The differences and their limits in SDs of the baseline score, too; missing where all started alike."""
    by = spread if spread > 0 else float("nan")
    return contrasts.assign(**{name: contrasts[of] / by for name, of in STANDARDISED.items()})


def _resolve_plan(source: Study | Outcomes, plan: Plan | None, instrument: str | None, visit: str | None) -> Plan:
    if plan is not None:
        return plan
    if not isinstance(source, Outcomes):
        return study_plan(source)
    if visit is None:
        raise AnalysisError(f"Name the visit to compare at, one of {', '.join(source.visits[1:])}, or give a plan.")
    return replace(plan_of(source, visit), instrument=instrument or source.instrument.name)


def _plan_outcomes(study: Study, plan: Plan, instrument: str) -> Outcomes:
    return study.outcomes(instrument, format_rule=plan.format_rule, cohort_rule=plan.cohort_rule)


def _judge(primary: pd.Series, points: float, higher_is_better: bool) -> pd.DataFrame:
    estimate, std_error, df = (float(primary[c]) for c in ("estimate", "std_error", "df"))
    return assess_margins(estimate, std_error, df, points, higher_is_better=higher_is_better)


def _secondary(study: Study, plan: Plan, visit: str) -> pd.DataFrame:
    """Other instruments at the primary visit, p adjusted by Holm; a note says why one cannot be compared."""
    rows: list[dict[str, object]] = []
    for name in plan.secondary:
        try:
            outcomes = _plan_outcomes(study, plan, name)
            model, rung, fit, _ = fit_primary(outcomes, plan, visit)
        except KapError as error:
            rows.append({INSTRUMENT: name, VISIT: visit, "note": str(error)})
            continue
        _, contrasts = format_estimates(fit, model, visit, rung)
        contrasts = _with_standardised(contrasts, baseline_sd(model.patients))
        first = contrasts[contrasts["is_primary"]].drop(columns="is_primary").iloc[0]
        kept = {str(column): value for column, value in first.items()}
        rows.append({INSTRUMENT: name, **kept, "rung": rung.name, "note": ""})
    frame = pd.DataFrame(rows).reindex(columns=_no_secondary().columns)
    tested = frame[P_VALUE].notna()
    if tested.any():
        frame.loc[tested, "p_holm"] = holm(frame.loc[tested, P_VALUE].to_numpy(float))
    return frame


def _no_secondary() -> pd.DataFrame:
    names = [INSTRUMENT, VISIT, "contrast", "estimate", "std_error", "df", "statistic", P_VALUE, "ci_low", "ci_high"]
    return pd.DataFrame(columns=[*names, N_PATIENTS, *STANDARDISED, "p_holm", "rung", "note"])


def _no_margins() -> pd.DataFrame:
    return assess_margins(0.0, 1.0, 10.0, 1.0).iloc[:0]
