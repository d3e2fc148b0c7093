"""A planned study whose scores vary as in a study that was done: SDs and correlations of its own primary model."""

import numpy as np
import pandas as pd

from kap_analysis.analysis.model.ladder import FULL
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model.plan_file import study_plan
from kap_analysis.analysis.model.primary_model import baseline_sd, fit_primary
from kap_analysis.columns import BASELINE, COHORT_ID, FORMAT, GROUP
from kap_analysis.errors import AnalysisError
from kap_analysis.mixed.results import MixedResults
from kap_analysis.planning.next_study import NextStudy
from kap_analysis.planning.score_covariance import ScoreCovariance
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.study import Study


@asked_of(Study)
def next_study_like(study: Study, *, cohorts: int, individual: int, difference: float) -> NextStudy:
    """A planned study with the visits and the instrument of a study that was done, and scores that vary as there.

    The ICC of the cohorts is that of the literature: one study estimates it too poorly. Nobody is lost, and the formats
    start alike, and the claim is superiority; `dataclasses.replace` assumes otherwise.

    Parameters
    ----------
    study : Study
    cohorts, individual : int
        Therapy groups, and patients in individual format.
    difference : float
        True difference at the primary visit, group minus individual, in points.

    Returns
    -------
    NextStudy

    Raises
    ------
    AnalysisError
        If the study is too small for the full model, or cannot compare its formats.
    PlanningError
        If no study can have these numbers.
    """
    plan = study_plan(study)
    scores, visits = scores_of_study(study, plan)
    targets = {visit.label: float(visit.target_day) for visit in study.settings.visits}
    return NextStudy(
        cohorts=cohorts,
        individual=individual,
        scores=scores,
        days=tuple(targets[visit] for visit in visits),
        visits=visits,
        visit=plan.visit,
        difference=difference,
        higher_is_better=bool(study.outcomes(plan.instrument).instrument.higher_is_better),
    )


def scores_of_study(study: Study, plan: Plan) -> tuple[ScoreCovariance, tuple[str, ...]]:
    """Covariance of the scores, from the primary model of a study.

    The covariance is the mean of the formats, weighted by their patients; in groups the cohort is a part of it.

    Parameters
    ----------
    study : Study
    plan : Plan
        Of that study.

    Returns
    -------
    ScoreCovariance
        Of the baseline and the visits that the study's model has.
    tuple of str
        These visits, in their order.

    Raises
    ------
    AnalysisError
        If the study is too small for the full model: its covariances would be those of a simpler one.
    """
    model, rung, fit, _ = fit_primary(study.outcomes(plan.instrument), plan, plan.visit)
    if rung.name != FULL:
        raise AnalysisError(
            f"The study {study.settings.title!r} gives no covariance per visit: {rung.why}. Assume SDs and "
            "correlations."
        )
    shares = model.patients[FORMAT].value_counts(normalize=True)
    between = fit.variance_components.loc[lambda frame: frame["grouping"] == COHORT_ID, "variance"].sum()
    given = sum(
        shares[arm] * (_of_format(fit, arm, model.visits) + (between if arm == GROUP else 0.0)) for arm in model.formats
    )
    slopes = _slopes(fit, model.visits)
    variance = baseline_sd(model.patients) ** 2
    whole = np.empty((len(slopes) + 1,) * 2)
    whole[0, 0] = variance
    whole[0, 1:] = whole[1:, 0] = variance * slopes
    whole[1:, 1:] = given + variance * np.outer(slopes, slopes)
    sds, at = np.sqrt(np.diag(whole)), 1 + model.visits.index(plan.visit)
    correlation = whole[0, at] / (sds[0] * sds[at])
    words = (
        f"the SDs and correlations of the {plan.instrument} that the primary model of a study found (SD "
        f"{sds[at]:.1f} points at {plan.visit}, correlation {correlation:.2f} with the baseline score)"
    )
    source = f"estimated from {study.settings.title!r}" + (", which is simulated" if study.is_simulated else "")
    return ScoreCovariance(whole, words, source), model.visits


def _of_format(fit: MixedResults, arm: str, visits: tuple[str, ...]) -> np.ndarray:
    """Covariance of the visits of a patient of a format, the cohort apart (visits, visits)."""
    rows = fit.residual[fit.residual["stratum"] == arm]
    second = rows["visit2"].where(rows["visit2"].notna(), rows["visit1"])
    if len(visits) == 1:
        return np.array([[float(rows["variance"].iloc[0])]])
    found = pd.Series(rows["variance"].to_numpy(), index=pd.MultiIndex.from_arrays([rows["visit1"], second]))
    return np.array([[found[(a, b)] if (a, b) in found.index else found[(b, a)] for a in visits] for b in visits])


def _slopes(fit: MixedResults, visits: tuple[str, ...]) -> np.ndarray:
    """Points per point of baseline at each visit (visits,)."""
    first = float(fit.params[BASELINE])
    return np.array([first, *(first + float(fit.params[f"visit[T.{visit}]:{BASELINE}"]) for visit in visits[1:])])
