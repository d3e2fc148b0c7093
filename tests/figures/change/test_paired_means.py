"""Paired means: both scores of the same patients, with their n and the bands."""

import pandas as pd

import kap_analysis as kap
from kap_analysis.figures.change.paired_means import plot_paired_means
from kap_analysis.figures.change.patient_dots import MOST_DOTS
from tests.figures.drawn import drawn_values, having, texts


def test_paired_means_show_both_scores_and_their_n(study):
    paired = kap.paired_scores(study.outcomes(), "month 3")
    figure = kap.figures.plot_paired_means(means=paired.means, change=paired.change)
    heights = drawn_values(figure, "y")
    assert {round(m, 6) for m in paired.means["mean"]} <= heights
    assert f"n = {paired.means['n_patients'].iloc[0]}" in texts(figure)
    assert "mild" in texts(figure)


def patients(n: int) -> pd.DataFrame:
    return pd.DataFrame({"instrument": "BDI-II", "baseline": [k % 40 + 10 for k in range(n)], "follow_up": 12})


def dots(figure, when: str) -> list[float]:
    """The scores that are drawn as dots; a swarm takes its places when it is drawn."""
    figure.draw_without_rendering()
    return sorted(float(y) for (swarm,) in [having(figure, f"patients {when}")] for _, y in swarm.get_offsets())


def test_patients_are_dots_beside_the_means_none_on_another():
    means = pd.DataFrame(
        {"instrument": "BDI-II", "time": ["baseline", "follow-up"], "visit": ["baseline", "month 3"],
         "n_patients": 40, "mean": [29.0, 12.0], "ci_low": [27.0, 10.0], "ci_high": [31.0, 14.0]}
    )  # fmt: skip
    figure = plot_paired_means(means=means, patients=patients(40))
    assert dots(figure, "baseline") == sorted(patients(40)["baseline"])
    (swarm,) = having(figure, "patients follow_up")
    assert len({round(float(x), 6) for x, _ in swarm.get_offsets()}) == 40
    assert "Dots: patients, by their own score." in texts(figure)
    many = plot_paired_means(means=means.assign(n_patients=4000), patients=patients(4000))
    assert len(dots(many, "baseline")) == MOST_DOTS
    assert "Of more than 150 some are drawn, spread evenly over the first scores." in " ".join(texts(many).split())
    assert having(plot_paired_means(means=means, patients=patients(0)), "patients baseline") == []
