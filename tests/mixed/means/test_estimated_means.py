"""Marginal means: emmeans' numbers, the df of the fit, and the level that is asked for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed.pairs import data_of, means_fit, pair, partial, same_estimates
from tests.mixed.reference_values import block

FORMULA = "score ~ visit * format + baseline + practice + (1 | patient)"
MEANS = {
    "means_equal": {"specs": "format", "by": "visit"},
    "means_format": {"specs": "format"},
    "means_proportional": {"specs": "format", "weights": "proportional"},
    "means_at_baseline_20": {"specs": "format", "by": "visit", "at": {"baseline": 20}},
}


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return data_of("partial.csv")


@pytest.fixture(scope="module")
def fit() -> MixedResults:
    return partial(FORMULA)


@pytest.mark.parametrize("key", MEANS)
def test_means(key: str) -> None:
    same_estimates(means_fit().means(**MEANS[key]), block(pair("marginal_means")[key], ""))


@pytest.mark.parametrize("method", ["satterthwaite", "between-within", "residual", "normal"])
def test_means_have_the_df_of_the_fit(data: pd.DataFrame, fit: MixedResults, method: str) -> None:
    other = mixedlm(FORMULA, data).fit(ddf=method)
    for ask in (
        lambda f, **more: f.means("format", by="visit", **more),
        lambda f, **more: f.contrasts("format", **more),
    ):
        pd.testing.assert_frame_equal(ask(other), ask(fit, ddf=method))
        assert not np.allclose(ask(other)["df"], ask(fit)["df"])
    df = {"residual": fit.nobs - len(fit.params), "normal": np.inf}
    if method in df:
        assert (other.means("format")["df"] == df[method]).all()


def test_the_level_is_chosen_when_intervals_are_asked_for(fit: MixedResults) -> None:
    for ask in (lambda level: fit.means("format", level=level), lambda level: fit.contrasts("practice", level=level)):
        wide, narrow = ask(0.99), ask(0.8)
        assert (wide["ci_low"] < narrow["ci_low"]).all() and (wide["ci_high"] > narrow["ci_high"]).all()
        pd.testing.assert_frame_equal(
            wide.drop(columns=["ci_low", "ci_high"]), narrow.drop(columns=["ci_low", "ci_high"])
        )
    with pytest.raises(
        MixedModelError, match=r"^The confidence level is 95; give a number between 0 and 1, such as 0\.95\.$"
    ):
        fit.means("format", level=95)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"specs": "format", "by": "format"}, "'format' is named both in specs and in by. Name each column once."),
        ({"specs": ["format", "format"]}, "'format' is named twice. Name each column once."),
        ({"specs": "format", "by": 5}, "Give a name, or a list of names; found 5."),
        ({"specs": "format", "at": {"baseline": [np.nan]}}, "at sets 'baseline' to nan; give finite numbers."),
        ({"specs": "format", "at": {"baseline": "30"}}, "at sets 'baseline' to '30'; give finite numbers."),
        (
            {"specs": "format", "at": {"practice": []}},
            "at gives 'practice' no value. Give one or more, or leave it out of at.",
        ),
        (
            {"specs": "format", "at": ["practice"]},
            "at gives columns their values, as in at={'month': 3}; found ['practice'].",
        ),
        (
            {"specs": "format", "level": "high"},
            "The confidence level is 'high'; give a number between 0 and 1, such as 0.95.",
        ),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_sentence(fit: MixedResults, asked: dict, sentence: str) -> None:
    for ask in (fit.means, fit.contrasts):
        with pytest.raises(MixedModelError) as error:
            ask(**asked)
        assert str(error.value) == sentence
