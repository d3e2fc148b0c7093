"""Random effects: lme4's, dense algebra for what lme4 lacks, and invariances."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.fitted_covariance import mixed_equations
from kap_analysis.mixed.fitted_covariance.mixed_equations import inverse_by_component
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.random_effects.effects import effect_values
from kap_analysis.mixed.results import MixedResults
from tests.mixed.reference_values import read_data, read_json
from tests.places import PAIRS, SHARED

EXACT = 1e-9  # two ways of writing the same algebra
R_STOPPED = 2e-5  # relative to the largest effect: lme4 stops where the criterion is flat
R_STOPPED_EARLY = 5e-4  # the same for the shared references, made with lme4's default optimiser

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


@pytest.mark.parametrize("case", ["partially_nested", "weights", "crossed"])
def test_effects_and_their_errors_are_those_of_lme4(case):
    block = read_json(PAIRS, "effects")[case]
    data = read_data(PAIRS, block.get("data", "partial.csv"))
    fit = mixedlm(block["formula"], data, weights="weight" if case == "weights" else None).fit()
    keys = ["grouping", "term", "level"]
    expected = pd.DataFrame(block["effects"])
    # lme4 keeps a level, with effect 0, for the individual patients whose column is 0 in every row.
    expected = expected[~((expected.grouping == "cohort") & expected.level.str.startswith("i"))].set_index(keys)
    found = fit.effects().set_index(keys)
    assert len(found) == len(expected)
    found = found.loc[expected.index]
    largest = expected["estimate"].abs().max()
    np.testing.assert_allclose(found["estimate"], expected["estimate"], atol=R_STOPPED * largest)
    np.testing.assert_allclose(found["std_error"], expected["std_error"], rtol=R_STOPPED)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder ../shared/reference is not on this machine")
@pytest.mark.parametrize("name", ["kap235_partially_nested", "kap235_slope", "kap235_uncorrelated", "btheb_slope"])
def test_the_first_effects_of_the_shared_references(name):
    expected = read_json(SHARED, name)
    data = read_data(SHARED, expected["data"])
    fit = mixedlm(expected["formula"], data).fit(ddf="satterthwaite")
    for grouping, rows in expected["ranef_head"].items():
        wide = fit.random_effects[grouping]
        wide.index = wide.index.astype(str)
        for row in rows:
            for term in wide.columns:
                assert wide.loc[row["level"], term] == pytest.approx(row[term], abs=R_STOPPED_EARLY)


def test_nested_groupings_sum_to_the_mean_of_their_clinic():
    data = read_data(PAIRS, "nested.csv")
    fit = mixedlm("score ~ x + (1 | clinic/therapist)", data).fit()
    variances = fit.variance_components.set_index("grouping")["variance"]
    inner, outer = fit.random_effects["clinic:therapist"], fit.random_effects["clinic"]
    # Within the equations a clinic's effect is the ratio of variances times the sum of its therapists' effects.
    sums = inner["(Intercept)"].groupby(inner.index.str.split(":").str[0]).sum()
    ratio = variances["clinic"] / variances["clinic:therapist"]
    np.testing.assert_allclose(outer["(Intercept)"], ratio * sums.loc[outer.index], atol=EXACT)


def test_row_order_and_units_change_nothing_but_the_scale():
    formula = "score ~ month*format + (0 + is_group | cohort) + (month | patient)"
    plain = mixedlm(formula, PARTIAL).fit().effects().set_index(["grouping", "term", "level"])
    turned = PARTIAL.assign(score=10 * PARTIAL["score"] + 3).sample(frac=1, random_state=5)
    other = mixedlm(formula, turned).fit().effects().set_index(["grouping", "term", "level"])
    for column in ("estimate", "std_error"):
        np.testing.assert_allclose(other.loc[plain.index, column], 10 * plain[column], rtol=1e-4, atol=1e-4)


def test_a_singular_slope_moves_with_the_intercept():
    fit = mixedlm("score ~ month*format + baseline + (month | patient)", PARTIAL).fit()
    wide = fit.random_effects["patient"]
    assert fit.singular
    assert np.linalg.matrix_rank(wide.to_numpy(), tol=1e-6) == 1


def test_a_model_without_bars_has_no_random_effects():
    fit = mixedlm("score ~ visit*format + us(visit | patient)", PARTIAL).fit()
    assert fit.random_effects == {}
    with pytest.raises(MixedModelError) as raised:
        fit.effects()
    assert str(raised.value) == (
        "The model has no bar term such as (1 | patient), and so no random effects. "
        "What a residual covariance says of one patient is in predict(conditional=True)."
    )


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
