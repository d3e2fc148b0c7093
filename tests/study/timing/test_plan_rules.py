"""What is asked of a study goes by the rules of its plan, unless another rule is named."""

from dataclasses import replace

import pandas as pd
import pytest

import kap_analysis as kap
from kap_analysis.analysis.model.plan import plan_to_toml
from kap_analysis.analysis.patients.scores_due import count_due
from kap_analysis.errors import StudyError
from kap_analysis.study.timing.plan_rules import Rules, rules_of_plan

RULES = '[rules]\nformat_rule = "majority"\ncohort_rule = "majority"\n'
#: Every question that tells formats of a study's patients and takes no plan.
QUESTIONS = {
    "participant_flow": kap.participant_flow,
    "describe_exposure": kap.describe_exposure,
    "describe_positivity": kap.describe_positivity,
    "count_intercurrent_events": kap.count_intercurrent_events,
    "target_change": kap.target_change,
    "durability": kap.durability,
    "review_safety": kap.review_safety,
    "scores_by_session": kap.scores_by_session,
}


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn") / "study"
    kap.write_study(kap.simulate_study(70, seed=4), folder)
    return kap.load_study(folder)


@pytest.fixture(scope="module")
def planned(bare, tmp_path_factory):
    """The same study, in a folder with a plan."""
    folder = tmp_path_factory.mktemp("planned")
    whole = replace(kap.study_plan(bare), format_rule="majority", cohort_rule="majority")
    (folder / "plan.toml").write_text(plan_to_toml(whole), encoding="utf-8")
    return replace(bare, path=folder)


def frames_of(result):
    return {name: value for name, value in vars(result).items() if isinstance(value, pd.DataFrame)}


def same(one, other):
    return all(frame.equals(frames_of(other)[name]) for name, frame in frames_of(one).items())


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_a_question_goes_by_the_rule_of_the_plan(question, bare, planned):
    found = question(planned)
    assert same(found, question(bare, format_rule="majority"))
    assert same(question(planned, format_rule="planned"), question(bare))
    assert not same(found, question(bare))  # otherwise nothing is tested


def test_who_names_no_rule_gets_that_of_the_plan(bare, planned):
    majority = bare.at_time_zero(format_rule="majority", cohort_rule="majority")
    assert planned.at_time_zero().equals(majority)
    assert not bare.at_time_zero().equals(majority)
    assert planned.outcomes().frame.equals(bare.outcomes(format_rule="majority", cohort_rule="majority").frame)
    counts = majority.loc[majority["started"], "format"].astype(str).value_counts().to_dict()
    described = kap.baseline_characteristics(planned).characteristics.drop_duplicates("format").set_index("format")
    assert described.drop(index="all")["n_patients"].to_dict() == counts


def test_scores_due_go_by_both_rules_of_a_plan(bare):
    """The cohort rule was left out: the covariates of who is missing had the cohorts of another rule."""
    plan = replace(kap.study_plan(bare), cohort_rule="majority")
    ours = count_due(bare, plan.instrument, plan).outcomes.frame
    assert ours.equals(bare.outcomes(visits="all", population="started", cohort_rule="majority").frame)


def test_without_a_plan_the_planned_format_and_the_first_cohort_count(tmp_path):
    assert rules_of_plan(None) == rules_of_plan(tmp_path) == Rules("planned", "first")
    (tmp_path / "plan.toml").write_text('[primary]\ninstrument = "PHQ-9"\n', encoding="utf-8")
    assert rules_of_plan(tmp_path) == Rules()
    (tmp_path / "plan.toml").write_text(RULES, encoding="utf-8")
    assert rules_of_plan(tmp_path) == Rules("majority", "majority")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[rules", "plan.toml cannot be read"),
        ('[rules]\nformat_rule = "last"', "Found format_rule = 'last' in plan.toml; expected one of planned, first"),
        ('rules = "majority"', "plan.toml has rules = 'majority'; expected a table [rules]."),
        (
            '[rules]\nformat_rul = "majority"',
            'plan.toml, table [rules], has the unknown key "format_rul"; expected format_rule and cohort_rule.',
        ),
        ("[rules]\ncohort_rule = 3", "Found cohort_rule = 3 in plan.toml; expected one of first, majority"),
    ],
)
def test_a_plan_that_cannot_be_read_is_named(text, said, tmp_path):
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        rules_of_plan(tmp_path)
    assert str(caught.value).startswith(said)
