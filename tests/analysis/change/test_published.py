"""Published figures stand beside ours as context."""

import pytest

from kap_analysis.analysis.change.estimated_change import estimate_change
from kap_analysis.analysis.change.published import published_changes
from tests.analysis.trials import as_outcomes, made_up_scores


@pytest.fixture(scope="module")
def one_arm():
    scores = made_up_scores(individual=40, cohorts=0).assign(practice="A")
    return as_outcomes(scores)


def test_published_figures_are_context(one_arm):
    text = estimate_change(one_arm).paragraph
    published = published_changes("BDI-II").iloc[0]
    assert "Published, for context and not as a comparator: mean change, intake to follow-up −11.24 points" in text
    assert published["value"] == -11.24 and published_changes("PCL-5").empty
