"""Covariates that were not recorded: practices that exchange sums have the expected values of their pooled rows."""

from dataclasses import replace

import numpy as np
import pytest

import kap_analysis as kap
from kap_analysis.analysis.model.missing_covariates import EVERYTHING, FEW, KNOWN, MEAN
from kap_analysis.analysis.model.primary_model import fit_primary, format_estimates
from kap_analysis.errors import AnalysisError
from kap_analysis.pooling.filled_covariates import needed_regressions

#: Equal to pooled rows, in standard errors.
CLOSE = 1e-8


@pytest.fixture(scope="module")
def patients(few_visits):
    return few_visits.frame.drop_duplicates("patient_id")


def without(outcomes, **gone):
    """Outcomes in which these patients lack these covariates."""
    frame = outcomes.frame
    lost = {name: frame[name].where(~frame["patient_id"].isin(set(ids))) for name, ids in gone.items()}
    return replace(outcomes, frame=frame.assign(**lost))


def some(patients, share, seed):
    return patients["patient_id"].sample(frac=share, random_state=seed)


def assert_equal_to_pooled(outcomes, plan):
    found = kap.pool_practices(outcomes, plan=plan, two_stage=False)
    model, rung, fit, _ = fit_primary(outcomes, plan, plan.visit)
    rows = format_estimates(fit, model, plan.visit, rung)[1]
    own = fit.coefficients().set_index("term").loc[found.coefficients["term"]].reset_index()
    for mine, theirs in ((found.contrasts, rows), (found.coefficients, own)):
        apart = (mine["estimate"].to_numpy() - theirs["estimate"].to_numpy()) / theirs["std_error"].to_numpy()
        assert np.abs(apart).max() < CLOSE
        assert np.abs(mine["std_error"].to_numpy() / theirs["std_error"].to_numpy() - 1).max() < CLOSE
    return found


def test_a_number_and_a_category_that_some_lack(few_visits, few_covariates, patients):
    outcomes = without(few_visits, age=some(patients, 0.2, 1), sex=some(patients, 0.3, 2))
    found = assert_equal_to_pooled(outcomes, few_covariates)
    assert "sex_is_male" in set(found.coefficients["term"])
    told = (
        "was not recorded for everybody: the expected value given format, baseline and the other covariates was used."
    )
    assert {f"Age {told}", f"Sex {told}"} <= set(found.notes["note"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "lacking",
    [
        lambda people: people[people["practice"].astype(str) == "B"],
        lambda people: people[people["practice"].astype(str) != "A"],
        lambda people: people.iloc[13:],
        lambda people: people,
    ],
    ids=["one practice recorded none", "one practice recorded any", "13 patients have it", "nobody has it"],
)
def test_a_number_that_few_or_whole_practices_have(few_visits, few_covariates, patients, lacking):
    people = patients.sort_values("practice", key=lambda names: names.astype(str))
    assert_equal_to_pooled(without(few_visits, age=lacking(people)["patient_id"]), few_covariates)


@pytest.mark.slow
def test_a_number_that_another_column_tells_is_left_out(few_visits, few_covariates, patients):
    gone = some(patients, 0.25, 3)
    copy = replace(few_visits, frame=few_visits.frame.assign(ace_score=few_visits.frame["baseline"]))
    plan = replace(few_covariates, covariates=("age", "ace_score"))
    found = assert_equal_to_pooled(without(copy, ace_score=gone), plan)
    assert "Left out, because the columns before them say the same: ace_score." in set(found.notes["note"])


def test_a_practice_that_recorded_it_of_few_does_not_take_part(few_visits, few_covariates, patients):
    of_b = patients.loc[patients["practice"].astype(str) == "B", "patient_id"]
    with pytest.raises(AnalysisError, match=r"Practice B has recorded age of \d patients; sums over so few could be"):
        kap.pool_practices(without(few_visits, age=of_b.iloc[6:]), plan=few_covariates, two_stage=False)


def test_what_is_needed_follows_from_who_lacks_what():
    columns = {"age": {"age": 40.0}, "sex": {"sex_is_male": 0.4}}
    lacking = {(): 100.0, ("age",): 5.0, ("age", "sex"): 2.0}
    found = needed_regressions(lacking, columns, 4, 2, 3)
    assert [(one.of, one.lacking, one.kind) for one in found] == [
        ("age", ("age",), EVERYTHING),
        ("age", ("age", "sex"), EVERYTHING),
        ("sex", ("age", "sex"), EVERYTHING),
    ]
    kinds = [
        needed_regressions({(): n, ("age",): 50.0, ("sex",): m}, columns, 4, 2, 3)[0].kind
        for n, m in ((39.0, 0.0), (39.0, 5.0), (20.0, 0.0), (14.0, 0.0))
    ]
    assert kinds == [KNOWN, KNOWN, FEW, MEAN]
    assert needed_regressions({("age",): 50.0, (): 3.0}, columns, 4, 2, 3)[0].means == (40.0,)


def test_more_covariates_than_can_be_counted_together_are_refused(few_visits, few_covariates):
    plan = replace(few_covariates, covariates=tuple(f"number_{at}" for at in range(11)))
    with pytest.raises(AnalysisError, match="The plan names 11 covariates; practices that do not pool rows can adjust"):
        kap.pool_practices(few_visits, plan=plan, two_stage=False)
