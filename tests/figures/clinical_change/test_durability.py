"""Kaplan-Meier curves: steps, where they end, numbers at risk and boosters."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from kap_analysis.columns import DAYS_PER_MONTH
from kap_analysis.figures.clinical_change.durability import MOST_BOOSTERS, plot_durability
from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.figures.page.style import THEMES
from kap_analysis.writing.small_numbers import FEWEST
from tests.figures.drawn import having


@pytest.fixture
def survival():
    def curve(name, steps):
        rows = [(name, float(day), n, s, max(s - 0.2, 0.0), min(s + 0.1, 1.0)) for day, n, s in steps]
        return pd.DataFrame(rows, columns=["format", "day", "n_at_risk", "survival", "ci_low", "ci_high"])

    individual = curve("individual", [(30, 20, 0.9), (70, 12, 0.75), (150, 5, 0.6), (160, 1, 0.0)])
    group = curve("group", [(20, 9, 0.8), (100, 2, 0.4)])
    return pd.concat([curve("all", [(20, 29, 0.9)]), individual, group], ignore_index=True)


def words(figure):
    return " ".join(" ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text)).split())


def test_a_curve_begins_with_everybody_and_ends_where_few_are_at_risk(survival):
    figure = plot_durability(survival=survival)
    [curve] = having(figure, "curve individual")
    assert list(curve.get_ydata()) == pytest.approx([100, 90, 75, 60])
    assert list(curve.get_xdata()) == pytest.approx([0, *(np.array([30, 70, 150]) / DAYS_PER_MONTH)])
    assert f"Curves end where fewer than {FEWEST} patients are at risk." in words(figure)


def test_a_curve_does_not_fall_to_zero_with_the_last_patient(survival):
    figure = plot_durability(survival=survival[survival["format"] == "group"])
    [curve] = having(figure, "curve group")
    assert list(curve.get_ydata()) == pytest.approx([100, 80])
    assert "Curves end where fewer than 5 patients are at risk." in words(figure)


def test_of_four_patients_there_are_words_and_no_curve(survival):
    four = (survival["format"] == "group") & (survival["n_at_risk"] > 4)
    survival.loc[four, "n_at_risk"] = 4
    figure = plot_durability(survival=survival)
    assert having(figure, "curve group") == []
    assert "No curve is drawn of fewer than 5 patients: group (4 patients)." in words(figure)
    alone = plot_durability(survival=survival[survival["format"] == "group"])
    assert alt_text(alone) == "No curve is drawn of fewer than 5 patients: group (4 patients)."


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lines_differ_in_colour_and_style_and_carry_their_names(survival, theme):
    figure = plot_durability(survival=survival, theme=theme)
    [individual], [group] = having(figure, "curve individual"), having(figure, "curve group")
    assert individual.get_color() == THEMES[theme].look("individual").colour
    assert group.get_color() == THEMES[theme].look("group").colour
    assert individual.get_linestyle() != group.get_linestyle()
    assert {text.get_text() for text in having(figure, "line label")} == {"Individual 60%", "Group 80%"}


def test_numbers_at_risk_are_those_just_before_each_month(survival):
    figure = plot_durability(survival=survival)
    under = {(text.xy[0], text.get_text()) for text in having(figure, "number under axis")}
    assert {(0.0, "20"), (1.0, "12"), (2.0, "12"), (3.0, "5"), (4.0, "5")} <= under
    assert {(0.0, "9"), (1.0, "2"), (4.0, "0")} <= under


def test_each_booster_is_a_tick_and_of_many_a_sample_is_drawn_and_said(survival):
    few = pd.DataFrame({"format": "group", "day": [10.0, 40.0]})
    [ticks] = having(plot_durability(survival=survival, boosters=few), "boosters group")
    assert list(ticks.get_xdata()) == pytest.approx(np.array([10, 40]) / DAYS_PER_MONTH)
    many = pd.DataFrame({"format": "group", "day": np.arange(1000.0) / 10})
    figure = plot_durability(survival=survival, boosters=many)
    [ticks] = having(figure, "boosters group")
    assert len(ticks.get_xdata()) == MOST_BOOSTERS
    assert "Boosters, group: 400 of 1,000, chosen at random." in words(figure)


def test_ticks_stand_three_months_apart_over_years(survival):
    figure = plot_durability(survival=survival.assign(day=survival["day"] * 4))
    assert list(np.diff(figure.axes[0].get_xticks())) == [3.0] * 6


def test_the_alternative_text_says_where_each_curve_ends(survival):
    text = alt_text(plot_durability(survival=survival))
    assert "Individual: 20 patients at first, 60% (40% to 70%) at day 150." in text


def test_a_format_that_nobody_followed_is_named_below_and_not_on_the_others_line(survival):
    first = survival[survival["format"] == "group"].head(1).assign(day=0.0, survival=1.0)
    figure = plot_durability(survival=pd.concat([survival[survival["format"] == "individual"], first]))
    assert {text.get_text() for text in having(figure, "line label")} == {"Individual 60%"}
    assert "Nobody was assessed again after the response: group." in words(figure)


def test_curves_whose_days_were_withheld_say_so(survival):
    figure = plot_durability(survival=survival.assign(day=np.nan, survival=np.nan, withheld=True))
    assert "The curves were withheld to protect patients" in words(figure)
    assert having(figure, "curve individual") == []
