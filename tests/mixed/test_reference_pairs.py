"""Whole fits beside R: lme4 with lmerTest and pbkrtest, glmmTMB, nlme. Pairs of one question stand with its tests."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
import pytest

from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed.pairs import (
    COMPONENT,
    HIGHER,
    KENWARD_ROGER,
    SATTERTHWAITE,
    data_of,
    pair,
    partial,
    same_table,
)
from tests.mixed.reference_values import block, r_term

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
def fitted(name: str, key: str) -> tuple[MixedResults, dict[str, Any]]:
    known = pair(name)[key]
    data = data_of(known.get("data") or pair(name)["data"])
    weights = pair(name).get("weights")
    return mixedlm(known["formula"], data, weights=weights).fit(), known


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
