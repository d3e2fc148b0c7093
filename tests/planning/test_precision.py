"""`plan_next_study`: frames, the smallest design, sentences, and the same numbers for any number of workers."""

from dataclasses import replace

import pytest
from scipy.stats import t

from kap_analysis.analysis.model.ladder import FULL, choose_rungs
from kap_analysis.analysis.model.plan import Ladder
from kap_analysis.errors import KapError, PlanningError
from kap_analysis.planning.drawn_study import draw_study
from kap_analysis.planning.draws import analyse_draws
from kap_analysis.planning.precision import expected_rung, plan_next_study
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
        chance = number(100 * planned.precision["power"].iloc[0])
        assert f"the claim is false: {chance}% is no power but the chance of a wrong claim" in planned.paragraph


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
