"""Terms that say the same, and covariances that no row speaks about."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.design.build import build_design
from kap_analysis.mixed.errors import MixedModelError


@pytest.fixture
def scores() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    patient = np.repeat(np.arange(12), 3)
    return pd.DataFrame(
        {
            "patient": patient,
            "visit": np.tile(["m1", "m2", "m3"], 12),
            "month": np.tile([1.0, 2.0, 3.0], 12),
            "day": np.tile([30.0, 61.0, 91.0], 12) + rng.normal(size=36),
            "format": np.where(patient < 6, "group", "individual"),
            "is_group": 1.0 * (patient < 6),
            "cohort": [f"c{i // 2}" if i < 6 else None for i in patient],
            "score": rng.normal(20, 6, 36),
            "row": np.arange(36),
        }
    )


def error_of(formula: str, data: pd.DataFrame, **keywords: object) -> str:
    with pytest.raises(MixedModelError) as caught:
        build_design(formula, data, **keywords)  # type: ignore[arg-type]
    return str(caught.value)


# Redundant pairs


@pytest.mark.parametrize(
    "bar",
    ["(1 | patient)", "(month | patient)", "(0 + month | patient)", "(1 | format:patient)", "(0 + visit | patient)"],
)
def test_an_unstructured_covariance_holds_what_depends_on_the_visit(scores, bar):
    grouping = bar.strip("()").split("| ")[1]
    assert error_of(f"score ~ visit + {bar} + us(visit | patient)", scores) == (
        f"{bar} and us(visit | patient) describe the same covariance within {grouping}: us holds it already. "
        "Take one of the two out."
    )


@pytest.mark.parametrize("structure", ["cs", "toep"])
def test_compound_symmetry_and_toeplitz_hold_a_patient_intercept(scores, structure):
    assert error_of(f"score ~ visit + (1 | patient) + {structure}(visit | patient)", scores) == (
        f"(1 | patient) and {structure}(visit | patient) describe the same covariance within patient: {structure} "
        "holds it already. Take one of the two out."
    )


def test_a_matrix_per_arm_holds_a_variance_of_one_arm(scores):
    assert error_of("score ~ visit + (0 + is_group | patient) + us(visit | format/patient)", scores) == (
        "(0 + is_group | patient) and us(visit | format/patient) describe the same covariance within patient: us "
        "holds it already. Take one of the two out."
    )


def test_cohorts_of_one_patient_say_no_more_than_the_patient(scores):
    alone = scores.assign(cohort=scores["patient"].where(scores["is_group"] == 1))
    assert error_of("score ~ visit + (0 + is_group | cohort) + us(visit | format/patient)", alone) == (
        "(0 + is_group | cohort) and us(visit | format/patient) describe the same covariance within cohort: us "
        "holds it already. Take one of the two out."
    )


@pytest.mark.parametrize(
    "formula",
    [
        "score ~ visit + (0 + is_group | cohort) + us(visit | format/patient)",
        "score ~ visit + (0 + is_group | patient) + us(visit | patient)",
        "score ~ visit + (0 + day | patient) + us(visit | patient)",
        "score ~ visit + (1 | patient) + ar1(visit | patient)",
        "score ~ month + (1 | patient) + exponential(month | patient)",
        "score ~ month + (month || patient) + (0 + is_group | cohort)",
        "score ~ month + (0 + is_group | row)",
    ],
)
def test_pairs_that_differ_are_admitted(scores, formula):
    assert build_design(formula, scores).bars


# Bars


def test_the_same_bar_twice(scores):
    assert error_of("score ~ month + (1 | patient) + (1|patient)", scores) == (
        "(1 | patient) stands twice in the formula. Keep it once."
    )
    assert error_of("score ~ month + (1 | patient) + (month | patient)", scores) == (
        "(1 | patient) and (month | patient) both hold (Intercept) of patient. Take it out of one of them: "
        "(0 + column | patient) has no intercept."
    )


def test_columns_of_a_bar_that_say_the_same(scores):
    assert error_of("score ~ month + (month + visit | patient)", scores) == (
        "(month + visit | patient) has columns that are 0 or a combination of those before them: visit[T.m3]. "
        "Their variances cannot be estimated; take these columns out."
    )


def test_two_groupings_that_are_one(scores):
    scores["person"] = "P" + scores["patient"].astype(str)
    assert error_of("score ~ month + (1 | patient) + (1 | person)", scores) == (
        "(1 | patient) and (1 | person) are the same term: patient and person group the rows alike. Keep one of them."
    )


def test_a_group_with_one_level(scores):
    assert error_of("score ~ month + (1 | practice)", scores.assign(practice="A")) == (
        "(1 | practice) has one group ('A') in the rows that are used; a variance between groups needs at least 2. "
        "Take the term out, or put practice into the fixed part."
    )
    assert error_of("score ~ month + (0 + nobody | cohort)", scores.assign(nobody=0)) == (
        "(0 + nobody | cohort) has no group in the rows that are used; a variance between groups needs at least 2. "
        "Take the term out, or put cohort into the fixed part."
    )


def test_a_continuous_group(scores):
    first = scores["day"].min()
    assert error_of("score ~ month + (1 | day)", scores) == (
        f"day is continuous (36 distinct values, such as {first:g}) and cannot be the grouping of (1 | day). "
        "Group by a column of labels, such as the patient."
    )
    assert error_of("score ~ month", scores, residual_by="day") == (
        f"day is continuous (36 distinct values, such as {first:g}) and cannot be the strata of residual_by. "
        "Take a column of few levels, such as the format."
    )


def test_a_group_per_row_is_the_residual(scores):
    assert error_of("score ~ month + (1 | row)", scores) == (
        "(1 | row) has one row in each of its 36 groups, so that it cannot be told from the residual variance. "
        "Take the term out."
    )
    assert error_of("score ~ month + (1 | row) + us(visit | patient)", scores) == (
        "(1 | row) has one row in each of its 36 groups, so that it cannot be told from us(visit | patient). "
        "Take the term out."
    )
    assert error_of("score ~ month + (0 + is_group | row)", scores, residual_by="format") == (
        "(0 + is_group | row) has one row in each of its 18 groups, so that it cannot be told from the residual "
        "variance. Take the term out."
    )


def test_a_group_per_row_beside_weights_is_a_meta_analysis(scores):
    weights = np.linspace(1, 2, 36)
    assert len(build_design("score ~ month + (1 | row)", scores, weights=weights).bars[0].levels) == 36


# Visits


def test_two_rows_for_one_patient_and_visit(scores):
    again = pd.concat([scores, scores.iloc[[0, 4, 8, 11]]])
    assert error_of("score ~ visit + us(visit | patient)", again) == (
        "us(visit | patient) needs one row per patient and visit, and 4 pairs have several: 0 (visit m1), 1 "
        "(visit m2), 2 (visit m3) and 1 more. Keep one row of each."
    )
    assert error_of("score ~ visit + exponential(month | patient)", pd.concat([scores, scores.iloc[[4]]])) == (
        "exponential(month | patient) needs one row per patient and month, and 1 pair has several: 1 (month 2). "
        "Keep one row of each."
    )


def days(n_patients, n_days, *, every=1):
    """Scores of patients on days, each patient beginning a day later than the one before where `every` is above 1."""
    rows = [(p, d) for p in range(n_patients) for d in range(p % every, n_days, every)]
    patient, day = np.array(rows).T
    return pd.DataFrame({"patient": patient, "day": day, "score": np.arange(len(rows)) % 7.0})


def test_days_that_are_taken_for_visits_are_refused_before_they_fill_the_memory():
    advice = "2 GB are allowed. Put days together to scheduled visits, or take exponential() in time."
    assert error_of("score ~ day + us(day | patient)", days(40, 75)) == (
        f"us(day | patient) has 75 visits, for which the fit would hold 185 GB; {advice}"
    )
    assert error_of("score ~ day + cs(day | patient)", days(40, 400)) == (
        f"cs(day | patient) has 400 visits, for which the fit would hold 103 GB; {advice}"
    )
    assert error_of("score ~ day + cs(day | patient)", days(40, 75, every=20)) == (
        f"cs(day | patient) has 75 visits, for which the fit would hold 3 GB; {advice}"
    )


def test_many_visits_of_few_patterns_are_fitted():
    assert build_design("score ~ day + cs(day | patient)", days(40, 75)).residual.structure.name == "cs"
    assert build_design("score ~ day + exponential(day | patient)", days(40, 400)).residual.structure.in_time
    assert build_design("score ~ day + us(day | patient)", days(700, 34)).residual.structure.name == "us"


def test_a_patient_in_two_strata(scores):
    scores.loc[[0, 35], "format"] = ["individual", "group"]
    assert error_of("score ~ visit + us(visit | format/patient)", scores) == (
        "us(visit | format/patient) needs each patient in one format, and 2 stand in several: 0, 11."
    )


def test_visits_that_no_patient_has_together(scores):
    apart = scores[
        ~((scores["visit"] == "m1") & (scores["patient"] > 3) | (scores["visit"] == "m3") & (scores["patient"] < 4))
    ]
    assert error_of("score ~ visit + us(visit | patient)", apart) == (
        "us(visit | patient) finds no patient with rows at visit m1 and m3, and their covariance cannot be estimated. "
        "Leave a visit out, or take a structure with fewer parameters, such as cs."
    )
    assert build_design("score ~ visit + csh(visit | patient)", apart).residual.structure.name == "csh"


def test_a_visit_that_an_arm_lacks(scores):
    late = scores[~((scores["visit"] == "m1") & (scores["format"] == "group"))]
    assert error_of("score ~ visit + csh(visit | format/patient)", late) == (
        "csh(visit | format/patient) finds no row of format 'group' at visit m1, and its variance cannot be estimated. "
        "Leave a visit out, or take a structure with fewer parameters, such as cs."
    )
