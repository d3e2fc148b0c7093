"""Large components, whose matrices are factored one by one and multiplied where they are not 0: the same sums."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.likelihood import touched_cells, upper_sums
from kap_analysis.mixed.likelihood.evaluation import Evaluation, evaluate
from kap_analysis.mixed.likelihood.layout import make_layout
from kap_analysis.mixed.model import MixedModel
from tests.mixed import dense
from tests.mixed.likelihood.crossed import FORMULA, SLOPES, crossed_model, pieces, seen_by_many
from tests.mixed.likelihood.written_out import model, start

EXACT = 1e-9  # relative to the largest
INFERENCE = 1e-6  # relative, of adjusted covariances and df
MODELS = [
    ("score ~ month * format + (0 + is_group | cohort) + (month | patient)", {}),
    ("score ~ month + (month | rater) + (0 + is_group | cohort) + (1 | patient)", {"weights": "weight"}),
    ("score ~ month + (1 | practice) + (month | rater) + (1 | patient)", {"residual_by": "half"}),
    ("score ~ visit + (month | rater) + us(visit | format/patient)", {}),
]


def numbers(here: Evaluation) -> list[np.ndarray]:
    rng = np.random.default_rng(8)
    w, xi = (rng.standard_normal((size, size)) for size in (len(here.eta), len(here.s)))
    w, xi = w + w.T, xi + xi.T
    return [np.array(here.logdet), here.s, *here.first(), here.logdet2(), here.second(xi), here.weighted(w)]


def both(made: MixedModel, eta: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> list[list[np.ndarray]]:
    """All sums, with every component taken for a small one and then for a large one that is sparse."""
    out = []
    for large, share in ((10**6, 0.0), (1, 2.0)):
        for module in (touched_cells, upper_sums):
            monkeypatch.setattr(module, "LARGE", large)
        monkeypatch.setattr(touched_cells, "SPARSE", share)
        here = evaluate(make_layout(made.design), eta)
        assert here is not None
        out.append(numbers(here))
    return out


@pytest.mark.parametrize(("formula", "keywords"), MODELS)
@pytest.mark.parametrize("shrunk", [1.0, 1e-4, 1e-9, 0.0, 1e6])
def test_large_components_are_worked_on_as_small_ones(
    formula: str, keywords: dict[str, str], shrunk: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a variance above is 0, next to 0 or very large."""
    made = model(formula, **keywords)
    eta = start(made)
    bar = next(part for part in made.parameters.parts if "rater" in part.text or "cohort" in part.text)
    eta[bar.elements] *= shrunk
    for found, expected in zip(*both(made, eta, monkeypatch), strict=True):
        assert np.max(np.abs(found - expected)) < EXACT * np.max(np.abs(expected))


def test_a_negative_variance_has_no_cholesky_factor_and_is_worked_on_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = crossed_model()
    eta = np.array([0.3, 0.2, -0.004, 0.6])
    for found, expected in zip(*both(made, eta, monkeypatch), strict=True):
        assert np.max(np.abs(found - expected)) < EXACT * np.max(np.abs(expected))
    assert evaluate(made.layout, np.array([0.3, 0.2, -0.2, 0.6])) is None


@pytest.mark.parametrize(("formula", "sparse"), [(FORMULA, False), (SLOPES, True)])
def test_a_fit_with_crossed_effects_is_the_one_written_out(formula: str, sparse: bool) -> None:
    """Criterion, coefficients, Kenward-Roger and Satterthwaite beside dense matrices of all rows."""
    made = crossed_model(formula)
    fit = made.fit()
    upper = made.layout.upper
    assert upper is not None and upper.touched[-1].q >= touched_cells.LARGE and upper.touched[-1].sparse is sparse
    oracle = dense.evaluate_dense(pieces(formula), fit.theta.to_numpy(), made.design.x, made.design.y)
    assert fit.criterion == pytest.approx(oracle.criterion, rel=1e-10)
    assert fit.params.to_numpy() == pytest.approx(oracle.beta, rel=1e-8)
    assert not fit.singular
    best = dense.fit_dense(pieces(formula), fit.theta.to_numpy() * 1.05, made.design.x, made.design.y)
    assert fit.theta.to_numpy() == pytest.approx(best.theta, rel=1e-4, abs=1e-4)
    rows = np.eye(2)
    adjusted = oracle.kenward_roger_parts("expected")[0]
    np.testing.assert_allclose(fit.cov_params().to_numpy(), adjusted, rtol=INFERENCE)
    assert fit.inference(rows).df == pytest.approx([oracle.kenward_roger(row).df2 for row in rows], rel=INFERENCE)
    found = fit.inference(rows, "satterthwaite").df
    assert found == pytest.approx([oracle.satterthwaite_df(row) for row in rows], rel=INFERENCE)


def test_a_grouping_without_variance_is_found_at_zero() -> None:
    """A large component on its boundary: every rater has the same mean."""
    data = seen_by_many()
    made = crossed_model().with_response(data["score"] - data.groupby("rater")["score"].transform("mean"))
    fit = made.fit()
    assert "(1 | rater)" in fit.boundary and "(1 | patient)" not in fit.boundary
    assert fit.theta["var((Intercept) | rater)"] == pytest.approx(0.0, abs=1e-20)
    without = type(made)(made.design).fit(fixed={"var((Intercept) | rater)": 0.0})
    assert fit.criterion == pytest.approx(without.criterion, abs=1e-6)
