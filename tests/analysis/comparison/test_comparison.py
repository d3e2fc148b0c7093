"""The primary comparison against least squares, the engine and statsmodels; what is tested and what is not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from statsmodels.stats.multitest import multipletests

from kap_analysis.analysis.comparison.comparison import compare_formats
from kap_analysis.analysis.model.plan import Plan, PlannedMargin
from kap_analysis.errors import AnalysisError
from kap_analysis.mixed.model import mixedlm
from tests.analysis.trials import VISITS, as_outcomes, btheb, made_up_scores

NUMBERS = ["estimate", "std_error", "df", "ci_low", "ci_high"]
TIGHT = 1e-6  # two fits of one model, from other rows or another scale


@pytest.fixture(scope="module")
def shipped(study):
    return compare_formats(study)


@pytest.fixture(scope="module")
def scores():
    return made_up_scores()


@pytest.fixture(scope="module")
def result(scores):
    return compare_formats(as_outcomes(scores), plan=Plan("BDI-II", "month 3", covariates=("age",)))


def test_one_visit_without_cohorts_is_least_squares_weighted_by_format():
    scores = made_up_scores(visits=("month 3",)).assign(cohort_id=None, practice="A")
    outcomes = as_outcomes(scores, visits=("month 3",))
    found = compare_formats(outcomes, plan=Plan("BDI-II", "month 3", covariates=("age",))).primary
    rows = outcomes.frame[outcomes.frame["visit"] == "month 3"]
    groups = rows.assign(weight=1.0)
    for _ in range(200):  # the residual variance differs by format: least squares reweighted until it stands
        fit = smf.wls("score ~ is_group + baseline + age", groups, weights=groups["weight"]).fit()
        variance = fit.resid.pow(2).groupby(groups["is_group"]).mean()
        groups["weight"] = 1 / groups["is_group"].map(variance)
    assert found["estimate"] == pytest.approx(fit.params["is_group"], abs=0.05)
    assert found["std_error"] == pytest.approx(fit.bse["is_group"], rel=0.05)


def test_the_difference_is_the_engines_own_and_averages_over_the_patients(result, scores):
    fit = result.fit
    patients = fit.design.frame.drop_duplicates("patient_id")
    set_to = {
        arm: patients.assign(
            format=pd.Categorical([arm] * len(patients), dtype=patients["format"].dtype),
            visit=pd.Categorical(["month 3"] * len(patients), dtype=patients["visit"].dtype),
        )
        for arm in ("individual", "group")
    }
    rows = {arm: fit.design.fixed.rows(frame).mean(axis=0) for arm, frame in set_to.items()}
    again = mixedlm(fit.formula, fit.design.frame).fit()
    found = again.test((rows["group"] - rows["individual"])[None, :]).iloc[0]
    assert result.primary[[*NUMBERS, "p_value"]].tolist() == pytest.approx(
        found[[*NUMBERS, "p_value"]].tolist(), rel=TIGHT
    )
    means = result.means[result.means["visit"] == "month 3"].set_index("format")["estimate"]
    assert means["group"] - means["individual"] == pytest.approx(result.primary["estimate"])
    assert means["group"] == pytest.approx(float(rows["group"] @ again.params), rel=TIGHT)
    counts = scores[scores["visit"] == "month 3"].groupby("format")["patient_id"].nunique()
    shown = result.means[result.means["visit"] == "month 3"].set_index("format")["n_patients"]
    assert shown.to_dict() == counts.to_dict() and result.primary["n_patients"] == counts.sum()


@pytest.mark.parametrize(
    ("change", "sign", "shift"),
    [
        (lambda s: s.sample(frac=1, random_state=2), 1, 0),
        (lambda s: s.assign(patient_id="Z" + s["patient_id"].str[::-1]), 1, 0),
        (lambda s: s.assign(score=s["score"] + 5), 1, 5),
        (lambda s: s.assign(cohort_id=s["cohort_id"].map(lambda c: c and f"other {c}")), 1, 0),
    ],
    ids=["row order", "names", "constant", "cohort names"],
)
def test_what_must_not_matter(result, scores, change, sign, shift):
    other = compare_formats(as_outcomes(change(scores)), plan=Plan("BDI-II", "month 3", covariates=("age",)))
    assert other.primary[NUMBERS].tolist() == pytest.approx((sign * result.primary[NUMBERS]).tolist(), rel=1e-4)
    assert other.means["estimate"].tolist() == pytest.approx((result.means["estimate"] + shift).tolist(), rel=1e-4)


def test_the_standardised_difference_uses_the_pooled_baseline_sd(result, scores):
    start = scores[scores["visit"] == "baseline"].groupby("format")["score"].agg(["var", "size"])
    pooled = np.sqrt((start["var"] * (start["size"] - 1)).sum() / (start["size"].sum() - 2))
    row = result.primary
    assert row["standardised"] == pytest.approx(row["estimate"] / pooled)
    assert (row["standardised_low"], row["standardised_high"]) == pytest.approx(
        (row["ci_low"] / pooled, row["ci_high"] / pooled)
    )


def test_only_the_primary_instrument_at_the_primary_visit_is_tested(result, study):
    tested = result.contrasts["p_value"].notna()
    assert result.contrasts.loc[tested, "visit"].tolist() == ["month 3"]
    other = compare_formats(study, visit="month 1")
    assert other.contrasts["p_value"].isna().all() and other.secondary.empty
    assert "BDI-II at month 1 is not the plan's primary outcome, so it is estimated and not tested." in other.paragraph
    hama = compare_formats(study, instrument="HAM-A")
    assert hama.contrasts["p_value"].isna().all() and hama.primary["visit"] == "month 3"


def test_secondary_instruments_are_adjusted_by_holm(study, shipped):
    tested = shipped.secondary.dropna(subset=["p_value"])
    assert len(tested) >= 3
    assert tested["p_holm"].tolist() == pytest.approx(multipletests(tested["p_value"], method="holm")[1].tolist())
    for row in tested.itertuples():
        plan = Plan(row.instrument, "month 3")
        alone = compare_formats(study.outcomes(row.instrument), plan=plan).primary
        assert row.estimate == pytest.approx(alone["estimate"]) and row.p_value == pytest.approx(alone["p_value"])
    missing = shipped.secondary[shipped.secondary["estimate"].isna()]
    assert (missing["note"] != "").all()
    assert all(f"{name} could not be compared: " in shipped.paragraph for name in missing["instrument"])


def test_the_plans_margin_is_of_its_instrument_only(study):
    plan = replace(Plan("BDI-II", "month 3"), margin=PlannedMargin(5.0, "made up", "2025-01-01"))
    own = compare_formats(study, plan=plan, secondary=False)
    assert own.margins["margin"][own.margins["is_stated"]].tolist() == [5.0, 5.0]
    assert compare_formats(study, plan=plan, instrument="HAM-A").margins.empty


def test_the_paragraph_says_what_the_frames_hold(shipped):
    row, text = shipped.primary, shipped.paragraph
    assert f"{row['estimate']:.1f} points" in text and f"df {row['df']:.1f}" in text
    crosses = row["ci_low"] <= 0 <= row["ci_high"]
    assert ("the interval does not include zero" in text) == (not crosses)
    if not crosses:
        assert "interval 0.0 to" not in text and "to 0.0;" not in text
    assert "The intraclass correlation of the 26 cohorts with two or more analysed patients is " in text
    assert "design effect" in text
    assert (
        "Of the patients scored at month 3, those in groups had started" in text
        and text.count("Unless patients were randomised") == 1
    )


def test_the_unadjusted_sentence_says_who_started_milder(scores):
    seen = scores.loc[scores["visit"] == "month 3", "patient_id"]
    of_them = scores[(scores["visit"] == "baseline") & scores["patient_id"].isin(seen)]
    start = of_them.groupby("format")["score"].mean()
    text = compare_formats(as_outcomes(scores), visit="month 3").paragraph
    word = "milder" if start["group"] < start["individual"] else "more severe"
    apart = abs(start["group"] - start["individual"])
    assert (
        f"Of the patients scored at month 3, those in groups had started {apart:.1f} points {word} than those seen "
        "individually. Unless patients were randomised"
    ) in text
    swapped = scores.assign(score=np.where((scores["visit"] == "baseline") & (scores["format"] == "group"),
                                           scores["score"] + 10, scores["score"]))  # fmt: skip
    assert (
        "points more severe than those seen individually."
        in compare_formats(as_outcomes(swapped), visit="month 3").paragraph
    )


def test_degrees_of_freedom_are_said_to_exceed_the_number_of_cohorts_only_where_they_do(shipped, scores):
    said = "variance between cohorts was found, so the degrees of freedom exceed the number of cohorts"
    assert shipped.icc["estimate"].iloc[0] == 0 and f"No {said}" in shipped.paragraph
    assert shipped.primary["df"] > shipped.icc["n_cohorts"].iloc[0]
    every_other = scores["cohort_id"].fillna("").astype("str").str[-1].isin(list("13579"))
    alike = scores.assign(score=scores["score"] + 9 * (every_other & (scores["visit"] != "baseline")))
    found = compare_formats(as_outcomes(alike), visit="month 3")
    assert found.icc["estimate"].iloc[0] > 0.1 and said not in found.paragraph
    hardly = replace(shipped, icc=shipped.icc.assign(estimate=0.002)).paragraph
    assert f"Hardly any {said}" in hardly
    few = replace(shipped, contrasts=shipped.contrasts.assign(df=20.0)).paragraph
    assert "variance between cohorts was found; this does not prove that cohorts are alike." in few
    alone = compare_formats(as_outcomes(scores.assign(cohort_id=None)), visit="month 3")
    assert "the degrees of freedom are those of patients, and the interval is too narrow if patients" in alone.paragraph


def test_a_difference_that_rounds_to_nothing_is_not_called_worse():
    row = compare_formats(as_outcomes(made_up_scores()), visit="month 3")
    nil = replace(row, contrasts=row.contrasts.assign(estimate=0.01, ci_low=-2.0, ci_high=2.02))
    assert "differed by less than 0.05 BDI-II points" in nil.answer and "worse" not in nil.answer


def test_outcomes_of_a_study_know_its_visit_and_other_outcomes_must_name_one(study, scores):
    assert study.outcomes().primary_visit == study.settings.primary_visit
    with pytest.raises(AnalysisError) as error:
        compare_formats(as_outcomes(scores))
    assert str(error.value) == f"Name the visit to compare at, one of {', '.join(VISITS)}, or give a plan."


def test_the_real_trial_runs_unchanged():
    outcomes = btheb()
    found = compare_formats(outcomes, plan=Plan("BDI-II", "month 3", covariates=("drug", "length")))
    assert found.model["rung"].iloc[0] == "full" and found.icc.empty
    assert "No variance between therapy cohorts could be estimated" in found.paragraph
    rows = outcomes.frame[outcomes.frame["visit"] == "month 3"]
    plain = smf.ols("score ~ is_group + baseline + drug + length", rows).fit()
    assert found.primary["estimate"] == pytest.approx(plain.params["is_group"], abs=plain.bse["is_group"])
    assert found.primary["std_error"] == pytest.approx(plain.bse["is_group"], rel=0.15)
    assert found.primary["n_patients"] == len(rows)
