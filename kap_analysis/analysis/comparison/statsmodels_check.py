"""Group versus individual by statsmodels' MixedLM, as an independent check with its limits.

    score ~ visit*(format + baseline) + practice, post-baseline rows
    groups: the cohort of a patient treated in a group, else the patient; variance components for patient and cohort

Its intervals and p-values use the normal distribution and ignore the small number of cohorts. It has no residual
covariance and no variance by format (statsmodels issues 2620, 6304, 8381). It checks the engine; it is not the
analysis.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from patsy import build_design_matrices
from scipy.special import ndtr, ndtri
from statsmodels.tools.sm_exceptions import ConvergenceWarning

from kap_analysis.analysis.comparison.comparison_result import (
    FormatComparison,
    difference_sentence,
    what_the_interval_says,
)
from kap_analysis.analysis.model.ladder import DESCRIPTIVE, choose_rungs
from kap_analysis.analysis.model.model_frame import build_model_frame
from kap_analysis.analysis.model.plan import Ladder
from kap_analysis.analysis.model.unadjusted import describe_unadjusted, unadjusted_sentence
from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.analysis.visits import check_visit
from kap_analysis.columns import (
    BASELINE,
    COHORT_ID,
    ESTIMATE_COLUMNS,
    FORMAT,
    GROUP,
    INDIVIDUAL,
    INSTRUMENT,
    N_PATIENTS,
    PATIENT_ID,
    PRACTICE,
    SCORE,
    VISIT,
)
from kap_analysis.disclosure.gate import release
from kap_analysis.errors import AnalysisError
from kap_analysis.run_memory import once_per_run
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.writing.sentences import join_words, number

LABEL = "statsmodels MixedLM, z"
#: The default optimiser stops too early on some well-behaved data; these two, in this order, do not.
METHODS = ("lbfgs", "cg")
#: Variances that are all alike are those at which MixedLM begins: its search has not moved.
NOT_MOVED = 1e-6


@dataclass(frozen=True)
class StatsmodelsComparison(Result):
    """Group compared with individual format by statsmodels' MixedLM.

    Attributes
    ----------
    means : DataFrame
        ``format``, ``visit``, ``estimate``, ``std_error``, ``df`` (infinite: z), ``statistic``, ``p_value`` (missing),
        ``ci_low``, ``ci_high``, ``n_patients``; averaged over the analysed patients.
    contrasts : DataFrame
        ``visit``, ``contrast``, the estimate columns, ``n_patients``, ``is_primary``.
    variance : DataFrame
        ``component`` (cohort, patient, residual), ``variance``; of one visit patient and residual are one.
    unadjusted : DataFrame
        As `describe_unadjusted`.
    model : DataFrame
        One row: ``instrument``, ``visit``, ``formula``, ``n_patients``, ``n_observations``, ``n_cohorts``,
        ``converged``, ``label``.
    too_few : str
        Why the comparison is descriptive, or empty.
    caution : str
        That format and practice cannot be told apart, where they cannot; else empty.
    """

    means: pd.DataFrame
    contrasts: pd.DataFrame
    variance: pd.DataFrame
    unadjusted: pd.DataFrame
    model: pd.DataFrame
    higher_is_better: bool = False
    too_few: str = ""
    caution: str = ""
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def primary(self) -> pd.Series:
        """The contrast at the visit that was asked for."""
        return self.contrasts[self.contrasts["is_primary"]].iloc[0]

    @property
    def answer(self) -> str:
        """The answer in one sentence."""
        row, model = self.primary, self.model.iloc[0]
        size = difference_sentence(row, model[INSTRUMENT], self.higher_is_better)
        if self.too_few:
            return f"Descriptive only: {self.too_few}. {size} ({LABEL}); this is a description, not a comparison."
        return f"{size} ({LABEL}); {what_the_interval_says(row)}."

    @property
    def paragraph(self) -> str:
        parts = [self.answer, self.caution, unadjusted_sentence(self.unadjusted, self.higher_is_better)]
        told = [f"{r['component']} {number(r['variance'])}" for _, r in self.variance.iterrows()]
        parts.append(f"Variances: {join_words(told)}.")
        if not self.model["converged"].iloc[0]:
            parts.insert(0, "The optimiser did not converge: do not use these numbers.")
        return " ".join(part for part in parts if part)


@asked_of(Outcomes)
@once_per_run
def compare_formats_by_statsmodels(outcomes: Outcomes, visit: str) -> StatsmodelsComparison:
    """Compare the formats at a visit by statsmodels' MixedLM; labelled "statsmodels MixedLM, z".

    Raises
    ------
    AnalysisError
        With one format only, fewer than two patients of a format at the visit, or scores that MixedLM cannot fit.
    """
    check_visit(outcomes, visit)
    model = build_model_frame(outcomes, ())
    if visit not in model.visits:
        raise AnalysisError(
            f"At {visit} too few patients of a format have {outcomes.instrument.name}; "
            f"visits that can be compared: {join_words(list(model.visits))}."
        )
    fixed = f"{VISIT}*({FORMAT} + {BASELINE})" if len(model.visits) > 1 else f"{FORMAT} + {BASELINE}"
    formula = f"{SCORE} ~ " + " + ".join([fixed, *[c for c in model.covariates if c == PRACTICE]])
    rung = choose_rungs(model, visit, Ladder())[0]
    too_few = rung.why if rung.name == DESCRIPTIVE else ""
    fit, found = _fit(formula, model.frame, model.n_shared_cohorts > 0)
    means, contrasts = _estimates(fit, model.frame, model.patients, model.visits, visit, not too_few)
    sizes = model.patients.loc[model.patients["in_cohort"] == 1, COHORT_ID].value_counts()
    described = {
        INSTRUMENT: outcomes.instrument.name, VISIT: visit, "formula": formula, N_PATIENTS: len(model.patients),
        "n_observations": int(fit.nobs), "n_cohorts": int((sizes >= 2).sum()), "converged": found,
        "label": LABEL,
    }  # fmt: skip
    result = StatsmodelsComparison(
        means, contrasts, _variances(fit, len(model.visits) > 1), describe_unadjusted(outcomes, visit),
        pd.DataFrame([described]),
        outcomes.instrument.higher_is_better, too_few, model.caution,
    )  # fmt: skip
    return release(result, outcomes)


def compare_estimates(comparisons: Mapping[str, FormatComparison | StatsmodelsComparison], visit: str) -> pd.DataFrame:
    """Group minus individual at a visit, one row per way of estimating it.

    Returns
    -------
    DataFrame
        ``by`` (the name given), then ``estimate std_error df statistic p_value ci_low ci_high``, in points; of a
        public study ``withheld`` where numbers of a comparison were.
    """
    rows = []
    for name, comparison in comparisons.items():
        found = comparison.contrasts[comparison.contrasts[VISIT].astype("str") == visit].iloc[0]
        told = [*ESTIMATE_COLUMNS, *(["withheld"] if "withheld" in found.index else [])]
        rows.append({"by": name, **{column: found[column] for column in told}})
    return pd.DataFrame(rows)


def _fit(formula: str, frame: pd.DataFrame, has_cohorts: bool):
    """The fit, and whether its search has found an optimum."""
    if frame[SCORE].nunique() < 2:
        raise AnalysisError(f"Every score after baseline is {frame[SCORE].iloc[0]:g}: there is nothing to model.")
    patient, cohort = {"patient": f"0 + C({PATIENT_ID})"}, {"cohort": "0 + is_group"} if has_cohorts else {}
    # With one score each a patient is a residual, and the cohort stands alone where MixedLM can fit that.
    alone = [cohort] if has_cohorts and not frame[PATIENT_ID].duplicated().any() else []
    failed: Exception | None = None
    for components in (*alone, {**patient, **cohort}):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")  # reported in `converged`; that a variance is 0 is no failure
            # re_formula "0" leaves the variance components alone to carry the patient and the cohort
            built = smf.mixedlm(formula, frame, groups=COHORT_ID, re_formula="0", vc_formula=components)
            try:
                fit = built.fit(reml=True, method=list(METHODS))
            except np.linalg.LinAlgError as error:
                failed = error
                continue
        others = [one for one in caught if not issubclass(one.category, ConvergenceWarning)]
        moved = bool((np.abs(fit.vcomp - fit.scale) > NOT_MOVED * fit.scale).any())
        return fit, bool(fit.converged) and moved and not others
    raise AnalysisError(f"statsmodels' MixedLM cannot fit these scores: {failed}.") from failed


def _estimates(fit, frame: pd.DataFrame, patients: pd.DataFrame, visits: tuple[str, ...], visit: str, test: bool):
    data = fit.model.data
    info = data.model_spec if hasattr(data, "model_spec") else data.design_info
    k = len(fit.fe_params)
    covariance = np.asarray(fit.cov_params())[:k, :k]
    beta = fit.fe_params.to_numpy()
    counts = frame.groupby([FORMAT, VISIT], observed=True)[PATIENT_ID].nunique()
    rows, names = [], []
    for at in visits:
        for arm in (INDIVIDUAL, GROUP):
            set_to = {VISIT: at, FORMAT: arm}
            given = {
                c: pd.Categorical([v] * len(patients), categories=frame[c].cat.categories) for c, v in set_to.items()
            }
            rows.append(np.asarray(_design(info, patients.assign(**given))).mean(axis=0))
            names.append({FORMAT: arm, VISIT: at, N_PATIENTS: int(counts.get((arm, at), 0))})
    matrix = np.array(rows)
    means = _frame(pd.DataFrame(names), matrix, beta, covariance)
    means[["statistic", "p_value"]] = np.nan
    named = means.groupby(VISIT, sort=False)[N_PATIENTS].sum().reset_index()
    named.insert(1, "contrast", f"{GROUP} - {INDIVIDUAL}")
    contrasts = _frame(named, matrix[1::2] - matrix[0::2], beta, covariance)
    contrasts["is_primary"] = contrasts[VISIT] == visit
    untested = ~contrasts["is_primary"] | (not test)
    contrasts.loc[untested, ["statistic", "p_value"]] = np.nan
    for made in (means, contrasts):
        made[VISIT] = pd.Categorical(made[VISIT], categories=list(visits), ordered=True)
    return means, contrasts


def _design(info, rows: pd.DataFrame) -> pd.DataFrame:
    """Design rows of the fixed part, by the formula library that statsmodels used (formulaic or patsy)."""
    if hasattr(info, "get_model_matrix"):
        return info.get_model_matrix(rows)
    return build_design_matrices([info], rows, return_type="dataframe")[0]


def _frame(names: pd.DataFrame, matrix: np.ndarray, beta: np.ndarray, covariance: np.ndarray) -> pd.DataFrame:
    estimate = matrix @ beta
    error = np.sqrt(np.einsum("ij,jk,ik->i", matrix, covariance, matrix))
    z = estimate / error
    half = float(ndtri(0.975)) * error
    return names.assign(
        estimate=estimate, std_error=error, df=np.inf, statistic=z, p_value=2 * ndtr(-np.abs(z)),
        ci_low=estimate - half, ci_high=estimate + half,
    )  # fmt: skip


def _variances(fit, is_repeated: bool) -> pd.DataFrame:
    """The components; with one score of each patient only the sum of patient and residual can be told."""
    found = dict(zip(fit.model.exog_vc.names, map(float, np.atleast_1d(fit.vcomp)), strict=True))
    found["residual"] = float(fit.scale) + (0.0 if is_repeated else found.pop("patient", 0.0))
    rows = [[name, found[name]] for name in ("cohort", "patient", "residual") if name in found]
    return pd.DataFrame(rows, columns=["component", "variance"])
