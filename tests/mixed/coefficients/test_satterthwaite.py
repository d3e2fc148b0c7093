"""Satterthwaite's df against every matrix written out, and lmerTest's for F tests."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.coefficients.satterthwaite import f_df, uncorrelated_rows
from kap_analysis.mixed.inference.type_three import TypeThree
from kap_analysis.mixed.model import mixedlm
from tests.mixed.dense_cases import INTERIOR, model_of, oracle_of
from tests.mixed.pairs import DF_OF_R, pair

INFERENCE = 1e-6  # relative, of df: inverses of information matrices


@pytest.mark.parametrize("name", INTERIOR)
def test_satterthwaite_at_the_estimates(name: str) -> None:
    oracle = oracle_of(name)
    fit = model_of(name, True).fit()
    rows = np.eye(len(fit.params))[-3:]
    found = fit.inference(rows, "satterthwaite").df
    assert found == pytest.approx([oracle.satterthwaite_df(row) for row in rows], rel=INFERENCE)


@pytest.mark.parametrize("case", pair("few_groups")["cases"], ids=lambda case: case["name"])
def test_f_tests_as_lmertest(case: dict) -> None:
    """contestMD of the same rows; a t^2 with 2 df or fewer makes an F with 2."""
    fit = mixedlm(case["formula"], pd.DataFrame(case["data"])).fit(ddf="satterthwaite")
    hypotheses = TypeThree.of(fit)
    for known in case["tests"]:
        rows = hypotheses.rows(next(one for one in hypotheses.terms if one.label == known["term"]))
        found = fit.f_test(rows)
        assert found.df_den == pytest.approx(known["sat_df"], rel=DF_OF_R["satterthwaite"])
        assert found.statistic == pytest.approx(known["sat_f"], rel=1e-3)
        assert found.p_value == pytest.approx(known["sat_p"], abs=1e-4)


def test_the_rows_are_uncorrelated_and_span_the_same() -> None:
    rng = np.random.default_rng(4)
    root = rng.standard_normal((5, 5))
    covariance, rows = root @ root.T, rng.standard_normal((3, 5))
    found = uncorrelated_rows(np.vstack([rows, rows[0] + rows[1]]), covariance)
    assert found.shape == (3, 5)
    crossed = found @ covariance @ found.T
    assert crossed == pytest.approx(np.diag(np.diag(crossed)), abs=1e-9)
    assert np.linalg.matrix_rank(np.vstack([found, rows])) == 3


def test_df_of_an_f_by_hand() -> None:
    """E = 4/2 + 6/4 = 3.5, and 2 E / (E - 2)."""
    assert f_df(np.array([4.0, 6.0])) == pytest.approx(7 / 1.5)
    assert f_df(np.array([5.0])) == f_df(np.array([5.0, 5.0])) == 5.0
    assert f_df(np.array([1.9, 30.0])) == 2.0
    assert f_df(np.array([np.inf, np.inf])) == np.inf
