"""The pairs of R script and output in tests/reference: reading them, and how close the engine must come to each."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed.reference_values import in_errors, like_r, read_data, read_json, relative
from tests.places import PAIRS

HIGHER = 1e-6  # how far above R's criterion ours may be; printed with 12 digits
ESTIMATE = 1e-5  # in standard errors; R's optimisers end at steps of 1e-9
ERROR = 1e-5  # relative, of standard errors
KENWARD_ROGER = 1e-4  # relative, of df
SATTERTHWAITE = 1e-3  # relative, of df: lmerTest differentiates numerically
P_VALUE = 1e-5  # absolute
COMPONENT = 1e-4  # relative, of variances
DF_OF_R = {"kenward-roger": KENWARD_ROGER, "satterthwaite": SATTERTHWAITE}


@cache
def pair(name: str) -> dict[str, Any]:
    return read_json(PAIRS, name)


def data_of(name: str) -> pd.DataFrame:
    """A CSV file of the pairs, read anew: tests may change what they get."""
    return read_data(PAIRS, name)


@cache
def partial(formula: str, reml: bool = True, **keywords: Any) -> MixedResults:
    """A fit to partial.csv, made once."""
    return mixedlm(formula, data_of("partial.csv"), **keywords).fit(reml=reml)


def means_fit() -> MixedResults:
    """The model whose means, contrasts and F tests R's emmeans and lmerTest gave."""
    return partial(pair("marginal_means")["formula"])


def same_table(found: pd.DataFrame, expected: pd.DataFrame, df: float | None) -> None:
    """Coefficients by R's names."""
    found = like_r(found).loc[expected.index]
    assert in_errors(found, expected) < ESTIMATE
    assert relative(found["std_error"], expected["std_error"]) < ERROR
    if df is not None:
        assert relative(found["df"], expected["df"]) < df
        assert np.allclose(found["p_value"], expected["p_value"], rtol=0, atol=P_VALUE)


def same_estimates(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Means or contrasts in R's order."""
    assert len(found) == len(expected)
    assert in_errors(found, expected) < ESTIMATE
    assert relative(found["std_error"], expected["std_error"]) < ERROR
    assert relative(found["df"], expected["df"]) < KENWARD_ROGER
    if "p_value" in expected:
        assert np.allclose(found["p_value"], expected["p_value"], rtol=0, atol=P_VALUE)
    if "ci_low" in expected:
        assert np.allclose(found[["ci_low", "ci_high"]], expected[["ci_low", "ci_high"]], rtol=0, atol=1e-4)
