"""The paragraph of a Methods section that a plan implies."""

from kap_analysis.analysis.model.plan import Plan
from kap_analysis.writing.names import readable
from kap_analysis.writing.numbers import exact
from kap_analysis.writing.sentences import join_words


def methods_paragraph(plan: Plan) -> str:
    """The Methods paragraph that the plan implies."""
    ladder = plan.ladder
    named = [readable(c) for c in plan.covariates]
    covariates = join_words(["practice (where there are several)", f"baseline {plan.instrument}", *named])
    margin = (
        "No non-inferiority margin was set, so the difference is reported with its interval."
        if plan.margin is None
        else f"The margin was {exact(plan.margin.points)} points ({plan.margin.source}, {plan.margin.date}): "
        "non-inferiority by a one-sided test at 2.5%, equivalence by a 90% interval inside it."
    )
    secondary = (
        f" {join_words(list(plan.secondary))} at {plan.visit} are secondary (p adjusted by Holm's method)."
        if plan.secondary
        else ""
    )
    origin = "as registered in plan.toml" if plan.origin == "registered" else "drafted from the study's settings"
    return (
        f"The plan was {origin}. The primary outcome was {plan.instrument} at {plan.visit}. Population: "
        f"{plan.population}. Estimand: for switching of format and for boosters, {plan.switching}; for dropout, "
        f"{plan.dropout}. By this plan, scores after baseline are analysed by a mixed model for repeated measures "
        f"(REML), with visit by format and visit by baseline score as fixed effects, adjusted for {covariates}; "
        "patients of one therapy cohort may be alike (a random effect of the cohort in the group format), "
        "with an unstructured covariance of the visits in each format, and Kenward-Roger degrees of freedom. The full "
        f"model needs {ladder.full_patients} patients per format at the primary visit, {ladder.full_pairs} per format "
        f"for each pair of visits and {ladder.cohorts} cohorts of two or more; otherwise a simpler covariance is used, "
        f"and below {ladder.cohorts} cohorts or {ladder.descriptive_patients} patients per format the comparison is "
        f"descriptive. {margin}{secondary}"
    )
