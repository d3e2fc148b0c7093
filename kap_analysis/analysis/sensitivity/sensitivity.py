"""Is the result robust: the primary contrast under other models, other data and other rules, in one frame."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from kap_analysis.analysis.model.estimates import engine_notes
from kap_analysis.analysis.model.ladder import DESCRIPTIVE
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model.primary_model import fit_primary
from kap_analysis.analysis.model.study_or_outcomes import planned_outcomes
from kap_analysis.analysis.result import Progress, Result, empty_withheld
from kap_analysis.analysis.sensitivity.other_data import (
    cluster_bootstrap,
    complete_cases,
    leave_out,
    set_covariates_to_means,
    vary_rules,
    vary_visit,
)
from kap_analysis.analysis.sensitivity.other_models import (
    KNOWN_BIASED,
    EstimateRow,
    add_facilitator,
    estimate_row,
    vary_clustering,
    vary_model,
)
from kap_analysis.analysis.sensitivity.standardised import standardise_difference
from kap_analysis.analysis.visits import check_visit
from kap_analysis.columns import (
    ESTIMATE_COLUMNS,
    N_PATIENTS,
    P_VALUE,
    STATISTIC,
)
from kap_analysis.disclosure.gate import release
from kap_analysis.errors import AnalysisError
from kap_analysis.run_memory import once_per_run
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study
from kap_analysis.writing.sentences import difference, estimate_words, interval, within_sentence

STANDARDISED = "Standardised over all with a baseline score"
#: Rules that read the format off all sessions.
HINDSIGHT = ("majority", "as_treated", "exclude_mixed")
BY_HINDSIGHT = (
    "The rule of the plan reads the format off all sessions, later ones among them, which favours the format of "
    "patients who stay: the primary difference is biased in the same way."
)
OBSERVED_DECIDE = "scores not observed are missing at random, given those observed"


@dataclass(frozen=True)
class Sensitivity(Result):
    """The primary contrast under other assumptions.

    Attributes
    ----------
    estimates : DataFrame
        ``group`` (primary, clustering, model, data, rules, visits, known to be biased), ``label``, the estimate
        columns, ``n_patients``, ``assumes``, ``is_primary``, ``is_planned`` (whether the plan names its group),
        ``note`` (why it could not be estimated).
    visit : str
    is_descriptive : bool
        Whether there are too few cohorts or patients for a comparison.
    why : str
        Why this primary model was fitted, for example which counts were too small for a fuller one.
    caution : str
        What is known of the primary analysis itself: that format and practice cannot be told apart, or that its rule
        favours the format of patients who stay; else empty.
    """

    estimates: pd.DataFrame
    visit: str
    is_descriptive: bool = False
    why: str = ""
    caution: str = ""
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def paragraph(self) -> str:
        frame = self.estimates[self.estimates["estimate"].notna()]
        primary = frame[frame["is_primary"]].iloc[0]
        others = frame[~frame["is_primary"] & ~frame["group"].isin([KNOWN_BIASED, "visits"])]
        too_few = f"Descriptive only: {self.why}. " if self.is_descriptive else ""
        return (
            f"{too_few}The primary difference at {self.visit} is {estimate_words(primary)} (95% interval "
            f"{interval(primary['ci_low'], primary['ci_high'])}). {self._range(others)}"
            + (f" {self.caution}" if self.caution else "")
        )

    def _range(self, others: pd.DataFrame) -> str:
        """Between which differences the other analyses lie, in a sentence."""
        if others.empty:
            return "No other analysis could be estimated."
        across = int(((others["ci_low"] > 0) | (others["ci_high"] < 0)).sum())
        if len(others) == 1:
            only = others.iloc[0]
            said = "excludes" if across else "includes"
            return (
                f"In the one other analysis that could be estimated{self._planned(others)} "
                f"({within_sentence(only['label'])}) it is {difference(only['estimate'])}; its interval {said} 0."
            )
        ordered = others.sort_values("estimate")
        low, high = ordered.iloc[0], ordered.iloc[-1]
        said = "1 of their intervals excludes 0" if across == 1 else f"{across} of their intervals exclude 0"
        return (
            f"Over {len(others)} other analyses{self._planned(others)} it ranges from {difference(low['estimate'])} "
            f"({within_sentence(low['label'])}) to {difference(high['estimate'])} ({within_sentence(high['label'])}); "
            f"{said}."
        )

    @staticmethod
    def _planned(others: pd.DataFrame) -> str:
        n = int(others["is_planned"].sum())
        return "" if n == len(others) else f", {n} of them named in the plan,"


@asked_of(Study, Outcomes)
@once_per_run
def check_sensitivity(
    source: Study | Outcomes,
    *,
    plan: Plan | None = None,
    visit: str | None = None,
    n_imputations: int = 20,
    n_bootstrap: int = 200,
    seed: int = 20190402,
    progress: Progress | None = None,
) -> Sensitivity:
    """Repeat the primary contrast under other models, data and rules.

    Parameters
    ----------
    source : Study or Outcomes
        Outcomes have no sessions, so other format rules and facilitator effects are left out.
    visit : str, optional
        Default: the plan's; of outcomes without a plan the last visit.
    n_imputations : int
        Imputed data sets of the cluster bootstrap.
    n_bootstrap : int
        Samples of the cluster bootstrap, which resamples cohorts and patients and does not assume normality.
    """
    outcomes, plan, visit = planned_outcomes(source, plan, visit)
    plan = replace(plan, visit=visit)
    check_visit(outcomes, plan.visit)
    model, rung, fit, _ = fit_primary(outcomes, plan, plan.visit)
    if rung.name == DESCRIPTIVE:
        plan = replace(plan, covariates=())
    settings = [
        ("primary", "Primary model", OBSERVED_DECIDE, lambda: estimate_row(fit, model, plan.visit)),
        *vary_clustering(fit, model, rung, plan.visit),
        *(add_facilitator(source, model, rung, plan.visit) if isinstance(source, Study) else ()),
        *vary_model(model, rung, plan.visit),
        ("model", STANDARDISED,
         "the difference may vary with the baseline score and between practices; averaged over all patients who "
         "started and have a baseline score",
         lambda: standardise_difference(
             model, rung, plan.visit, planned_outcomes(source, plan, plan.visit, population="started")[0])),
        *leave_out(fit, model, rung, plan.visit),
        *(vary_rules(source, plan) if isinstance(source, Study) else ()),
        *set_covariates_to_means(outcomes, plan, model, rung),
        *vary_visit(fit, model, outcomes.visits, plan.visit),
        ("data", "Cluster bootstrap",
         "no normal distribution of the scores; of all in individual or group format who "
         "were scored at least once, missing scores are imputed",
         lambda: cluster_bootstrap(
             source, plan, n_imputations=n_imputations, n_bootstrap=n_bootstrap, seed=seed)),
        (KNOWN_BIASED, "Complete cases",
         "patients who stayed are like those who were lost, which is not credible",
         lambda: complete_cases(outcomes, plan)),
    ]  # fmt: skip
    settings.sort(key=lambda setting: setting[0] == KNOWN_BIASED)  # last, after all that count
    rows = []
    for done, (group, label, assumes, compute) in enumerate(settings, start=1):
        rows.append({"group": group, "label": label, "assumes": assumes, "is_primary": done == 1, **_attempt(compute)})
        rows[-1]["is_planned"] = done == 1 or group in plan.sensitivity
        if progress is not None:
            progress(done, len(settings), label)
    columns = ["group", "label", *ESTIMATE_COLUMNS, N_PATIENTS, "assumes", "is_primary", "is_planned", "note"]
    estimates = pd.DataFrame(rows).reindex(columns=columns)
    if rung.name == DESCRIPTIVE:
        estimates[[STATISTIC, P_VALUE]] = np.nan
    by_hindsight = isinstance(source, Study) and plan.format_rule in HINDSIGHT
    caution = " ".join(filter(None, [model.caution, BY_HINDSIGHT if by_hindsight else ""]))
    result = Sensitivity(estimates, plan.visit, rung.name == DESCRIPTIVE, rung.why, caution)
    return release(result, outcomes)


def _attempt(compute: Callable[[], EstimateRow]) -> EstimateRow:
    try:
        with engine_notes() as told:
            found = compute()
        return {**found, "note": " ".join(told)}
    except (AnalysisError, ValueError, np.linalg.LinAlgError) as error:
        return {"note": str(error)}
