"""Comparisons with a margin: emmeans' numbers, and the interval that says the same."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.results import MixedResults
from tests.mixed.pairs import means_fit, pair, partial

P_VALUE = 1e-5  # absolute
FORMULA = "score ~ visit * format + baseline + practice + (1 | patient)"


@pytest.fixture(scope="module")
def fit() -> MixedResults:
    return partial(FORMULA)


@pytest.mark.parametrize("question", ["equivalence", "non-inferiority"])
def test_margin(question: str) -> None:
    (known,) = pair("marginal_means")[f"{question.replace('-', '')}_margin_5"]
    found = means_fit().within_margin("format", margin=5, question=question, at={"visit": "3"}).iloc[0]
    for column in ("estimate", "std_error", "df"):
        assert found[column] == pytest.approx(known[column], rel=1e-5)
    assert abs(found["statistic"]) == pytest.approx(abs(known["statistic"]), rel=1e-5)
    assert found["p_value"] == pytest.approx(known["p_value"], abs=P_VALUE)


@pytest.mark.parametrize(("higher_is_better", "worse"), [(False, 1.0), (True, -1.0)])
def test_non_inferiority_looks_at_the_worse_side(fit: MixedResults, higher_is_better: bool, worse: float) -> None:
    """Shown exactly when the limit of the interval on the worse side stays inside the margin."""
    interval = fit.contrasts("format", by="visit", level=0.95)
    limits = interval["ci_high"] if worse > 0 else -interval["ci_low"]
    for margin in (float(limits.max()) + 0.01, float(limits.max()) - 0.01):
        found = fit.within_margin("format", by="visit", margin=margin, higher_is_better=higher_is_better)
        assert list(found["conclusion"] == "shown") == list(limits < margin)
        assert list(found["p_value"] < 0.025) == list(limits < margin)


def test_equivalence_asks_both_sides(fit: MixedResults) -> None:
    interval = fit.contrasts("format", by="visit", level=0.9)
    farthest = np.maximum(interval["ci_high"], -interval["ci_low"])
    for margin in (float(farthest.min()) + 0.01, float(farthest.max()) - 0.01):
        found = fit.within_margin("format", by="visit", margin=margin, question="equivalence", alpha=0.05)
        assert list(found["conclusion"] == "shown") == list(farthest < margin)


@pytest.mark.parametrize("margin", [0, -3.0, np.inf, np.nan])
def test_a_margin_is_a_number_above_0(fit: MixedResults, margin: float) -> None:
    with pytest.raises(MixedModelError, match="give a number of points above 0, with its source"):
        fit.within_margin("format", margin=margin)
