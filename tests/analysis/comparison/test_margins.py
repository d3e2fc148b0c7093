"""Margins by hand: non-inferiority at one-sided 2.5%, equivalence by the 90% interval."""

import numpy as np
import pytest
from scipy import stats

from kap_analysis.analysis.comparison.comparison import compare_formats
from kap_analysis.analysis.comparison.margins import EQUIVALENCE, NON_INFERIORITY, RANGE, assess_margins
from kap_analysis.errors import AnalysisError
from tests.analysis.trials import as_outcomes, made_up_scores


def stated(frame, kind):
    return frame[frame["is_stated"] & (frame["kind"] == kind)].iloc[0]


def test_by_hand():
    frame = assess_margins(1.0, 0.8, 40.0, 3.0)
    half = stats.t.ppf(0.975, 40) * 0.8
    one = stated(frame, NON_INFERIORITY)
    assert (one["ci_low"], one["ci_high"]) == pytest.approx((1 - half, 1 + half))
    assert one["p_value"] == pytest.approx(stats.t.cdf((1.0 - 3.0) / 0.8, 40))
    assert bool(one["holds"]) == (1 + half < 3.0)
    two = stated(frame, EQUIVALENCE)
    assert two["ci_high"] == pytest.approx(1 + stats.t.ppf(0.95, 40) * 0.8)
    assert two["p_value"] == pytest.approx(max(stats.t.cdf((1 - 3) / 0.8, 40), stats.t.cdf((-1 - 3) / 0.8, 40)))
    assert bool(two["holds"]) == bool(two["p_value"] < 0.05)


@pytest.mark.parametrize("nudge", [-1e-9, 1e-9])
def test_the_upper_limit_must_lie_below_the_margin(nudge):
    upper = 1.0 + stats.t.ppf(0.975, 30) * 0.5
    assert bool(stated(assess_margins(1.0, 0.5, 30.0, upper + nudge), NON_INFERIORITY)["holds"]) == (nudge > 0)


def test_where_higher_is_better_the_other_limit_counts():
    assert stated(assess_margins(-1.0, 0.5, 30.0, 2.5, higher_is_better=True), NON_INFERIORITY)["holds"]
    assert not stated(assess_margins(-1.0, 0.9, 30.0, 2.5, higher_is_better=True), NON_INFERIORITY)["holds"]
    assert stated(assess_margins(5.0, 0.9, 30.0, 2.5, higher_is_better=True), NON_INFERIORITY)["holds"]


def test_the_conclusion_stands_over_a_range_and_can_only_become_true():
    frame = assess_margins(0.5, 0.9, 25.0, 2.0)
    for kind in (NON_INFERIORITY, EQUIVALENCE):
        part = frame[frame["kind"] == kind]
        assert part["margin"].tolist() == [2.0 * multiple for multiple in RANGE]
        assert (np.diff(part["holds"].astype(int)) >= 0).all()
        assert part["holds"].any() and not part["holds"].all()
    assert "a margin of 0.5 points" in frame["conclusion"].iloc[0]


@pytest.mark.parametrize("margin", [0, -3, float("nan"), float("inf"), "3"])
def test_a_margin_that_is_no_positive_number_is_refused(margin):
    with pytest.raises(AnalysisError, match=r"give a positive number of points|give a number"):
        compare_formats(as_outcomes(made_up_scores()), visit="month 3", margin=margin)


def test_without_a_margin_nothing_is_judged_and_with_one_both_conclusions_are_said():
    outcomes = as_outcomes(made_up_scores(effect=0.5))
    free = compare_formats(outcomes, visit="month 3")
    assert free.margins.empty and "No margin was set, so none is assessed" in free.paragraph
    judged = compare_formats(outcomes, visit="month 3", margin=10)
    row = judged.primary
    expected = assess_margins(row["estimate"], row["std_error"], row["df"], 10.0)
    assert judged.margins["holds"].tolist() == expected["holds"].tolist()
    assert "Group format was non-inferior to individual format at a margin of 10 points" in judged.paragraph
    assert "The formats were equivalent within 10 points" in judged.paragraph


def test_equivalent_beside_not_shown_to_be_non_inferior_is_explained():
    """Between the limits of the 90% and the 95% interval both hold, and read as a contradiction."""
    outcomes = as_outcomes(made_up_scores(effect=0.5))
    limits = (
        compare_formats(outcomes, visit="month 3", margin=10).margins.query("is_stated").set_index("kind")["ci_high"]
    )
    judged = compare_formats(outcomes, visit="month 3", margin=float(limits.mean()))
    assert "was not shown to be non-inferior" in judged.paragraph
    assert "The formats were equivalent within" in judged.paragraph
    assert "The first is judged by the wider interval, so that the second can hold without it." in judged.paragraph


def test_a_descriptive_comparison_judges_no_margin():
    result = compare_formats(as_outcomes(made_up_scores(cohorts=4)), visit="month 3", margin=10)
    assert result.is_descriptive and result.margins.empty
    assert "The margin of 10 points is not assessed, because the comparison is descriptive." in result.paragraph
