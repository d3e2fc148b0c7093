"""Kenward-Roger against every matrix written out, pbkrtest for few groups, and Satterthwaite where they must agree."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from kap_analysis.mixed.coefficients.kenward_roger import f_scale
from kap_analysis.mixed.inference.type_three import TypeThree
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed.dense_cases import INTERIOR, model_of, oracle_of
from tests.mixed.pairs import pair
from tests.mixed.reference_values import read_data
from tests.places import PAIRS

VALUE = 1e-10  # relative: sums of some 100 terms in another order
INFERENCE = 1e-6  # relative, of adjusted covariances and df: inverses of information matrices
EXACT_DF = ("kenward-roger", "satterthwaite")


@pytest.mark.parametrize("kind", ["expected", "observed"])
@pytest.mark.parametrize("name", INTERIOR)
def test_kenward_roger_at_the_estimates(name: str, kind: str) -> None:
    """pbkrtest leaves weights out and knows no residual covariance: here every matrix is written out."""
    oracle = oracle_of(name)
    fit = model_of(name, True).fit(information=kind)
    assert not fit.singular
    assert fit.criterion == pytest.approx(oracle.criterion, rel=VALUE)
    adjusted = oracle.kenward_roger_parts(kind)[0]
    size = np.sqrt(np.diag(adjusted))
    assert np.max(np.abs(fit.cov_params().to_numpy() - adjusted) / np.outer(size, size)) < INFERENCE
    last = np.eye(len(size))[-3:]
    expected = [oracle.kenward_roger(row, kind) for row in last]
    assert fit.inference(last).df == pytest.approx([one.df2 for one in expected], rel=INFERENCE)
    assert [one.scaling for one in expected] == pytest.approx([1.0] * 3)
    joint, expected_joint = fit.f_test(last), oracle.kenward_roger(last, kind)
    assert joint.df_den == pytest.approx(expected_joint.df2, rel=INFERENCE)
    assert joint.statistic == pytest.approx(expected_joint.statistic, rel=INFERENCE)
    assert joint.p_value == pytest.approx(expected_joint.p_value, rel=1e-5)


@pytest.mark.parametrize(
    ("formula", "keywords"),
    [
        ("score ~ month * format + practice + (month | patient)", {}),
        ("score ~ month * format + (0 + is_group | cohort) + (1 | patient)", {}),
        ("score ~ visit * format + us(visit | patient)", {}),
        ("score ~ visit * format + (0 + is_group | cohort) + us(visit | patient)", {}),
        ("score ~ visit * format + (1 | patient)", {"residual_by": "format"}),
        ("score ~ month * format + ar1h(visit | patient)", {}),
    ],
)
def test_for_one_df_kenward_roger_and_satterthwaite_agree_under_one_information(formula: str, keywords: dict) -> None:
    fit = mixedlm(formula, read_data(PAIRS, "partial.csv"), **keywords).fit(information="observed")
    assert not fit.singular
    rows = np.vstack([np.eye(len(fit.params)), np.random.default_rng(2).standard_normal((5, len(fit.params)))])
    one, other = (fit.inference(rows, method) for method in EXACT_DF)
    assert one.df == pytest.approx(other.df, rel=1e-7)
    assert (one.std_error >= other.std_error * (1 - 1e-9)).all()


# Few groups: df below 4


FEW_GROUPS = pair("few_groups")["cases"]


@pytest.mark.parametrize("case", FEW_GROUPS, ids=lambda case: case["name"])
def test_f_tests_that_few_groups_carry_as_pbkrtest(case: dict) -> None:
    """Df from 4 down to almost 0; where pbkrtest has them below 0, its p-value is missing, and here all numbers are."""
    fit = mixedlm(case["formula"], pd.DataFrame(case["data"])).fit()
    assert fit.criterion == pytest.approx(case["reml_criterion"], abs=1e-6)
    for known in case["tests"]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = fit.f_test(type_three_rows(fit, known["term"]))
        assert found.df_num == known["df_num"]
        assert len(caught) == (known["kr_df"] <= 0)
        if known["kr_df"] <= 0:
            assert np.isnan([found.statistic, found.df_den, found.p_value]).all()
            assert str(caught[0].message) == (
                f"The Kenward-Roger F test of {found.df_num} rows has no denominator df, and no p-value is given: too "
                "few groups carry the contrast for its moments. Use ddf='satterthwaite'."
            )
            continue
        assert found.df_den == pytest.approx(known["kr_df"], rel=1e-3, abs=1e-4)
        assert found.statistic == pytest.approx(known["kr_f"], rel=1e-3, abs=1e-6)
        assert found.p_value == pytest.approx(known["kr_p"], abs=1e-4)


def type_three_rows(fit: MixedResults, term: str) -> np.ndarray:
    hypotheses = TypeThree.of(fit)
    return hypotheses.rows(next(one for one in hypotheses.terms if one.label == term))


def test_three_practices_of_two_cohorts_each_are_an_analysis_of_variance_of_their_means() -> None:
    """F(2, 3) of 6 cohort means, exactly; before, F was given infinite df below 4."""
    known = FEW_GROUPS[0]
    data = pd.DataFrame(known["data"])
    means = data.groupby(["practice", "cohort"])["y"].mean()
    groups = [means[name].to_numpy() for name in "abc"]
    exact = stats.f_oneway(*groups)
    found = mixedlm(known["formula"], data).fit().anova().iloc[0]
    assert (found["df_num"], found["df_den"]) == (2, pytest.approx(3, rel=1e-7))
    assert found["statistic"] == pytest.approx(exact.statistic, rel=1e-7)
    assert found["p_value"] == pytest.approx(exact.pvalue, rel=1e-6)
    assert (round(found["statistic"], 2), round(found["p_value"], 3)) == (20.59, 0.018)


@pytest.mark.parametrize("q", [1, 2, 3])
@pytest.mark.parametrize("df", [1.0, 2.0, 2.5, 3.0, 4.0, 6.0, 50.0])
def test_balanced_moments_give_the_exact_df_and_a_scale_of_one(q: int, df: float) -> None:
    """Of a balanced design A1 = 2 q^2 / df and A2 = 2 q / df (section 3 of the paper)."""
    found, scale = f_scale(2 * q**2 / df, 2 * q / df, q)
    assert (found, scale) == (pytest.approx(df, rel=1e-9), pytest.approx(1.0, rel=1e-9))


def test_nothing_estimated_is_chi_squared() -> None:
    assert f_scale(0.0, 0.0, 3) == (np.inf, 1.0)
