"""Tipping points: by hand, and between the deltas that are fitted."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.analysis.missing.tipping import shift_lost, tipping_points

INTERPOLATED = 0.01  # points: far below the Monte Carlo error of fifty imputations
LIMITS = 0.05  # points: a cohort variance that reaches 0 between two fitted deltas bends the variance there


def test_interpolated_points_are_what_a_fit_gives(imputed):
    completed, contrast = imputed
    lost = completed.after_dropout()
    at_random = contrast.pooled(completed.scores)
    grid = shift_lost(contrast, (0.0, 2.0, 4.0, 6.0, 8.0, 10.0), 1.0, lost, at_random).set_index(
        ["delta_individual", "delta_group"]
    )
    is_group = (completed.patients["format"] == "group").to_numpy()
    for individual, group in ((2.0, 8.0), (8.0, 6.0)):
        fitted = contrast.pooled(completed.scores + (np.where(is_group, group, individual)[:, None] * lost)[None])
        row = grid.loc[(individual, group)]
        assert row["estimate"] == pytest.approx(fitted.estimate, abs=INTERPOLATED)
        assert (row["ci_low"], row["ci_high"]) == pytest.approx(fitted.interval(), abs=LIMITS)


def grid(low_at, high_at):
    rows = [
        {"delta_individual": i, "delta_group": g, "ci_low": low_at(i, g), "ci_high": high_at(i, g)}
        for i in (0.0, 5.0, 10.0)
        for g in (0.0, 5.0, 10.0)
    ]
    frame = pd.DataFrame(rows)
    said = np.select(
        [frame["ci_low"] > 0, frame["ci_high"] < 0], ["group worse", "group better"], "no difference shown"
    )
    return frame.assign(conclusion=said)


def test_tipping_point_derived_by_hand():
    """The lower limit is -1 + 0.3 per point in groups: zero at 10/3 points; individual deltas never get there."""
    points = tipping_points(grid(lambda i, g: -1 + 0.3 * (g - i), lambda i, g: 6 + 0.3 * (g - i))).set_index("varied")
    assert points.loc["group", "delta_group"] == pytest.approx(10 / 3)
    assert points.loc["group", "conclusion"] == "group worse"
    assert np.isnan(points.loc["individual", "delta_individual"])
    assert set(points["at_random"]) == {"no difference shown"}


def test_tipping_point_away_from_a_difference_derived_by_hand():
    """Groups are better (upper limit -1): it is gone at 2.5 points in groups, 0.4 per point."""
    points = tipping_points(grid(lambda i, g: -7 + 0.4 * (g - i), lambda i, g: -1 + 0.4 * (g - i))).set_index("varied")
    assert points.loc["group", "delta_group"] == pytest.approx(2.5)
    assert points.loc["group", "conclusion"] == "no difference shown"


def test_a_step_past_all_undecided_deltas_stops_at_the_first_limit_that_crosses():
    """Groups are better (upper limit -1), 3 points later worse (lower limit 1): the upper one is 0 at a third."""
    points = tipping_points(grid(lambda i, g: -3 + 0.9 * (g - i), lambda i, g: -1 + 0.9 * (g - i))).set_index("varied")
    assert points.loc["group", "delta_group"] == pytest.approx(10 / 9)
    assert points.loc["group", "conclusion"] == "no difference shown"
