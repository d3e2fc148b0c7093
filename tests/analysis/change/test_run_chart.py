"""Run charts: the longest run about the median."""

from dataclasses import replace

import pandas as pd
import pytest

from kap_analysis.analysis.change.run_chart import chart_quarters, longest_run
from kap_analysis.analysis.visits import NO_CONTROL
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from tests.analysis.trials import as_outcomes, made_up_scores


@pytest.fixture(scope="module")
def one_arm():
    scores = made_up_scores(individual=40, cohorts=0).assign(practice="A")
    return as_outcomes(scores)


def quarters(outcomes: Outcomes, n: int) -> Outcomes:
    order = outcomes.frame["patient_id"].rank(method="dense").astype(int) % n
    return replace(outcomes, frame=outcomes.frame.assign(start_period=["2025-Q" + str(q + 1) for q in order]))


def test_run_chart_counts_runs_about_its_median(one_arm):
    result = chart_quarters(quarters(one_arm, 4), "month 3")
    at = quarters(one_arm, 4).frame.query("visit == 'month 3'")
    means = at.groupby("start_period")["change"].mean()
    assert result.quarters["mean_change"].tolist() == pytest.approx(means.tolist())
    assert (result.quarters["centre"] == means.median()).all() and NO_CONTROL in str(result)


@pytest.mark.parametrize(
    ("distances", "run"),
    [
        ([1, 1, -1, 1, 1, 1], 3),
        ([1, 0, 1, 0, 1], 3),
        ([0, 0], 0),
        ([-1] * 6, 6),
        ([1, -1, 1, -1], 1),
        ([1, 1, None, 1, 1, 1], 3),
    ],
)
def test_a_point_on_the_median_neither_breaks_nor_adds_to_a_run(distances, run):
    assert longest_run(pd.Series(distances, dtype=float)) == run


def test_a_quarter_in_which_nobody_started_ends_a_run(one_arm):
    """Six first quarters, a year apart each, were six quarters in a row, and so a signal."""
    order = one_arm.frame["patient_id"].rank(method="dense").astype(int) % 4
    for periods, run in ((["2023-Q4", "2024-Q1", "2024-Q2", "2024-Q3"], 2), ([f"202{i}-Q1" for i in range(4)], 1)):
        falling = one_arm.frame.assign(start_period=[periods[q] for q in order])
        later = falling["visit"].eq("month 3").to_numpy()
        falling.loc[later, "score"] = falling.loc[later, "baseline"] - order[later]
        found = chart_quarters(replace(one_arm, frame=falling), "month 3")
        assert found.longest_run == run


def test_a_median_of_means_of_which_some_are_withheld_is_withheld(one_arm):
    public = replace(quarters(one_arm, 4), visibility="public")
    shown = chart_quarters(public, "month 3")
    assert shown.quarters["centre"].isna().all() and shown.longest_run is None
