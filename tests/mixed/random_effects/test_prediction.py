"""Predictions: lme4's, the normal distribution written out, and what must come out at the ends."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.design.build import build_design
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.fitted_covariance.units import Units
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed.reference_values import read_data, read_json
from tests.places import PAIRS, SHARED

EXACT = 1e-8  # two ways of writing the same algebra
R_STOPPED = 5e-4  # in points: lme4 stops where the criterion is flat

PARTIAL = read_data(PAIRS, "partial.csv")
FORMULA = "score ~ month*format + baseline + (0 + is_group | cohort) + (1 | patient)"


def split(data: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Most rows, and others: the last of every third patient, and all of two patients, one with a whole cohort."""
    last = data.groupby("patient").cumcount(ascending=False) == 0
    patients = data["patient"].unique()
    out = (last & data["patient"].isin(patients[::3])) | (data["patient"] == patients[1])
    out |= data["cohort"] == data.loc[data["is_group"] == 1, "cohort"].iloc[-1]
    return data[~out], data[out]


def written_out(fit: MixedResults, new: pd.DataFrame, **options) -> tuple[np.ndarray, np.ndarray]:
    """Estimates and standard errors from the joint normal distribution of seen and new rows, V as one matrix."""
    together = pd.concat([fit.design.frame, new[fit.design.frame.columns]])
    design = build_design(fit.formula, together, **options)
    units = Units(design, fit.units.matrices, fit.units.residual)
    n = fit.nobs
    v = units.covariance_of_rows(np.arange(len(together)))
    if design.residual.subject is None:  # what is predicted has no noise of a single score
        v[n:, n:] -= np.diag(np.diag(units.residual_of_rows(np.arange(n, len(together)))))
    x, x_new = design.x[:n], design.x[n:]
    solved = np.linalg.solve(v[:n, :n], v[:n, n:])
    estimate = x_new @ fit.beta + solved.T @ (fit.design.y - x @ fit.beta)
    a = x_new - solved.T @ x
    variance = np.diag(v[n:, n:] - v[n:, :n] @ solved) + np.diag(a @ fit.cov_params().to_numpy() @ a.T)
    return estimate, np.sqrt(variance)


@pytest.mark.parametrize(
    ("formula", "options"),
    [
        (FORMULA, {}),
        ("score ~ month*format + (0 + is_group | cohort) + (month | patient)", {}),
        ("score ~ month*format + (1 | practice) + (1 | patient)", {"residual_by": "format"}),
        ("score ~ visit*format + baseline + us(visit | format/patient)", {}),
        ("score ~ visit*format + baseline + (0 + is_group | cohort) + toeph(visit | patient)", {}),
        ("score ~ month*format + (1 | cohort) + exponential(month | patient)", {}),
    ],
)
def test_conditional_predictions_are_those_of_the_joint_normal_distribution(formula, options):
    seen, new = split(PARTIAL)
    fit = mixedlm(formula, seen, **options).fit()
    found = fit.predict(new, conditional=True, allow_new_groups=True, interval=True)
    estimate, std_error = written_out(fit, new, **options)
    np.testing.assert_allclose(found["estimate"], estimate, atol=EXACT)
    np.testing.assert_allclose(found["std_error"], std_error, atol=EXACT)
    assert found.index.equals(new.index)


@pytest.mark.parametrize("case", ["partially_nested", "weights", "crossed"])
def test_predictions_for_known_and_new_groups_are_those_of_lme4(case):
    block = read_json(PAIRS, "effects")[case]
    data = read_data(PAIRS, block.get("data", "partial.csv"))
    fit = mixedlm(block["formula"], data, weights="weight" if case == "weights" else None).fit()
    new = pd.DataFrame(block["new"])
    np.testing.assert_allclose(fit.predict(new), block["population"], atol=R_STOPPED)
    given = fit.predict(new, conditional=True, allow_new_groups=True)
    np.testing.assert_allclose(given, block["conditional"], atol=R_STOPPED)
    np.testing.assert_allclose(fit.fittedvalues[:10], block["fitted_head"], atol=R_STOPPED)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder ../shared/reference is not on this machine")
@pytest.mark.parametrize("name", ["kap235_partially_nested", "kap235_slope", "btheb_intercept", "btheb_slope"])
def test_the_first_fitted_values_of_the_shared_references(name):
    expected = read_json(SHARED, name)
    fit = mixedlm(expected["formula"], read_data(SHARED, expected["data"])).fit(ddf="satterthwaite")
    np.testing.assert_allclose(fit.fittedvalues[:10], expected["fitted_head"], atol=R_STOPPED)


def test_the_population_has_the_df_and_errors_of_the_fit():
    fit = mixedlm(FORMULA, PARTIAL).fit()
    new = PARTIAL.iloc[[0, 5, 0]]
    found = fit.predict(new, interval=True, level=0.9)
    expected = fit.test(fit.design.fixed.rows(new), level=0.9)
    for column in ("estimate", "std_error", "df", "ci_low", "ci_high"):
        np.testing.assert_allclose(found[column], expected[column])


def test_without_new_rows_the_analysed_ones_are_predicted():
    fit = mixedlm(FORMULA, PARTIAL).fit()
    np.testing.assert_allclose(fit.predict(), fit.design.x @ fit.beta)
    np.testing.assert_allclose(fit.predict(conditional=True), fit.fittedvalues, atol=EXACT)


def test_a_group_that_is_not_known_has_its_whole_variance():
    fit = mixedlm("score ~ 1 + (1 | patient)", PARTIAL).fit()
    new = pd.DataFrame({"patient": ["nobody"]})
    found = fit.predict(new, conditional=True, allow_new_groups=True, interval=True).iloc[0]
    variance = fit.variance_components["variance"].iloc[0] + fit.cov_params().iloc[0, 0]
    assert found["estimate"] == pytest.approx(fit.params["Intercept"])
    assert found["std_error"] ** 2 == pytest.approx(variance)
    assert np.isinf(found["df"])


def test_a_visit_that_was_seen_returns_its_score_under_a_residual_covariance():
    fit = mixedlm("score ~ visit*format + us(visit | patient)", PARTIAL).fit()
    found = fit.predict(PARTIAL, conditional=True, interval=True)
    np.testing.assert_allclose(found["estimate"], PARTIAL["score"], atol=1e-7)
    np.testing.assert_allclose(found["std_error"], 0.0, atol=1e-5)
    np.testing.assert_allclose(fit.fittedvalues, fit.design.x @ fit.beta)


def test_a_missing_number_gives_a_missing_prediction_and_no_rows_none():
    fit = mixedlm(FORMULA, PARTIAL).fit()
    new = PARTIAL.iloc[:3].assign(month=[np.nan, 1.0, 2.0])
    for conditional in (False, True):
        found = fit.predict(new, conditional=conditional, interval=True)
        assert found["estimate"].isna().tolist() == [True, False, False]
        assert found["std_error"].isna().tolist() == [True, False, False]
        assert len(fit.predict(new.iloc[:0], conditional=conditional)) == 0


def test_a_patient_cannot_be_predicted_under_the_covariance_of_the_other_format():
    fit = mixedlm("score ~ visit*format + us(visit | format/patient)", PARTIAL).fit()
    new = PARTIAL[PARTIAL["patient"] == "p01"].assign(format=pd.Categorical(["group"] * 3, ["individual", "group"]))
    assert len(fit.predict(new)) == 3
    with pytest.raises(MixedModelError) as raised:
        fit.predict(new, conditional=True)
    assert str(raised.value) == (
        "patient 'p01' has format 'individual' in the data and 'group' in the new rows. Predict it as it was, or leave "
        "conditional=True out."
    )


def test_rows_that_need_a_dropped_column_are_an_error():
    data = PARTIAL[~((PARTIAL["visit"] == "6") & (PARTIAL["format"] == "group"))]
    with pytest.warns(UserWarning, match="left out"):
        fit = mixedlm("score ~ visit*format + (1 | patient)", data).fit()
    new = pd.DataFrame({"visit": ["6"], "format": ["group"], "patient": ["p01"]}, index=["here"])
    with pytest.raises(MixedModelError) as raised:
        fit.predict(new)
    assert str(raised.value) == (
        "1 of the 1 new rows cannot be predicted (the first is 'here'): they need visit[T.6]:format[T.group], which "
        "the data could not tell from the other columns."
    )


def test_a_patient_without_a_cohort_needs_none():
    data = PARTIAL.assign(cohort=PARTIAL["cohort"].where(PARTIAL["is_group"] == 1))
    fit = mixedlm(FORMULA, data).fit()
    assert len(fit.random_effects["cohort"]) == 12
    found = fit.predict(data, conditional=True, interval=True)
    np.testing.assert_allclose(found["estimate"], fit.fittedvalues, atol=EXACT)
    other = mixedlm(FORMULA, PARTIAL).fit().predict(PARTIAL, conditional=True, interval=True)
    np.testing.assert_allclose(found, other, atol=1e-6)


@pytest.mark.parametrize("formula", ["score ~ month + (1 | patient)", "score ~ month + cs(visit | patient)"])
@pytest.mark.parametrize("kind", [str, float, "Int64", object])
def test_a_patient_is_found_whatever_type_the_new_rows_have(formula, kind):
    """ "308" for 308 once gave the average patient without a word."""
    data = PARTIAL.assign(patient=300 + pd.factorize(PARTIAL["patient"])[0])
    fit = mixedlm(formula, data).fit()
    expected = fit.predict(data, conditional=True)
    np.testing.assert_array_equal(fit.predict(data.astype({"patient": kind}), conditional=True), expected)


@pytest.mark.parametrize(
    ("formula", "patients", "told"),
    [
        ("score ~ month + (1 | patient)", ["p01", "p1", "p2"],
         "2 of the 3 new rows belong to no patient of the data: p1, p2. The data have p01, p02, p03 and 91 "
         "more."),
        ("score ~ month + cs(visit | patient)", ["p01", None, "p02"],
         "1 of the 3 new rows belongs to no patient of the data: missing. The data have p01, p02, p03 and 91 "
         "more."),
        ("score ~ month + (1 | practice/patient)", ["p01", "p02", "x"],
         "2 of the 3 new rows belong to no practice:patient of the data: B:p02, B:x. The data have A:p03,"),
    ],
)  # fmt: skip
def test_a_patient_whom_the_data_do_not_have_is_refused_unless_new_ones_are_allowed(formula, patients, told):
    fit = mixedlm(formula, PARTIAL).fit()
    new = PARTIAL.iloc[:3].assign(patient=patients, practice=PARTIAL["practice"].iloc[0])
    with pytest.raises(MixedModelError) as raised:
        fit.predict(new, conditional=True)
    assert str(raised.value).startswith(told)
    assert str(raised.value).endswith(
        "Their own effects are not known: allow_new_groups=True predicts the average of new groups, conditional=False "
        "that of all."
    )
    average = fit.predict(new)
    unknown = [patient not in ("p01", "p02") for patient in patients]
    given = fit.predict(new, conditional=True, allow_new_groups=True)
    if "practice" not in formula:
        np.testing.assert_allclose(given[unknown], average[unknown])
    assert not np.isclose(given.iloc[0], average.iloc[0])
