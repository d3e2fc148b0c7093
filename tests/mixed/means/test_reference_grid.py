"""The reference grid is emmeans': numbers with two values, true and false, factors within others, empty cells."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.means.reference_grid import ReferenceGrid
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed.pairs import DF_OF_R, ERROR, ESTIMATE, P_VALUE, pair

PAIR = pair("reference_grid")
ASKED = [(case, at) for case in PAIR["cases"] for at in range(len(case["asked"]))]
pytestmark = pytest.mark.filterwarnings("ignore::kap_analysis.mixed.errors.MixedModelWarning")


def data_of_pair(rows: str = "all") -> pd.DataFrame:
    data = pd.DataFrame(PAIR["data"])
    return data if rows == "all" else data[~((data["arm"] == "plc") & (data["visit"] == "w2"))]


@cache
def fitted(formula: str, rows: str) -> MixedResults:
    return mixedlm(formula, data_of_pair(rows)).fit(ddf="satterthwaite")


def labels_of(frame: pd.DataFrame, columns: list[str]) -> pd.Index:
    """The rows by their labels, written alike: R writes TRUE, and zero_one1 for a level of a number."""
    text = frame[columns].astype(str).agg(" | ".join, axis=1)
    for old in ("TRUE", "FALSE"):
        text = text.str.replace(old, old.capitalize())
    return pd.Index(text.str.replace(r"[()]|zero_one|dose|flag", "", regex=True))


def same(found: pd.DataFrame, known: list[dict[str, Any]]) -> None:
    expected = pd.DataFrame(known)
    columns = [c for c in expected if c in found and c not in ("estimate", "df")]
    found, expected = found.set_index(labels_of(found, columns)), expected.set_index(labels_of(expected, columns))
    assert sorted(found.index) == sorted(expected.index)
    found = found.loc[expected.index]
    gap = (found["estimate"] - expected["estimate"].astype(float)) / expected["SE"].astype(float)
    assert list(found["estimate"].isna()) == list(expected["estimate"].isna())
    assert gap.abs().max() < ESTIMATE
    for ours, theirs, tolerance in (("std_error", "SE", ERROR), ("df", "df", DF_OF_R["satterthwaite"])):
        assert np.allclose(found[ours], expected[theirs].astype(float), rtol=tolerance, atol=0, equal_nan=True)
    assert np.allclose(found["p_value"], expected["p.value"].astype(float), rtol=0, atol=P_VALUE, equal_nan=True)


@pytest.mark.parametrize(("case", "at"), ASKED, ids=lambda x: x["name"] if isinstance(x, dict) else str(x))
def test_means_and_contrasts_as_emmeans(case: dict[str, Any], at: int) -> None:
    asked = case["asked"][at]
    options = {"by": asked["by"] or None, "weights": asked["weights"], "at": asked.get("at") or None}
    fit = fitted(case["formula"], case["rows"])
    same(fit.means(asked["specs"], **options), asked["means"])
    same(fit.contrasts(asked["specs"], **options), asked["contrasts"])


def test_true_and_false_are_shown_as_such() -> None:
    fit = fitted("y ~ arm * flag + age + (1 | id)", "all")
    found = fit.means("flag")
    assert found["flag"].tolist() == [False, True]
    assert fit.contrasts("flag")["contrast"].tolist() == ["True - False"]
    grid = ReferenceGrid.of(fit, {})
    assert grid.values["age"] == [pytest.approx(data_of_pair()["age"].mean())]


def test_only_the_rows_of_levels_that_are_asked_for_are_counted() -> None:
    grid = ReferenceGrid.of(fitted("y ~ arm * flag + age + (1 | id)", "all"), {"arm": ["old", "plc"], "age": 30})
    data = data_of_pair()
    assert grid.values == {"arm": ["old", "plc"], "flag": [False, True], "age": [30]}
    assert len(grid.counted) == data["arm"].isin(["old", "plc"]).sum()
    assert grid.counted["arm"].value_counts()[0] == (data["arm"] == "old").sum()
