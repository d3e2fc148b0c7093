"""Random effects: lme4's, and invariances."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.model import mixedlm
from tests.mixed.reference_values import read_data, read_json
from tests.places import PAIRS, SHARED

EXACT = 1e-9  # two ways of writing the same algebra
R_STOPPED = 2e-5  # relative to the largest effect: lme4 stops where the criterion is flat
R_STOPPED_EARLY = 5e-4  # the same for the shared references, made with lme4's default optimiser

PARTIAL = read_data(PAIRS, "partial.csv")


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
    of_prediction = mixedlm(block["formula"], data, weights="weight" if case == "weights" else None)
    errors = of_prediction.fit(ddf="satterthwaite").effects("prediction").set_index(keys).loc[expected.index]
    np.testing.assert_allclose(errors["std_error"], expected["prediction_error"], rtol=R_STOPPED)


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


@pytest.mark.parametrize(
    ("formula", "options"),
    [
        ("score ~ month*format + baseline + (0 + is_group | cohort) + (1 | patient)", {}),
        ("score ~ month*format + (1 | visit) + (1 | patient)", {"residual_by": "format"}),
        ("score ~ visit*format + baseline + (0 + is_group | cohort) + us(visit | format/patient)", {}),
        ("score ~ month*format + (1 | cohort) + exponential(month | patient)", {}),
    ],
)
def test_prediction_errors_are_those_of_henderson_s_equations(formula, options):
    """The lower right block of the inverse of [X'R^-1 X, X'R^-1 Z; Z'R^-1 X, Z'R^-1 Z + G^-1]."""
    fit = mixedlm(formula, PARTIAL, **options).fit(ddf="satterthwaite")
    z, x, r_inverse = fit.equations.z.toarray(), fit.design.x, fit.equations.r_inverse.toarray()
    both = np.hstack([x, z])
    whole = both.T @ r_inverse @ both
    for group in fit.equations.groups:
        part = slice(x.shape[1] + group.start, x.shape[1] + group.stop)
        whole[part, part] += np.kron(np.eye(len(group.levels)), np.linalg.inv(group.g))
    expected = np.sqrt(np.diag(np.linalg.inv(whole)))[x.shape[1] :]
    found = fit.effects("prediction").groupby("grouping", sort=False)["std_error"]
    for group in fit.equations.groups:
        np.testing.assert_allclose(found.get_group(group.grouping), expected[group.start : group.stop], rtol=1e-5)
    assert (fit.effects("prediction")["std_error"] >= fit.effects()["std_error"]).all()


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
    with pytest.raises(MixedModelError, match=r"^There is no kind of standard error 'marginal'\."):
        mixedlm("score ~ visit + (1 | patient)", PARTIAL).fit().effects("marginal")
    with pytest.raises(MixedModelError) as raised:
        fit.effects()
    assert str(raised.value) == (
        "The model has no bar term such as (1 | patient), and so no random effects. "
        "What a residual covariance says of one patient is in predict(conditional=True)."
    )
