"""The caterpillar: cohorts from lowest to highest, named while they are few, with the ICC above."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from kap_analysis.figures.comparison.cohort_effects import MOST_NAMED, plot_cohort_effects
from kap_analysis.figures.page.alternative_text import alt_text


def effects(n):
    estimate = np.random.default_rng(3).standard_normal(n)
    return pd.DataFrame(
        {
            "cohort_id": [f"C{place:04d}" for place in range(n)],
            "practice": "A",
            "estimate": estimate,
            "ci_low": estimate - 1,
            "ci_high": estimate + 1,
            "n_patients": 4,
        }
    )


@pytest.fixture
def icc():
    return pd.DataFrame({"estimate": [0.062], "ci_low": [0.0], "ci_high": [0.19], "n_cohorts": [3]})


def words(figure):
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text)]


def drawn(figure, gid):
    found = [line for line in figure.findobj(matplotlib.lines.Line2D) if line.get_gid() == gid]
    return [float(x) for line in found for x in np.atleast_1d(line.get_xdata())]


def test_cohorts_stand_from_lowest_to_highest_with_their_numbers(icc):
    frame = effects(3)
    figure = plot_cohort_effects(effects=frame, icc=icc, instrument="BDI-II")
    ordered = frame.sort_values("estimate")
    assert drawn(figure, "estimate") == list(ordered["estimate"])
    labels = [text for text in words(figure) if text.startswith("C0")]
    assert labels == list(ordered["cohort_id"])
    assert "Intraclass correlation 0.06 (95% interval 0.00 to 0.19), 3 cohorts of two or more patients" in words(figure)
    assert "BDI-II points" in figure.axes[0].get_xlabel()
    assert "better than the mean" in figure.axes[0].get_xlabel()


def test_many_cohorts_are_drawn_all_but_not_named():
    figure = plot_cohort_effects(effects=effects(MOST_NAMED + 1000))
    assert len(drawn(figure, "estimate")) == MOST_NAMED + 1000
    assert not [text for text in words(figure) if text.startswith("C0")]
    assert figure.axes[0].get_ylabel() == "1,045 cohorts, by effect"
    assert figure.get_figheight() * 25.4 < 150


def test_a_narrow_page_has_practice_and_n_in_the_label():
    assert "C0000, A, n\u00a0=\u00a04" in words(plot_cohort_effects(effects=effects(2), width="single"))
    assert "C0000, n\u00a0=\u00a04" in words(
        plot_cohort_effects(effects=effects(2).drop(columns="practice"), width="single")
    )


def test_an_icc_without_interval_has_no_brackets(icc):
    figure = plot_cohort_effects(effects=effects(3), icc=icc.assign(ci_low=np.nan, ci_high=np.nan))
    assert "Intraclass correlation 0.06, 3 cohorts of two or more patients" in words(figure)


def test_the_alternative_text_tells_the_ends(icc):
    frame = effects(3).assign(estimate=[2.0, -1.5, 0.0], ci_low=[1.0, -2.5, -1.0], ci_high=[3.0, -0.5, 1.0])
    text = alt_text(plot_cohort_effects(effects=frame, icc=icc, instrument="BDI-II"))
    assert "from C0001 −1.5 (−2.5 to −0.5) to C0000 2.0 (1.0 to 3.0); 2 with an interval that leaves out zero" in text


def test_no_cohort_is_a_quiet_statement(icc):
    for frame in (effects(0), effects(3).assign(estimate=np.nan)):
        assert "There is no cohort to draw" in alt_text(plot_cohort_effects(effects=frame, icc=icc))


def test_cohorts_that_do_not_differ_are_one_sentence_and_no_rows():
    figure = plot_cohort_effects(effects=effects(3).assign(estimate=[0.04, 0.0, -0.049], ci_low=-0.3, ci_high=0.3))
    assert drawn(figure, "estimate") == []
    assert "The effects of all 3 cohorts are within 0.05 points of 0" in alt_text(figure)


def test_small_effects_have_two_decimals():
    small = effects(3).assign(estimate=[0.06, 0.0, -0.03], ci_low=-0.2, ci_high=0.2)
    assert "−0.03 (−0.20 to 0.20)" in words(plot_cohort_effects(effects=small))


def test_long_names_of_practices_stand_with_the_cohort():
    name = "Zentrum für ketamingestützte Psychotherapie"
    figure = plot_cohort_effects(effects=effects(2).assign(practice=name))
    assert f"C0000, {name}" in words(figure)
    assert "Practice" not in words(figure)
