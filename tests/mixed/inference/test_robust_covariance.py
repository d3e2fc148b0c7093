"""The sandwich covariance: clubSandwich's numbers, and the definition written out."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.inference.robust_covariance import cluster_robust
from tests.mixed.pairs import ERROR, ESTIMATE, KENWARD_ROGER, P_VALUE, data_of, pair, partial
from tests.mixed.reference_values import block, in_errors, like_r, r_term, relative

FORMULA = "score ~ month * format + (0 + is_group | cohort) + (1 | patient)"


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


def test_cr0_is_the_sum_of_squared_scores_of_the_clusters() -> None:
    fit = partial(FORMULA)
    rest, x = fit.design.y - fit.design.x @ fit.beta, fit.design.x
    inverse = np.linalg.inv(fit.units.covariance_of_rows(np.arange(fit.nobs)))
    phi = np.linalg.inv(x.T @ inverse @ x)
    cohort = data_of("partial.csv")["cohort"]
    meat = np.zeros_like(phi)
    for name in cohort.unique():
        inside = np.diag((cohort == name).to_numpy(float))
        score = x.T @ inside @ inverse @ inside @ rest
        meat += np.outer(score, score)
    assert cluster_robust(fit, kind="CR0").covariance == pytest.approx(phi @ meat @ phi, rel=1e-8)


@pytest.mark.slow
def test_cr2_is_unbiased_where_the_model_is_right() -> None:
    """The mean of CR2 over draws from the fit is the model's own covariance; CR0's is too small."""
    fit = partial("score ~ month * format + (1 | patient)")
    model = fit.model.fit(fixed=fit.theta.to_dict())
    found = {kind: [] for kind in ("CR0", "CR2")}
    for _, response in fit.simulate(200, seed=20261127).items():
        drawn = fit.model.with_response(response).fit(fixed=fit.theta.to_dict(), ddf="normal")
        for kind, values in found.items():
            values.append(np.diag(cluster_robust(drawn, kind=kind).covariance))
    ratio = {kind: np.mean(values, axis=0) / np.diag(model.cov_params("normal")) for kind, values in found.items()}
    error = np.std(found["CR2"], axis=0) / np.sqrt(200) / np.diag(model.cov_params("normal"))
    assert (np.abs(ratio["CR2"] - 1) < 4 * error).all()
    assert (ratio["CR0"] < ratio["CR2"]).all()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"kind": "CR3"}, "There is no kind of sandwich 'CR3'. Did you mean 'CR2'?"),
        ({"cluster": ["a", "b"]}, "The clusters must be one label per row of the data (284), found 2."),
        (
            {"cluster": "format"},
            "3 independent units of the model lie in more than one level of 'format' (individual, group share a "
            "random effect). Choose a cluster that holds whole units.",
        ),
    ],
)
def test_what_is_no_cluster(options: dict, sentence: str) -> None:
    fit = partial("score ~ month * format + (1 | practice)") if "cluster" in options else partial(FORMULA)
    with pytest.raises(MixedModelError) as caught:
        cluster_robust(fit, **options)
    assert str(caught.value) == sentence
