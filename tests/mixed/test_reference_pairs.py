"""Every pair of R script and output in tests/reference."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed.reference_values import block, in_errors, like_r, r_term, read_data, read_json, relative
from tests.places import PAIRS

HIGHER = 1e-6  # how far above R's criterion ours may be; printed with 12 digits
ESTIMATE = 1e-5  # in standard errors; R's optimisers end at steps of 1e-9
ERROR = 1e-5  # relative, of standard errors
KENWARD_ROGER = 1e-4  # relative, of df
SATTERTHWAITE = 1e-3  # relative, of df: lmerTest differentiates numerically
P_VALUE = 1e-5  # absolute
COMPONENT = 1e-4  # relative, of variances
NLME = 1e-5  # relative: nlme's optimiser stops a little early

LMER = [
    ("crossed", "intercepts"),
    ("crossed", "slope"),
    ("nested", "nested"),
    ("nested", "nested_slope"),
    ("nested", "partially_nested"),
    ("precision_weights", "intercept"),
    ("precision_weights", "partially_nested"),
    ("singular", "variance_zero"),
    ("singular", "slope"),
    ("singular", "slope_apart"),
    ("tiny", "paired"),
    ("tiny", "covariate"),
    ("residual_by_format", "intercept"),
    ("residual_by_format", "partially_nested"),
]


@cache
def pair(name: str) -> dict[str, Any]:
    return read_json(PAIRS, name)


@cache
def data_of(name: str) -> pd.DataFrame:
    return read_data(PAIRS, name)


@cache
def fitted(name: str, key: str) -> tuple[MixedResults, dict[str, Any]]:
    known = pair(name)[key]
    data = data_of(known.get("data") or pair(name)["data"])
    weights = pair(name).get("weights")
    return mixedlm(known["formula"], data, weights=weights).fit(), known


@cache
def partial(formula: str, reml: bool = True, **keywords: Any) -> MixedResults:
    return mixedlm(formula, data_of("partial.csv"), **keywords).fit(reml=reml)


def same_table(found: pd.DataFrame, expected: pd.DataFrame, df: float | None) -> None:
    found = like_r(found).loc[expected.index]
    assert in_errors(found, expected) < ESTIMATE
    assert relative(found["std_error"], expected["std_error"]) < ERROR
    if df is not None:
        assert relative(found["df"], expected["df"]) < df
        assert np.allclose(found["p_value"], expected["p_value"], rtol=0, atol=P_VALUE)


# lme4, lmerTest, pbkrtest


@pytest.mark.parametrize(("name", "key"), LMER)
def test_criterion_and_information_criteria(name: str, key: str) -> None:
    fit, known = fitted(name, key)
    assert fit.criterion == pytest.approx(known["reml_criterion"], abs=HIGHER)
    assert fit.nobs == known["n_observations"]
    assert fit.singular == known["singular"]
    assert fit.ml.llf == pytest.approx(known["ml_loglik"], abs=HIGHER)
    assert fit.aic == pytest.approx(known["ml_aic"], abs=HIGHER)
    assert fit.bic == pytest.approx(known["ml_bic"], abs=HIGHER)


@pytest.mark.parametrize("method", ["satterthwaite", "kenward-roger"])
@pytest.mark.parametrize(("name", "key"), LMER)
def test_coefficients(name: str, key: str, method: str) -> None:
    fit, known = fitted(name, key)
    if method.replace("-", "_") not in known:
        assert name == "precision_weights", "pbkrtest 0.5.2 leaves weights out of V"
        return
    expected = block(known[method.replace("-", "_")])
    same_table(fit.coefficients(ddf=method), expected, SATTERTHWAITE if method == "satterthwaite" else KENWARD_ROGER)


@pytest.mark.parametrize(("name", "key"), LMER)
def test_variance_components(name: str, key: str) -> None:
    """By grouping and terms; lme4 numbers repeated groupings and writes a:b as b:a."""
    fit, known = fitted(name, key)
    found = fit.variance_components
    total = fit.residual["variance"].sum() + found[found["term2"].isna()]["variance"].sum()
    for row in known["variance_components"]:
        if row["grouping"] == "Residual":
            assert fit.residual["variance"][0] == pytest.approx(row["value"], rel=COMPONENT)
            continue
        grouping = re.sub(r"\.\d+$", "", row["grouping"]).replace(".", ":")
        grouping = ":".join(reversed(grouping.split(":")))
        here = found[(found["grouping"] == grouping) & (found["term1"] == row["term1"])]
        here = here[here["term2"].isna()] if row["term2"] is None else here[here["term2"] == row["term2"]]
        assert here["variance"].item() == pytest.approx(row["value"], rel=COMPONENT, abs=1e-5 * total)


def test_kenward_roger_and_satterthwaite_part_on_the_boundary() -> None:
    """The patient variance is 0: Satterthwaite counts 60 rows less 4 coefficients, Kenward-Roger keeps the variance."""
    fit, _ = fitted("singular", "variance_zero")
    assert fit.boundary == ("(1 | patient)",)
    assert fit.coefficients(ddf="satterthwaite")["df"].to_numpy() == pytest.approx(np.full(4, 60 - 4))
    assert (fit.coefficients()["df"] < 56).all()


# a residual variance per arm


@pytest.mark.parametrize("key", ["intercept", "partially_nested"])
def test_residual_by_is_a_term_of_each_row_in_one_arm(key: str) -> None:
    known = pair("residual_by_format")[key]
    fit = partial(known["formula"].replace(" + (0 + is_group | row)", ""), residual_by="format")
    assert fit.criterion == pytest.approx(known["reml_criterion"], abs=HIGHER)
    variances = fit.residual.set_index("stratum")["variance"]
    assert variances["individual"] == pytest.approx(known["residual"]["individual"], rel=COMPONENT)
    assert variances["group"] == pytest.approx(known["residual"]["group"], rel=COMPONENT)
    assert fit.aic == pytest.approx(known["ml_aic"], abs=HIGHER)
    same_table(fit.coefficients(), block(known["kenward_roger"]), KENWARD_ROGER)
    same_table(fit.coefficients(ddf="satterthwaite"), block(known["satterthwaite"]), SATTERTHWAITE)


@pytest.mark.parametrize("method", ["kenward-roger", "satterthwaite"])
def test_welch_s_t_test(method: str) -> None:
    """R's t.test on the scores of month 3, formula individual - group."""
    known = pair("residual_by_format")["welch_at_month_3"]
    data = data_of("partial.csv")
    fit = mixedlm("score ~ format", data[data["visit"] == "3"], residual_by="format").fit()
    row = fit.coefficients(ddf=method).iloc[1]
    assert row["estimate"] == pytest.approx(known["estimate_group_minus_individual"], rel=1e-9)
    assert row["std_error"] == pytest.approx(known["std_error"], rel=1e-7)
    assert row["statistic"] == pytest.approx(-known["statistic"], rel=1e-7)
    assert row["df"] == pytest.approx(known["df"], rel=1e-6)
    assert row["p_value"] == pytest.approx(known["p_value"], rel=1e-6)


# glmmTMB, nlme


def test_primary_model() -> None:
    known = pair("primary_model")
    fit = partial(known["formula"])
    assert fit.criterion <= known["reml_criterion"] + HIGHER
    assert fit.criterion == pytest.approx(known["reml_criterion"], abs=1e-5)
    same_table(fit.coefficients(ddf="satterthwaite"), block(known["coefficients"]), None)
    assert fit.variance_components["variance"].item() == pytest.approx(known["cohort_variance"], rel=COMPONENT)
    for format_, matrix in known["covariance"].items():
        part = fit.residual[fit.residual["stratum"].astype(str) == format_]
        assert part["variance"].iloc[:4].to_numpy() == pytest.approx(np.diag(matrix), rel=COMPONENT)
    terms = [row["term"] for row in known["coefficients"]]
    found = fit.cov_params("satterthwaite").rename(index=r_term, columns=r_term).loc[terms, terms].to_numpy()
    size = np.sqrt(np.diag(known["vcov"]))
    assert np.max(np.abs(found - np.array(known["vcov"])) / np.outer(size, size)) < 1e-4


@pytest.mark.parametrize("key", ["reml", "ml", "with_intercept"])
def test_continuous_time(key: str) -> None:
    """nlme multiplies the variance of the coefficients by n / (n - p) under ML, which no likelihood asks for."""
    known, reml = pair("continuous_time")[key], key != "ml"
    bar = " + (1 | patient)" if key == "with_intercept" else ""
    formula = pair("continuous_time")["reml"]["fixed"] + bar + " + exponential(month | patient)"
    fit = partial(formula, reml)
    assert fit.criterion <= -2 * known["loglik"] + HIGHER
    assert fit.criterion == pytest.approx(-2 * known["loglik"], abs=1e-5)
    assert fit.residual["variance"][0] == pytest.approx(known["sigma2"], rel=NLME)
    assert fit.residual["range"][0] == pytest.approx(known["range"], rel=NLME)
    if bar:
        assert fit.variance_components["variance"][0] == pytest.approx(known["patient_variance"], rel=NLME)
    expected = block(known["coefficients"])
    n, p = fit.nobs, len(fit.params)
    expected["std_error"] *= 1.0 if reml else np.sqrt((n - p) / n)
    same_table(fit.coefficients(ddf="satterthwaite"), expected, None)


@pytest.mark.parametrize("key", ["patients", "cohorts", "slopes"])
def test_between_within(key: str) -> None:
    known = pair("between_within")[key]
    fit = mixedlm(known["formula"], data_of("partial.csv")).fit(ddf="between-within")
    assert {r_term(term): df for term, df in fit.df.items()} == known["df"]
    terms = {row["term"]: row["df"] for row in known["anova"] if row["term"] != "(Intercept)"}
    assert fit.anova().set_index("term")["df_den"].to_dict() == terms
    assert fit.cov_params().equals(fit.cov_params("satterthwaite"))


# clubSandwich


@pytest.mark.parametrize("kind", ["CR0", "CR2"])
@pytest.mark.parametrize("key", ["intercept", "cohorts", "unstructured", "independent"])
def test_cluster_robust(key: str, kind: str) -> None:
    known = pair("cluster_robust")[key]
    fit = partial(known["formula"])
    if "reml_criterion" in known:
        assert fit.criterion == pytest.approx(known["reml_criterion"], abs=1e-5)
    labels = data_of("partial.csv")["patient"] if key == "independent" else None
    robust = fit.cluster_robust(kind=kind, cluster=labels)
    expected = block(known[kind]["coefficients"])
    found = like_r(robust.coefficients()).loc[expected.index]
    assert in_errors(found, expected) < ESTIMATE
    assert relative(found["std_error"], expected["std_error"]) < 2 * ERROR
    assert relative(found["df"], expected["df"]) < KENWARD_ROGER
    assert np.allclose(found["p_value"], expected["p_value"], rtol=0, atol=P_VALUE)
    matrix = robust.cov_params().rename(index=r_term, columns=r_term).loc[expected.index, expected.index].to_numpy()
    size = np.sqrt(np.diag(known[kind]["vcov"]))
    assert np.max(np.abs(matrix - np.array(known[kind]["vcov"])) / np.outer(size, size)) < 1e-4


# Likelihood ratios


@pytest.mark.parametrize("key", ["fixed_part", "cohort_variance", "patient_slope"])
def test_likelihood_ratio(key: str) -> None:
    known = pair("likelihood_ratio")[key]
    found = partial(known["larger"]).compare(partial(known["smaller"]))
    assert found.criterion == known["criterion"]
    assert found.statistic == pytest.approx(known["statistic"], abs=1e-6)
    assert found.p_value == pytest.approx(known["p_value"], rel=1e-5)
    assert found.df == known.get("df", {"cohort_variance": 1, "patient_slope": 2}.get(key))


# emmeans


def means_fit() -> MixedResults:
    return partial(pair("marginal_means")["formula"])


MEANS = {
    "means_equal": {"specs": "format", "by": "visit"},
    "means_format": {"specs": "format"},
    "means_proportional": {"specs": "format", "weights": "proportional"},
    "means_at_baseline_20": {"specs": "format", "by": "visit", "at": {"baseline": 20}},
}
CONTRASTS = {
    "format_by_visit": {"specs": "format", "by": "visit"},
    "format_by_visit_tests": {"specs": "format", "by": "visit"},
    "practice_against_first": {"specs": "practice", "method": "reference"},
    "differences_of_differences": {"specs": ["format", "visit"], "method": ["pairwise", "reference"]},
}


def same_estimates(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert len(found) == len(expected)
    assert in_errors(found, expected) < ESTIMATE
    assert relative(found["std_error"], expected["std_error"]) < ERROR
    assert relative(found["df"], expected["df"]) < KENWARD_ROGER
    if "p_value" in expected:
        assert np.allclose(found["p_value"], expected["p_value"], rtol=0, atol=P_VALUE)
    if "ci_low" in expected:
        assert np.allclose(found[["ci_low", "ci_high"]], expected[["ci_low", "ci_high"]], rtol=0, atol=1e-4)


@pytest.mark.parametrize("key", MEANS)
def test_means(key: str) -> None:
    same_estimates(means_fit().means(**MEANS[key]), block(pair("marginal_means")[key], ""))


@pytest.mark.parametrize("key", CONTRASTS)
def test_contrasts(key: str) -> None:
    found = means_fit().contrasts(**CONTRASTS[key])
    expected = block(pair("marginal_means")[key], "")
    same_estimates(found, expected)
    if "contrast" in expected:
        assert list(found["contrast"]) == list(expected["contrast"])


@pytest.mark.parametrize("adjustment", ["none", "holm", "tukey"])
def test_pairs_of_practices(adjustment: str) -> None:
    """emmeans subtracts later levels, we earlier ones: signs turned, limits exchanged."""
    expected = block(pair("marginal_means")[f"practice_pairs_{adjustment}"], "")
    turned = expected.assign(estimate=-expected["estimate"])
    if "ci_low" in expected:
        turned = turned.assign(ci_low=-expected["ci_high"], ci_high=-expected["ci_low"])
    same_estimates(means_fit().contrasts("practice", adjustment=adjustment), turned)


@pytest.mark.parametrize("question", ["equivalence", "non-inferiority"])
def test_margin(question: str) -> None:
    (known,) = pair("marginal_means")[f"{question.replace('-', '')}_margin_5"]
    found = means_fit().within_margin("format", margin=5, question=question, at={"visit": "3"}).iloc[0]
    for column in ("estimate", "std_error", "df"):
        assert found[column] == pytest.approx(known[column], rel=1e-5)
    assert abs(found["statistic"]) == pytest.approx(abs(known["statistic"]), rel=1e-5)
    assert found["p_value"] == pytest.approx(known["p_value"], abs=P_VALUE)


@pytest.mark.parametrize("method", ["kenward-roger", "satterthwaite"])
@pytest.mark.parametrize("key", ["visit", "interaction", "practice"])
def test_joint_f_tests(key: str, method: str) -> None:
    known = pair("marginal_means")[f"f_{key}_{method.replace('-', '_')}"]
    fit = means_fit()
    chosen = {
        "visit": [f"visit[T.{v}]" for v in "236"],
        "interaction": [f"visit[T.{v}]:format[T.group]" for v in "236"],
        "practice": ["practice[T.B]", "practice[T.C]"],
    }[key]
    rows = np.array([[float(name == term) for name in fit.params.index] for term in chosen])
    found = fit.f_test(rows, method)
    assert found.df_num == known["df1"]
    assert found.statistic == pytest.approx(known["statistic"], rel=1e-5)
    assert found.df_den == pytest.approx(known["df2"], rel=1e-4 if method == "kenward-roger" else 1e-3)
    assert found.p_value == pytest.approx(known["p_value"], abs=P_VALUE)
