"""Paired means: both scores of the same patients, with their n and the bands."""

import kap_analysis as kap
from tests.figures.drawn import drawn_values, texts


def test_paired_means_show_both_scores_and_their_n(study):
    paired = kap.paired_scores(study.outcomes(), "month 3")
    figure = kap.figures.plot_paired_means(means=paired.means, change=paired.change)
    heights = drawn_values(figure, "y")
    assert {round(m, 6) for m in paired.means["mean"]} <= heights
    assert f"n = {paired.means['n_patients'].iloc[0]}" in texts(figure)
    assert "mild" in texts(figure)
