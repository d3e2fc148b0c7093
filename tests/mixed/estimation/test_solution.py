"""The maximum that is found, and what is said of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.estimation.solution import certify, minimise, scored
from kap_analysis.mixed.estimation.starting_values import starting_elements
from kap_analysis.mixed.model import MixedModel, mixedlm
from tests.mixed import dense
from tests.mixed.dense_cases import model_of, pieces_of
from tests.mixed.estimation.searches import COHORTS, SLOPES, VISITS, model, scores, search
from tests.mixed.reference_values import read_data
from tests.places import PAIRS

INFERENCE = 1e-6  # relative, of df: inverses of information matrices
ESTIMATE = 1e-6  # in standard errors, between two optimisers


@pytest.mark.parametrize("formula", [SLOPES, COHORTS, VISITS])
def test_no_point_near_the_solution_is_better(formula: str) -> None:
    made = model(formula)
    found = made.fit().solution
    looking = search(made)
    for step in np.random.default_rng(2).standard_normal((20, made.parameters.n)) * 0.02:
        there = looking.at(found.phi + step)
        assert there is None or there.value > found.criterion.value


@pytest.mark.parametrize("formula", [SLOPES, COHORTS, VISITS])
def test_other_starts_lead_to_the_same_maximum(formula: str) -> None:
    made = model(formula)
    best = made.fit()
    for share in (0.05, 0.95):
        start = starting_elements(made.layout, made.parameters, share)
        found = minimise(made.layout, made.parameters, True, {}, start)
        assert found.criterion.value == pytest.approx(best.criterion, abs=1e-7)


def test_a_step_of_fisher_scoring_is_taken_only_where_it_is_better() -> None:
    made = model(COHORTS)
    looking = search(made)
    phi = made.parameters.from_elements(starting_elements(made.layout, made.parameters))
    there, best = scored(looking, phi), made.fit().solution
    assert looking.at(there).value < looking.at(phi).value
    assert looking.at(scored(looking, best.phi)).value <= best.criterion.value + 1e-9


def test_what_stands_on_the_boundary_is_exactly_zero_and_named() -> None:
    made = mixedlm("score ~ month * format + (1 | patient)", read_data(PAIRS, "singular.csv"))
    solution = made.fit().solution
    assert solution.phi[0] == 0.0 and solution.boundary == ("(1 | patient)",)
    assert solution.free.tolist() == [False, True] and not solution.fixed.any()
    near = np.array([5e-6, solution.phi[1]])
    looking = search(made)
    assert certify(looking, near, looking.at(near), 0.0).phi[0] == 0.0


def test_what_is_held_is_neither_free_nor_on_the_boundary() -> None:
    solution = model(COHORTS).fit(fixed={"var(is_group | cohort)": 0.0}).solution
    assert solution.fixed.tolist() == [True, False, False]
    assert solution.free.tolist() == [False, True, True]
    assert solution.boundary == ()


def test_a_model_without_a_maximum_is_refused() -> None:
    """Two visits of four patients that are linear in each other: the likelihood has no bound."""
    data = scores().query("visit in ['1', '2']").groupby("patient").filter(lambda rows: len(rows) == 2)
    data = data.assign(visit=data["visit"].astype(str), score=data.groupby("patient")["score"].transform("first"))
    data.loc[data["visit"] == "2", "score"] = 2 * data.loc[data["visit"] == "2", "score"] + 3
    with pytest.raises(MixedModelError, match="The likelihood has no maximum that the search could certify"):
        mixedlm("score ~ visit + us(visit | patient)", data).fit()


# Beside a general optimiser on the density written out


@pytest.mark.parametrize("name", ["slopes", "one arm", "residual that varies within patients", "us"])
def test_the_same_maximum_as_a_general_optimiser(name: str) -> None:
    model = model_of(name)
    fit = model.fit(bounded=False)
    oracle = dense.fit_dense(list(pieces_of(name)), fit.theta.to_numpy() * 1.1, model.design.x, model.design.y)
    assert fit.criterion == pytest.approx(oracle.criterion, abs=1e-7)
    errors = np.sqrt(np.diag(oracle.covariance))
    assert np.max(np.abs(fit.params.to_numpy() - oracle.beta) / errors) < ESTIMATE


def test_negative_variances_while_every_v_is_positive_definite() -> None:
    """Scores of a patient more apart than chance would have them: the covariance of two rows is below 0."""
    data = read_data(PAIRS, "singular.csv")
    model = mixedlm("score ~ month * format + (1 | patient)", data)
    fit = model.fit(bounded=False)
    assert fit.theta.iloc[0] < 0
    assert fit.converged and not fit.singular
    pieces = [*dense.bar_pieces(np.ones(60), data["patient"].to_numpy()), *dense.residual_pieces(60)]
    oracle = dense.fit_dense(pieces, np.array([-0.2, 6.0]), model.design.x, model.design.y)
    assert fit.theta.to_numpy() == pytest.approx(oracle.theta, rel=1e-6)
    assert fit.criterion == pytest.approx(oracle.criterion, abs=1e-8)
    assert fit.criterion < model.fit().criterion - 1
    assert fit.df.to_numpy() == pytest.approx([oracle.kenward_roger(row).df2 for row in np.eye(4)], rel=INFERENCE)


def beside_rows(seed: int) -> MixedModel:
    """ar1 beside an effect of each row, on data whose visits are all correlated alike."""
    draws, n = np.random.default_rng(seed), 40
    data = pd.DataFrame({"patient": np.repeat(range(n), 4), "visit": np.tile(range(4), n), "row": range(4 * n)})
    data["score"] = np.repeat(draws.normal(size=n) * 2, 4) + draws.normal(size=4 * n)
    return mixedlm("score ~ visit + (1 | row) + ar1(visit | patient)", data.astype({"row": str, "patient": str}))


def test_a_residual_covariance_is_one_by_itself_whatever_stands_beside_it() -> None:
    """Without the bound on the residual part alone, six of these twelve ended with correlations of 1.006 to 1.050."""
    refused = 0
    for seed in range(12):
        try:
            found = beside_rows(seed).fit().theta["ar1(correlation)"]
        except MixedModelError as error:
            refused += 1
            assert str(error) == (
                "The residual covariance ar1() ends at the edge of what is a covariance matrix beside (1 | row): "
                "ar1(correlation) = 1.00. Use another residual covariance, such as cs() or us(), or leave one of these "
                "terms out."
            )
        else:
            assert -1 < found < 1
    assert 0 < refused < 12


def test_a_held_correlation_above_1_is_refused() -> None:
    with pytest.raises(MixedModelError) as caught:
        beside_rows(0).fit(fixed={"ar1(correlation)": 1.2})
    assert str(caught.value) == (
        "With parameters held, the residual covariance ar1() is no covariance matrix: ar1(correlation) = 1.20. Hold "
        "other values."
    )


@pytest.mark.parametrize("share", [1.0, 1e-6, 1e-9])
def test_a_small_residual_variance_costs_digits_that_do_not_count(share: float) -> None:
    """V^-1 is a difference of numbers of the size of one over the residual variance; within patients it is known."""
    rng = np.random.default_rng(3)
    patient, x = np.repeat(np.arange(8), 4), np.tile(np.arange(4.0), 8)
    y = 10 * rng.normal(size=8)[patient] + np.sqrt(share) * (x + 10 * rng.normal(size=32))
    data = pd.DataFrame({"y": y, "x": x, "patient": patient})
    fit = mixedlm("y ~ x + (1 | patient)", data).fit()
    within = np.column_stack([x, patient[:, None] == np.arange(8)])
    beta, left, *_ = np.linalg.lstsq(within, y, rcond=None)
    error = np.sqrt(left[0] / 23 * np.linalg.inv(within.T @ within)[0, 0])
    found = fit.coefficients().set_index("term").loc["x"]
    assert found["estimate"] == pytest.approx(beta[0], abs=1e-8 * error)
    assert found["std_error"] == pytest.approx(error, rel=1e-3)
    assert found["df"] == pytest.approx(23, rel=1e-5)


def test_a_residual_variance_next_to_nothing_is_refused() -> None:
    rng = np.random.default_rng(3)
    patient, x = np.repeat(np.arange(8), 4), np.tile(np.arange(4.0), 8)
    y = 10 * rng.normal(size=8)[patient] + 1e-6 * rng.normal(size=32)
    with pytest.raises(MixedModelError):
        mixedlm("y ~ x + (1 | patient)", pd.DataFrame({"y": y, "x": x, "patient": patient})).fit()
