"""Response, remission and smallest important change at their edges."""

import pandas as pd
import pytest

from kap_analysis.analysis.clinical_change.response import Criterion, list_criteria, meets, percent_change
from kap_analysis.errors import AnalysisError
from kap_analysis.instruments.registry import get_instrument


def pairs(*scores):
    return pd.DataFrame(scores, columns=["baseline", "follow_up"])


def criterion(unit, threshold, kind="response"):
    return Criterion(kind, unit, threshold, "", "")


def test_half_of_the_baseline_is_a_response():
    scores = pairs((30, 15), (30, 16), (31, 16), (0, 0), (0, 3))
    assert meets(criterion("percent", 50), scores, -1).tolist() == [True, False, False, False, False]


def test_worse_is_as_large_a_change_the_other_way():
    scores = pairs((30, 45), (30, 44), (0, 3), (0, 0))
    assert meets(criterion("percent", 50), scores, -1, "worse").tolist() == [True, False, True, False]


def test_thresholds_are_exact_in_spite_of_binary_fractions():
    scores = pairs((40, 33), (40, 34), (25, 17))
    assert meets(criterion("percent", 17.5), scores, -1).tolist() == [True, False, True]
    assert meets(criterion("percent", 32), scores, -1).tolist() == [False, False, True]


def test_points_and_scores_follow_the_direction():
    scores = pairs((40, 50), (40, 49), (60, 51))
    assert meets(criterion("points", 10), scores, 1).tolist() == [True, False, False]
    assert meets(criterion("score", 51, "remission"), scores, 1).tolist() == [False, False, True]
    assert meets(criterion("score", 50, "remission"), scores, -1).tolist() == [True, True, False]


def test_percent_change_of_nothing_is_missing():
    assert percent_change(pd.Series([20.0, 0.0]), pd.Series([15.0, 4.0])).tolist()[0] == -25
    assert percent_change(pd.Series([0.0]), pd.Series([4.0])).isna().all()


def test_criteria_of_the_primary_instrument_in_words():
    assert [one.label for one in list_criteria(get_instrument("BDI-II"))] == [
        "response: 50% or more",
        "remission: score of 13 or better",
        "smallest important change: 17.5% or more",
        "smallest important change: 32% or more",
    ]


def test_differences_between_groups_never_judge_a_patient():
    kinds = [one.kind for name in ("MADRS", "HAM-D17") for one in list_criteria(get_instrument(name))]
    assert "smallest important change" not in kinds


def test_remission_has_no_worse_side():
    with pytest.raises(AnalysisError, match="Remission is a score, not a change: it has no worse side"):
        meets(criterion("score", 13, "remission"), pairs((20, 10)), -1, "worse")
    with pytest.raises(AnalysisError, match="side is 'up'; expected 'better' or 'worse'"):
        meets(criterion("points", 3), pairs((20, 10)), -1, "up")
