"""Leaving out at the estimated covariance: least squares on the smaller data, and Cook's distance by its definition."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.diagnostics.deletion import delete_levels
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.model import mixedlm
from tests.mixed.pairs import data_of, partial

FORMULA = "score ~ month * format + (0 + is_group | cohort) + (1 | patient)"


@pytest.mark.parametrize("grouping", ["patient", "cohort"])
def test_each_level_left_out_is_a_fit_to_the_other_rows_at_the_same_covariance(grouping: str) -> None:
    """A patient within a cohort too, whose rows share the cohort's effect with those that stay."""
    data, fit = data_of("partial.csv"), partial(FORMULA)
    row = np.array([0.0, 0.0, 1.0, 3.0])
    found = delete_levels(fit, data[grouping], row).set_index("label")
    assert sorted(found.index) == sorted(data[grouping].unique())
    whole = np.linalg.inv(fit.cov_params("normal").to_numpy())
    for level in found.index[::11]:
        kept = data[data[grouping] != level]
        held = mixedlm(FORMULA, kept).fit(fixed=fit.theta.to_dict(), ddf="normal")
        moved = held.beta - fit.beta
        assert found.loc[level, "n_observations"] == len(data) - len(kept)
        assert found.loc[level, "change"] == pytest.approx(row @ moved, abs=1e-9)
        assert found.loc[level, "distance"] == pytest.approx(moved @ whole @ moved / 4, rel=1e-7)


def test_a_coefficient_that_needs_the_level_has_no_change() -> None:
    data = data_of("partial.csv")
    data["only"] = (data["patient"] == "p01").astype(float)
    fit = mixedlm("score ~ month + only + (1 | patient)", data).fit()
    found = delete_levels(fit, data["patient"], np.array([0.0, 1.0, 0.0])).set_index("label")
    assert np.isnan(found.loc["p01", ["distance", "change"]].astype(float)).all()
    assert found.drop(index="p01")[["distance", "change"]].notna().all(axis=None)


def test_labels_that_do_not_fit_the_units() -> None:
    data, fit = data_of("partial.csv"), partial(FORMULA)
    with pytest.raises(MixedModelError, match=r"one label per analysed row: 284 rows, 2 labels\.$"):
        delete_levels(fit, ["a", "b"], np.zeros(4))
    with pytest.raises(
        MixedModelError, match=r"^'1' lies in two independent units of the model; leave out whole units"
    ):
        delete_levels(fit, data["visit"].astype(str), np.zeros(4))
    named = pd.Series(data["patient"]).where(data["patient"] == "p03")
    assert list(delete_levels(fit, named, np.zeros(4))["label"]) == ["p03"]
