"""What a planned study may be, how large its cohorts are, and how its scores vary."""

from dataclasses import replace

import numpy as np
import pytest

from kap_analysis.errors import PlanningError
from kap_analysis.planning.drawn_study import draw_study
from kap_analysis.planning.next_study import cohort_sizes, weibull_loss
from kap_analysis.planning.score_covariance import ScoreCovariance


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"cohorts": 1}, "whole number from 2 to 10,000 .with one cohort"),
        ({"cohorts": 2.5}, "cohorts is 2.5; give a whole number"),
        ({"individual": 0}, "individual is 0"),
        ({"cohort_size": 0.5}, "cohort_size is 0.5; give a number from 1 to 60"),
        ({"icc": 1.0}, "each cohort would count as one patient"),
        ({"icc": 0.9}, "raise visit_correlation"),
        ({"lost": {"group": (0.1, 0.2, 1.0)}}, "nothing can be compared"),
        ({"lost": {"group": (0.3, 0.2, 0.4)}}, "never falling"),
        ({"lost": {"mixed": (0.1, 0.2, 0.3)}}, "the formats are"),
        ({"lost": None}, "lost is None; give a dict of the shares lost"),
        ({"scores": None}, "scores is None; give a ScoreCovariance"),
        ({"visit": "month 9"}, "choose one of month 1, month 2, month 3"),
        ({"days": (30, 20, 91)}, "rising order"),
        ({"days": (30, 91)}, "2 days, 3 names"),
        ({"claim": "equivalence"}, "without a margin"),
        ({"margin": -1.0}, "number above 0"),
        ({"claim": "victory"}, "give one of superiority"),
        ({"alpha": 5}, "alpha is 5; give a number from 0.0001 to 0.2"),
        ({"alpha": 1e-300}, "alpha is 1e-300"),
        ({"alpha": 0.9}, "alpha is 0.9"),
        ({"margin": 3.0}, "claim is 'superiority', which has none"),
        ({"baseline_difference": 5000.0}, "no more than 10 SDs"),
        ({"baseline_difference": 100_000.0}, "from -10,000 to 10,000"),
        ({"individual": 100_000_000_000}, "from 2 to 100,000"),
        ({"cohort_size_sd": 50}, "cohort_size_sd is 50; give a number from 0 to 10"),
        ({"cohorts": "24"}, "cohorts is '24'"),
        ({"cohorts": True}, "cohorts is True"),
        ({"difference": float("nan")}, "difference is nan"),
        ({"visits": ("a", "a", "b"), "visit": "a"}, "Two visits are called 'a'"),
    ],
)
def test_a_study_that_cannot_be_is_one_sentence(study, fields, said):
    with pytest.raises(PlanningError, match=said):
        replace(study, **fields)


def test_cohorts_have_the_mean_size_asked_for():
    assert cohort_sizes(3.5, 0) == {3: 0.5, 4: 0.5}
    assert cohort_sizes(4, 0) == {4: 1.0}
    for mean, sd in ((3.5, 1.0), (2.0, 2.0), (12.0, 3.0)):
        sizes = cohort_sizes(mean, sd)
        assert sum(size * share for size, share in sizes.items()) == pytest.approx(mean, abs=1e-3)
        assert min(sizes) >= 1 and sum(sizes.values()) == pytest.approx(1.0)


def test_a_weibull_curve_ends_at_its_last_share():
    assert weibull_loss((30, 60, 90), by_last_visit=0.5)[-1] == pytest.approx(0.5)
    early, late = (weibull_loss((30, 60, 90), by_last_visit=0.5, shape=shape)[0] for shape in (0.5, 2.0))
    assert early > late
    with pytest.raises(PlanningError, match=r"shape is 0\.0; give a number from 0\.1 to 10"):
        weibull_loss((30, 60), by_last_visit=0.5, shape=0.0)


def test_correlations_that_cannot_hold_together_are_refused():
    with pytest.raises(PlanningError, match="cannot hold together"):
        ScoreCovariance.from_correlations((30, 60, 90), 9.0, visit_correlation=0.0, baseline_correlation=0.9)
    with pytest.raises(PlanningError, match="above -1 and below 1"):
        ScoreCovariance.from_correlations((30, 60), 9.0, visit_correlation=1.0)
    with pytest.raises(PlanningError, match="one for each of the 3 visits"):
        ScoreCovariance.from_correlations((30, 60, 90), [9.0, 8.0])
    for baseline_sd in (-9.5, 0):
        with pytest.raises(PlanningError, match=f"baseline_sd is {baseline_sd}; give a number from 0.001"):
            ScoreCovariance.from_correlations((30, 60), 9.0, baseline_sd=baseline_sd)
    with pytest.raises(PlanningError, match="symmetric matrix"):
        ScoreCovariance.from_matrix([[1.0, 0.2], [0.3, 1.0]])


def test_structures_say_how_correlations_fall_with_time():
    ar1 = ScoreCovariance.from_correlations((30, 60, 120), 1.0, visit_correlation=0.8, structure="ar1")
    assert ar1.matrix[1, 2:].tolist() == pytest.approx([0.8, 0.64])
    in_time = ScoreCovariance.from_correlations((30, 60, 120), 1.0, visit_correlation=0.8, structure="exponential")
    assert in_time.matrix[1, 2:].tolist() == pytest.approx([0.8, 0.8**3])


def test_a_line_per_patient_has_the_covariance_of_its_parts():
    line = ScoreCovariance.from_random_slope((30.4375, 60.875), intercept_sd=3, slope_sd=1, residual_sd=2)
    assert line.matrix.tolist() == pytest.approx(np.array([[13, 9, 9], [9, 14, 11], [9, 11, 17]]).astype(float))


def test_drawn_scores_have_the_covariance_of_the_design(study):
    """Of many patients: given the baseline, and with the cohort as a part of it."""
    many = replace(study, cohorts=6000, individual=20_000, lost={}, icc=0.2, difference=0.0)
    frame = draw_study(many, 1).model_frame.frame
    wide = frame.pivot(index="patient_id", columns="visit", values="score")
    baseline = frame.drop_duplicates("patient_id").set_index("patient_id")
    rest = wide - np.outer(baseline["baseline"].reindex(wide.index), many.scores.slopes)
    group = baseline["is_group"].reindex(wide.index) == 1
    for arm in (group, ~group):
        assert np.cov(rest[arm].T) == pytest.approx(many.scores.given_baseline, rel=0.05)
    means = rest[group].groupby(baseline["cohort_id"].reindex(wide.index)[group]).agg(["mean", "size"])["month 3"]
    within = many.within_cohorts[2, 2]
    expected = many.between_cohorts + within * (1 / means["size"]).mean()
    assert means["mean"].var() == pytest.approx(expected, rel=0.06)


def test_drawn_patients_are_lost_as_the_design_says(study):
    frame = draw_study(replace(study, cohorts=4000, individual=14_000), 2).model_frame.frame
    seen = frame.groupby(["format", "visit"], observed=True).size().unstack() / 14_000
    assert seen.loc["individual"].tolist() == pytest.approx([0.9, 0.8, 0.7], abs=0.015)
    assert seen.loc["group"].tolist() == pytest.approx([0.85, 0.7, 0.6], abs=0.015)


def test_losses_may_be_an_array(study):
    one = replace(study, lost={"group": np.array([0.1, 0.2, 0.3])})
    assert one == replace(study, lost={"group": (0.1, 0.2, 0.3)})
    assert one.scored("group") == pytest.approx(0.7 * 84)
