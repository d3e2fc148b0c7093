"""log|V| and W'V^-1 W of whole models, with the random effects above the subjects taken off: against V written out."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.likelihood.evaluation import Evaluation, evaluate
from kap_analysis.mixed.likelihood.levels import Level
from kap_analysis.mixed.model import MixedModel
from tests.mixed.likelihood.batch_checks import near
from tests.mixed.likelihood.written_out import model, slopes, sorted_rows, start

EXACT = 1e-9  # relative to the largest: the same sums in another order
MODELS = [
    ("score ~ month + (month | patient)", {}),
    ("score ~ month * format + (0 + is_group | cohort) + (month | patient)", {}),
    ("score ~ month + (month | rater) + (0 + is_group | cohort) + (1 | patient)", {"weights": "weight"}),
    ("score ~ month + (1 | practice) + (month | rater) + (1 | patient)", {"residual_by": "half"}),
    ("score ~ visit + (0 + is_group | cohort) + us(visit | format/patient)", {}),
    ("score ~ month + (1 | rater) + exponential(month | patient)", {}),
]
each_model = pytest.mark.parametrize(("formula", "keywords"), MODELS)


def at(made: MixedModel, eta: np.ndarray) -> Evaluation:
    here = evaluate(made.layout, eta)
    assert here is not None
    return here


def added(level: Level, eta: np.ndarray) -> np.ndarray:
    """Z G Z' of one grouping."""
    g = np.tensordot(eta[list(level.params)], level.directions, axes=1)
    return (level.z @ g @ level.z.T) * ((level.codes[:, None] == level.codes) & (level.codes >= 0))


@each_model
def test_sums_are_those_of_v_written_out(formula: str, keywords: dict[str, str]) -> None:
    """V of all rows: what the units of a fit say of it, on the scaled rows that the likelihood works on."""
    made = model(formula, **keywords)
    eta, work, scaling = start(made), sorted_rows(made.design), made.layout.scaling
    fit_units = made.fit().units
    residual = type(fit_units)(made.design, fit_units.matrices, _residual_at(made, eta))
    order = np.arange(len(work.w)) if work.order is None else work.order
    v = residual.residual_of_rows(order) / scaling.scale**2
    if made.design.weights is not None:
        root = np.sqrt(made.design.weights[order])
        v = v * np.outer(root, root)
    for level in [level for level in (work.own, *work.inner, *work.upper) if level is not None]:
        v = v + added(level, eta)
    here, expected = at(made, eta), work.w.T @ np.linalg.solve(v, work.w)
    assert here.logdet == pytest.approx(np.linalg.slogdet(v)[1], rel=EXACT)
    np.testing.assert_allclose(here.s, expected, atol=EXACT * np.abs(expected).max())


def _residual_at(made: MixedModel, eta: np.ndarray) -> tuple[np.ndarray, ...]:
    """The residual part in the user's units, as `Units` has it."""
    out = []
    for part in made.parameters.parts:
        if part.is_bar:
            continue
        if part.names[0].startswith("exponential"):
            out.append(np.exp(eta[part.elements]) * [made.layout.scaling.scale**2, 1.0])
            continue
        matrix = np.zeros((part.size, part.size))
        matrix[np.tril_indices(part.size)] = made.layout.scaling.outside(eta)[part.elements]
        out.append(matrix + np.tril(matrix, -1).T)
    return tuple(out)


@each_model
def test_first_derivatives_are_differences_of_the_sums(formula: str, keywords: dict[str, str]) -> None:
    made = model(formula, **keywords)
    eta = start(made)
    logdet1, s1 = at(made, eta).first()
    near(logdet1, slopes(lambda where: at(made, where).logdet, eta))
    near(s1, slopes(lambda where: at(made, where).s, eta))


@each_model
def test_second_derivatives_are_differences_of_the_first(formula: str, keywords: dict[str, str]) -> None:
    made = model(formula, **keywords)
    eta = start(made)
    here = at(made, eta)
    near(here.logdet2(), slopes(lambda where: at(made, where).first()[0], eta))
    xi = np.random.default_rng(1).standard_normal(here.s.shape)
    xi = xi + xi.T
    near(here.second(xi), slopes(lambda where: np.tensordot(at(made, where).first()[1], xi, 2), eta))


@each_model
def test_weighted_sums_of_second_derivatives_are_the_same_seen_from_the_other_side(
    formula: str, keywords: dict[str, str]
) -> None:
    """sum_jk w_jk <Xi, S_jk>: Kenward-Roger has w and asks for the matrix, the Hessian has Xi and asks for each."""
    made = model(formula, **keywords)
    here, rng = at(made, start(made)), np.random.default_rng(4)
    w, xi = (rng.standard_normal((size, size)) for size in (made.layout.n_elements, made.layout.k))
    w, xi = w + w.T, xi + xi.T
    assert np.sum(here.weighted(w) * xi) == pytest.approx(np.sum(w * here.second(xi, curved=False)), rel=1e-8)


@pytest.mark.parametrize("variance", [-0.5, -5.0])
def test_nothing_is_said_where_the_effects_above_make_v_indefinite(variance: float) -> None:
    made = model("score ~ month * format + (0 + is_group | cohort) + (month | patient)")
    eta = start(made)
    eta[0] = variance
    assert evaluate(made.layout, eta) is None
