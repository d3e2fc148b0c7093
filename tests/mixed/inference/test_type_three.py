"""Type-3 hypotheses: lmerTest's where combinations of levels are empty, and the same in every order of the levels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.errors import MixedModelWarning
from kap_analysis.mixed.inference.anova import anova_table
from kap_analysis.mixed.inference.type_three import TypeThree
from kap_analysis.mixed.model import mixedlm
from tests.mixed.pairs import DF_OF_R, data_of, pair, partial

CASES = {case["name"]: case for case in pair("empty_cells")["cases"]}
SAME = 1e-9  # relative, of one number from the same rows in two codings
pytestmark = pytest.mark.filterwarnings("ignore::kap_analysis.mixed.errors.MixedModelWarning")


def frame_of(case: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(case["data"])


@pytest.mark.parametrize("method", ["satterthwaite", "kenward-roger"])
@pytest.mark.parametrize("name", CASES)
def test_empty_cells_as_lmertest_and_pbkrtest(name: str, method: str) -> None:
    case = CASES[name]
    found = mixedlm(case["formula"], frame_of(case)).fit().anova(ddf=method)
    expected = pd.DataFrame(case["tests"])
    short = "sat" if method == "satterthwaite" else "kr"
    assert list(found["df_num"]) == list(expected["df_num"])
    assert found["statistic"].to_numpy() == pytest.approx(expected[f"{short}_f"].to_numpy(), rel=1e-4)
    assert found["df_den"].to_numpy() == pytest.approx(expected[f"{short}_df"].to_numpy(), rel=DF_OF_R[method])
    assert found["p_value"].to_numpy() == pytest.approx(expected[f"{short}_p"].to_numpy(), abs=1e-5)


@pytest.mark.parametrize("method", ["satterthwaite", "kenward-roger"])
@pytest.mark.parametrize("name", CASES)
def test_the_order_of_the_levels_does_not_matter(name: str, method: str) -> None:
    case, rng = CASES[name], np.random.default_rng(3)
    frame = frame_of(case)
    turned = frame.copy()
    for column in ("a", "b", "g", "variety", "nitro"):
        if column in frame:
            turned[column] = pd.Categorical(frame[column], rng.permutation(sorted(frame[column].unique())))
    one, other = (mixedlm(case["formula"], data).fit().anova(ddf=method) for data in (frame, turned))
    assert list(one["term"]) == list(other["term"])
    assert one.iloc[:, 1:].to_numpy(float) == pytest.approx(other.iloc[:, 1:].to_numpy(float), rel=SAME)


def test_an_empty_cell_is_said() -> None:
    data = data_of("partial.csv")
    data = data[~((data["visit"] == "6") & (data["format"] == "group"))]
    with pytest.warns(MixedModelWarning):
        fit = mixedlm("score ~ visit * format + (1 | patient)", data).fit()
    with pytest.warns(MixedModelWarning, match=r"^No row has visit 6, format group\. Where a combination of levels"):
        anova_table(fit)


def test_a_factor_that_lies_within_another_leaves_it_nothing_to_test() -> None:
    """Practices that treat in one format only: lmerTest tests formats by a difference of two of them."""
    data = data_of("partial.csv")
    data["practice"] = data["practice"] + data["format"].astype(str)
    with pytest.warns(MixedModelWarning):
        fit = mixedlm("score ~ format + practice + (1 | patient)", data).fit()
    with pytest.warns(MixedModelWarning, match=r"^format cannot be told apart from other terms, and no hypothesis is"):
        found = anova_table(fit).set_index("term")
    assert found.loc["format", "df_num"] == 0
    assert found.loc["format"].isna().sum() == 3
    assert found.loc["practice", "df_num"] == 4


def test_a_difference_of_nested_levels_is_averaged_within_each_outer_level() -> None:
    """a + a:b is the model a * b in other words, and its a the same hypothesis; lmerTest tests the first level of b."""
    crossed = partial("score ~ format * practice + (1 | patient)").anova().set_index("term")
    nested = partial("score ~ format + format:practice + (1 | patient)").anova().set_index("term")
    assert nested.loc["format"].to_numpy(float) == pytest.approx(crossed.loc["format"].to_numpy(float), rel=1e-7)
    assert nested.loc["format:practice", "df_num"] == 4


def test_rows_are_differences_from_the_first_sorted_level() -> None:
    """As lmerTest writes them, so that Satterthwaite's df are lmerTest's."""
    fit = partial("score ~ format * practice + (1 | patient)")
    names = ["Intercept", "format[T.group]", "practice[T.B]", "practice[T.C]"]
    assert list(fit.params.index[:4]) == names
    hypotheses = TypeThree.of(fit)
    rows = {term.label: hypotheses.rows(term) for term in hypotheses.terms}
    assert rows["practice"] == pytest.approx(np.array([[0, 0, 1, 0, 0.5, 0], [0, 0, 0, 1, 0, 0.5]]))
    # "group" is sorted before "individual": the first of the levels in the fit is the other one.
    assert rows["format"] == pytest.approx(-np.array([[0, 1, 0, 0, 1 / 3, 1 / 3]]))


def test_contrasts_that_leave_a_direction_out_have_no_type_three() -> None:
    data = data_of("partial.csv")
    data["late"] = (data["visit"] == "6").astype(float)
    fit = mixedlm("score ~ 0 + late:C(visit) + (1 | patient)", data).fit()
    assert list(fit.anova()["df_num"]) == [1]
