"""Means and contrasts that the data cannot give are not given."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.errors import MixedModelWarning
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed.pairs import data_of


@pytest.fixture(scope="module")
def fit() -> MixedResults:
    """Nobody of the group format at month 6."""
    data = data_of("partial.csv")
    data = data[~((data["visit"] == "6") & (data["format"] == "group"))]
    with pytest.warns(MixedModelWarning):
        return mixedlm("score ~ visit * format + baseline + (1 | patient)", data).fit()


@pytest.mark.parametrize("weights", ["equal", "proportional", "patients"])
def test_a_combination_without_rows(fit: MixedResults, weights: str) -> None:
    with pytest.warns(MixedModelWarning) as caught:
        found = fit.means("format", by="visit", weights=weights).set_index(["visit", "format"])
    assert [str(warning.message) for warning in caught] == [
        "1 of 8 rows is not estimable (format group, visit 6): the data cannot tell visit[T.6]:format[T.group] from "
        "the other columns, as where a combination of levels has no rows."
    ]
    lost = found.loc[("6", "group")]
    assert lost.drop("note").isna().all()
    assert lost["note"] == "not estimable"
    rest = found.drop(("6", "group"))
    assert rest.notna().all(axis=None)
    assert (rest["note"] == "").all()


def test_the_order_of_levels_does_not_choose_what_is_given(fit: MixedResults) -> None:
    """The first of two levels as the last: another column is dropped, and the same row is not estimable."""
    frame = fit.design.frame
    turned = frame.assign(
        visit=frame["visit"].cat.reorder_categories(["6", "3", "2", "1"]),
        format=frame["format"].cat.reorder_categories(["group", "individual"]),
    )
    with pytest.warns(MixedModelWarning):
        other = mixedlm(fit.formula, turned).fit()
        one, two = (
            each.contrasts("format", by="visit").astype({"visit": str}).set_index("visit") for each in (fit, other)
        )
    assert one.loc["6", "note"] == two.loc["6", "note"] == "not estimable"
    rest = ["1", "2", "3"]
    assert one.loc[rest, "estimate"].to_numpy() == pytest.approx(-two.loc[rest, "estimate"].to_numpy(), rel=1e-6)
    assert one.loc[rest, "std_error"].to_numpy() == pytest.approx(two.loc[rest, "std_error"].to_numpy(), rel=1e-6)


def test_a_mean_over_a_combination_without_rows(fit: MixedResults) -> None:
    with pytest.warns(MixedModelWarning):
        found = fit.means("format").set_index("format")
    assert np.isnan(found.loc["group", "estimate"]) and found.loc["individual", "estimate"] > 0
    within = fit.means("format", at={"visit": ["1", "2", "3"]})
    assert "note" not in within and within["estimate"].notna().all()


def test_adjustments_count_what_is_estimable(fit: MixedResults) -> None:
    asked = {"specs": "visit", "by": "format"}
    with pytest.warns(MixedModelWarning):
        plain, holm = fit.contrasts(**asked), fit.contrasts(**asked, adjustment="holm")
    group = (plain["format"] == "group").to_numpy()
    known = group & plain["estimate"].notna().to_numpy()
    assert (group.sum(), known.sum()) == (6, 3)
    assert holm["p_value"][known].min() == pytest.approx(min(3 * plain["p_value"][known].min(), 1))
    assert holm["note"][group & ~known].tolist() == ["not estimable"] * 3


def test_a_margin_cannot_be_shown_of_it(fit: MixedResults) -> None:
    with pytest.warns(MixedModelWarning):
        found = fit.within_margin("format", by="visit", margin=100.0)
    assert found["conclusion"].tolist() == ["shown"] * 3 + ["not estimable"]


def test_a_column_that_repeats_others_takes_nothing_away() -> None:
    data = data_of("partial.csv").assign(weeks=lambda d: 4 * d["month"])
    with pytest.warns(MixedModelWarning):
        fit = mixedlm("score ~ month + weeks + format + (1 | patient)", data).fit()
    plain = mixedlm("score ~ month + format + (1 | patient)", data).fit()
    pd.testing.assert_frame_equal(fit.means("format"), plain.means("format"), rtol=1e-8)
    with pytest.warns(MixedModelWarning):
        lost = fit.means("format", at={"month": 3.0, "weeks": 1.0})
    assert lost["note"].tolist() == ["not estimable"] * 2
