"""Does it hold: the primary contrast under other models, other data and other rules, in one frame."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from kap_analysis.analysis.bootstrap import bootstrap_samples, percentile_interval
from kap_analysis.analysis.cohort_icc import cohort_variance_name, group_variance
from kap_analysis.analysis.comparison import fit_primary, format_estimates
from kap_analysis.analysis.estimates import averaged_rows, estimate_rows
from kap_analysis.analysis.facilitators import first_facilitators
from kap_analysis.analysis.ladder import DESCRIPTIVE, Rung
from kap_analysis.analysis.model_frame import ModelFrame
from kap_analysis.analysis.plan import Plan, study_plan
from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.analysis.wording import interval, number
from kap_analysis.columns import (
    BASELINE,
    COHORT_ID,
    ESTIMATE_COLUMNS,
    FORMAT,
    GROUP,
    INDIVIDUAL,
    N_PATIENTS,
    PATIENT_ID,
    PRACTICE,
    SCORE,
    VISIT,
)
from kap_analysis.disclosure.gate import release
from kap_analysis.errors import AnalysisError
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from kap_analysis.study.load import Study
from kap_analysis.study.outcomes import Outcomes

FIXED_ICC = (0.02, 0.06, 0.12)
Progress = Callable[[int, int, str], None]
Setting = tuple[str, str, str, Callable[[], dict[str, object]]]


@dataclass(frozen=True)
class Sensitivity(Result):
    """The primary contrast under other assumptions.

    Attributes
    ----------
    estimates : DataFrame
        ``group`` (primary, clustering, model, data, rules, wrong on purpose), ``label``, the estimate columns,
        ``n_patients``, ``assumes``, ``is_primary``, ``note`` (why it could not be estimated).
    visit : str
    """

    estimates: pd.DataFrame
    visit: str
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def paragraph(self) -> str:
        frame = self.estimates[self.estimates["estimate"].notna()]
        primary = frame[frame["is_primary"]].iloc[0]
        others = frame[~frame["is_primary"] & (frame["group"] != "wrong on purpose")]
        low, high = others.loc[others["estimate"].idxmin()], others.loc[others["estimate"].idxmax()]
        across = ((others["ci_low"] > 0) | (others["ci_high"] < 0)).sum()
        return (
            f"The primary difference at {self.visit} is {number(primary['estimate'])} (95 % interval "
            f"{interval(primary['ci_low'], primary['ci_high'])}). Over {len(others)} other analyses it goes from "
            f"{number(low['estimate'])} ({low['label']}) to {number(high['estimate'])} ({high['label']}); "
            f"{across} of their intervals exclude 0."
        )


def check_sensitivity(
    study: Study,
    *,
    plan: Plan | None = None,
    n_bootstrap: int = 200,
    seed: int = 20190402,
    progress: Progress | None = None,
) -> Sensitivity:
    """Repeat the primary contrast under other models, data and rules.

    Parameters
    ----------
    n_bootstrap : int
        Samples of the cluster bootstrap, which resamples cohorts and patients and needs no normal distribution.
    """
    plan = plan or study_plan(study)
    outcomes = study.outcomes(plan.instrument, format_rule=plan.format_rule, cohort_rule=plan.cohort_rule)
    model, rung, fit, _ = fit_primary(outcomes, plan, plan.visit)
    if rung.name == DESCRIPTIVE:
        plan = replace(plan, covariates=())
    settings = [
        ("primary", "Primary model", rung.why, lambda: _row(fit, model, plan.visit)),
        *_clustering(fit, model, rung, plan.visit),
        *_facilitator(study, model, rung, plan.visit),
        *_models(model, rung, plan.visit),
        *_left_out(model, rung, plan.visit),
        *_rules(study, plan),
        ("data", "Cluster bootstrap", "no normal distribution (scores pile up at the floor)",
         lambda: _bootstrap(model, plan.visit, n_bootstrap, seed)),
        ("wrong on purpose", "Complete cases", "those who stayed are like those who were lost: not credible",
         lambda: _complete_cases(outcomes, plan)),
    ]  # fmt: skip
    rows = []
    for done, (group, label, assumes, compute) in enumerate(settings, start=1):
        rows.append({"group": group, "label": label, "assumes": assumes, "is_primary": done == 1, **_attempt(compute)})
        if progress is not None:
            progress(done, len(settings), label)
    columns = ["group", "label", *ESTIMATE_COLUMNS, N_PATIENTS, "assumes", "is_primary", "note"]
    result = Sensitivity(pd.DataFrame(rows).reindex(columns=columns), plan.visit)
    return release(result, visibility=outcomes.visibility, is_simulated=outcomes.is_simulated)


def _attempt(compute: Callable[[], dict[str, object]]) -> dict[str, object]:
    try:
        return {**compute(), "note": ""}
    except (AnalysisError, ValueError, np.linalg.LinAlgError) as error:
        return {"note": str(error)}


def _row(fit: MixedResults, model: ModelFrame, visit: str) -> dict[str, object]:
    grid = pd.DataFrame({FORMAT: [GROUP, INDIVIDUAL], VISIT: [visit, visit]})
    matrix = averaged_rows(fit, model.patients, grid).matrix
    row = estimate_rows(fit, matrix[:1] - matrix[1:], pd.DataFrame({N_PATIENTS: [len(model.patients)]})).iloc[0]
    return row.to_dict()


def _refit(
    model: ModelFrame, rung: Rung, visit: str, formula: str | None = None, **options: object
) -> dict[str, object]:
    built = mixedlm(formula or rung.formula, model.frame, residual_by=rung.residual_by)
    return _row(built.fit(**options), model, visit)


def _clustering(fit: MixedResults, model: ModelFrame, rung: Rung, visit: str) -> Iterator[Setting]:
    if not model.has_cohorts:
        return
    term = f"(0 + is_group | {COHORT_ID})"
    without = rung.formula.replace(f" + {term}", "")
    label = "MMRM without the cohort" if "us(" in rung.formula else "Cohort ignored"
    yield (
        "clustering",
        label,
        "patients of one cohort are no more alike than others",
        lambda: _refit(model, rung, visit, without),
    )
    name = cohort_variance_name(fit)
    if name is None:
        return
    within = group_variance(fit, visit)
    for icc in FIXED_ICC:
        fixed = {name: icc / (1 - icc) * within}
        yield (
            "clustering", f"Cohort ICC fixed at {icc:.2f}", "the cohorts are this much alike, whatever the data say",
            lambda fixed=fixed: _refit(model, rung, visit, fixed=fixed),
        )  # fmt: skip


def _facilitator(study: Study, model: ModelFrame, rung: Rung, visit: str) -> Iterator[Setting]:
    who = first_facilitators(study)
    if who.empty:
        return
    frame = model.frame.assign(facilitator=model.frame[PATIENT_ID].map(who))
    frame = frame[frame["facilitator"].notna()]
    added = replace(model, frame=frame)
    yield (
        "clustering", "Facilitator effect", "patients whose first session had the same first facilitator are alike, in either format",
        lambda: _refit(added, rung, visit, f"{rung.formula} + (1 | facilitator)"),
    )  # fmt: skip


def _models(model: ModelFrame, rung: Rung, visit: str) -> Iterator[Setting]:
    several = len(model.visits) > 1
    whole = f"{VISIT}*({FORMAT} + {BASELINE})" if several else f"{FORMAT} + {BASELINE}"
    bare = f"{VISIT}*{FORMAT}" if several else FORMAT
    yield (
        "model", "Without the baseline score", "the formats started alike: they did not",
        lambda: _refit(model, rung, visit, rung.formula.replace(whole, bare)),
    )  # fmt: skip
    if PRACTICE in model.covariates:
        crossed = rung.formula.replace(f" + {PRACTICE}", f" + {PRACTICE} + {PRACTICE}:{FORMAT}", 1)
        yield (
            "model", "Format by practice", "the difference may vary between practices; averaged over the patients",
            lambda: _refit(model, rung, visit, crossed),
        )  # fmt: skip
    if "start_period" in model.frame and model.frame["start_period"].nunique() > 1:
        started = model.frame.assign(period=_period_number(model.frame["start_period"]))
        timed = replace(model, frame=started)
        yield (
            "model", "Adjusted for calendar period", "a linear drift over the quarters in which patients started",
            lambda: _refit(timed, rung, visit, f"{rung.formula} + period"),
        )  # fmt: skip
    if model.covariates:
        short = " + ".join([f"{SCORE} ~ {whole}", *[c for c in model.covariates if c == PRACTICE]])
        rest = rung.formula.split(" + ")
        random = " + ".join(part for part in _random_parts(rung.formula))
        yield (
            "model", "Baseline and practice only", "the other covariates do not matter",
            lambda: _refit(model, rung, visit, f"{short} + {random}" if rest else None),
        )  # fmt: skip


def _random_parts(formula: str) -> list[str]:
    """The bars and structures at the end of a formula of the ladder."""
    fixed, *rest = formula.split(" + (", 1)
    if rest:
        return [f"({rest[0]}"]
    return [f"us({fixed.split(' + us(', 1)[1]}"] if " + us(" in fixed else []


def _period_number(period: pd.Series) -> np.ndarray:
    text = period.astype("object").where(period.notna())
    quarters = text.str[:4].astype(float) * 4 + text.str[-1].astype(float)
    return (quarters - quarters.min()).fillna((quarters - quarters.min()).mean()).to_numpy()


def _left_out(model: ModelFrame, rung: Rung, visit: str) -> Iterator[Setting]:
    if PRACTICE in model.covariates:
        for practice in sorted(model.frame[PRACTICE].astype("str").unique()):
            kept = model.frame[model.frame[PRACTICE].astype("str") != practice].copy()
            kept[PRACTICE] = kept[PRACTICE].cat.remove_unused_categories()
            single = kept[PRACTICE].nunique() < 2
            formula = rung.formula.replace(f" + {PRACTICE}", "", 1) if single else rung.formula
            yield (
                "data", f"Without practice {practice}", "no single practice makes the difference",
                lambda kept=kept, formula=formula: _refit(replace(model, frame=kept), rung, visit, formula),
            )  # fmt: skip
    if model.has_cohorts:
        yield (
            "data",
            "Without the most influential cohort",
            "no single cohort makes the difference",
            lambda: _least_like(model, rung, visit),
        )


def _least_like(model: ModelFrame, rung: Rung, visit: str) -> dict[str, object]:
    """The leave-one-cohort-out estimate that is farthest from the primary one."""
    nested = model.frame[model.frame["in_cohort"] == 1]
    whole = float(_refit(model, rung, visit)["estimate"])  # type: ignore[arg-type]
    found: list[dict[str, object]] = []
    for cohort in nested[COHORT_ID].unique():
        kept = replace(model, frame=model.frame[model.frame[COHORT_ID] != cohort])
        found.append(_refit(kept, rung, visit))
    return max(found, key=lambda row: abs(float(row["estimate"]) - whole))  # type: ignore[arg-type]


def _rules(study: Study, plan: Plan) -> Iterator[Setting]:
    def under(**rules: str) -> dict[str, object]:
        outcomes = study.outcomes(
            plan.instrument, **{"format_rule": plan.format_rule, "cohort_rule": plan.cohort_rule, **rules}
        )  # type: ignore[arg-type]
        model, _, fit, _ = fit_primary(outcomes, plan, plan.visit)
        return _row(fit, model, plan.visit)

    if plan.format_rule != "first":
        yield (
            "rules",
            "Format of the first session",
            "the first ketamine session in the clinic says the format",
            lambda: under(format_rule="first"),
        )
    yield (
        "rules", "As-treated format", "format read off what happened later: favours those who stay; mixed is a third arm",
        lambda: under(format_rule="as_treated"),
    )  # fmt: skip
    yield (
        "rules",
        "Without patients of mixed format",
        "those who switched are like those who did not",
        lambda: under(format_rule="exclude_mixed"),
    )
    for visit in [v.label for v in study.settings.visits if v.label != plan.visit]:
        yield (
            "rules",
            f"At {visit}",
            "another visit: an estimate, not a test",
            lambda visit=visit: _at_other_visit(study, plan, visit),
        )


def _at_other_visit(study: Study, plan: Plan, visit: str) -> dict[str, object]:
    outcomes = study.outcomes(plan.instrument, format_rule=plan.format_rule, cohort_rule=plan.cohort_rule)
    model, rung, fit, _ = fit_primary(outcomes, plan, visit)
    _, contrasts = format_estimates(fit, model, visit, rung)
    row = contrasts[contrasts["is_primary"]].iloc[0]
    return {**{c: row[c] for c in ESTIMATE_COLUMNS}, "p_value": np.nan, N_PATIENTS: len(model.patients)}


def _bootstrap(model: ModelFrame, visit: str, n_samples: int, seed: int) -> dict[str, object]:
    """Adjusted difference at the visit by least squares, its interval from resampled cohorts and patients."""
    rows = model.frame[(model.frame[VISIT] == visit) & model.frame[FORMAT].isin([INDIVIDUAL, GROUP])].reset_index(
        drop=True
    )
    numbers = pd.get_dummies(rows[["is_group", BASELINE, *model.covariates]], drop_first=True, dtype=float).to_numpy()
    design = np.column_stack([np.ones(len(rows)), numbers])
    score = rows[SCORE].to_numpy(float)
    drawn = [np.linalg.lstsq(design[i], score[i], rcond=None)[0][1] for i in bootstrap_samples(rows, n_samples, seed)]
    low, high = percentile_interval(np.array(drawn))
    estimate = float(np.linalg.lstsq(design, score, rcond=None)[0][1])
    return {
        "estimate": estimate,
        "std_error": float(np.std(drawn, ddof=1)),
        "ci_low": low,
        "ci_high": high,
        N_PATIENTS: len(rows),
    }


def _complete_cases(outcomes: Outcomes, plan: Plan) -> dict[str, object]:
    scored = outcomes.frame[outcomes.frame[SCORE].notna()]
    counts = scored.groupby(PATIENT_ID)[VISIT].nunique()
    complete = counts.index[counts == len(outcomes.visits)]
    kept = replace(outcomes, frame=outcomes.frame[outcomes.frame[PATIENT_ID].isin(complete)])
    model, _, fit, _ = fit_primary(kept, plan, plan.visit)
    return _row(fit, model, plan.visit)
