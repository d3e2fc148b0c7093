"""The adjusted means from one common baseline: the primary model's own means, and the mean of all analysed patients."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from kap_analysis.analysis.comparison.comparison import compare_formats
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.disclosure.gate import release
from tests.analysis.trials import as_outcomes, made_up_scores


@pytest.fixture(scope="module")
def result():
    return compare_formats(as_outcomes(made_up_scores()), plan=Plan("BDI-II", "month 3", covariates=("age",)))


def test_both_formats_begin_at_the_mean_baseline_of_all_analysed_patients(result):
    start = result.course[result.course["visit"] == "baseline"]
    patients = result.fit.design.frame.drop_duplicates("patient_id")
    assert start["estimate"].to_numpy() == pytest.approx([patients["baseline"].mean()] * 2, abs=1e-12)
    assert start[["ci_low", "ci_high"]].isna().all(axis=None)
    assert start["n_patients"].sum() == len(patients)


def test_later_rows_are_the_adjusted_means_and_their_difference_is_the_answer(result):
    later = result.course[result.course["visit"] != "baseline"]
    for column in ("estimate", "ci_low", "ci_high", "n_patients"):
        assert later[column].to_numpy() == pytest.approx(result.means[column].to_numpy(), abs=0)
    at = later[later["visit"] == "month 3"].set_index("format")["estimate"]
    assert at["group"] - at["individual"] == pytest.approx(result.primary["estimate"], abs=1e-9)


def test_time_is_the_same_for_both_formats_and_rises(result):
    months = result.course.groupby("visit", observed=True)["month"].agg(["nunique", "first"])
    assert (months["nunique"] == 1).all()
    assert (np.diff(months["first"]) > 0).all()


def test_of_few_patients_a_public_study_shows_neither_n_nor_mean(result):
    few = replace(result, course=result.course.assign(n_patients=7))
    numbers = pd.DataFrame(columns=["population", "inside", "format", "n"])
    study = SimpleNamespace(visibility="public", is_simulated=False, populations=lambda: numbers)
    shown = release(few, study).course
    assert shown[["estimate", "n_patients"]].isna().all(axis=None)
