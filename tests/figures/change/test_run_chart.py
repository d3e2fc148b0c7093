"""The run chart: means at their quarters, gaps where quarters are missing, the median and the numbers."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from kap_analysis.figures.change.run_chart import plot_run_chart, quarter_places
from kap_analysis.figures.page.alternative_text import alt_text


@pytest.fixture
def quarters():
    mean = np.array([-10.0, -12.0, -8.0, -11.0])
    return pd.DataFrame(
        {
            "instrument": "BDI-II",
            "start_period": ["2024-Q3", "2024-Q4", "2025-Q1", "2025-Q4"],
            "format": "all",
            "n_patients": [11, 1, 14, 5],
            "mean_change": mean,
            "ci_low": [-14.0, np.nan, -12.0, -16.0],
            "ci_high": [-6.0, np.nan, -4.0, -6.0],
            "centre": -10.5,
        }
    )


def line(ax, gid):
    (found,) = [one for one in ax.lines if one.get_gid() == gid]
    return found


def words(figure):
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text)]


def test_quarters_keep_their_distance_from_january_of_the_first_year():
    assert quarter_places(pd.Series(["2024-Q3", "2025-Q1", "2024-Q3"])) == {"2024-Q3": 2.0, "2025-Q1": 4.0}
    assert quarter_places(pd.Series(["second", "first"])) == {"first": 0.0, "second": 1.0}


def test_means_and_the_median_stand_where_they_were_computed(quarters):
    ax = plot_run_chart(quarters=quarters, visit="month 3").axes[0]
    means = ax.containers[0][0]
    assert list(means.get_xdata()) == [2.0, 3.0, 4.0, 7.0]
    assert list(means.get_ydata()) == [-10.0, -12.0, -8.0, -11.0]
    assert set(line(ax, "centre all").get_ydata()) == {-10.5}
    assert ax.get_ylabel() == "BDI-II change at month 3\n(points, below 0: improved)"


def test_the_line_is_broken_where_quarters_are_missing(quarters):
    drawn = np.asarray(line(plot_run_chart(quarters=quarters).axes[0], "line all").get_ydata(), float)
    assert np.isnan(drawn).tolist() == [False, False, False, True, False]


def test_numbers_stand_below_and_the_longest_run_is_said(quarters):
    figure = plot_run_chart(quarters=quarters, longest_run=2)
    assert {"11", "1", "14", "5", "median −10.5"} <= set(words(figure))
    assert "Longest run on one side of the median: 2 quarters." in "\n".join(words(figure))


def test_formats_have_a_line_and_a_median_each(quarters):
    both = pd.concat([quarters.assign(format="individual"), quarters.assign(format="group", centre=-9.0)])
    figure = plot_run_chart(quarters=both)
    ax = figure.axes[0]
    assert line(ax, "line individual").get_color() != line(ax, "line group").get_color()
    assert line(ax, "line individual").get_linestyle() != line(ax, "line group").get_linestyle()
    assert {"median −10.5", "median −9.0"} <= set(words(figure))


def test_many_quarters_on_a_narrow_page_have_fewer_labels_and_say_so(quarters):
    many = pd.concat([quarters.iloc[[0]]] * 40, ignore_index=True)
    many["start_period"] = [f"{2014 + place // 4}-Q{place % 4 + 1}" for place in range(40)]
    figure = plot_run_chart(quarters=many.assign(n_patients=430), width="single")
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == ["2014", "2016", "2018", "2020", "2022"]
    assert "Patients per quarter: 430 to 430; below, those of every 8th quarter." in " ".join(
        "\n".join(words(figure)).split()
    )


def test_withheld_means_are_gaps_and_none_left_is_a_statement(quarters):
    quarters.loc[1, ["n_patients", "mean_change", "ci_low", "ci_high"]] = np.nan
    assert "–" in words(plot_run_chart(quarters=quarters))
    empty = alt_text(plot_run_chart(quarters=quarters.assign(mean_change=np.nan)))
    assert empty.startswith("There is no run chart to draw")


def test_an_interval_of_two_patients_does_not_flatten_the_chart(quarters):
    quarters.loc[3, ["ci_low", "ci_high"]] = [-128.0, 100.0]
    figure = plot_run_chart(quarters=quarters)
    low, high = figure.axes[0].get_ylim()
    assert (low, high) == pytest.approx((-24.6, 12.6))
    assert "Intervals that run off the panel are wider than it shows." in "\n".join(words(figure))


def test_the_alternative_text_has_the_median_that_is_drawn(quarters):
    quarters.loc[0, ["n_patients", "mean_change", "ci_low", "ci_high", "centre"]] = np.nan
    figure = plot_run_chart(quarters=quarters)
    assert "median −10.5" in words(figure)
    assert "; median −10.5." in alt_text(figure)
