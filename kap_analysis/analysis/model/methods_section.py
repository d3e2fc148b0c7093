"""The paragraph of a Methods section that a plan implies, and the model that was fitted (SAMPL; STROBE item 12)."""

import re
from collections.abc import Mapping
from typing import Final

import pandas as pd

from kap_analysis.analysis.model.covariates import IMPUTED_COVARIATES, MISSING_COVARIATES, columns_of
from kap_analysis.analysis.model.ladder import DESCRIPTIVE
from kap_analysis.analysis.model.plan import SENSITIVITY_ANALYSES, Plan, PlannedMargin
from kap_analysis.study.first_argument import asked_of
from kap_analysis.version import __version__
from kap_analysis.writing.names import readable
from kap_analysis.writing.sentences import in_points, join_words, plural

FORMAT_RULES: Final = {
    "planned": (
        "the one that was planned (mixed, if that was a sequence of both) or, where none is recorded, that of the "
        "first ketamine session in the clinic"
    ),
    "first": "that of the first ketamine session in the clinic",
    "majority": "that of most ketamine sessions in the clinic (of as many, that of the first)",
    "as_treated": "that of all ketamine sessions in the clinic, and mixed where these were of both formats",
    "exclude_mixed": (
        "that of all ketamine sessions in the clinic, and patients with sessions of both formats were left out"
    ),
}
COHORT_RULES: Final = {
    "first": "that of the first ketamine session in a group (or of another session in a group, where there was none)",
    "majority": "that of most sessions in a group",
}
#: Rules by which some patients may be of mixed format, a third arm.
MAY_BE_MIXED: Final = ("planned", "as_treated")
THIRD_ARM: Final = (
    "Where mixed format is a third arm, cohort effect and covariance go by membership instead: patients in a cohort, "
    "and all others. "
)


@asked_of(Plan, words="a plan", remedy="Take that of a study: kap.study_plan(study)")
def methods_paragraph(
    plan: Plan, *, model: pd.DataFrame | None = None, versions: Mapping[str, str] | None = None
) -> str:
    """The Methods paragraph that the plan implies.

    Parameters
    ----------
    plan : Plan
    model : DataFrame, optional
        ``compare_formats(...).model``: the model as it was fitted is then named too.
    versions : mapping of str to str, optional
        Names and versions of the software, such as `list_versions` gives. Default: this package alone.
    """
    parts = [
        *_question(plan), _model(plan), _fitted(plan, model), _missing(plan, model), _tests(plan, model),
        _moderators(plan), _sensitivity(plan), _software(plan, versions),
    ]  # fmt: skip
    return " ".join(part for part in parts if part)


def _question(plan: Plan) -> list[str]:
    origin = "stated in plan.toml" if plan.origin == "registered" else "drafted from the study's settings"
    cohort = COHORT_RULES[plan.cohort_rule]
    return [
        f"The plan was {origin}. The primary outcome was {plan.instrument} at {plan.visit}.",
        f"Population: {plan.population}. Analysis set: {plan.analysis_set}.",
        f"The format of a patient was {FORMAT_RULES[plan.format_rule]}, and the cohort {cohort}.",
        f"Switching format, boosters, stopping early and other treatment were handled by {plan.switching}.",
    ]


def _model(plan: Plan) -> str:
    ladder = plan.ladder
    named = [readable(c) for c in plan.covariates]
    covariates = join_words(["practice (where there are several)", *named])
    third_arm = THIRD_ARM if plan.format_rule in MAY_BE_MIXED else ""
    return (
        "By this plan, scores after baseline are analysed by a linear mixed model for repeated measures (REML), with "
        f"visit by format and visit by baseline {plan.instrument} as fixed effects, adjusted for {covariates}. Where "
        "cohorts are recorded, the group format has a random effect of the cohort. Each format has an unstructured "
        f"covariance of the visits. {third_arm}Standard errors and degrees of freedom are Kenward-Roger's. The full "
        f"model needs {ladder.full_patients} patients per format at the primary visit, {ladder.full_pairs} per format "
        f"for each pair of visits and, where cohorts are recorded, {ladder.cohorts} cohorts of two or more; otherwise "
        f"a simpler covariance is used. Below {ladder.cohorts} cohorts or {ladder.descriptive_patients} patients per "
        "format the comparison is descriptive."
    )


def _fitted(plan: Plan, model: pd.DataFrame | None) -> str:
    if model is None:
        return ""
    row = model.iloc[0]
    if _is_descriptive(model):
        added = " It has no covariates but the baseline score, and nothing was tested."
    else:
        added = _left_out(plan, row["formula"])
    return (
        f"The model that was fitted to {plural(row['n_observations'], 'score')} of "
        f"{plural(row['n_patients'], 'patient')} was the {row['rung']} model ({row['why']}): {row['formula']}.{added}"
    )


def _left_out(plan: Plan, formula: str) -> str:
    """The planned covariates that are not in the model that was fitted."""
    terms = tuple(re.findall(r"\w+", formula))
    absent = [readable(covariate) for covariate in plan.covariates if not columns_of(terms, covariate)]
    if not absent:
        return ""
    what, why = (
        ("covariates", "they were not recorded, or do") if absent[1:] else ("covariate", "it was not recorded, or does")
    )
    return f" It is not adjusted for the planned {what} {join_words(absent)}: {why} not vary in these patients."


def _is_descriptive(model: pd.DataFrame | None) -> bool:
    return model is not None and model["rung"].iloc[0] == DESCRIPTIVE


def _missing(plan: Plan, model: pd.DataFrame | None) -> str:
    scores = (
        f"Scores that were not observed were taken as {plan.missing_scores}; the primary analysis uses all observed "
        "scores and imputes none."
    )
    if not plan.covariates:
        return scores
    return f"{scores} {IMPUTED_COVARIATES if _is_descriptive(model) else MISSING_COVARIATES}"


def _tests(plan: Plan, model: pd.DataFrame | None) -> str:
    margin = (
        "No non-inferiority margin was set, so the difference is reported with its interval."
        if plan.margin is None
        else f"The margin was {in_points(plan.margin.points)} ({_where_from(plan.margin)}): "
        "non-inferiority by a one-sided test at 2.5%, equivalence by a 90% interval inside it."
    )
    secondary = (
        f" {join_words(list(plan.secondary))} at {plan.visit} {'are' if plan.secondary[1:] else 'is'} secondary (p "
        "adjusted by Holm's method)."
        if plan.secondary
        else ""
    )
    tested = "Intervals are two-sided at 95%, and tests two-sided at 5%. The primary outcome is tested alone."
    if _is_descriptive(model):
        tested = (
            "Intervals are two-sided at 95%. By the plan the primary outcome is tested alone, at 5%; it was not tested."
        )
    return f"{tested}{secondary} {margin}"


def _where_from(margin: PlannedMargin) -> str:
    return f"{margin.source}, {margin.date}" if margin.date else margin.source


def _moderators(plan: Plan) -> str:
    if not plan.moderators:
        return "No moderator was named, so none is tested."
    named = join_words([readable(name) for name in plan.moderators])
    return (
        f"Moderators of the difference that the plan names: {named} (interaction with format, p adjusted by Holm's "
        "method); others are exploratory."
    )


def _sensitivity(plan: Plan) -> str:
    if not plan.sensitivity:
        return "No sensitivity analysis was named."
    return f"Sensitivity analyses: {'; '.join(SENSITIVITY_ANALYSES[name] for name in plan.sensitivity)}."


def _software(plan: Plan, versions: Mapping[str, str] | None) -> str:
    found = dict(versions or {})
    ours = found.pop("kap-analysis", __version__)
    others = [f"{name} {version}" for name, version in found.items()]
    told = f" with {join_words(others)}" if others else ""
    propensity = (
        "; the logistic model of the propensity score by statsmodels" if "allocation" in plan.sensitivity else ""
    )
    return f"Mixed models were fitted by kap-analysis {ours}{told}{propensity}."
