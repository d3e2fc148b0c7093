"""One design with visits and loss, and one that has a closed form."""

import pytest

from kap_analysis.planning.next_study import NextStudy
from kap_analysis.planning.score_covariance import ScoreCovariance

DAYS = (30, 61, 91)
VISITS = ("month 1", "month 2", "month 3")


@pytest.fixture(scope="session")
def scores():
    return ScoreCovariance.from_correlations(DAYS, 9.5, visit_correlation=0.75, baseline_correlation=0.5)


@pytest.fixture(scope="session")
def study(scores):
    lost = {"individual": (0.1, 0.2, 0.3), "group": (0.15, 0.3, 0.4)}
    return NextStudy(24, 90, scores, DAYS, VISITS, "month 3", lost=lost, difference=3.0)


@pytest.fixture(scope="session")
def single():
    """One visit, nobody lost, cohorts of four: two samples of means."""
    scores = ScoreCovariance.from_correlations((91,), 9.5, baseline_correlation=0.0)
    return NextStudy(
        12, 50, scores, (91,), ("month 3",), "month 3", cohort_size=4, icc=0.1, difference=4.0, ddf="satterthwaite"
    )
