"""Intraclass correlations: shares of the variances that R estimated, and what must be stated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq, minimize
from scipy.special import chdtri

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.model import mixedlm
from tests.mixed import dense
from tests.mixed.reference_values import read_data, read_json
from tests.places import PAIRS

R_STOPPED = 1e-4  # relative: R stops where the criterion is flat in the variances
QUANTILE = float(chdtri(1, 0.05))
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


# Intervals


def dense_profile(pieces: list[np.ndarray], x: np.ndarray, y: np.ndarray, own: list[int], best: np.ndarray) -> Any:
    """The REML criterion at a given ICC, everything else at its best, with every matrix written out.

    The variances are total variance times shares: the ICC is one share, a general optimiser moves the others.
    """
    k = len(pieces)
    rest = [i for i in range(k) if i not in own]

    def variances(icc: float, free: np.ndarray) -> np.ndarray:
        shares = np.exp(np.append(free[1:], 0.0))
        out = np.empty(k)
        out[own] = icc
        out[rest] = (1 - icc) * shares / shares.sum()
        return np.exp(free[0]) * out

    def profile(icc: float) -> float:
        def value(free: np.ndarray) -> float:
            v = np.tensordot(variances(icc, free), np.array(pieces), axes=1)
            return float(np.real(dense.criterion(v, x, y)))

        start = np.array([np.log(best.sum()), *np.log(best[rest][:-1] / best[rest][-1])])
        found = minimize(value, start, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-9, "maxiter": 4000})
        return float(found.fun)

    return profile


@pytest.mark.parametrize(
    "formula", ["score ~ month*format + (1 | patient)", "score ~ x + format + (1 | patient) + (1 | rater)"]
)
def test_limits_are_where_the_profile_of_the_ratio_reaches_the_quantile(formula):
    """Not the ratio at the limits of the variance, which is what other variances happen to be there."""
    data = read_data(PAIRS, "crossed.csv" if "rater" in formula else "partial.csv")
    fit = mixedlm(formula, data).fit()
    found = fit.icc_interval("patient").iloc[0]
    assert found["estimate"] == pytest.approx(fit.icc("patient"), rel=1e-9)
    groups = [bar.grouping for bar in fit.design.bars]
    pieces = [dense.bar_pieces(np.ones(len(data)), data[name].to_numpy())[0] for name in groups]
    pieces.append(np.eye(len(data)))
    profile = dense_profile(pieces, fit.design.x, fit.design.y, [groups.index("patient")], fit.theta.to_numpy())
    for limit in (found["ci_low"], found["ci_high"]):
        assert profile(limit) - fit.criterion == pytest.approx(QUANTILE, abs=2e-3)
    for inside in np.linspace(found["ci_low"], found["ci_high"], 6)[1:-1]:
        assert profile(inside) - fit.criterion < QUANTILE


def test_the_interval_of_a_balanced_layout_is_the_exact_likelihood_s():
    """The profile of one ratio in a one-way layout has a closed form in the two sums of squares."""
    rng = np.random.default_rng(3)
    k, m = 12, 5
    data = pd.DataFrame({"patient": np.repeat(np.arange(k), m)})
    data["score"] = rng.standard_normal(k)[data["patient"]] + rng.standard_normal(k * m)
    means = data.groupby("patient")["score"].mean()
    between = m * ((means - means.mean()) ** 2).sum()
    within = ((data["score"] - means[data["patient"]].to_numpy()) ** 2).sum()

    def profile(icc: float) -> float:
        ratio = 1 + m * icc / (1 - icc)  # of the two mean squares' expectations
        return (k * m - 1) * np.log(within + between / ratio) + (k - 1) * np.log(ratio)

    fit = mixedlm("score ~ 1 + (1 | patient)", data).fit()
    found = fit.icc_interval("patient", level=0.9).iloc[0]
    best, quantile = profile(found["estimate"]), float(chdtri(1, 0.1))
    low = brentq(lambda r: profile(r) - best - quantile, 1e-9, found["estimate"])
    high = brentq(lambda r: profile(r) - best - quantile, found["estimate"], 0.99)
    assert (found["ci_low"], found["ci_high"]) == (pytest.approx(low, abs=1e-5), pytest.approx(high, abs=1e-5))


def test_a_limit_of_zero_and_a_ratio_at_a_visit():
    fit = mixedlm("score ~ visit*format + (0 + is_group | cohort) + us(visit | format/patient)", PARTIAL).fit()
    asked = {"at": {"is_group": 1}, "visit": "3", "stratum": "group"}
    found = fit.icc_interval("cohort", **asked).iloc[0]
    assert found["estimate"] == fit.icc("cohort", **asked)
    assert found["ci_low"] == 0.0 <= found["estimate"] < found["ci_high"] < 1
