"""Standard errors from the joint information of coefficients and covariance: glmmTMB, and every matrix written out."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from kap_analysis.mixed.coefficients.fixed_effects import DDF_METHODS
from kap_analysis.mixed.coefficients.information import joint_addition
from kap_analysis.mixed.likelihood.criterion import criterion_at
from kap_analysis.mixed.loaded_fit import load_fit
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed import dense
from tests.mixed.dense_cases import INTERIOR, model_of, pieces_of
from tests.mixed.pairs import HIGHER, data_of, pair, partial, same_table
from tests.mixed.reference_values import block, r_term
from tests.sweeps import few_fast

COVARIANCE = 1e-6  # relative to the root of the product of the diagonals; both sides are Newton's to rounding
DIFFERENCES = 1e-5  # the same, where the other side is a Hessian by differences of exact gradients
MODELS = ("intercept", "slope", "partially_nested", "unstructured")


@cache
def fitted(formula: str, reml: bool, ddf: str = "satterthwaite") -> MixedResults:
    return mixedlm(formula, data_of("partial.csv")).fit(reml=reml, ddf=ddf, information="joint")


def apart(found: np.ndarray, expected: np.ndarray) -> float:
    size = np.sqrt(np.diag(expected))
    return float(np.max(np.abs(found - expected) / np.outer(size, size)))


@pytest.mark.parametrize("likelihood", ["reml", "ml"])
@pytest.mark.parametrize("model", MODELS)
def test_glmmtmb(model: str, likelihood: str) -> None:
    known = pair("joint_information")[model][likelihood]
    fit = fitted(known["formula"], known["reml"])
    assert not fit.singular
    assert fit.criterion == pytest.approx(known["criterion"], abs=HIGHER)
    same_table(fit.coefficients(), block(known["coefficients"]), None)
    terms = [row["term"] for row in known["coefficients"]]
    found = fit.cov_params().rename(index=r_term, columns=r_term).loc[terms, terms].to_numpy()
    assert apart(found, np.array(known["vcov"])) < COVARIANCE
    assert apart(fit.unscaled_cov, fit.cov_params().to_numpy()) > 1e-3


def joint_covariance(
    pieces: list[np.ndarray], theta: np.ndarray, beta: np.ndarray, x: np.ndarray, y: np.ndarray, reml: bool
) -> np.ndarray:
    """The coefficients' block of the inverse Hessian of -log likelihood in both; REML: + log|X'V^-1 X| / 2."""
    stack, p = np.array(pieces), len(beta)

    def value(both: np.ndarray) -> complex:
        v, residual = np.tensordot(both[p:], stack, axes=1), y - x @ both[:p]
        out = dense.log_determinant(v) + residual @ np.linalg.solve(v, residual)
        return (out + dense.log_determinant(x.T @ np.linalg.solve(v, x))) / 2 if reml else out / 2

    at = np.append(beta, theta)
    hessian = np.empty((len(at), len(at)))
    for j, step in enumerate(1e-4 * np.maximum(np.abs(at), 1.0)):
        moved = step * np.eye(len(at))[j]
        ahead, behind = (dense.complex_gradient(value, at + sign * moved) for sign in (1, -1))
        hessian[:, j] = (ahead - behind) / (2 * step)
    return np.linalg.inv((hessian + hessian.T) / 2)[:p, :p]


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("name", few_fast(["slopes", "weights", "residual by format", "one arm"], ["slopes"]))
def test_the_whole_likelihood_differentiated(name: str, reml: bool) -> None:
    assert name in INTERIOR
    fit = model_of(name, True).fit(reml=reml, ddf="satterthwaite", information="joint")
    assert not fit.singular
    x, y = fit.design.x, fit.design.y
    expected = joint_covariance(list(pieces_of(name, True)), fit.theta.to_numpy(), fit.beta, x, y, reml)
    assert apart(fit.cov_params().to_numpy(), expected) < DIFFERENCES


@pytest.mark.parametrize("model", few_fast(["partially_nested", "unstructured"], ["unstructured"]))
def test_kenward_rogers_lambda_is_the_mean_of_what_is_added(model: str) -> None:
    """J is linear in y, so its mean square over y is a sum over the columns of a root of V."""
    fit = partial(pair("joint_information")[model]["reml"]["formula"])
    eta, root = fit.solution.criterion.evaluation.eta, np.zeros((fit.nobs, fit.nobs))
    for unit, rows in enumerate(fit.units.rows):
        root[np.ix_(rows, rows)] = np.linalg.cholesky(fit.units.covariance(unit))
    w, total, scale = fit._fixed.kenward_roger.w, 0.0, fit.model.layout.scaling.scale
    for column in root.T:
        layout = fit.model.with_response(column).layout
        total = total + joint_addition(criterion_at(layout, eta, True), w) * (layout.scaling.scale / scale) ** 2
    assert apart(total, fit._fixed.kenward_roger.addition) < 1e-8


def test_what_each_df_method_takes() -> None:
    """The df stay; Kenward-Roger has J W J' in the place of one of its two Lambdas."""
    formula = pair("joint_information")["partially_nested"]["reml"]["formula"]
    plain, joint = partial(formula), fitted(formula, True, "kenward-roger")
    fixed = joint._fixed
    added = {method: joint.cov_params("normal") - joint.unscaled_cov for method in DDF_METHODS}
    added["kenward-roger"] = fixed._outside(joint_addition(joint.solution.criterion, fixed.kenward_roger.w))
    assert apart(added["kenward-roger"], added["normal"].to_numpy()) > 1e-3  # another W
    for method in DDF_METHODS:
        rows = np.eye(len(plain.beta))
        assert np.array_equal(joint.inference(rows, method).df, plain.inference(rows, method).df)
        more = joint.cov_params(method) - plain.cov_params(method)
        lost = (plain.cov_params("kenward-roger") - plain.unscaled_cov) / 2 if method == "kenward-roger" else 0
        np.testing.assert_allclose(more, added[method] - lost, rtol=0, atol=1e-10)
    assert joint.f_test(rows[1:4]).df_den == plain.f_test(rows[1:4]).df_den
    assert joint.f_test(rows[1:4]).statistic != plain.f_test(rows[1:4]).statistic


def test_nothing_is_added_where_the_coefficients_do_not_depend_on_the_covariance() -> None:
    """Everybody is seen at every visit, and weighted least squares are those without weights."""
    data = data_of("partial.csv")
    whole = data[data.groupby("patient")["visit"].transform("size") == 4]
    fit = mixedlm("score ~ visit * format + us(visit | patient)", whole).fit(information="joint")
    assert apart(fit.cov_params().to_numpy(), fit.unscaled_cov) < 1e-10


def test_a_variance_on_the_boundary_is_held_there() -> None:
    model = mixedlm("score ~ month * format + (1 | patient)", data_of("singular.csv"))
    fit = model.fit(information="joint", ddf="satterthwaite")
    assert fit.singular
    # only the residual variance is left, and no coefficient depends on it
    assert apart(fit.cov_params().to_numpy(), fit.unscaled_cov) < 1e-10


def test_the_parameters_keep_their_usual_information_and_a_saved_fit_its_kind(tmp_path) -> None:
    formula = pair("joint_information")["partially_nested"]["reml"]["formula"]
    fit = fitted(formula, True, "kenward-roger")
    assert fit.information().equals(partial(formula).information("expected"))
    assert "Kenward-Roger, joint information" in str(fit.summary())
    assert load_fit(fit.save(tmp_path / "fit.kapfit")).bse.to_numpy() == pytest.approx(fit.bse.to_numpy(), rel=1e-12)
