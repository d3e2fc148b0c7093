"""Contrasts of means: emmeans' numbers, one's own coefficients, differences of differences."""

from __future__ import annotations

import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.results import MixedResults
from tests.mixed.pairs import means_fit, pair, partial, same_estimates
from tests.mixed.reference_values import block

FORMULA = "score ~ visit * format + baseline + practice + (1 | patient)"
CONTRASTS = {
    "format_by_visit": {"specs": "format", "by": "visit"},
    "format_by_visit_tests": {"specs": "format", "by": "visit"},
    "practice_against_first": {"specs": "practice", "method": "reference"},
    "differences_of_differences": {"specs": ["format", "visit"], "method": ["pairwise", "reference"]},
}


@pytest.fixture(scope="module")
def fit() -> MixedResults:
    return partial(FORMULA)


@pytest.mark.parametrize("key", CONTRASTS)
def test_contrasts(key: str) -> None:
    found = means_fit().contrasts(**CONTRASTS[key])
    expected = block(pair("marginal_means")[key], "")
    same_estimates(found, expected)
    if "contrast" in expected:
        assert list(found["contrast"]) == list(expected["contrast"])


def test_contrasts_of_ones_own(fit: MixedResults) -> None:
    means = fit.means("visit")["estimate"].to_numpy()
    found = fit.contrasts("visit", method={"late - early": [-0.5, -0.5, 0.5, 0.5], "last": {"6": 1, "1": -1}})
    assert list(found["contrast"]) == ["late - early", "last"]
    assert found["estimate"].to_numpy() == pytest.approx([means[2:].mean() - means[:2].mean(), means[3] - means[0]])
    pairs = fit.contrasts("visit").set_index("contrast")
    assert found["std_error"][1] == pytest.approx(pairs.loc["6 - 1", "std_error"], rel=1e-9)


def test_against_a_reference_that_is_named(fit: MixedResults) -> None:
    found = fit.contrasts("visit", method="reference", reference="3")
    assert list(found["contrast"]) == ["1 - 3", "2 - 3", "6 - 3"]
    first, later = fit.contrasts("visit", method="reference"), fit.contrasts("visit").set_index("contrast")
    assert first["estimate"].to_numpy() == pytest.approx(later.loc[first["contrast"], "estimate"].to_numpy())
    assert found["estimate"][0] == pytest.approx(-later.loc["3 - 1", "estimate"])


def test_differences_of_differences_are_differences_of_contrasts(fit: MixedResults) -> None:
    found = fit.contrasts(["format", "visit"], method="differences").set_index("contrast")
    by_visit = fit.contrasts("format", by="visit").set_index("visit")["estimate"]
    expected = by_visit["6"] - by_visit["1"]
    assert found.loc["(group - individual): (6 - 1)", "estimate"] == pytest.approx(expected)
    assert fit.params["visit[T.6]:format[T.group]"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"specs": "forma"}, r"There is no column of the fixed part 'forma'\. Did you mean 'format'\?"),
        ({"specs": "format", "method": "pairs"}, r"There is no kind of contrast 'pairs'\. Did you mean 'pairwise'\?"),
        ({"specs": "format", "at": {"visit": "12"}}, r"There is no level of visit '12'\. .*"),
        (
            {"specs": "format", "adjustment": "scheffe"},
            r"There is no adjustment for several tests 'scheffe'\. .*",
        ),
        ({"specs": "format", "weights": "equl"}, r"There is no kind of weights 'equl'\. Did you mean 'equal'\?"),
        ({"specs": "visit", "method": "reference", "reference": "4"}, r"There is no level to compare with '4'\. .*"),
        (
            {"specs": "visit", "method": {"mine": [1, -1]}},
            "Contrast 'mine' needs 4 coefficients; found 2.",
        ),
        ({"specs": "visit", "method": {"mine": {"7": 1}}}, r"There is no mean to give a coefficient to '7'\. .*"),
        (
            {"specs": "visit", "method": "differences"},
            "Differences of differences need two columns or more, such as .*",
        ),
        (
            {"specs": "visit", "method": "reference", "adjustment": "tukey"},
            "Tukey's adjustment is for all pairs of means; use 'holm' for other contrasts.",
        ),
    ],
)
def test_what_cannot_be_contrasted_is_said(fit: MixedResults, options: dict, sentence: str) -> None:
    with pytest.raises(MixedModelError, match=f"^{sentence}$"):
        fit.contrasts(**options)
