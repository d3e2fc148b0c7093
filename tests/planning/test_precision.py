"""`plan_next_study`: frames, the smallest design, sentences, and the same numbers for any number of workers."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from kap_analysis.analysis.model.ladder import FULL, choose_rungs
from kap_analysis.analysis.model.plan import Ladder
from kap_analysis.errors import KapError, PlanningError
from kap_analysis.figures.planning.planned_study import plot_planned_study
from kap_analysis.planning.drawn_study import draw_study
from kap_analysis.planning.draws import analyse_draws
from kap_analysis.planning.next_study import NextStudy
from kap_analysis.planning.precision import expected_rung, plan_next_study
from kap_analysis.planning.score_covariance import ScoreCovariance
from kap_analysis.planning.shared_design import allows_full
from kap_analysis.writing.numbers import number


@pytest.fixture(scope="module")
def planned(study):
    return plan_next_study(study, n_draws=4, target_width=5.0)


def test_both_ways_stand_beside_each_other(planned):
    precision = planned.precision
    assert precision["method"].tolist() == ["formula", "simulated", "formula", "formula"]
    assert precision["icc"].tolist() == [0.06, 0.06, 0.02, 0.12]
    assert precision.loc[precision["method"] == "formula", "power_mc_error"].isna().all()
    assert (precision.loc[precision["method"] == "simulated", "power_mc_error"] > 0).all()
    assert precision.loc[[2, 0, 3], "width"].is_monotonic_increasing


def test_the_smallest_design_reaches_its_target_and_one_cohort_less_does_not(study, planned):
    for _, row in planned.smallest.iterrows():
        assert row["reached"]
        for cohorts, reached in ((row["cohorts"], True), (row["cohorts"] - 1, False)):
            one = replace(study, cohorts=int(cohorts), individual=round(90 * cohorts / 24))
            found = plan_next_study(one, n_draws=0, iccs=(), target_power=None, vary={"icc": [0.06]}).precision.iloc[0]
            met = found["power"] >= row["value"] if row["target"] == "power" else found["width"] <= row["value"]
            assert met == reached


def test_a_target_out_of_reach_is_said_to_be(study):
    none = plan_next_study(replace(study, difference=0.0), n_draws=0)
    assert not none.smallest["reached"].any()
    assert "is not reached with up to 4,096 cohorts" in none.paragraph


def test_a_smaller_design_that_cannot_be_estimated_reaches_no_target_and_the_search_goes_on(study, scores):
    """The search met 2 cohorts of which 1 in 2 patients is lost, and refused the design it had begun from."""
    lost = {"individual": (0.3, 0.4, 0.5), "group": (0.3, 0.45, 0.6)}
    pairs = replace(study, cohorts=40, cohort_size=2, individual=60, lost=lost, difference=4.0)
    few = replace(pairs, cohorts=2, individual=3, cohort_size=1)
    with pytest.raises(PlanningError, match="This design cannot estimate"):
        plan_next_study(few, n_draws=0)
    planned = plan_next_study(pairs, n_draws=0, iccs=(), target_width=8.0, vary={"cohort_size": [1, 2]})
    alone = plan_next_study(pairs, n_draws=0, iccs=(), target_power=None, vary={"cohort_size": [2]})
    assert planned.precision.equals(alone.precision)
    assert planned.smallest["cohorts"].gt(2).all()
    assert planned.grid["width"].isna().tolist() == [True, False]


def test_what_cannot_be_judged_is_said_before_the_draws(study, monkeypatch):
    """The sentence came after minutes of drawing."""
    monkeypatch.setattr("kap_analysis.planning.precision.analyse_draws", lambda *_, **__: pytest.fail("drawn"))
    with pytest.raises(PlanningError, match="there are cohorts of 30 patients"):
        plan_next_study(study, vary={"cohort_size": [30]})
    with pytest.raises(PlanningError, match="This design cannot estimate"):
        plan_next_study(replace(study, cohort_size=1))


def test_one_more_cohort_buys_more_than_as_many_individual_patients(planned):
    saved = planned.exchange.set_index("added")["width_saved"]
    assert saved["one more cohort"] > saved["4 more individual patients"] > saved["one more individual patient"] > 0


def test_a_study_with_few_cohorts_tests_nothing_and_says_so(study):
    few = plan_next_study(replace(study, cohorts=4), n_draws=2, target_power=None)
    assert few.precision["power"].iloc[0] != few.precision["power"].iloc[0]
    assert few.precision.loc[1, "power"] == 0
    assert "descriptive and tests nothing" in few.paragraph
    assert few.smallest.empty


def test_the_counts_choose_the_model(study):
    rules = Ladder()
    assert expected_rung(study, rules) == "full"
    assert expected_rung(replace(study, individual=30), rules) == "compound"
    assert expected_rung(replace(study, individual=12), rules) == "descriptive"
    assert expected_rung(replace(study, cohorts=5, cohort_size=1), rules) == "descriptive"


@pytest.fixture
def small_tasks(monkeypatch):
    monkeypatch.setattr("kap_analysis.planning.draws.PER_TASK", 2)


@pytest.mark.slow
def test_any_number_of_workers_gives_the_same_numbers(study, small_tasks):
    one, two = (analyse_draws(study, 5, seed=9, ladder=Ladder(), workers=workers) for workers in (1, 2))
    assert one.equals(two)
    assert not one.equals(analyse_draws(study, 5, seed=10, ladder=Ladder()))


def test_progress_is_told(study, small_tasks):
    seen = []
    analyse_draws(study, 3, seed=9, ladder=Ladder(), progress=lambda *said: seen.append(said))
    assert seen == [(2, 3, "studies drawn"), (3, 3, "studies drawn")]


def test_the_sentences_hold_the_numbers_of_the_frames(planned):
    row = planned.precision.iloc[0]
    assert f"a power of {number(100 * row['power'])}% to show a difference" in planned.paragraph
    assert f"expected to be {row['width']:.1f} points wide" in planned.paragraph
    assert "two-sided alpha 0.05" in planned.paragraph
    assert "an SD of 9.5 points" in planned.methods and "40% in group format are lost before month 3" in planned.methods
    published = planned.assumptions.set_index("assumption")["source"]
    assert published.iloc[0].startswith("published: mean of 37 studies")
    assert (published.iloc[1:] == "assumed").all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"vary": {"cohort": [1]}}, "one or two of cohorts"),
        ({"vary": [1]}, "vary is .*; give a dict of one or two fields"),
        ({"vary": {"cohorts": []}}, "vary cohorts is an empty list"),
        ({"vary": {"icc": [1.5]}}, "vary icc has 1.5; give a number from 0 to below 1"),
        ({"target_power": 80}, "target_power is 80; give a number from 0.1"),
        ({"n_draws": -1}, "n_draws is -1; give a whole number from 0"),
        ({"iccs": (-0.2,)}, "iccs has -0.2"),
        ({"seed": -1}, "seed is -1; give a whole number from 0"),
        ({"workers": 0}, "workers is 0; give a whole number from 1"),
    ],
)
def test_what_cannot_be_computed_is_one_sentence(study, options, said):
    with pytest.raises(KapError, match=said):
        plan_next_study(study, **{"n_draws": 0, **options})


def test_drawn_studies_that_are_fitted_together_are_those_that_the_ladder_gives_the_full_model(study):
    near = replace(study, cohorts=14, individual=46)
    ladder, told = Ladder(), []
    for seed in range(40):
        drawn = draw_study(near, seed)
        told.append(allows_full(drawn, near, ladder))
        assert told[-1] == (choose_rungs(drawn.model_frame, near.visit, ladder)[0].name == FULL), seed
    assert 0 < sum(told) < len(told)


def test_what_was_given_is_written_as_it_was_given(study):
    one = replace(study, alpha=0.025, icc=0.025, lost={"group": (0.0, 0.05, 0.125), "individual": (0.1, 0.2, 0.2999)})
    planned = plan_next_study(one, iccs=(), n_draws=0, target_power=0.825)
    assert "The 97.5% interval of the difference" in planned.paragraph
    assert "For a power of 82.5%" in planned.paragraph
    assert "cohorts account for 2.5% of the variance" in planned.methods
    assert "30% in individual format and 12.5% in group format" in planned.methods


def plan(study, **fields):
    return plan_next_study(replace(study, **fields), iccs=(0.02,), n_draws=0, target_power=None)


def test_paragraph_and_table_print_the_same_digits_of_a_power(study):
    planned = plan(study)
    for power in planned.precision["power"]:
        assert f"{number(100 * power)}%" in planned.paragraph


def test_the_sign_of_the_difference_is_said(study):
    said = plan(study, difference=-3.0).paragraph
    assert "if the true difference is −3.0 points, group minus individual" in said


def test_a_claim_that_is_false_has_no_power(study):
    for claim, margin, difference in (("non-inferiority", 3.0, 3.0), ("equivalence", 2.0, -3.0)):
        planned = plan(study, claim=claim, margin=margin, difference=difference)
        assert "has a power" not in planned.paragraph and "the power is" not in planned.paragraph
        power = planned.precision["power"].iloc[0]
        chance = "less than 0.1%" if power < 0.0005 else f"{number(100 * power)}%"
        assert f"the claim is false: {chance} is no power but the chance of a wrong claim" in planned.paragraph


def test_every_width_says_of_which_interval_it_is(study):
    planned = plan(study, claim="equivalence", margin=5.0, difference=0.0)
    row = planned.precision.iloc[0]
    narrower = row["width"] * t.ppf(0.95, row["df"]) / t.ppf(0.975, row["df"])
    assert f"The 95% interval of the difference is expected to be {number(row['width'])} points" in planned.paragraph
    assert f"decided by the 90% interval, which is expected to be {number(narrower)} points" in planned.paragraph
    assert (planned.precision["level"] == 0.95).all()


def test_the_largest_design_is_searched_and_drawn_within_its_range(study):
    planned = plan_next_study(replace(study, individual=100_000), iccs=(), n_draws=0, target_width=0.001)
    assert planned.grid["individual"].max() == 100_000
    assert planned.smallest["individual"].max() <= 100_000
    assert planned.exchange["width"].isna().tolist() == [False, True, True, False]


def at_the_limit(**fields):
    """Seven cohorts of 3.5: as often 24 patients in groups, with whom the model is simpler, as 25."""
    scores = ScoreCovariance.from_correlations((30, 61, 91), (6.0, 6.0, 14.0))
    visits = ("month 1", "month 2", "month 3")
    one = {"cohorts": 7, "individual": 26, "icc": 0.02, "difference": 6.0} | fields
    return NextStudy(scores=scores, days=(30, 61, 91), visits=visits, visit="month 3", **one)


def test_the_smallest_design_is_the_first_of_all_that_reaches_the_target_where_the_model_changes():
    """Doubling and halving stepped over the smaller design, and told 9 cohorts where 7 are enough."""
    study = at_the_limit(difference=8.0)
    found = plan_next_study(study, iccs=(), n_draws=0, target_power=0.8, target_width=10.0).smallest
    sizes = pd.DataFrame(
        [
            plan_next_study(replace(study, cohorts=n, individual=round(26 * n / 7)), iccs=(), n_draws=0,
                            target_power=None, vary={"icc": [0.02]}).grid.iloc[0]
            for n in range(2, 13)
        ],
        index=range(2, 13),
    )  # fmt: skip
    assert found["cohorts"].tolist() == [sizes.index[sizes["power"] >= 0.8][0], sizes.index[sizes["width"] <= 10.0][0]]
    assert not sizes["width"].is_monotonic_decreasing


def test_a_design_near_the_limit_of_a_model_says_so_before_its_numbers():
    planned = plan_next_study(at_the_limit(), iccs=(), n_draws=2, target_power=None)
    said = planned.paragraph
    assert planned.precision["rung_share"].iloc[0] == pytest.approx(0.5, abs=0.05)
    assert "What follows is for the compound model. It has a power" in said
    assert said.index("near the limit of another model") < said.index("Of 2 simulated") < said.index("has a power")
    assert "one more cohort the 95% interval is expected to be 3.78 points wider" in said
    assert "With one more cohort the counts give the full model." in said


def test_a_model_that_cannot_have_the_assumed_covariance_says_what_follows():
    said = plan_next_study(at_the_limit(cohorts=6, individual=22), iccs=(), n_draws=0, target_power=None)
    row = said.precision.iloc[0]
    assert row["type_1_error"] > 0.1
    assert f"its standard error is {number(100 * row['std_error'] / row['estimate_sd'])}% of the SD" in said.paragraph
    assert f"it finds a difference in {number(100 * row['type_1_error'])}% of them" in said.paragraph
    assert "judged for the compound model, which the expected counts allow" in said.methods
    assert "unstructured" not in said.methods


def test_the_methods_name_the_model_that_was_used(study, single):
    assert "an unstructured covariance per format" in plan(study).methods
    alone = plan(single).methods
    assert "a residual variance per format" in alone and "by visit" not in alone and "repeated" not in alone
    few = plan(study, cohorts=4).methods
    assert "judged for the descriptive model" in few and "It tests nothing." in few


def test_the_sentences_name_what_moves_the_numbers(study, scores):
    other = ScoreCovariance.from_correlations((30, 61, 91), 9.5, baseline_sd=6.0)
    one = replace(study, scores=other, baseline_difference=-5.0, lost={"group": np.array([0.1, 0.2, 0.3])})
    planned = plan_next_study(one, n_draws=0)
    for text in (planned.paragraph, planned.methods):
        assert "Groups are assumed to start 5.0 points lower." in text
    for words in (
        "(6 at baseline)",
        "nobody in individual format and 30% in group format are lost before month 3",
        "to show a difference between the formats if the true difference is 3.0 points",
        "two-sided alpha 0.05",
        "With 24 cohorts of 3.5 patients on average and 90 patients in individual format",
        "For a power of 80%",
    ):
        assert words in planned.methods, words
    assert planned.assumptions.set_index("assumption").at["SD of the baseline scores (points)", "value"] == "6"


def test_a_power_of_nearly_all_is_not_written_as_all(study):
    said = plan(study, difference=20.0).paragraph
    assert "a power of more than 99.9% to show" in said and "100.0%" not in said


def test_the_side_of_a_better_difference_is_said(study):
    planned = plan(study, claim="non-inferiority", margin=4.0, difference=6.0, higher_is_better=True)
    assert "6.0 points, group minus individual, so that group format is better" in planned.paragraph
    assert "is better" not in plan(study, claim="non-inferiority", margin=4.0, difference=1.0).paragraph


def test_a_further_icc_that_nobody_chose_is_left_out_where_the_design_cannot_have_it(study):
    scores = ScoreCovariance.from_correlations((30, 61, 91), (5.0, 10.0, 15.0), baseline_sd=8.0)
    planned = plan_next_study(replace(study, scores=scores), n_draws=0, target_power=None)
    assert planned.precision["icc"].tolist() == [0.06, 0.02]
    assert planned.assumptions.set_index("assumption").at["ICC of 0.12", "value"] == "not shown"
    with pytest.raises(PlanningError, match=r"iccs: icc is 0.13"):
        plan_next_study(replace(study, scores=scores), iccs=(0.13,), n_draws=0)


def test_a_remedy_is_one_that_helps(study):
    with pytest.raises(PlanningError, match=r"each cohort has one patient. Give a cohort_size above 1"):
        plan_next_study(replace(study, cohort_size=1), n_draws=0)
    with pytest.raises(PlanningError, match=r"With cohort_size 40 there are .* up to 20 patients, or fewer visits"):
        plan_next_study(replace(study, cohort_size=40), n_draws=0)


def test_one_patient_is_not_written_as_several(study):
    planned = plan(study, cohort_size=1.25, cohorts=40)
    assert planned.exchange["added"].tolist() == [
        "one more cohort", "one more individual patient", "one more patient per cohort",
    ]  # fmt: skip
    assert "with one more individual patient" in planned.paragraph


def test_a_grid_over_a_change_of_the_model_is_drawn():
    planned = plan_next_study(at_the_limit(), iccs=(), n_draws=0, target_power=None)
    assert planned.grid.columns.tolist() == ["cohorts", "individual", "power", "width"]
    assert plot_planned_study(grid=planned.grid).axes


def test_a_description_near_the_limit_of_a_test_tells_what_was_drawn(study):
    said = plan_next_study(replace(study, cohort_size=1.2, lost={}), iccs=(), n_draws=2, target_power=None).paragraph
    assert said.index("near the limit") < said.index("Of 2 simulated") < said.index("is for the descriptive model")
