"""Wilson intervals and both denominators."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.analysis.proportion import by_format, count_started, share_columns, wilson_interval
from kap_analysis.study.outcome_frames.outcomes import Outcomes

Z = 1.959963984540054


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        (5, 10, 0.236589, 0.763411),
        (0, 10, 0.0, Z**2 / (10 + Z**2)),
        (10, 10, 10 / (10 + Z**2), 1.0),
    ],
)
def test_interval_worked_by_hand(count, total, low, high):
    assert wilson_interval(count, total) == pytest.approx((low, high), abs=1e-4)


def test_interval_mirrors_and_has_no_value_for_nobody():
    low, high = wilson_interval(3, 17)
    assert wilson_interval(14, 17) == pytest.approx((1 - high, 1 - low))
    assert np.isnan(wilson_interval(0, 0)).all()


def test_lost_patients_enlarge_one_denominator_only():
    counts = share_columns(12, 30, 80)
    assert counts["n_not_assessed"] == 50
    assert counts["share_of_assessed"] == 12 / 30
    assert counts["share_of_started"] == 12 / 80
    assert counts["ci_low"] < 12 / 30 < counts["ci_high"]
    assert counts["started_ci_low"] < 12 / 80 < counts["started_ci_high"]


def test_started_are_counted_from_the_ledger():
    frame = pd.DataFrame(
        {
            "patient_id": ["a", "a", "b", "c"],
            "visit": ["baseline", "month 3", "baseline", "month 3"],
            "score": [20, 10, 30, np.nan],
            "format": ["group", "group", "individual", "individual"],
        }
    )
    outcomes = Outcomes.from_frame(frame, instrument="BDI-II")
    started = count_started(outcomes)
    assert started == {"all": 3, "individual": 2, "group": 1}
    assert [name for name, *_ in by_format(outcomes.frame, started)] == ["all", "individual", "group"]
