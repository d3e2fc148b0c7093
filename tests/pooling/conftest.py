"""The shipped study of three practices, and a small part of it."""

from dataclasses import replace

import pytest

import kap_analysis as kap
from kap_analysis.analysis.model.plan_file import study_plan
from tests.places import SHIPPED_STUDY


@pytest.fixture(scope="session")
def study():
    return kap.load_study(SHIPPED_STUDY)


@pytest.fixture(scope="session")
def outcomes(study):
    return study.outcomes("BDI-II")


@pytest.fixture(scope="session")
def pooled(study):
    return kap.pool_practices(study)


@pytest.fixture(scope="session")
def few_visits(outcomes):
    """Two visits after baseline."""
    kept = ("baseline", "month 1", "month 3")
    return replace(outcomes, frame=outcomes.frame[outcomes.frame["visit"].isin(kept)], visits=kept)


@pytest.fixture(scope="session")
def few_covariates(study):
    return replace(study_plan(study), covariates=("age", "sex"))
