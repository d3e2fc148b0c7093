"""Which outcomes, plan and visit a question is about, where a study or outcomes were given."""

from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model.plan_file import plan_of, study_plan
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.outcome_frames.study_outcomes import Population
from kap_analysis.study.study import Study


def planned_outcomes(
    source: Study | Outcomes, plan: Plan | None, visit: str | None, *, population: Population = "analysed"
) -> tuple[Outcomes, Plan, str]:
    """The outcomes, the plan and the visit.

    A study brings its plan, the plan's instrument and visit. Outcomes come without a plan: it is then that of
    `plan_of` for their instrument and, unless a visit is given, their last visit.

    Parameters
    ----------
    population : str
        Of a study: as in `Study.outcomes`.
    """
    if isinstance(source, Outcomes):
        visit = visit or (plan.visit if plan else source.visits[-1])
        return source, plan or plan_of(source, visit), visit
    plan = plan or study_plan(source)
    outcomes = source.outcomes(
        plan.instrument, format_rule=plan.format_rule, cohort_rule=plan.cohort_rule, population=population
    )
    return outcomes, plan, visit or plan.visit
