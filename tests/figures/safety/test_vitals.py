"""Vital signs: means and quartiles where they were measured, with the number of measurements below."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from kap_analysis.errors import FigureError
from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.figures.safety.vitals import plot_vitals

COLUMNS = ["measure", "unit", "minute", "format", "n", "mean", "q1", "q3", "maximum"]


@pytest.fixture
def vitals():
    rows = [
        ("spo2", "%", 0.0, "group", 30, 98.0, 97.0, 99.0, 100.0),
        ("sbp", "mmHg", 0.0, "individual", 50, 120.0, 112.0, 130.0, 155.0),
        ("sbp", "mmHg", 40.0, "individual", 48, 135.0, 125.0, 145.0, 172.0),
        ("sbp", "mmHg", 0.0, "group", 30, 122.0, 114.0, 131.0, 150.0),
        ("sbp", "mmHg", 40.0, "group", 29, 134.0, 126.0, 144.0, 170.0),
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def line(ax, gid):
    (found,) = [one for one in ax.lines if one.get_gid() == gid]
    return found


def words(figure):
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text)]


def test_means_stand_at_their_minutes_and_formats_beside_each_other(vitals):
    ax = plot_vitals(vitals=vitals).axes[0]
    individual, group = line(ax, "means individual"), line(ax, "means group")
    assert list(individual.get_ydata()) == [120.0, 135.0]
    assert list(group.get_ydata()) == [122.0, 134.0]
    middle = (np.asarray(individual.get_xdata()) + np.asarray(group.get_xdata())) / 2
    assert middle == pytest.approx([0, 40])
    assert (individual.get_marker(), group.get_marker()) == ("o", "s")
    assert individual.get_color() != group.get_color()


def test_panels_have_names_units_and_numbers_with_blood_pressure_first(vitals):
    figure = plot_vitals(vitals=vitals)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["Systolic blood pressure", "Oxygen saturation"]
    assert [ax.get_ylabel() for ax in figure.axes] == ["mmHg", "%"]
    assert {"50", "48", "30", "29"} <= set(words(figure))


def test_the_highest_value_is_drawn_where_high_is_worse_and_known(vitals):
    first, second = plot_vitals(vitals=vitals).axes
    assert list(line(first, "maximum individual").get_ydata()) == [155.0, 172.0]
    assert not [one for one in second.lines if (one.get_gid() or "").startswith("maximum")]
    assert line(second, "means group").get_ydata() == [98.0]
    withheld = plot_vitals(vitals=vitals.assign(maximum=np.nan))
    assert not [one for one in withheld.axes[0].lines if (one.get_gid() or "").startswith("maximum")]
    assert "highest" not in "\n".join(words(withheld))


def test_a_measurement_without_a_minute_stands_apart_and_is_joined_to_nothing(vitals):
    without = vitals.iloc[[1]].assign(minute=np.nan, mean=140.0)
    ax = plot_vitals(vitals=pd.concat([vitals, without])).axes[0]
    assert max(line(ax, "means individual").get_xdata()) > 45
    assert list(line(ax, "line individual").get_ydata()) == [120.0, 135.0]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "40", "none"]


def test_many_minutes_have_the_range_of_measurements_in_the_label(vitals):
    every = pd.concat([vitals.iloc[[1]].assign(minute=float(minute), n=minute + 7) for minute in range(0, 120, 10)])
    figure = plot_vitals(vitals=every)
    assert figure.axes[0].get_xlabel() == "Minute of the session\nn = 7 to 117 per mark"


def test_nothing_measured_is_a_quiet_statement(vitals):
    for frame in (vitals.iloc[:0], vitals.assign(mean=np.nan)):
        assert "There is nothing measured in a session to draw" in alt_text(plot_vitals(vitals=frame))


def test_ten_measures_are_refused(vitals):
    many = pd.concat([vitals.iloc[:1].assign(measure=f"m{place}") for place in range(10)])
    with pytest.raises(FigureError, match="draws 9 measures at most, found 10; choose among them"):
        plot_vitals(vitals=many)


def test_of_oxygen_the_lowest_value_is_drawn_and_said(vitals):
    figure = plot_vitals(vitals=vitals.assign(minimum=vitals["q1"] - 5))
    first, second = figure.axes
    assert list(line(second, "minimum group").get_ydata()) == [92.0]
    assert not [one for one in first.lines if (one.get_gid() or "").startswith("minimum")]
    assert "Small dash: the highest value, of oxygen saturation the lowest." in " ".join(words(figure)).replace(
        "\n", " "
    )


def test_panels_of_a_row_have_their_titles_at_one_height(vitals):
    figure = plot_vitals(vitals=vitals)
    figure.draw_without_rendering()
    heights = {round(ax._left_title.get_window_extent().y0) for ax in figure.axes}
    assert len(heights) == 1
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["Individual", "Group"]
