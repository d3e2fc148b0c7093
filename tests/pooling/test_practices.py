"""Practices that exchange sums get what their pooled rows give."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import kap_analysis as kap
from kap_analysis.analysis.model.plan_file import study_plan
from kap_analysis.analysis.model.primary_model import fit_primary, format_estimates
from kap_analysis.errors import AnalysisError
from kap_analysis.mixed.model import mixedlm

#: Equal to pooled rows, in standard errors.
CLOSE = 1e-9


def assert_equal_to_pooled(found, rows):
    assert (
        np.abs((found["estimate"].to_numpy() - rows["estimate"].to_numpy()) / rows["std_error"].to_numpy()).max()
        < CLOSE
    )
    assert np.abs(found["std_error"].to_numpy() / rows["std_error"].to_numpy() - 1).max() < CLOSE
    assert np.abs(found["df"].to_numpy() / rows["df"].to_numpy() - 1).max() < 10 * CLOSE


@pytest.mark.slow
def test_the_primary_model_equals_that_of_the_pooled_rows(study, outcomes, pooled):
    plan = study_plan(study)
    model, rung, fit, _ = fit_primary(outcomes, plan, plan.visit)
    assert_equal_to_pooled(pooled.contrasts, format_estimates(fit, model, plan.visit, rung)[1])
    own = fit.coefficients().set_index("term").drop(index=["Intercept", "practice[T.B]", "practice[T.C]"])
    assert pooled.coefficients["term"].tolist() == own.index.tolist()
    assert_equal_to_pooled(pooled.coefficients, own)
    assert pooled.fit.criterion == pytest.approx(fit.criterion, abs=CLOSE)
    assert pooled.fit.nobs == fit.nobs
    told = pooled.model.iloc[0]
    assert (told["rung"], told["n_patients"]) == (rung.name, len(model.patients))
    assert (
        pooled.contrasts["n_patients"].tolist()
        == format_estimates(fit, model, plan.visit, rung)[1]["n_patients"].tolist()
    )


@pytest.mark.slow
def test_it_takes_ten_rounds_of_small_answers(pooled):
    assert len(pooled.rounds) <= 10
    assert pooled.rounds["answer_bytes"].max() < 100_000


@pytest.mark.slow
def test_the_growth_model_equals_that_of_the_pooled_rows(study, outcomes):
    found = kap.pool_practices(study, question="trajectory")
    curves = kap.model_trajectories(outcomes)
    assert_equal_to_pooled(found.contrasts, curves.slopes)
    assert found.contrasts["n_patients"].tolist() == curves.slopes["n_patients"].tolist()
    assert len(found.rounds) <= 10
    assert "points per month" in found.paragraph


@pytest.mark.slow
def test_the_result_does_not_depend_on_the_masks(study, pooled):
    again = kap.pool_practices(study)
    pd.testing.assert_frame_equal(again.contrasts, pooled.contrasts, check_exact=True)


@pytest.mark.slow
def test_the_paragraph_says_what_was_exchanged_and_what_the_meta_analysis_is_not(pooled):
    assert pooled.paragraph.startswith("3 practices exchanged sums over 179 patients with what the model needs in ")
    assert "no row left a practice" in pooled.paragraph
    assert "A two-stage meta-analysis is not the same" in pooled.paragraph
    assert pooled.two_stage["practice"].tolist() == ["A", "B", "C", "fixed effect", "random effects"]


def test_a_small_model_equals_that_of_the_pooled_rows(few_visits, few_covariates):
    found = kap.pool_practices(few_visits, plan=few_covariates, two_stage=False)
    model, rung, fit, _ = fit_primary(few_visits, few_covariates, few_covariates.visit)
    assert_equal_to_pooled(found.contrasts, format_estimates(fit, model, "month 3", rung)[1])
    assert found.two_stage.empty
    assert "meta-analysis" not in found.paragraph


def test_a_description_says_that_it_is_one_and_that_it_has_the_intercepts_of_the_practices(few_visits, few_covariates):
    """The description of the pooled rows has no practices; with them in its formula it is what is pooled."""
    plan = replace(few_covariates, ladder=replace(few_covariates.ladder, cohorts=1000))
    found = kap.pool_practices(few_visits, plan=plan, two_stage=False)
    model, rung, _, _ = fit_primary(few_visits, plan, plan.visit)
    own = mixedlm(rung.adding("practice").formula, model.frame, residual_by=rung.residual_by).fit(ddf="kenward-roger")
    wanted = own.coefficients().set_index("term").loc["format[T.group]"]
    first = found.contrasts.set_index("visit").loc["month 1"]
    for name in ("estimate", "std_error", "df"):
        assert first[name] == pytest.approx(wanted[name], rel=1e-7)
    assert "Descriptive only: fewer than 1,000 cohorts with two or more patients." in found.paragraph
    assert "this is a description, not a comparison." in found.paragraph
    assert "The description of pooled rows has no such intercepts" in found.paragraph


def parts(outcomes, chosen):
    """Outcomes by practice, of the patients that `chosen` picks."""
    frame = outcomes.frame
    return {
        name: replace(outcomes, frame=frame[(frame["practice"] == name).to_numpy() & chosen(frame, name)])
        for name in ("A", "B", "C")
    }


@pytest.mark.slow
def test_a_practice_with_one_format_takes_part(study, outcomes):
    plan = study_plan(study)
    only = parts(outcomes, lambda frame, name: (frame["format"].astype(str) == "individual").to_numpy() | (name != "B"))
    found = kap.pool_practices(only, plan=plan)
    kept = replace(outcomes, frame=pd.concat([one.frame for one in only.values()]))
    model, rung, fit, _ = fit_primary(kept, plan, plan.visit)
    assert_equal_to_pooled(found.contrasts, format_estimates(fit, model, plan.visit, rung)[1])
    own = found.two_stage.set_index("practice")
    assert np.isnan(own.at["B", "estimate"])
    assert own.at["B", "note"] == "It has one format."


def test_one_format_everywhere_is_refused(study, outcomes):
    only = parts(outcomes, lambda frame, name: (frame["format"].astype(str) == "individual").to_numpy())
    with pytest.raises(AnalysisError, match="all in individual format; a comparison needs both formats"):
        kap.pool_practices(only, plan=study_plan(study))


def test_one_practice_is_refused(study, outcomes):
    with pytest.raises(AnalysisError, match="Found 1 practice; pooling without rows needs two or more"):
        kap.pool_practices({"A": study})
    alone = replace(outcomes, frame=outcomes.frame.drop(columns="practice"))
    with pytest.raises(AnalysisError, match="Found 0 practices"):
        kap.pool_practices(alone, plan=study_plan(study))


def test_a_practice_with_one_patient_is_refused(study, outcomes):
    frame = outcomes.frame
    first = frame.loc[(frame["practice"] == "B").to_numpy() & frame["score"].notna(), "patient_id"].iloc[0]
    few = parts(outcomes, lambda frame, name: (frame["patient_id"] == first).to_numpy() | (name != "B"))
    with pytest.raises(
        AnalysisError, match=r"Practice B has \d patients? with what the model needs; a practice with fewer"
    ):
        kap.pool_practices(few, plan=study_plan(study))


@pytest.mark.slow
def test_a_practice_with_fewer_patients_than_columns_is_refused(study, outcomes):
    frame = outcomes.frame
    some = set(frame.loc[(frame["practice"] == "B").to_numpy(), "patient_id"].unique()[:18])
    few = parts(outcomes, lambda frame, name: frame["patient_id"].isin(some).to_numpy() | (name != "B"))
    with pytest.raises(
        AnalysisError, match=r"Practice B has \d+ patients, and the model has \d+ columns with the score"
    ):
        kap.pool_practices(few, plan=study_plan(study))


def test_scores_that_are_all_missing_are_refused(study, outcomes):
    lost = replace(outcomes, frame=outcomes.frame.assign(score=np.nan))
    with pytest.raises(AnalysisError, match="Practice A has 0 patients with what the model needs"):
        kap.pool_practices(lost, plan=study_plan(study))


def test_a_covariate_without_a_closed_list_is_refused(study):
    plan = replace(study_plan(study), covariates=("start_period",))
    with pytest.raises(AnalysisError, match="The covariate start_period has no closed list of words"):
        kap.pool_practices(study, plan=plan)


def test_a_word_that_is_not_in_the_list_is_refused(study, outcomes):
    frame = outcomes.frame.assign(sex=outcomes.frame["sex"].astype("object").replace({"male": "männlich"}))
    with pytest.raises(
        AnalysisError, match="The covariate sex holds 'männlich', which is not in its list: female, male"
    ):
        kap.pool_practices(replace(outcomes, frame=frame), plan=study_plan(study))


def test_names_of_practices_may_be_any_words(few_visits, few_covariates):
    outcomes = few_visits
    frame = outcomes.frame.assign(practice=outcomes.frame["practice"].astype("object").replace({"B": "Süd / 2"}))
    plan = replace(few_covariates, covariates=())
    found = kap.pool_practices(replace(outcomes, frame=frame), plan=plan, two_stage=False)
    assert found.model["practices"].iloc[0] == 3


def test_an_unknown_question_is_refused(study):
    with pytest.raises(AnalysisError, match="The question is 'both'; choose one of primary, trajectory"):
        kap.pool_practices(study, question="both")


@pytest.mark.slow
def test_of_a_public_study_of_real_patients_small_counts_and_rows_do_not_pass(study):
    public = replace(study, settings=replace(study.settings, visibility="public", provenance="real"))
    found = kap.pool_practices(public)
    assert found.fit is None
    assert np.isnan(found.contrasts["n_patients"].iloc[0])
    assert found.contrasts["estimate"].iloc[2] == pytest.approx(3.15, abs=1e-5)
    assert found.paragraph.startswith("3 practices exchanged sums over 179 patients with")
    assert len(found.withheld)


def test_a_format_of_few_patients_gives_no_estimate_of_its_own(few_visits, few_covariates):
    """It is not masked: of two patients in groups it told their scores nearly."""
    frame = few_visits.frame
    groups = frame[(frame["practice"] == "B") & (frame["format"] == "group")]["patient_id"].unique()
    few = replace(few_visits, frame=frame[~frame["patient_id"].isin(groups[2:])].reset_index(drop=True))
    found = kap.pool_practices(few, plan=few_covariates).two_stage.set_index("practice")
    assert found.at["B", "note"] == "It has fewer than 11 patients in a format."
    assert np.isnan(found.at["B", "estimate"]) and np.isfinite(found.at["A", "estimate"])


@pytest.mark.parametrize("name", ["descriptive_patients", "pool_levels_below"])
def test_a_ladder_that_goes_by_fewer_patients_is_refused(few_visits, few_covariates, name):
    plan = replace(few_covariates, ladder=replace(few_covariates.ladder, **{name: 1}))
    with pytest.raises(AnalysisError, match=f"The plan has {name} = 1; practices that do not pool rows need"):
        kap.pool_practices(few_visits, plan=plan)


def test_practices_of_one_format_each_are_refused_in_words(study):
    """Beside the intercepts of the practices nothing is left of the format: it ended in "Singular matrix"."""
    group = study.outcomes("BDI-II").frame.drop_duplicates("patient_id").set_index("patient_id")["format"] == "group"
    of_group = study.patients["patient_id"].map(group).fillna(False).astype(bool)
    other = np.where(np.arange(len(of_group)) % 2, "A", "C")
    patients = study.patients.assign(practice=np.where(of_group, "B", other))
    apart = replace(study, tables={**study.tables, "patients": patients})
    with pytest.raises(AnalysisError, match="No practice has patients in both formats"):
        kap.pool_practices(apart, two_stage=False)
