"""The simulated study and what was observed in it, loaded once for all figures."""

import pytest

import kap_analysis as kap
from tests.places import ROOT


@pytest.fixture(scope="session")
def study():
    return kap.load_study(ROOT / "data" / "three_practices")


@pytest.fixture(scope="session")
def observed(study):
    return kap.observed_scores(study.outcomes(population="started"))
