"""Growth curves: exact lines come back; two slopes only where the data can tell them apart; nothing is tested."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.analysis.change.session_scores import CAPTION, scores_by_session
from kap_analysis.analysis.change.trajectories import AFTER, DURING, THROUGHOUT, model_trajectories
from kap_analysis.analysis.comparison.comparison import compare_formats
from kap_analysis.analysis.visits import NO_CONTROL
from kap_analysis.columns import DAYS_PER_MONTH
from kap_analysis.errors import AnalysisError
from kap_analysis.study.load import load_study
from tests.analysis.trials import as_outcomes, btheb, made_up_scores
from tests.places import SHIPPED_STUDY

STUDY = SHIPPED_STUDY
MONTHS = (0, 1, 2, 3, 6)
VISITS = tuple(f"month {month}" for month in MONTHS[1:])


def lines(early, late, months=MONTHS, noise=0.5, n=24):
    """Patients on a bent line per format, with small noise of their own."""
    rng, rows = np.random.default_rng(3), []
    for patient in range(2 * n):
        arm = "group" if patient % 2 else "individual"
        start, own = 30 + 3 * rng.standard_normal(), 0.5 * rng.standard_normal()
        for month in months:
            score = start + (early[arm] + own) * min(month, 2) + late[arm] * max(month - 2, 0)
            rows.append(
                {
                    "patient_id": f"P{patient:02d}",
                    "format": arm,
                    "cohort_id": f"G{patient // 6}" if patient % 2 else None,
                    "visit": f"month {month}" if month else "baseline",
                    "day": month * DAYS_PER_MONTH,
                    "score": score + noise * rng.standard_normal(),
                }
            )
    return as_outcomes(pd.DataFrame(rows), visits=[f"month {month}" for month in months if month])


EARLY, LATE = {"individual": -5.0, "group": -4.0}, {"individual": 0.5, "group": 0.25}


@pytest.fixture(scope="module")
def bent():
    return model_trajectories(lines(EARLY, LATE))


def test_the_slopes_come_back(bent):
    slopes = bent.slopes.set_index(["format", "phase"])["estimate"]
    for arm in ("individual", "group"):
        assert slopes[(arm, DURING)] == pytest.approx(EARLY[arm], abs=0.3)
        assert slopes[(arm, AFTER)] == pytest.approx(LATE[arm], abs=0.1)
    between = slopes[("group - individual", DURING)]
    assert between == pytest.approx(slopes[("group", DURING)] - slopes[("individual", DURING)])


def test_curves_pass_through_the_slopes(bent):
    curve = bent.curves[bent.curves["format"] == "group"].set_index("month")["estimate"]
    slopes = bent.slopes.set_index(["format", "phase"])["estimate"]
    assert curve[2.0] - curve[0.0] == pytest.approx(2 * slopes[("group", DURING)])
    assert curve[6.0] - curve[2.0] == pytest.approx(4 * slopes[("group", AFTER)])


def test_patient_curves_follow_the_patient(bent):
    spread = (bent.patients["score"] - bent.patients["fitted"]).std()
    across = bent.patients.groupby("month")["score"].std().mean()
    assert spread < 0.3 * across and len(bent.patients) == 48 * len(MONTHS)


def test_nothing_is_tested_and_what_must_stand_beside_stands_there(bent):
    assert bent.slopes["p_value"].isna().all() and bent.curves["p_value"].isna().all()
    text = bent.paragraph
    assert " p = " not in text and "p < " not in text and NO_CONTROL in text
    assert "those in groups had started" in text and "regression to the mean" in text


def test_the_sentence_beside_agrees_with_the_comparison():
    outcomes = as_outcomes(made_up_scores())
    beside = model_trajectories(outcomes).beside.iloc[0]
    assert beside["estimate"] == pytest.approx(compare_formats(outcomes, visit="month 3").primary["estimate"])


def test_without_scores_on_both_sides_of_the_bend_there_is_one_line():
    flat = {"individual": -3.0, "group": -2.0}
    only_late = model_trajectories(lines(flat, flat, months=(0, 3, 6)))
    assert only_late.slopes["phase"].unique().tolist() == [THROUGHOUT]
    slopes = only_late.slopes.set_index("format")["estimate"]
    assert slopes["individual"] == pytest.approx(-3.0, abs=0.3) and slopes["group"] == pytest.approx(-2.0, abs=0.3)
    only_early = model_trajectories(lines(EARLY, LATE, months=(0, 1, 2)))
    assert only_early.slopes["phase"].unique().tolist() == [THROUGHOUT]
    assert only_early.slopes.set_index("format")["estimate"]["group"] == pytest.approx(-4.0, abs=0.3)


def test_the_latent_correlation_has_a_profile_interval():
    study = load_study(STUDY)
    result = model_trajectories(study.outcomes())
    row, theta = result.latent.iloc[0], result.fit.theta
    names = ["var((Intercept) | patient_id)", "cov((Intercept), early | patient_id)", "var(early | patient_id)"]
    by_hand = theta[names[1]] / np.sqrt(theta[names[0]] * theta[names[2]])
    assert row["correlation"] == pytest.approx(by_hand)
    assert -1 <= row["ci_low"] < row["correlation"] < row["ci_high"] <= 1
    fisher = np.tanh(np.arctanh(by_hand) + 1.96 / np.sqrt(176))  # as if slopes had been observed: too narrow
    assert row["ci_high"] > fisher


def test_one_format_has_its_curve_and_no_difference():
    result = model_trajectories(as_outcomes(made_up_scores(cohorts=0)))
    assert result.slopes["format"].unique().tolist() == ["individual"]
    assert result.beside.empty and "differ by" not in result.paragraph


def test_the_real_trial_keeps_its_own_visits():
    result = model_trajectories(btheb())
    assert result.model["n_patients"].iloc[0] == 100 and result.curves["month"].max() == pytest.approx(8.0, abs=0.25)


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        (made_up_scores(individual=1, cohorts=0), "Found BDI-II of one patient; a growth model needs two or more."),
        (made_up_scores().query("visit == 'baseline'"), "BDI-II was scored at fewer than two points in time"),
        (made_up_scores().assign(score=20.0), "BDI-II over time cannot be modelled: The response score is 20"),
    ],
    ids=["one patient", "one visit", "constant"],
)
def test_bad_input_is_refused_in_words(scores, said):
    with pytest.raises(AnalysisError) as error:
        model_trajectories(as_outcomes(scores))
    assert str(error.value).startswith(said)


def test_scores_by_session_say_that_the_line_is_left():
    study = load_study(STUDY)
    result = scores_by_session(study)
    first = result.means[result.means["format"] == "group"].iloc[0]
    lines_of = result.patients[
        (result.patients["format"] == "group") & (result.patients["session_number"] == first["session_number"])
    ]
    assert (first["n_patients"], first["mean"]) == (len(lines_of), pytest.approx(lines_of["score"].mean()))
    assert CAPTION in str(result) and NO_CONTROL in str(result) and "those in groups had started" in str(result)
    with pytest.raises(AnalysisError, match="No PCL-5 was answered before a ketamine session"):
        scores_by_session(study, "PCL-5")


def test_a_slope_that_the_scores_of_a_format_do_not_tell_is_not_given():
    """A format scored at baseline and month 3 alone had the late slope of the other, and a difference of 0.000."""
    scores = made_up_scores(individual=40)
    seen = (scores["visit"].isin(["baseline", "month 3"])) | (scores["format"] == "individual")
    result = model_trajectories(as_outcomes(scores[seen]))
    slopes = result.slopes.set_index(["format", "phase"])["estimate"]
    assert slopes["individual"].notna().all()
    assert slopes["group"].isna().all()
    assert slopes["group - individual"].isna().all()
    assert "No slope of BDI-II is given in months 0 to 2 in group format and from month 2 on in group format" in str(
        result
    )
