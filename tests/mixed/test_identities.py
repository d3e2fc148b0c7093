"""What mixed models must reduce to: the tests that a reader can compute by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed.reference_values import read_data
from tests.places import PAIRS

SAME = 1e-6  # relative, between a fit and arithmetic: what remains of the last Newton step
EXACT_DF = ("kenward-roger", "satterthwaite")


def pairs(likeness: float, n: int = 14) -> pd.DataFrame:
    """Patients with two scores that share `likeness` times one draw."""
    rng = np.random.default_rng(5)
    own, noise = rng.standard_normal(n), rng.standard_normal((n, 2))
    scores = 20 + likeness * own[:, None] * [1, 1 if likeness > 0 else -1] + noise * [1.0, 1.5] + [0, -1.2]
    frame = pd.DataFrame({"score": scores.ravel(), "patient": np.repeat(np.arange(n), 2)})
    return frame.assign(visit=pd.Categorical(np.tile(["before", "after"], n), ["before", "after"]))


def is_the_t_test(fit: MixedResults, method: str, t: float, df: float, p: float, row: int = 1) -> None:
    found = fit.coefficients(ddf=method).iloc[row]
    assert found["statistic"] == pytest.approx(t, rel=SAME)
    assert found["df"] == pytest.approx(df, rel=SAME)
    assert found["p_value"] == pytest.approx(p, rel=1e-5)


# Paired t-test


@pytest.mark.parametrize("method", EXACT_DF)
@pytest.mark.parametrize(
    "term", ["(1 | patient)", "us(visit | patient)", "cs(visit | patient)", "csh(visit | patient)"]
)
def test_paired_t_test(term: str, method: str) -> None:
    """Also under an unstructured matrix, where second derivatives in mmrm's parametrisation would break it."""
    data = pairs(2.0)
    before, after = (data[data["visit"] == visit]["score"].to_numpy() for visit in ("before", "after"))
    known = stats.ttest_rel(after, before)
    is_the_t_test(mixedlm(f"score ~ visit + {term}", data).fit(), method, known.statistic, 13, known.pvalue)


@pytest.mark.parametrize("method", EXACT_DF)
def test_paired_t_test_of_scores_that_move_apart_needs_a_negative_variance(method: str) -> None:
    data = pairs(-1.0)
    before, after = (data[data["visit"] == visit]["score"].to_numpy() for visit in ("before", "after"))
    known = stats.ttest_rel(after, before)
    model = mixedlm("score ~ visit + (1 | patient)", data)
    assert model.fit().singular
    is_the_t_test(model.fit(bounded=False), method, known.statistic, 13, known.pvalue)


# Two samples


@pytest.mark.parametrize("method", [*EXACT_DF, "between-within", "residual"])
def test_two_sample_t_test(method: str) -> None:
    data = read_data(PAIRS, "partial.csv").query("visit == '3'")
    arms = [data[data["format"] == level]["score"] for level in ("group", "individual")]
    known = stats.ttest_ind(*arms)
    is_the_t_test(mixedlm("score ~ format", data).fit(), method, known.statistic, len(data) - 2, known.pvalue)


@pytest.mark.parametrize("method", EXACT_DF)
def test_welch_s_t_test(method: str) -> None:
    data = read_data(PAIRS, "partial.csv").query("visit == '6'")
    arms = [data[data["format"] == level]["score"] for level in ("group", "individual")]
    known = stats.ttest_ind(*arms, equal_var=False)
    fit = mixedlm("score ~ format", data, residual_by="format").fit()
    is_the_t_test(fit, method, known.statistic, known.df, known.pvalue)


# Analysis of variance


def split_plot(n: int = 18, visits: int = 4) -> pd.DataFrame:
    """Balanced: half of the patients in each arm, every patient at every visit."""
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"patient": np.repeat(np.arange(n), visits), "visit": np.tile(list("abcd")[:visits], n)})
    frame["format"] = np.where(frame["patient"] < n // 2, "group", "individual")
    frame["score"] = 20 + 3 * rng.standard_normal(n)[frame["patient"]] + 2 * rng.standard_normal(len(frame))
    frame["score"] += (frame["visit"] == "c") * 1.5 + (frame["format"] == "group") * 1.0
    return frame


@pytest.mark.parametrize("method", [*EXACT_DF, "between-within"])
def test_balanced_split_plot(method: str) -> None:
    """Mean squares by hand: patients within arms are the error of the arm, visits within patients that of visits."""
    data, n, visits = split_plot(), 18, 4
    score = data["score"]

    def centred(*columns: str) -> pd.Series:
        return data.groupby(list(columns))["score"].transform("mean") - score.mean()

    arm, visit, cell, patient = centred("format"), centred("visit"), centred("format", "visit"), centred("patient")
    interaction = cell - arm - visit
    between, within = patient - arm, score - score.mean() - cell - (patient - arm)
    above = {"format": (arm, 1), "visit": (visit, visits - 1), "visit:format": (interaction, visits - 1)}
    below = {name: (between, n - 2) if name == "format" else (within, (n - 2) * (visits - 1)) for name in above}
    table = mixedlm("score ~ visit * format + (1 | patient)", data).fit(ddf=method).anova().set_index("term")
    for name in above:
        (one, df_num), (error, df_den) = above[name], below[name]
        f = (np.sum(one**2) / df_num) / (np.sum(error**2) / df_den)
        row = table.loc[name if name in table.index else "format:visit"]
        assert row["statistic"] == pytest.approx(f, rel=SAME)
        assert (row["df_num"], row["df_den"]) == (df_num, pytest.approx(df_den, rel=SAME))
        assert row["p_value"] == pytest.approx(stats.f.sf(f, df_num, df_den), rel=1e-5)


@pytest.mark.parametrize("method", EXACT_DF)
def test_the_mean_of_balanced_cohorts_has_the_df_of_the_cohorts(method: str) -> None:
    data = split_plot()
    fit = mixedlm("score ~ 1 + (1 | patient)", data).fit()
    means = data.groupby("patient")["score"].mean()
    known = stats.ttest_1samp(means, 0)
    is_the_t_test(fit, method, known.statistic, len(means) - 1, known.pvalue, row=0)


@pytest.mark.parametrize(("cohorts", "size", "alone"), [(4, 6, 20), (8, 3, 24), (12, 4, 9)])
@pytest.mark.parametrize("method", EXACT_DF)
def test_balanced_partially_nested_design_with_a_residual_variance_per_arm(
    cohorts: int, size: int, alone: int, method: str
) -> None:
    """df = (V_g + V_i)^2 / (V_g^2 / (k - 1) + V_i^2 / (n_i - 1)), V_g the variance of cohort means over k."""
    rng = np.random.default_rng(cohorts)
    cohort = np.repeat(np.arange(cohorts), size)
    grouped = 18 + 3 * rng.standard_normal(cohorts)[cohort] + 2.5 * rng.standard_normal(cohorts * size)
    single = 20 + 4 * rng.standard_normal(alone)
    data = pd.DataFrame(
        {
            "score": [*single, *grouped],
            "cohort": [None] * alone + [f"c{c}" for c in cohort],
            "is_group": [0] * alone + [1] * len(cohort),
        }
    )
    fit = mixedlm("score ~ is_group + (0 + is_group | cohort)", data, residual_by="is_group").fit()
    assert not fit.singular
    means = grouped.reshape(cohorts, size).mean(axis=1)
    group, individual = means.var(ddof=1) / cohorts, single.var(ddof=1) / alone
    df = (group + individual) ** 2 / (group**2 / (cohorts - 1) + individual**2 / (alone - 1))
    t = (means.mean() - single.mean()) / np.sqrt(group + individual)
    is_the_t_test(fit, method, t, df, 2 * stats.t.sf(abs(t), df))


# Ordinary least squares


@pytest.mark.parametrize("held", [False, True])
def test_least_squares_is_the_limit(held: bool) -> None:
    """Without a random effect, or with its variance held at 0: least squares with n - p df."""
    data = read_data(PAIRS, "partial.csv")
    bar = " + (1 | patient)" if held else ""
    model = mixedlm(f"score ~ visit * format + baseline{bar}", data)
    fit = model.fit(fixed={"var((Intercept) | patient)": 0.0} if held else None)
    x, y = model.design.x, model.design.y
    beta, (rest,), *_ = np.linalg.lstsq(x, y, rcond=None)
    n, p = x.shape
    covariance = rest / (n - p) * np.linalg.inv(x.T @ x)
    assert fit.params.to_numpy() == pytest.approx(beta, rel=1e-8)
    assert fit.cov_params().to_numpy() == pytest.approx(covariance, rel=SAME)
    for method in EXACT_DF:
        assert fit.coefficients(ddf=method)["df"].to_numpy() == pytest.approx(np.full(p, float(n - p)), rel=SAME)
    k = (n - p) * (1 + np.log(2 * np.pi * rest / (n - p))) + np.linalg.slogdet(x.T @ x)[1]
    assert fit.criterion == pytest.approx(k, rel=1e-10)
