"""A slope over a column far from 0, such as calendar years: the model of the centred column, told in the user's."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.likelihood.scaling import centred_columns
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults

RNG = np.random.default_rng(2019)
N, VISITS = 80, 5
PATIENTS = pd.DataFrame(
    {
        "patient": np.repeat([f"p{i:02d}" for i in range(N)], VISITS),
        "format": np.repeat(np.where(np.arange(N) % 2, "group", "individual"), VISITS),
        "year": np.tile(np.arange(VISITS) - 2.0, N),
    }
)
EFFECTS = RNG.standard_normal((N, 2)) @ np.array([[3.0, 0.8], [0.0, 1.1]])
PATIENTS["score"] = (
    20 + np.repeat(EFFECTS[:, 0], VISITS) + (np.repeat(EFFECTS[:, 1], VISITS) - 1) * PATIENTS["year"]
) + RNG.standard_normal(N * VISITS) * 2
FORMULA = "score ~ year*format + (1 + year | patient)"


def fitted(shift: float, **options: object) -> MixedResults:
    return mixedlm(FORMULA, PATIENTS.assign(year=PATIENTS["year"] + shift)).fit(**options)


@pytest.mark.parametrize("shift", [2020.0, -2020.0, 1e5])
@pytest.mark.parametrize("ddf", ["kenward-roger", "satterthwaite"])
def test_the_slope_and_its_inference_do_not_depend_on_where_time_begins(shift, ddf):
    here, there = fitted(0.0, ddf=ddf), fitted(shift, ddf=ddf)
    assert there.criterion == pytest.approx(here.criterion, abs=1e-6)
    columns = ["estimate", "std_error", "df", "p_value"]
    rows = ["year", "year:format[T.individual]"]
    found, expected = (fit.coefficients().set_index("term").loc[rows, columns] for fit in (there, here))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_the_covariance_is_told_in_the_users_column():
    here, there = fitted(0.0).theta.to_numpy(), fitted(2020.0).theta
    g = np.array([[here[0], here[1]], [here[1], here[2]]])
    back = np.array([[1.0, -2020.0], [0.0, 1.0]])
    expected = back @ g @ back.T
    np.testing.assert_allclose(there.to_numpy()[:3], [expected[0, 0], expected[1, 0], expected[1, 1]], rtol=1e-6)
    np.testing.assert_allclose(there["residual"], here[3], rtol=1e-6)


def test_patients_predictions_and_starts_are_those_of_the_centred_column():
    here, there = fitted(0.0), fitted(2020.0)
    np.testing.assert_allclose(there.fittedvalues, here.fittedvalues, rtol=1e-6)
    again = fitted(2020.0, start=there.theta.to_dict())
    np.testing.assert_allclose(again.theta, there.theta, rtol=1e-6)


def test_the_information_follows_the_users_parameters():
    here, there = fitted(0.0), fitted(40 * np.sqrt(2))
    slope, residual = "var(year | patient)", "residual"
    found, expected = (
        pd.DataFrame(np.linalg.inv(fit.information("expected")), fit.theta.index, fit.theta.index)
        for fit in (there, here)
    )
    for name in (slope, residual):
        assert found.loc[name, name] == pytest.approx(expected.loc[name, name], rel=1e-5)


def test_a_variance_at_a_year_0_is_not_held():
    with pytest.raises(MixedModelError, match="Subtract their means from them"):
        fitted(2020.0, fixed={"var((Intercept) | patient)": 1.0})


# The way there and back


@pytest.mark.parametrize("shift", [0.0, 2020.0])
def test_elements_and_coefficients_lead_back_to_the_user(shift: float) -> None:
    model = mixedlm(FORMULA, PATIENTS.assign(year=PATIENTS["year"] + shift))
    scaling = model.layout.scaling
    elements = np.array([2.0, 0.3, 1.5, 4.0])
    np.testing.assert_allclose(scaling.outside(scaling.inside(elements)), elements, rtol=1e-6)
    row, inside = np.array([1.0, shift + 1.0, 0.0, 1.0]), np.array([0.4, -0.2, 0.1, 0.7])
    moved = scaling.coefficients(inside) - scaling.centre
    assert (scaling.rows(row) @ inside)[0] * scaling.scale == pytest.approx(row @ moved, rel=1e-8)


def test_columns_near_zero_and_bars_without_an_intercept_stay_as_they_are() -> None:
    near, far = PATIENTS, PATIENTS.assign(year=PATIENTS["year"] + 2020.0)
    without = mixedlm("score ~ year + (0 + year | patient)", far)
    for model in (mixedlm(FORMULA, near), without):
        columns, means = centred_columns(model.design.bars[0])
        assert columns is model.design.bars[0].z and not means.any()
    columns, means = centred_columns(mixedlm(FORMULA, far).design.bars[0])
    assert means.tolist() == [0.0, 2020.0] and abs(columns[:, 1].mean()) < 1e-9
