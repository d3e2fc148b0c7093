"""An unmeasured confounder: what it must do to the primary interval, the table of bias, and negative controls."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kap_analysis.analysis.comparison.comparison import compare_formats
from kap_analysis.analysis.model.plan import Plan, PlannedMargin
from kap_analysis.analysis.model.plan_file import study_plan
from kap_analysis.analysis.sensitivity.unmeasured_confounding import (
    UnmeasuredConfounding,
    bias_table,
    check_unmeasured_confounding,
    points_of_bias,
)
from kap_analysis.errors import AnalysisError
from tests.analysis.trials import as_outcomes, made_up_scores

BDI = 0.0, 63.0
PLAN = Plan("BDI-II", "month 3", covariates=("age", "ace_score"))


def row(low, estimate, high):
    return pd.Series({"ci_low": low, "estimate": estimate, "ci_high": high})


def test_it_speaks_of_the_primary_interval(study):
    result = check_unmeasured_confounding(study)
    primary = compare_formats(study, secondary=False).primary
    shown = ["estimate", "ci_low", "ci_high", "df"]
    assert result.primary[shown].iloc[0].tolist() == pytest.approx(primary[shown].tolist())
    assert primary["ci_low"] > 0 and result.room["points"].tolist() == pytest.approx([primary["ci_low"]])
    assert "An unmeasured confounder must account for 0.1 points to move the interval to zero." in result.paragraph
    assert "2 points and is 10 percentage points more common in one format accounts for 0.2 points" in result.paragraph


@pytest.mark.parametrize(
    ("limits", "margin", "higher", "points", "said"),
    [
        ((1.5, 3.0, 4.5), None, False, [1.5], ["account for 1.5 points"]),
        ((-4.5, -3.0, -1.5), None, False, [1.5], ["account for 1.5 points"]),
        ((-1.0, 1.0, 3.0), 5.0, False, [0.0, 2.0], ["no difference to explain away", "must hide 2.0 points"]),
        ((1.0, 3.0, 6.0), 5.0, False, [1.0, 0.0], ["account for 1.0 points", "reaches beyond the margin of 5 points"]),
        ((-3.0, 0.0, 1.0), 5.0, True, [0.0, 2.0], ["no difference to explain away", "must hide 2.0 points"]),
    ],
)
def test_points_of_bias(limits, margin, higher, points, said):
    found = points_of_bias(row(*limits), margin, higher)
    assert found["points"].tolist() == pytest.approx(points)
    assert all(words in meaning for words, meaning in zip(said, found["meaning"], strict=True))


@pytest.mark.parametrize("sign", [1, -1])
def test_bias_is_effect_times_prevalence_and_is_taken_away(sign):
    limits = sorted([sign * 1.0, sign * 3.0, sign * 5.0])
    found = bias_table(row(*limits), BDI)
    assert found["bias"].tolist() == pytest.approx((found["effect"] * found["prevalence_difference"]).tolist())
    assert found["estimate"].tolist() == pytest.approx((sign * (3 - found["bias"])).tolist())
    assert (found["ci_high"] - found["ci_low"]).to_numpy() == pytest.approx(4)
    assert (found["includes_zero"] == ((found["ci_low"] <= 0) & (found["ci_high"] >= 0))).all()
    assert not found["includes_zero"].all() and found["includes_zero"].any()


@pytest.mark.parametrize(
    ("total_range", "effects"),
    [
        (BDI, [2, 4, 6, 8, 10]),
        ((0, 27), [1, 2, 3, 4, 5]),
        ((0, 100), [5, 10, 15, 20, 25]),
        ((-1, 1), [0.1, 0.2, 0.3, 0.4, 0.5]),
    ],
)
def test_the_table_of_bias_suits_the_length_of_the_scale(total_range, effects):
    found = bias_table(row(1.0, 3.0, 5.0), total_range)
    assert found["effect"].drop_duplicates().tolist() == effects


def test_a_negative_control_finds_a_difference_that_is_there_and_no_other():
    scores = made_up_scores(individual=60, cohorts=20)
    rng = np.random.default_rng(5)
    patients = scores["patient_id"].unique()
    age = pd.Series(45 + 10 * rng.standard_normal(len(patients)), index=patients)
    alike = scores.assign(age=scores["patient_id"].map(age))
    older = alike.assign(age=alike["age"] + 12 * (alike["format"] == "group"))
    without_age = replace(PLAN, covariates=("ace_score",))
    found = check_unmeasured_confounding(as_outcomes(alike), plan=without_age).controls.set_index("label")
    assert found.loc["Age (years)", "ci_low"] < 0 < found.loc["Age (years)", "ci_high"]
    result = check_unmeasured_confounding(as_outcomes(older), plan=without_age)
    moved = result.controls.set_index("label").loc["Age (years)"]
    assert moved["estimate"] == pytest.approx(found.loc["Age (years)", "estimate"] + 12)
    assert moved["ci_low"] > 0 and "Age (years) (" in result.paragraph
    assert "covariates do not account for; by chance alone 1 of 20 would." in result.paragraph
    adjusted = check_unmeasured_confounding(as_outcomes(older), plan=PLAN)
    assert "Age (years)" not in set(adjusted.controls["label"])  # the model accounts for it


def test_other_instruments_at_baseline_are_controls_of_a_study(study):
    found = check_unmeasured_confounding(study).controls.set_index("label")
    hama = study.outcomes("HAM-A", population="started").frame.drop_duplicates("patient_id").set_index("patient_id")
    analysed = compare_formats(study, secondary=False).fit.design.frame["patient_id"].unique()
    assert found.loc["HAM-A at baseline", "n_patients"] == hama.loc[hama.index.isin(analysed), "baseline"].notna().sum()
    few = check_unmeasured_confounding(study, plan=replace(study_plan(study), secondary=())).controls
    assert few["label"].tolist() == found.index.tolist()  # measured, whether the plan names it or not
    attempt = found.loc["Suicide attempt before (%)"]
    assert attempt["n_patients"] == 171 and -20 < attempt["estimate"] < 20  # percentage points
    assert found.loc["EDE-QS at baseline", "note"] == "fewer than 10 patients of a format have it"
    assert found["p_value"].isna().all() and (found["group"].iloc[0] == "other instruments at baseline")


def test_controls_that_too_few_have_are_not_called_unmeasured():
    few = as_outcomes(made_up_scores(individual=8, cohorts=2, size=4))
    result = check_unmeasured_confounding(few, plan=PLAN)
    assert len(result.controls) == 2 and result.controls["estimate"].isna().all()
    assert result.paragraph.endswith(
        "There is no negative control: of 2 that were measured before treatment none can be compared."
    )


def test_without_anything_else_measured_that_is_said():
    result = check_unmeasured_confounding(as_outcomes(made_up_scores()), plan=PLAN)
    assert result.controls.empty
    assert result.paragraph.endswith("nothing that the model does not adjust for was measured before treatment.")
    with pytest.raises(AnalysisError, match="There is no visit 'month 9'"):
        check_unmeasured_confounding(as_outcomes(made_up_scores()), visit="month 9")


@pytest.mark.parametrize(
    ("limits", "said"), [((5.0, 8.0, 11.0), "4 points without"), ((-11.0, -8.0, -5.0), "hide 9.0")]
)
def test_what_is_enough_is_said_of_zero_and_before_the_margin(limits, said):
    primary = row(*limits)
    found = UnmeasuredConfounding(
        primary.to_frame().T,
        points_of_bias(primary, 4.0, False),
        bias_table(primary, BDI),
        pd.DataFrame({"estimate": []}),
        "month 3",
    )
    told = found.paragraph
    assert told.index("to zero") < told.index(", which is enough.") < told.index(said)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ((0.13, 0.16, 0.18), "accounts for 0.2 points, which is enough."),  # it goes past the whole interval
        ((15.2, 23.7, 32.0), "is strong enough for that: its largest bias is 5.0 points."),
    ],
)
def test_a_confounder_is_enough_where_its_bias_reaches_zero_or_goes_past_it(limits, said):
    primary = row(*limits)
    bias, none = bias_table(primary, BDI), pd.DataFrame({"estimate": []})
    found = UnmeasuredConfounding(primary.to_frame().T, points_of_bias(primary, None, False), bias, none, "month 3")
    assert said in found.paragraph


def test_a_margin_is_that_of_the_plans_instrument_and_visit(study):
    """At month 1 and on PHQ-9 the margin of BDI-II at month 3 was judged; -3, 0 and True passed as margins."""
    plan = replace(study_plan(study), margin=PlannedMargin(4.0, "made up", "2026"))
    phq9 = study.outcomes("PHQ-9")
    for ask in (check_unmeasured_confounding, compare_formats):
        of_other = [ask(study, plan=plan, visit="month 1"), ask(phq9, plan=plan, visit="month 3")]
        assert all("margin of 4 points" not in result.paragraph for result in of_other)
        assert "margin of 4 points" in ask(study, plan=plan).paragraph
        assert "margin of 3 points" in ask(phq9, plan=plan, visit="month 3", margin=np.int64(3)).paragraph
        for wrong in (-3, 0, True, float("nan"), "x"):
            with pytest.raises(AnalysisError, match=r"give a positive number of points|give a number"):
                ask(study, plan=plan, margin=wrong)
