"""Intraclass correlations: shares of the variances that R estimated, and what must be stated."""

from __future__ import annotations

import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.model import mixedlm
from tests.mixed.reference_values import read_data, read_json
from tests.places import PAIRS

R_STOPPED = 1e-4  # relative: R stops where the criterion is flat in the variances
PARTIAL = read_data(PAIRS, "partial.csv")


def test_nested_groupings_have_their_own_shares():
    rows = read_json(PAIRS, "nested")["nested"]["variance_components"]
    therapist, clinic, residual = (row["value"] for row in rows)
    fit = mixedlm("score ~ x + (1 | clinic/therapist)", read_data(PAIRS, "nested.csv")).fit()
    total = therapist + clinic + residual
    assert fit.icc("clinic") == pytest.approx(clinic / total, rel=R_STOPPED)
    assert fit.icc("clinic:therapist") == pytest.approx(therapist / total, rel=R_STOPPED)


def test_a_cohort_counts_in_its_own_arm_and_a_slope_at_its_month():
    fit = mixedlm("score ~ month*format + (0 + is_group | cohort) + (month | patient)", PARTIAL).fit()
    (cohort,), g = fit.units.matrices[0].ravel(), fit.units.matrices[1]
    residual = fit.residual["variance"].iloc[0]
    patient = g[0, 0] + 2 * 3 * g[0, 1] + 9 * g[1, 1]
    at = {"is_group": 1, "month": 3}
    assert fit.icc("cohort", at=at) == pytest.approx(cohort / (cohort + patient + residual))
    assert fit.icc("patient", at=at) == pytest.approx(patient / (cohort + patient + residual))
    assert fit.icc("cohort", at=at | {"is_group": 0}) == 0


def test_the_primary_model_has_one_per_stratum_and_visit():
    expected = read_json(PAIRS, "primary_model")
    fit = mixedlm(expected["formula"], PARTIAL).fit()
    cohort = expected["cohort_variance"]
    variance = expected["covariance"]["group"][2][2]
    found = fit.icc("cohort", at={"is_group": 1}, stratum="group", visit="3")
    assert found == pytest.approx(cohort / (cohort + variance), rel=1e-3)


def test_a_residual_variance_by_format_needs_the_format():
    fit = mixedlm("score ~ month*format + (1 | patient)", PARTIAL, residual_by="format").fit()
    patient = fit.variance_components["variance"].iloc[0]
    by_format = fit.residual.set_index("stratum")["variance"]
    assert fit.icc("patient", stratum="group") == pytest.approx(patient / (patient + by_format["group"]))
    with pytest.raises(MixedModelError) as raised:
        fit.icc("patient")
    assert str(raised.value) == (
        "The residual variance differs between 2 levels. Name one, as in stratum='individual'."
    )


def test_an_exponential_correlation_has_one_variance():
    fit = mixedlm("score ~ month*format + (1 | cohort) + exponential(month | patient)", PARTIAL).fit()
    cohort = fit.variance_components["variance"].iloc[0]
    assert fit.icc("cohort") == pytest.approx(cohort / (cohort + fit.residual["variance"].iloc[0]))


def test_what_is_not_in_the_model_is_named():
    fit = mixedlm("score ~ month*format + (0 + is_group | cohort) + (1 | patient)", PARTIAL).fit()
    for arguments, sentence in [
        ({"grouping": "cohorts"}, "There is no grouping of a bar term 'cohorts'. Did you mean 'cohort'?"),
        (
            {"grouping": "cohort"},
            "The variance of the bar terms depends on is_group. State the value, as in at={'is_group': ...}.",
        ),
        (
            {"grouping": "cohort", "at": {"is_group": 1, "visit": 3}},
            "There is no column of a bar term 'visit'. There are: is_group.",
        ),
        (
            {"grouping": "cohort", "at": {"is_group": 1}, "stratum": "group"},
            "The residual variance does not depend on a stratum. Leave stratum='group' out.",
        ),
        (
            {"grouping": "patient", "at": {"is_group": 1}, "visit": "3"},
            "The residual variance does not depend on a visit. Leave visit='3' out.",
        ),
    ]:
        with pytest.raises(MixedModelError) as raised:
            fit.icc(**arguments)
        assert str(raised.value) == sentence
