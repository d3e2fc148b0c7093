"""Change on every instrument of the plan, and the models behind results taken apart and checked."""

import re
from dataclasses import replace

import pytest

from kap_analysis.analysis.change.each_instrument import change_by_instrument
from kap_analysis.analysis.change.estimated_change import estimate_change
from kap_analysis.analysis.change.observed import paired_scores
from kap_analysis.analysis.change.trajectories import model_trajectories
from kap_analysis.analysis.comparison.comparison import compare_formats
from kap_analysis.analysis.model.plan_file import study_plan
from kap_analysis.analysis.model_check.diagnostics import diagnose_model
from kap_analysis.analysis.model_check.model_parts import describe_model
from kap_analysis.errors import AnalysisError
from kap_analysis.report.shipped import shipped_study
from kap_analysis.study.load import load_study


@pytest.fixture(scope="module")
def study():
    return load_study(shipped_study())


@pytest.fixture(scope="module")
def changes(study):
    return change_by_instrument(study)


def test_each_instrument_of_the_plan_stands_there_and_the_primary_first(study, changes):
    plan = study_plan(study)
    told = [*changes.change["instrument"].unique(), *changes.notes["instrument"]]
    assert set(told) == {plan.instrument, *plan.secondary}
    assert told[0] == plan.instrument


def test_the_numbers_are_those_of_the_instrument_alone(study, changes):
    outcomes = study.outcomes("HAM-A")
    alone = estimate_change(outcomes).change["estimate"].tolist()
    assert changes.change.loc[changes.change["instrument"] == "HAM-A", "estimate"].tolist() == alone
    paired = paired_scores(outcomes, changes.visit).change["mean_change"].item()
    assert changes.paired_change.set_index("instrument").loc["HAM-A", "mean_change"] == paired


@pytest.mark.parametrize(
    "estimate", [estimate_change, model_trajectories, lambda o: compare_formats(o, visit="month 3")]
)
def test_any_model_is_taken_apart_and_checked(study, estimate):
    result = estimate(study.outcomes())
    parts, checks = describe_model(result), diagnose_model(result)
    assert parts.coefficients["term"].iloc[0] == "Intercept"
    assert parts.about["n_observations"] == len(checks.residuals) == result.fit.nobs
    assert abs(checks.residuals["normalised"].std() - 1) < 0.05


def test_a_model_that_may_not_be_shown_says_why(study):
    hidden = replace(estimate_change(study.outcomes()), fit=None)
    for ask in (describe_model, diagnose_model):
        with pytest.raises(AnalysisError, match="which a public study of real patients does not show"):
            ask(hidden)


def test_of_few_patients_no_sentence_has_an_interval(study, changes):
    outcomes = study.outcomes()
    results = {
        "change": [changes, paired_scores(outcomes, changes.visit)],
        "effect_sizes": [replace(estimate_change(outcomes), change=changes.change.assign(n_patients=4))],
        "slopes": [model_trajectories(outcomes)],
    }
    for name, of_many in results.items():
        for result in of_many:
            few = replace(result, **{name: getattr(result, name).assign(n_patients=4)})
            assert re.search(r"95% intervals?:? .* to ", result.paragraph)
            assert "too few for an interval" in few.paragraph
            assert not re.search(
                r"(95% interval|\() ?−?[\d.]+ to −?\d", few.paragraph.split("There was no")[0].split("correlat")[0]
            )
