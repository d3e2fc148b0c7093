"""Every analysis of the reference folder beside the project, against R.

R stops a little before the maximum. A criterion that is higher than ours by g puts its covariance parameters up to
sqrt(g) of their standard errors away, and everything that follows from them by an amount of that order. Where g is
above 1e-7 the tolerances grow by `SHARE * sqrt(g)`; `test_at_the_covariance_that_mmrm_stopped_at` then holds the
same analyses to the full tolerance, with the covariance set to mmrm's.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed.reference_values import block, in_errors, like_r, r_term, read_data, read_json, relative
from tests.places import SHARED

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the folder ../shared/reference is not on this machine")

HIGHER = 1e-6  # how far above R's criterion ours may be: rounding of numbers near 8000
ESTIMATE = 1e-5  # in standard errors
ERROR = 1e-5  # relative, of standard errors: R's 12 digits, and where its optimiser stopped
KENWARD_ROGER = 1e-4  # relative, of adjusted standard errors and of df
SATTERTHWAITE = 1e-3  # relative, of df: lmerTest differentiates numerically
NOTABLE = 1e-7  # a gain in the criterion from which on R's optimiser is said to have stopped early
SHARE = 0.2  # of sqrt(gain)
COMPONENT = 2e-4  # relative, of variances: lme4 stops where the criterion is flat in them
P_VALUE = 1e-5  # absolute: it moves with the statistic
FIXED_CRITERION = 1e-6  # at mmrm's own covariance, which is given with 12 digits

BARS = [
    "btheb_intercept",
    "btheb_slope",
    "kap235_intercept_only",
    "kap235_slope",
    "kap235_uncorrelated",
    "kap235_partially_nested",
]
STRUCTURES = ["us", "us_by_format", "cs", "csh", "ar1", "ar1h", "toep", "toeph"]
VISITS = ["btheb_mmrm_us", *(f"kap235_mmrm_{name}" for name in STRUCTURES)]
EARLY = {"btheb_mmrm_us", *(f"kap235_mmrm_{name}" for name in ("us", "us_by_format", "ar1h", "toep", "toeph"))}


@cache
def reference(case: str) -> dict:
    return read_json(SHARED, case)


@cache
def fitted(case: str) -> MixedResults:
    return mixedlm(reference(case)["formula"], read_data(SHARED, reference(case)["data"])).fit()


def criterion(case: str) -> float:
    known = reference(case)
    return known["reml_criterion"] if "reml_criterion" in known else -2 * known["reml_loglik"]


def slack(case: str) -> float:
    """What R's early stop adds to every tolerance."""
    gain = criterion(case) - fitted(case).criterion
    return SHARE * float(np.sqrt(gain)) if gain > NOTABLE else 0.0


@pytest.mark.parametrize("case", BARS + VISITS)
def test_criterion_is_no_higher(case: str) -> None:
    fit = fitted(case)
    assert fit.criterion <= criterion(case) + HIGHER
    assert fit.converged and not fit.singular
    assert fit.nobs == reference(case)["n"]


@pytest.mark.parametrize("case", BARS + VISITS)
def test_only_the_cases_that_are_named_stopped_early(case: str) -> None:
    assert (slack(case) > 0) == (case in EARLY)


@pytest.mark.parametrize("case", BARS + VISITS)
def test_coefficients_by_kenward_roger(case: str) -> None:
    known = reference(case)
    expected = block(known["kenward_roger" if case in BARS else "kenward_roger_linear"])
    found = like_r(fitted(case).coefficients()).loc[expected.index]
    more = slack(case)
    assert in_errors(found, expected) < ESTIMATE + more
    assert relative(found["std_error"], expected["std_error"]) < KENWARD_ROGER + more
    assert relative(found["df"], expected["df"]) < KENWARD_ROGER + more
    assert np.allclose(found["p_value"], expected["p_value"], rtol=0, atol=P_VALUE + more)


@pytest.mark.parametrize("case", BARS + VISITS)
def test_coefficients_by_satterthwaite(case: str) -> None:
    expected = block(reference(case)["satterthwaite"])
    found = like_r(fitted(case).coefficients(ddf="satterthwaite")).loc[expected.index]
    more = slack(case)
    assert in_errors(found, expected) < ESTIMATE + more
    assert relative(found["std_error"], expected["std_error"]) < ERROR + more
    assert relative(found["df"], expected["df"]) < SATTERTHWAITE + more


@pytest.mark.parametrize("case", BARS)
def test_information_criteria_count_all_of_the_ml_fit(case: str) -> None:
    fit, known = fitted(case), reference(case)
    assert fit.aic == pytest.approx(known["ml_aic"], abs=1e-6)
    assert fit.bic == pytest.approx(known["ml_bic"], abs=1e-6)
    assert fit.ml.llf == pytest.approx(known["ml_loglik"], abs=1e-6)


@pytest.mark.parametrize("case", BARS)
def test_covariance_of_the_coefficients(case: str) -> None:
    expected = np.array(reference(case)["vcov"])
    terms = [row["term"] for row in reference(case)["satterthwaite"]]
    found = fitted(case).cov_params("satterthwaite").rename(index=r_term, columns=r_term).loc[terms, terms].to_numpy()
    size = np.sqrt(np.diag(expected))
    assert np.max(np.abs(found - expected) / np.outer(size, size)) < 2 * ERROR


@pytest.mark.parametrize("case", BARS)
def test_variance_components(case: str) -> None:
    """Standard deviations relative, correlations absolute."""
    found = fitted(case).variance_components
    for row in reference(case)["variance_components"]:
        if row["grp"] == "Residual":
            assert fitted(case).residual["sd"][0] == pytest.approx(row["sdcor"], rel=COMPONENT)
            continue
        here = found[(found["grouping"] == row["grp"].split(".")[0]) & (found["term1"] == row["var1"])]
        if row["var2"] is None:
            here = here[here["term2"].isna()]
            assert here["sd"].item() == pytest.approx(row["sdcor"], rel=COMPONENT)
            assert here["variance"].item() == pytest.approx(row["vcov"], rel=2 * COMPONENT)
        else:
            here = here[here["term2"] == row["var2"]]
            assert here["correlation"].item() == pytest.approx(row["sdcor"], abs=COMPONENT)
            assert here["variance"].item() == pytest.approx(
                row["vcov"], abs=COMPONENT * abs(row["vcov"] / row["sdcor"])
            )


@pytest.mark.parametrize("case", [case for case in BARS if case != "kap235_uncorrelated"])
def test_marginal_means_and_contrasts(case: str) -> None:
    known = reference(case)["emmeans"]
    means, contrasts = block(known["means"], ""), block(known["contrasts"], "")
    arm = means.columns[0]
    at = {"month": list(dict.fromkeys(means["month"]))}
    fit = fitted(case)
    _same_estimates(fit.means(arm, by="month", at=at), means, 0.0)
    _same_estimates(fit.contrasts(arm, by="month", at=at), contrasts, 0.0)
    assert list(fit.contrasts(arm, by="month", at=at)["contrast"]) == list(contrasts["contrast"])


@pytest.mark.parametrize("method", ["kenward-roger", "satterthwaite"])
@pytest.mark.parametrize("case", VISITS)
def test_marginal_means_and_contrasts_per_visit(case: str, method: str) -> None:
    name = "emmeans_kenward_roger_linear" if method == "kenward-roger" else "emmeans_satterthwaite"
    known = reference(case)[name]
    means, contrasts = block(known["means"], ""), block(known["contrasts"], "")
    arm = means.columns[0]
    fit, more = fitted(case), slack(case)
    _same_estimates(fit.means(arm, by="visit", ddf=method), means, more)
    _same_estimates(fit.contrasts(arm, by="visit", ddf=method), contrasts, more)


def _same_estimates(found: pd.DataFrame, expected: pd.DataFrame, more: float) -> None:
    """Rows come in the same order: the arm varies fastest within month or visit."""
    assert len(found) == len(expected)
    assert in_errors(found, expected) < ESTIMATE + more
    assert relative(found["std_error"], expected["std_error"]) < KENWARD_ROGER + more
    assert relative(found["df"], expected["df"]) < KENWARD_ROGER + more
    if "ci_low" in expected:
        width = (expected["ci_high"] - expected["ci_low"]).to_numpy()
        for limit in ("ci_low", "ci_high"):
            assert np.max(np.abs(found[limit].to_numpy() - expected[limit].to_numpy()) / width) < 1e-4 + more
    else:
        assert np.allclose(found["p_value"], expected["p_value"], rtol=0, atol=P_VALUE + more)


@pytest.mark.parametrize("case", VISITS)
def test_residual_covariance(case: str) -> None:
    known = reference(case)["covariance"]
    strata = known if isinstance(known, dict) else {"": known}
    found = fitted(case).residual
    for name, matrix in strata.items():
        part = found[found["stratum"].astype(str) == name]
        deviations = part["sd"].dropna().to_numpy()
        assert np.allclose(deviations, np.sqrt(np.diag(matrix)), rtol=1e-4 + slack(case))


def _held_at(case: str) -> dict[str, float]:
    """mmrm's covariance as values of `theta`."""
    fit, known = fitted(case), reference(case)["covariance"]
    strata = known if isinstance(known, dict) else {"": known}
    values: list[float] = []
    for matrix in (np.array(matrix) for matrix in strata.values()):
        deviations = np.sqrt(np.diag(matrix))
        correlation = matrix / np.outer(deviations, deviations)
        structure = fit.design.residual.structure
        if structure.any_matrix:
            values += list(matrix[np.tril_indices(len(matrix))])
            continue
        values += list(np.log(deviations if structure.variance_by_visit else deviations[:1]))
        values += list(correlation[0, 1:] if structure.name.startswith("toep") else correlation[0, 1:2])
    return dict(zip(fit.theta.index, values, strict=True))


@pytest.mark.parametrize("case", VISITS)
def test_at_the_covariance_that_mmrm_stopped_at(case: str) -> None:
    """The same numbers to all digits where both stand at one covariance: no tolerance for where R stopped."""
    known = reference(case)
    fit = fitted(case).model.fit(fixed=_held_at(case), ddf="satterthwaite")
    expected = block(known["satterthwaite"])
    found = like_r(fit.coefficients()).loc[expected.index]
    assert fit.criterion == pytest.approx(criterion(case), abs=FIXED_CRITERION)
    assert in_errors(found, expected) < 1e-8
    assert relative(found["std_error"], expected["std_error"]) < 1e-8


def test_residual_variance_per_format_as_nlme_has_it() -> None:
    """nlme stops near the maximum and prints variances with 7 digits; its df are not a target."""
    known = read_json(SHARED, "kap235_partially_nested_heteroscedastic")
    data = read_data(SHARED, known["data"])
    formula = "bdi ~ month * format + practice + (0 + is_group | cohort) + (month | patient)"
    fit = mixedlm(formula, data, residual_by="format").fit()
    assert fit.criterion <= -2 * known["reml_loglik"] + HIGHER
    assert fit.criterion == pytest.approx(-2 * known["reml_loglik"], abs=1e-4)
    sd = fit.residual.set_index("stratum")["sd"]
    assert sd["group"] == pytest.approx(known["sigma"], rel=1e-4)
    assert sd["individual"] / sd["group"] == pytest.approx(known["residual_ratio"]["individual"], rel=1e-4)
    expected = block([{**row, "estimate": row["Value"], "std_error": row["Std.Error"]} for row in known["fixed"]])
    found = like_r(fit.coefficients(ddf="satterthwaite")).loc[expected.index]
    assert in_errors(found, expected) < 1e-3
    assert relative(found["std_error"], expected["std_error"]) < 1e-3
