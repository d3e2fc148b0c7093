"""Who is analysed, and how covariates are made fit to be modelled: every step counted in a note."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from kap_analysis.analysis.formats import NOT_RECORDED
from kap_analysis.analysis.model.covariates import POOLED, pool_levels
from kap_analysis.analysis.model.estimates import engine_notes, first_or_refuse, fit_formula
from kap_analysis.analysis.model.model_frame import build_model_frame
from kap_analysis.errors import AnalysisError
from tests.analysis.trials import as_outcomes, made_up_scores


def by_patient(values):
    """The made-up scores with one more column, given patient by patient."""
    scores = made_up_scores()
    order = scores["patient_id"].rank(method="dense").astype(int) - 1
    return scores.assign(extra=[values[at] for at in order])


def built(scores, *covariates, pool=10, expected=True):
    return build_model_frame(as_outcomes(scores), covariates, pool_levels_below=pool, expected=expected)


def test_rare_levels_are_pooled_below_the_number_and_not_at_it():
    levels = ["a"] * 30 + ["b"] * 10 + ["c_d"] * 9 + ["e"] * 6 + ["f"] * 5
    model = built(by_patient(levels), "extra")
    counts = model.patients["extra"].value_counts()
    assert counts.to_dict() == {"a": 30, "b": 10, POOLED: 20}
    assert "Levels of extra with fewer than 10 patients were pooled: c d, e and f." in model.notes


def test_what_is_too_rare_even_when_pooled_joins_the_commonest_level():
    model = built(by_patient(["a"] * 40 + ["b"] * 15 + ["c"] * 5), "extra")
    assert model.patients["extra"].value_counts().to_dict() == {"a": 45, "b": 15}


def test_by_mean_and_indicator_a_category_that_is_not_recorded_is_a_level():
    model = built(by_patient(["a"] * 25 + ["b"] * 20 + [None] * 15), "extra", expected=False)
    assert model.patients["extra"].value_counts()[NOT_RECORDED] == 15


def test_by_mean_and_indicator_a_number_that_is_not_recorded_is_the_mean():
    values = [float(v) for v in range(56)] + [np.nan] * 4
    model = built(by_patient(values), "extra", expected=False)
    patients = model.patients
    assert model.covariates[-2:] == ("extra", "extra_not_recorded")
    assert patients["extra_not_recorded"].sum() == 4
    assert (patients.loc[patients["extra_not_recorded"] == 1, "extra"] == np.mean(range(56))).all()
    assert "Extra was not recorded for 4 patients: mean and an indicator used." in model.notes


def test_a_category_that_is_not_recorded_is_the_expected_share_of_each_level():
    model = built(by_patient(["a"] * 25 + ["b c"] * 20 + [None] * 15), "extra")
    patients = model.patients
    assert model.covariates[-1] == "extra_is_b_c"
    recorded = patients["extra_is_b_c_not_recorded"] == 0
    assert recorded.sum() == 45
    assert patients.loc[recorded, "extra_is_b_c"].tolist() == [0.0] * 25 + [1.0] * 20
    told = (
        "Extra was not recorded for 15 patients: the expected value given format, baseline and the other covariates was"
    )
    assert f"{told} used." in model.notes


def test_rare_levels_are_pooled_whatever_the_order_of_the_rows():
    assert pool_levels({"a": 30, "b": 12, "c": 6, "d": 5}, 10) == (
        {"a": "a", "b": "b", "c": "other", "d": "other"},
        ["a", "b", "other"],
    )
    # still too few together: merged with the most common level; of two that are alike with the first by name
    for counts in ({"b": 20, "a": 20, "c": 3}, {"c": 3, "a": 20, "b": 20}):
        assert pool_levels(counts, 10) == ({"a": "a", "b": "b", "c": "a"}, ["a", "b"])
    assert pool_levels({"a": 3, "b": 2}, 10)[1] == ["other"]
    assert pool_levels({"a": 3, "b": 2}, 0)[1] == ["a", "b"]


def test_a_practice_that_is_not_recorded_is_a_level():
    scores = made_up_scores()
    model = built(scores.assign(practice=scores["practice"].where(scores["patient_id"] > "P010")))
    assert NOT_RECORDED in set(model.patients["practice"])
    assert model.covariates == ("practice",)


def test_a_number_that_is_not_recorded_is_what_least_squares_expects_of_it():
    values = [float(v % 17) for v in range(56)] + [np.nan] * 4
    model = built(by_patient(values), "extra")
    patients = model.patients
    assert model.covariates[-1] == "extra"
    unknown = patients["extra_not_recorded"] == 1
    assert unknown.sum() == 4
    shown = patients.drop(columns="extra").rename(columns={"extra_not_recorded": "unknown"})
    shown["extra"] = values
    formula = "extra ~ format + baseline" + (" + practice" if "practice" in model.covariates else "")
    expected = smf.ols(formula, shown[~unknown.to_numpy()]).fit().predict(shown[unknown.to_numpy()])
    assert patients.loc[unknown, "extra"].tolist() == pytest.approx(expected.tolist())


def test_where_too_few_are_recorded_the_mean_is_taken_and_it_is_said():
    values = [float(v) for v in range(12)] + [np.nan] * 48
    model = built(by_patient(values), "extra")
    patients = model.patients
    assert (patients.loc[patients["extra_not_recorded"] == 1, "extra"] == np.mean(range(12))).all()
    told = "Extra was not recorded for 48 patients: too few patients have it to predict it, and their mean was used."
    assert told in model.notes


def test_a_practice_that_recorded_none_of_a_covariate_has_the_level_of_all():
    scores = made_up_scores()
    scores = scores.assign(age=scores["age"].where(scores["practice"] != "B"))
    patients = built(scores, "age").patients
    gone = patients["age_not_recorded"] == 1
    assert set(patients.loc[gone, "practice"]) == {"B"} and patients["age"].notna().all()
    shown = patients[~gone]
    fit = smf.ols("age ~ format + baseline", shown).fit() if shown["practice"].nunique() == 1 else None
    assert fit is not None
    assert patients.loc[gone, "age"].tolist() == pytest.approx(fit.predict(patients[gone]).tolist())


def test_a_covariate_of_which_nothing_is_recorded_is_not_used():
    model = built(by_patient([np.nan] * 60), "extra")
    assert "extra" not in model.covariates
    assert "The covariate extra is not in the data and was not used." in model.notes


def test_an_expected_covariate_does_not_look_at_the_scores_after_baseline():
    values = [np.nan if v % 5 == 0 else float(v) for v in range(60)]
    scores = by_patient(values)
    later = scores.assign(score=scores["score"].where(scores["visit"] == "baseline", 63 - scores["score"]))
    one, other = built(scores, "extra").patients, built(later, "extra").patients
    assert one["extra"].tolist() == other["extra"].tolist()


def test_a_covariate_without_information_is_left_out_with_a_note():
    assert (
        "The covariate extra is the same for everybody and was not used."
        in built(by_patient([3.0] * 60), "extra").notes
    )
    assert "The covariate shoe size is not in the data and was not used." in built(made_up_scores(), "shoe_size").notes


def test_patients_without_a_baseline_are_counted_and_not_analysed():
    scores = made_up_scores()
    lost = (scores["visit"] == "baseline") & scores["patient_id"].isin(["P001", "P040"])
    model = built(scores[~lost])
    assert len(model.patients) == 58
    assert "2 patients with a later score but no baseline BDI-II were not analysed here." in model.notes


def test_visits_with_fewer_than_two_of_a_format_are_left_out_with_a_note():
    scores = made_up_scores()
    late = (scores["visit"] == "month 3") & (scores["format"] == "group") & (scores["patient_id"] != "P030")
    model = built(scores[~late])
    assert model.visits == ("month 1", "month 2")
    assert "Left out of the model, with fewer than 2 patients in a format: month 3." in model.notes


def test_a_group_patient_without_a_cohort_is_a_cohort_of_one_and_an_individual_patient_has_none():
    scores = made_up_scores()
    scores.loc[scores["cohort_id"] == "G03", "cohort_id"] = None
    model = built(scores)
    patients = model.patients.set_index("patient_id")
    assert patients.loc["P039", "cohort_id"] == "patient P039" and patients.loc["P039", "in_cohort"] == 0
    assert (patients.loc[patients["format"] == "individual", "in_cohort"] == 0).all()
    assert model.n_shared_cohorts == 9 and model.has_cohorts


def test_what_the_engine_warns_of_becomes_a_note():
    frame = pd.DataFrame({"score": np.arange(12.0) ** 1.5, "a": np.arange(12.0) % 3, "g": np.arange(12) % 4})
    frame["b"] = 2 * frame["a"]
    with engine_notes() as notes:
        fit_formula("score ~ a + b + (1 | g)", frame)
        fit_formula("score ~ a + b + (1 | g)", frame)
    assert notes == ["One column of the fixed part is a combination of those before it and left out: b."]


def test_what_no_model_fits_is_refused_with_the_engines_reason():
    frame = pd.DataFrame({"score": 3.0, "g": np.arange(12) % 4})
    with pytest.raises(AnalysisError, match="PHQ-9 cannot be modelled: The response score is 3 in all 12 rows"):
        first_or_refuse([lambda: fit_formula("score ~ 1 + (1 | g)", frame)], "PHQ-9")
