"""The expected standard error and df: closed forms, the engine's own numbers, and drawn studies."""

from dataclasses import replace

import numpy as np
import pytest

from kap_analysis.analysis.model.ladder import COMPOUND, FULL
from kap_analysis.analysis.model.plan import Ladder
from kap_analysis.errors import PlanningError
from kap_analysis.mixed.model import mixedlm
from kap_analysis.planning.decision import claim_is_shown, decide
from kap_analysis.planning.drawn_study import draw_study
from kap_analysis.planning.draws import analyse_draws
from kap_analysis.planning.expected_information import expect
from kap_analysis.planning.next_study import NextStudy
from kap_analysis.planning.score_covariance import ScoreCovariance


def test_one_visit_without_loss_has_the_error_of_two_samples_of_means(single):
    variance = 9.5**2
    between = single.icc * variance
    individual, group = variance / 50, (between + (variance - between) / 4) / 12
    assert expect(single, FULL).std_error == pytest.approx(np.sqrt(individual + group), rel=1e-12)


def test_the_df_of_many_patients_are_those_of_welch(single):
    """The baseline takes a little of the df; of 50 times as many patients it takes nothing that shows."""
    many = replace(single, cohorts=600, individual=2500)
    variance = 9.5**2
    between = many.icc * variance
    individual, group = variance / 2500, (between + (variance - between) / 4) / 600
    welch = (individual + group) ** 2 / (individual**2 / 2499 + group**2 / 599)
    assert expect(many, FULL).df == pytest.approx(welch, rel=1e-3)


def test_a_design_without_loss_has_the_numbers_that_the_engine_gives_at_its_own_estimates(single):
    """The engine's information is that of the estimates and of the baselines drawn; both are put into the design."""
    model = draw_study(replace(single, cohorts=400, individual=1500), 3).model_frame
    formula = "score ~ format + baseline + (0 + is_group | cohort_id)"
    fit = mixedlm(formula, model.frame, residual_by="format").fit(ddf="satterthwaite")
    row = fit.coefficients().set_index("term").loc["format[T.group]"]
    between = float(fit.variance_components["variance"].iloc[0])
    within = fit.residual.set_index("stratum")["variance"]
    assert within["individual"] == pytest.approx(within["group"] + between, rel=0.1)
    drawn = expect(replace(single, cohorts=400, individual=1500), FULL)
    assert drawn.std_error == pytest.approx(row["std_error"], rel=0.05)
    assert drawn.df == pytest.approx(row["df"], rel=0.15)


def drawn_as_planned(study):
    """A study without loss whose baselines have the moments that the formula takes, also of pairs in a cohort."""
    drawn = draw_study(study, 3)
    odd = np.tile([1.0, 1, 1, -1, -1, -1, -1, 1], study.cohorts // 2)  # pairs within a cohort are unrelated on average
    sign = np.concatenate([odd, np.tile([1.0, -1.0], study.individual // 2)])
    baseline = study.scores.baseline_sd * sign + study.baseline_difference * drawn.is_group
    return replace(drawn, baseline=baseline).model_frame.frame


@pytest.mark.parametrize("ddf", ["satterthwaite", "kenward-roger"])
def test_the_formula_is_what_the_engine_expects_of_the_same_rows(study, ddf):
    one = replace(study, lost={}, cohort_size=4, ddf=ddf, baseline_difference=-5.0)
    formula = "score ~ visit*(format + baseline) + (0 + is_group | cohort_id) + us(visit | format/patient_id)"
    model = mixedlm(formula, drawn_as_planned(one))
    below = np.tril_indices(3)
    values = [one.between_cohorts, *one.scores.given_baseline[below], *one.within_cohorts[below]]
    at_month_3 = ("format[T.group]", "visit[T.month 3]:format[T.group]")
    contrast = [float(name in at_month_3) for name in model.design.fixed.names]
    found = model.expected(dict(zip(model.parameters.names, values, strict=True)), contrast, ddf).iloc[0]
    known = expect(one, FULL)
    assert found["std_error"] == pytest.approx(known.std_error, rel=1e-9)
    assert found["df"] == pytest.approx(known.df, rel=1e-9)


def test_kenward_and_roger_widen_the_error_and_leave_the_df(study):
    adjusted, plain = expect(study, FULL), expect(replace(study, ddf="satterthwaite"), FULL)
    assert plain.std_error == plain.unadjusted == adjusted.unadjusted
    assert 1 < adjusted.std_error / plain.std_error < 1.02
    assert adjusted.df == plain.df


def test_what_makes_a_study_better_makes_the_error_smaller(study):
    now = expect(study, FULL).std_error
    for better in (
        {"cohorts": 30}, {"individual": 120}, {"cohort_size": 4.5}, {"icc": 0.01}, {"lost": {}},
    ):  # fmt: skip
        assert expect(replace(study, **better), FULL).std_error < now, better
    assert expect(replace(study, baseline_difference=-5.0), FULL).std_error > now


def test_the_simpler_model_has_fewer_parameters_and_more_df(study):
    assert expect(study, COMPOUND).df > expect(study, FULL).df


def test_a_cohort_too_large_to_average_over_is_refused(study):
    with pytest.raises(PlanningError, match=r"cohorts of 40 patients.*plan cohorts of up to 20 patients"):
        expect(replace(study, cohort_size=40), FULL)


@pytest.mark.slow
@pytest.mark.parametrize("icc", [0.06, 0.2])
def test_drawn_studies_agree_with_the_formula(study, icc):
    """Within three Monte Carlo standard errors of 200 studies, and 1% for what the formula leaves out."""
    one = replace(study, icc=icc)
    found, drawn = expect(one, FULL), analyse_draws(one, 200, seed=5, ladder=Ladder(), workers=2)
    assert (drawn["rung"] == FULL).all()
    error = drawn["std_error"]
    assert abs(error.mean() - found.std_error) < 3 * error.std() / np.sqrt(200) + 0.01 * found.std_error
    spread = drawn["estimate"].std() / np.sqrt(2 * 199)
    assert abs(drawn["estimate"].std() - found.unadjusted) < 3 * spread
    assert abs(drawn["estimate"].mean() - 3.0) < 3 * found.std_error / np.sqrt(200)


def a_compound_design(sds, **fields):
    """The counts allow one variance for all visits, and the visits have different ones."""
    scores = ScoreCovariance.from_correlations((30, 61, 91), sds, visit_correlation=0.7, baseline_correlation=0.5)
    few = {"cohorts": 6, "individual": 22, "icc": 0.02, "difference": 6.0} | fields
    visits = ("month 1", "month 2", "month 3")
    return NextStudy(scores=scores, days=(30, 61, 91), visits=visits, visit="month 3", **few)


def test_without_loss_the_estimate_has_the_sd_that_the_planned_covariance_gives_it():
    """All visits are seen, so the difference at one visit depends on the scores at that visit alone."""
    study = a_compound_design((6.0, 6.0, 14.0), cohort_size=4)
    own = expect(study, FULL).unadjusted
    found = expect(study, COMPOUND)
    assert found.sd * found.unadjusted / found.std_error == pytest.approx(own, rel=0.01)
    assert found.unadjusted < 0.75 * own


def test_a_model_that_can_have_the_planned_covariance_has_its_own_standard_error(study):
    for rung in (FULL, COMPOUND):
        found = expect(study, rung)
        assert found.sd == pytest.approx(found.std_error, rel=1e-9)


@pytest.mark.parametrize("sds", [(6.0, 8.0, 14.0), (14.0, 11.0, 6.0)])
def test_the_expected_parameters_of_a_simpler_model_are_those_that_its_fits_find(sds):
    lost = {"individual": (0.1, 0.2, 0.3), "group": (0.1, 0.2, 0.3)}
    study = a_compound_design(sds, cohorts=8, individual=24, icc=0.06, lost=lost)
    found, drawn = expect(study, COMPOUND), analyse_draws(study, 60, seed=3, ladder=Ladder())
    assert (drawn["rung"] == COMPOUND).all()
    assert drawn["std_error"].mean() == pytest.approx(found.std_error, rel=0.08)
    assert drawn["estimate"].std() == pytest.approx(found.sd, rel=0.3)
    power = claim_is_shown(study, drawn["estimate"], drawn["std_error"], drawn["df"]).mean()
    assert decide(study, found.std_error, found.df, found.sd).power == pytest.approx(power, abs=0.15)
