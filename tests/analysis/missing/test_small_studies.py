"""Two hundred random small studies: each question on missing scores is answered, or refused in words of the package."""

import warnings

import numpy as np
import pandas as pd
import pytest

from kap_analysis.analysis.clinical_change.clinical_comparison import compare_clinical_change
from kap_analysis.analysis.comparison.comparison import compare_formats
from kap_analysis.analysis.missing.dropout import check_dropout
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.sensitivity.allocation import check_allocation
from kap_analysis.analysis.sensitivity.sensitivity import check_sensitivity
from kap_analysis.errors import KapError
from tests.analysis.trials import VISITS, as_outcomes, made_up_scores

PLAN = Plan("BDI-II", "month 3", covariates=("age", "sex", "diagnosis", "ace_score"))
QUESTIONS = {
    "check_dropout": lambda o: check_dropout(o, plan=PLAN, n_imputations=2, deltas=(0.0,)),
    "compare_clinical_change": lambda o: compare_clinical_change(o, plan=PLAN, n_imputations=2),
    "check_allocation": lambda o: check_allocation(o, plan=PLAN, n_imputations=2, n_bootstrap=4),
    "check_sensitivity": lambda o: check_sensitivity(o, plan=PLAN, n_imputations=2, n_bootstrap=4),
}


def small_study(seed: int) -> pd.DataFrame:
    """Six to thirty patients a format, rare practices and levels, missing covariates, and 10 to 55% lost."""
    rng = np.random.default_rng(seed)
    scores = made_up_scores(
        individual=int(rng.integers(6, 31)), cohorts=int(rng.integers(3, 9)), size=int(rng.integers(2, 5)), seed=seed
    )
    patients = scores["patient_id"].unique()
    n = len(patients)
    columns = {
        "practice": rng.choice(list("ABCD"), n, p=rng.dirichlet([4, 2, 0.5, 0.3])),
        "sex": rng.choice(["female", "male", None], n, p=[0.6, 0.35, 0.05]),
        "diagnosis": rng.choice(["depression", "ptsd", "other"], n, p=rng.dirichlet([4, 2, 1])),
        "ace_score": np.where(rng.random(n) < 0.1, np.nan, rng.integers(0, 8, n)),
    }
    for name, values in columns.items():
        scores[name] = scores["patient_id"].map(dict(zip(patients, values, strict=True)))
    lost = rng.random(n) < rng.uniform(0.1, 0.55)
    since = rng.integers(1, 4, n)
    order = {visit: place for place, visit in enumerate(("baseline", *VISITS))}
    first_missing = scores["patient_id"].map(dict(zip(patients, np.where(lost, since, 9), strict=True)))
    gone = scores["visit"].map(order) >= first_missing
    some = rng.random(len(scores)) < 0.03
    return scores.assign(score=scores["score"].mask(gone | some))


def with_many_covariates_missing(seed: int) -> pd.DataFrame:
    """A small study of which up to 95% of each covariate is missing, at random, in a format or in a whole practice."""
    scores, rng = small_study(seed), np.random.default_rng([7, seed])
    people = scores.drop_duplicates("patient_id").set_index("patient_id")
    for name in PLAN.covariates:
        gone = rng.random(len(people)) < rng.choice([0.0, 0.1, 0.5, 0.95])
        gone |= (people["practice"] == rng.choice(list("ABCD"))).to_numpy() & (rng.random() < 0.4)
        gone |= (people["format"] == rng.choice(["group", "individual"])).to_numpy() & (rng.random() < 0.15)
        gone |= rng.random() < 0.05
        scores[name] = scores[name].where(~scores["patient_id"].map(dict(zip(people.index, gone, strict=True))))
    return scores


@pytest.mark.matrix
def test_no_lack_of_covariates_ends_the_primary_analysis():
    answered, wrong = 0, []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in range(200):
            try:
                found = compare_formats(as_outcomes(with_many_covariates_missing(seed)), plan=PLAN)
                assert found.contrasts.loc[found.contrasts["is_primary"], "estimate"].notna().all(), seed
                answered += 1
            except KapError as error:
                assert str(error).endswith("."), (seed, error)
            except Exception as error:
                wrong.append((seed, type(error).__name__, str(error)))
    assert wrong == []
    assert answered > 150


@pytest.mark.matrix
def test_no_small_study_ends_in_an_error_of_the_engine():
    answered, wrong = dict.fromkeys(QUESTIONS, 0), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in range(200):
            outcomes = as_outcomes(small_study(seed))
            for name, ask in QUESTIONS.items():
                if name == "check_sensitivity" and seed % 10:
                    continue  # twenty refits a study: one study in ten
                try:
                    assert "nan" not in str(ask(outcomes)).split()
                    answered[name] += 1
                except KapError as error:
                    assert str(error).endswith("."), (seed, name, error)
                except Exception as error:
                    wrong.append((seed, name, type(error).__name__, str(error)))
    assert wrong == []
    assert (
        min(answered["check_dropout"], answered["compare_clinical_change"]) > 120 and answered["check_allocation"] > 40
    )
