"""Kenward-Roger against every matrix written out, and against Satterthwaite where the two must agree."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.model import mixedlm
from tests.mixed.dense_cases import INTERIOR, model_of, oracle_of
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
