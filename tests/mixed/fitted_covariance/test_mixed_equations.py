"""Henderson's equations against dense algebra: effects, their conditional covariance, and sparse inverses."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from kap_analysis.mixed.fitted_covariance import mixed_equations
from kap_analysis.mixed.fitted_covariance.mixed_equations import inverse_by_component
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.random_effects.effects import effect_values
from kap_analysis.mixed.results import MixedResults
from tests.mixed.reference_values import read_data
from tests.places import PAIRS

EXACT = 1e-9  # two ways of writing the same algebra

PARTIAL = read_data(PAIRS, "partial.csv")
BESIDE_BARS = [
    ("score ~ month*format + baseline + (0 + is_group | cohort) + (month | patient)", {}),
    ("score ~ month*format + (1 | practice) + (0 + is_group | cohort) + (1 | patient)", {}),
    ("score ~ month*format + (1 | visit) + (1 | patient)", {"residual_by": "format"}),
    ("score ~ month*format + (0 + is_group | cohort) + (1 | patient)", {"weights": "weight"}),
    ("score ~ visit*format + baseline + (0 + is_group | cohort) + us(visit | format/patient)", {}),
    ("score ~ month*format + (1 | cohort) + exponential(month | patient)", {}),
    ("score ~ month*format + (1 | visit) + ar1h(visit | patient)", {}),
]


def dense(fit: MixedResults) -> tuple[np.ndarray, np.ndarray]:
    """G Z'V^-1 (y - X beta) and G - G Z'V^-1 Z G with V and Z written out."""
    z = fit.equations.z.toarray()
    g = np.zeros((z.shape[1],) * 2)
    for group in fit.equations.groups:
        part = slice(group.start, group.stop)
        g[part, part] = np.kron(np.eye(len(group.levels)), group.g)
    inverse = np.linalg.inv(fit.units.covariance_of_rows(np.arange(fit.nobs)))
    left = fit.design.y - fit.design.x @ fit.beta
    return g @ z.T @ inverse @ left, g - g @ z.T @ inverse @ z @ g


@pytest.mark.parametrize(("formula", "options"), BESIDE_BARS)
def test_effects_and_conditional_variances_equal_the_dense_algebra(formula, options):
    fit = mixedlm(formula, PARTIAL, **options).fit()
    values, covariance = dense(fit)
    np.testing.assert_allclose(effect_values(fit), values, atol=EXACT)
    for group in fit.equations.groups:
        for at, block in enumerate(fit.equations.conditional(group)):
            own = slice(group.start + at * group.q, group.start + (at + 1) * group.q)
            np.testing.assert_allclose(block, covariance[own, own], atol=EXACT)


def test_many_groups_above_are_worked_off_in_stretches(monkeypatch):
    data = read_data(PAIRS, "crossed.csv")
    fit = mixedlm("score ~ x + format + (1 + x | patient) + (1 | rater)", data).fit()
    monkeypatch.setattr(mixed_equations, "MOST_NUMBERS", 50)
    covariance = dense(fit)[1]
    group = fit.equations.groups[0]
    assert group.grouping == "patient"
    for at, block in enumerate(fit.equations.conditional(group)):
        np.testing.assert_allclose(block, covariance[2 * at : 2 * at + 2, 2 * at : 2 * at + 2], atol=EXACT)


def test_a_negative_variance_is_carried_through():
    data = read_data(PAIRS, "singular.csv")
    fit = mixedlm("score ~ month*format + (1 | patient)", data).fit(ddf="satterthwaite", bounded=False)
    assert fit.variance_components["variance"].iloc[0] < 0
    np.testing.assert_allclose(effect_values(fit), dense(fit)[0], atol=EXACT)


def test_variances_and_products_of_rows_are_those_of_the_whole_matrix() -> None:
    fit = mixedlm("score ~ month*format + (1 | practice) + (0 + is_group | cohort) + (month | patient)", PARTIAL).fit()
    covariance, rng = dense(fit)[1], np.random.default_rng(6)
    rows = rng.standard_normal((7, fit.equations.n_effects)) * (rng.random((7, fit.equations.n_effects)) < 0.1)
    np.testing.assert_allclose(
        fit.equations.variances(csr_array(rows)), np.diag(rows @ covariance @ rows.T), atol=EXACT
    )
    np.testing.assert_allclose(fit.equations.spread(rows.T), covariance @ rows.T, atol=EXACT)


def test_the_columns_of_new_rows_stand_where_their_groups_do() -> None:
    fit = mixedlm("score ~ month*format + (1 | practice) + (month | patient)", PARTIAL).fit()
    equations, bars = fit.equations, fit.design.bars
    some = [3, 0, 50]
    found = equations.columns([(bar.z[some], np.asarray(bar.codes)[some]) for bar in bars]).toarray()
    np.testing.assert_array_equal(found, equations.z.toarray()[some])
    unknown = [(bar.z[some], np.full(3, -1)) for bar in bars]
    assert equations.columns(unknown).nnz == 0


def test_components_of_unequal_size_are_inverted_each():
    rng = np.random.default_rng(3)
    sizes = [1, 3, 1, 2, 3]
    whole = np.zeros((10, 10))
    at = 0
    for size in sizes:
        root = rng.standard_normal((size, size))
        whole[at : at + size, at : at + size] = root @ root.T + np.eye(size)
        at += size
    order = rng.permutation(10)
    mixed = whole[np.ix_(order, order)]
    np.testing.assert_allclose(inverse_by_component(csr_array(mixed)).toarray(), np.linalg.inv(mixed), atol=1e-10)
