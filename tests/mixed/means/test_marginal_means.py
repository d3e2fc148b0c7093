"""Means and contrasts by hand, where no other software is needed: patients counted once, one's own contrasts, Holm."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.means.multiplicity import holm
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed.reference_values import read_data
from tests.places import PAIRS

FORMULA = "score ~ visit * format + baseline + practice + (1 | patient)"


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return read_data(PAIRS, "partial.csv")


@pytest.fixture(scope="module")
def fit(data: pd.DataFrame) -> MixedResults:
    return mixedlm(FORMULA, data).fit()


# Patients


def test_averaged_over_the_patients_each_counts_once(fit: MixedResults, data: pd.DataFrame) -> None:
    """The mean over 1 row per patient of what is predicted with format and visit set; rows lost do not matter."""
    found = fit.means("format", by="visit", weights="patients")
    patients = data.drop_duplicates("patient")
    assert len(patients) < len(data)
    expected = [
        fit.predict(
            patients.assign(format=pd.Categorical([level] * len(patients), ["individual", "group"]), visit=visit)
        )
        for visit in "1236"
        for level in ("individual", "group")
    ]
    assert found["estimate"].to_numpy() == pytest.approx([one.mean() for one in expected], rel=1e-12)
    by_rows = fit.means("format", by="visit", weights="proportional")
    assert np.max(np.abs(found["estimate"] - by_rows["estimate"])) > 1e-3


def test_a_covariate_can_be_set_for_all_patients(fit: MixedResults) -> None:
    one = fit.means("format", weights="patients", at={"baseline": 20.0, "visit": "3"})["estimate"]
    rise = fit.means("format", weights="patients", at={"baseline": 30.0, "visit": "3"})["estimate"] - one
    assert rise.to_numpy() == pytest.approx(10 * fit.params["baseline"])
    with pytest.raises(MixedModelError, match="can be set to one value only; found 20, 30"):
        fit.means("format", weights="patients", at={"baseline": [20, 30]})


def test_means_over_patients_need_patients(data: pd.DataFrame) -> None:
    fit = mixedlm("score ~ format", data).fit()
    with pytest.raises(MixedModelError, match="need a term that names the patient"):
        fit.means("format", weights="patients")


# The df method of the fit, and the level


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


# Contrasts


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


def test_holm_steps_down_within_each_family(fit: MixedResults) -> None:
    assert holm(np.array([0.01, 0.04, 0.03])) == pytest.approx([0.03, 0.06, 0.06])
    assert holm(np.array([0.5, 0.9])) == pytest.approx([1.0, 1.0])
    plain, adjusted = (fit.contrasts("practice", by="format", adjustment=name) for name in ("none", "holm"))
    for level in ("individual", "group"):
        here = (plain["format"] == level).to_numpy()
        assert adjusted["p_value"][here].to_numpy() == pytest.approx(holm(plain["p_value"][here].to_numpy()))
    pd.testing.assert_series_equal(plain["std_error"], adjusted["std_error"])
    assert (adjusted["ci_high"] > plain["ci_high"]).all()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"specs": "forma"}, r"There is no column of the fixed part 'forma'\. Did you mean 'format'\?"),
        ({"specs": "format", "method": "pairs"}, r"There is no kind of contrast 'pairs'\. Did you mean 'pairwise'\?"),
        ({"specs": "format", "at": {"visit": "12"}}, r"There is no level of visit '12'\. .*"),
        (
            {"specs": "format", "adjustment": "bonferroni"},
            r"There is no adjustment for several tests 'bonferroni'\. .*",
        ),
        ({"specs": "format", "weights": "equl"}, r"There is no kind of weights 'equl'\. Did you mean 'equal'\?"),
        ({"specs": "visit", "method": "reference", "reference": "4"}, r"There is no level to compare with '4'\. .*"),
        (
            {"specs": "visit", "method": {"mine": [1, -1]}},
            "Contrast 'mine' has 2 coefficients for 4 means: give one each.",
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


# Margins


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
