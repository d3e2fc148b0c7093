"""Random small data sets beside R: every disagreement with lmerTest, pbkrtest or emmeans is listed, with who is right.

`tests/reference/differential.R` drew them and wrote what R gave. A disagreement that is not listed fails, and so does a
listed one that is gone.
"""

from __future__ import annotations

import gzip
import json
import warnings
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed.dense import bar_pieces, complex_gradient, criterion, residual_pieces
from tests.places import PAIRS

HIGHER = 1e-5  # how far above R's criterion ours may be
ESTIMATE = 1e-3  # in standard errors: variances of small data sets are flat, and R stops somewhere on them
RELATIVE = 5e-3  # of standard errors and df, for the same reason; lmerTest differentiates numerically
STATISTIC = 5e-3  # relative to F, or absolute near 0

#: Which cases differ, and who is right.
NESTED = (
    "F of visit in visit + visit:arm: ours is that of arm * visit, an equal model, with the arms counted the same; "
    "lmerTest's compares visits at the first level of the arm, and so depends on the order of the levels"
)
CONFOUNDED = (
    "F tests of terms that are partly a combination of others, as with empty cells of three factors: ours tests what "
    "the term alone says and is the same in every order of the levels; lmerTest's tests more, and depends on that order"
)
LOST = "an interaction that lost all of its columns to empty cells: R has no row of it, and ours has one of 0 df"
NOT_IDENTIFIED = "school is fixed and random: its variance is in no row, lme4 gives one, and we refuse"
NO_MAXIMUM = "no maximum can be certified, and we refuse; lme4 gives a singular fit"
NO_RESIDUAL = (
    "the restricted likelihood rises as the residual variance falls to 0 and has no maximum, and we refuse; lme4 stops "
    "on the way, and its Kenward-Roger df are 0.005"
)
AVERAGED = (
    "F of visit as in the nested models; and with empty cells emmeans did not here take the arm as nested in the "
    "visits and gives one mean per arm: that of our means over the visits"
)
ANOTHER_MAXIMUM = "lme4 stops at a lower of two maxima, 4.2 above our criterion, which dense matrices confirm"
# fmt: off
DISAGREE: dict[str, set[int]] = {
    NESTED: {
        10, 49, 63, 67, 68, 73, 93, 98, 101, 102, 103, 111, 124, 166, 173, 176, 191, 218, 230, 240, 241, 242, 254, 255,
        274, 277, 278, 283, 299, 307, 315, 323, 328, 347, 359, 409, 413, 441, 468, 469, 474,
    },
    CONFOUNDED: {
        28, 72, 75, 89, 120, 129, 134, 205, 215, 223, 290, 293, 295, 301, 321, 333, 339, 384, 410, 440, 456, 482, 494,
        499,
    },
    LOST: {168, 256},
    NOT_IDENTIFIED: {66, 79, 200, 309},
    NO_MAXIMUM: {30},
    NO_RESIDUAL: {143},
    AVERAGED: {80, 146, 326, 374, 376},
    ANOTHER_MAXIMUM: {428},
}
# fmt: on


@cache
def cases() -> list[dict[str, Any]]:
    return json.loads(gzip.decompress((PAIRS / "differential.json.gz").read_bytes()))["cases"]


def numbers(values: list[Any]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def fitted(case: dict[str, Any]) -> MixedResults:
    return mixedlm(case["formula"], pd.DataFrame(case["data"])).fit()


def differ(found: Any, expected: Any, relative: float, absolute: float = 1e-6) -> bool:
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    if found.shape != expected.shape:
        return True
    return not np.allclose(found, expected, rtol=relative, atol=absolute, equal_nan=True)


def parts_of(term: str) -> frozenset[str]:
    """The factors of a term, in whatever order and quotes they are written."""
    return frozenset(term.replace("`", "").replace("^", " ** ").split(":"))


def disagreements(case: dict[str, Any]) -> dict[str, str]:
    """The questions of a case that R answers otherwise, with both answers."""
    try:
        fit = fitted(case)
    except MixedModelError as error:
        return {"fit": str(error)}
    found: dict[str, str] = {}
    if fit.criterion > case["criterion"] + HIGHER:
        found["criterion"] = f"{fit.criterion:.6f} above {case['criterion']:.6f}"
    for method, block in (("satterthwaite", case["sat"]), ("kenward-roger", case["kr"])):
        table = fit.coefficients(ddf=method)
        if len(table) != len(case["estimate"]):
            return found | {"columns": f"{len(table)} and {len(case['estimate'])}"}
        # R may write the columns of an interaction in another order: by the estimates they are told apart.
        table, place = table.sort_values("estimate"), np.argsort(numbers(case["estimate"]))
        block = {name: numbers(values)[place] for name, values in block.items()}
        error, estimate = block["se"], numbers(case["estimate"])[place]
        if method == "satterthwaite" and differ(table["estimate"] / error, estimate / error, 0, ESTIMATE):
            found["estimates"] = "estimates"
        for column, name in (("std_error", "se"), ("df", "df")):
            if differ(table[column], block[name], RELATIVE):
                found[f"{method} {name}"] = f"{table[column].round(3).tolist()} and {block[name]}"
    for method, block in (("satterthwaite", case["f_sat"]), ("kenward-roger", case["f_kr"])):
        table = fit.anova(ddf=method).set_index("term")
        for at, term in enumerate(case["terms"]):
            own = [label for label in table.index if parts_of(label) == parts_of(term)]
            df = block["d"][at]
            if not own:
                if block["n"][at]:
                    found[f"{method} F of {term}"] = "every column of the term is a combination of others"
                continue
            ours = table.loc[own[0]]
            theirs = [block["n"][at], df, block["f"][at]]
            if df is not None and df <= 0:
                theirs[1:] = [None, None]  # R gives no p-value either
            same = ours["df_num"] == theirs[0] and not differ(ours["df_den"], numbers(theirs[1:2])[0], RELATIVE)
            if not same or differ(ours["statistic"], numbers(theirs[2:])[0], STATISTIC, STATISTIC):
                found[f"{method} F of {term}"] = f"{ours.round(4).tolist()} and {theirs}"
    known = pd.DataFrame({name: numbers(case["means"][name]) for name in ("estimate", "se", "df")}).sort_values(
        "estimate"
    )
    means = fit.means(case["arm"], ddf="satterthwaite").sort_values("estimate")
    for column, name in (("estimate", "estimate"), ("std_error", "se"), ("df", "df")):
        if differ(means[column], known[name], RELATIVE, 1e-3):
            found[f"means {name}"] = f"{means[column].round(4).tolist()} and {known[name].tolist()}"
    return found


def case_of(name: int) -> dict[str, Any]:
    return next(case for case in cases() if case["name"] == name)


@pytest.mark.filterwarnings("ignore::kap_analysis.mixed.errors.MixedModelWarning")
def test_some_disagreements_with_r_are_those_listed() -> None:
    some = [case for case in cases() if case["name"] % 25 == 0]
    listed = set().union(*DISAGREE.values())
    assert {case["name"] for case in some if disagreements(case)} == {case["name"] for case in some} & listed


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::kap_analysis.mixed.errors.MixedModelWarning")
def test_every_disagreement_with_r_is_listed_with_who_is_right() -> None:
    found = {case["name"]: here for case in cases() if (here := disagreements(case))}
    listed = set().union(*DISAGREE.values())
    assert set(found) == listed, {name: found.get(name, "gone") for name in set(found) ^ listed}
    assert sum(map(len, DISAGREE.values())) == len(listed)
    for reason in (NESTED, CONFOUNDED):
        assert all(" F of " in question for name in DISAGREE[reason] for question in found[name])
    for reason in (NOT_IDENTIFIED, NO_MAXIMUM, NO_RESIDUAL):
        assert all(list(found[name]) == ["fit"] for name in DISAGREE[reason])
    for name in DISAGREE[AVERAGED]:
        assert all(" F of visit" in question or question.startswith("means ") for question in found[name])


@pytest.mark.filterwarnings("ignore::kap_analysis.mixed.errors.MixedModelWarning")
@pytest.mark.parametrize("name", sorted(DISAGREE[AVERAGED]))
def test_means_of_a_nested_arm_are_given_by_visit_and_average_to_those_of_emmeans(name: int) -> None:
    case = case_of(name)
    means = fitted(case).means(case["arm"], ddf="satterthwaite")
    visits = pd.DataFrame(case["data"])["visit"].unique()
    over = means.groupby(means[case["arm"]].astype("str"))["estimate"].agg(["mean", "size"])
    complete = over["mean"].where(over["size"] == len(visits))  # an arm without rows at a visit has no such mean
    known = pd.Series(numbers(case["means"]["estimate"]), index=case["means"]["level"])
    assert known.notna().any()
    assert complete[known.index].to_numpy() == pytest.approx(known.to_numpy(), rel=1e-6, nan_ok=True)


@pytest.mark.filterwarnings("ignore::kap_analysis.mixed.errors.MixedModelWarning")
def test_a_slope_that_ends_near_its_boundary_has_the_df_of_the_boundary() -> None:
    """Case 68: the correlation is -1. Satterthwaite df were 12.7 where lmerTest has 17.2, as dense matrices do."""
    case = case_of(68)
    fit = fitted(case)
    assert fit.boundary == ("(time | id)",)
    assert fit.coefficients(ddf="satterthwaite")["df"].iloc[0] == pytest.approx(17.2025, abs=1e-3)


@pytest.mark.filterwarnings("ignore::kap_analysis.mixed.errors.MixedModelWarning")
@pytest.mark.parametrize(("name", "bar", "df"), [(212, "(time | id)", 15.9087), (410, "(1 | item)", 10.0)])
def test_a_search_that_ends_beside_the_boundary_goes_to_it(name: int, bar: str, df: float) -> None:
    """The criterion was within 1e-6 of its minimum, and the lowest Satterthwaite df were 6.0 and 0.2."""
    fit = fitted(case_of(name))
    assert fit.boundary == (bar,)
    assert fit.coefficients(ddf="satterthwaite")["df"].min() == pytest.approx(df, abs=1e-3)


@pytest.mark.filterwarnings("ignore::kap_analysis.mixed.errors.MixedModelWarning")
def test_the_higher_of_two_maxima_is_found() -> None:
    case = case_of(428)
    fit, data = fitted(case), pd.DataFrame(case["data"])
    x, y = fit.design.x, fit.design.y
    pieces = np.array(
        [*bar_pieces(np.column_stack([np.ones(len(y)), data["time"]]), data["id"]), *residual_pieces(len(y))]
    )
    theta = fit.theta.to_numpy(float)

    def dense(at: np.ndarray) -> complex:
        return criterion(np.tensordot(at, pieces, axes=1), x, y)

    assert fit.criterion == pytest.approx(float(np.real(dense(theta))), abs=1e-6)
    assert fit.criterion < case["criterion"] - 4
    assert np.abs(complex_gradient(dense, theta) * theta).max() < 1e-5


def test_a_residual_variance_that_falls_to_0_is_refused_whatever_the_unit() -> None:
    case = case_of(143)
    data = pd.DataFrame(case["data"])
    for factor in (1.0, 1e-3, 1e4):
        with pytest.raises(MixedModelError, match="residual variance falls to 0"):
            mixedlm(case["formula"], data.assign(y=data["y"] * factor)).fit()


def test_the_cases_are_many_and_of_every_kind() -> None:
    every = cases()
    assert len(every) > 100
    assert sum(case["singular"] for case in every) > 10
    for word in ("item", "school/id", "(time | id)", "flag", "`my arm`", "`class`", "`C`"):
        assert any(word in case["formula"] for case in every), word
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert any(fitted(case).design.fixed.dropped for case in every if "*" in case["formula"])
