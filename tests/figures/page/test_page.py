"""A page: the Axes of the caller, the stamp, the key, and what is said under the panels."""

import pandas as pd
from matplotlib.figure import Figure

import kap_analysis as kap
from kap_analysis.figures.missing.tipping_point import plot_tipping_point
from kap_analysis.figures.model_check.diagnostics import plot_diagnostics
from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.figures.page.page import stamp_figure
from tests.figures.drawn import having, texts

TIPPING = ["delta_individual", "delta_group", "estimate", "ci_low", "ci_high"]


def test_axes_of_the_caller_are_drawn_on_and_given_back():
    rows = [(x, y, 0.1 * y - 0.1 * x, -3.0 + y, 3.0 + y) for x in (0, 2, 4) for y in (0, 2, 4)]
    figure = Figure()
    one, *two = figure.subplots(1, 3)
    assert plot_tipping_point(tipping=pd.DataFrame(rows, columns=TIPPING), ax=one) is one
    assert one.get_legend() is not None
    residuals = pd.DataFrame({"fitted": [1.0, 2.0], "standardised": 0.5, "normalised": [0.1, -0.1], "format": "group"})
    assert plot_diagnostics(residuals=residuals, ax=two) is two
    assert figure.legends == []


def test_a_stamp_stands_above_the_key_and_the_key_above_the_panels():
    rows = [(x, y, 0.1 * y, -3.0 + y, 3.0 + y) for x in (0, 2, 4) for y in (0, 2, 4)]
    figure = stamp_figure(plot_tipping_point(tipping=pd.DataFrame(rows, columns=TIPPING), instrument="BDI-II"))
    figure.draw_without_rendering()
    (stamp,) = having(figure, "stamp")
    key = figure.legends[0].get_window_extent()
    assert stamp.get_window_extent().y0 >= key.y1 - 1
    assert key.y0 >= figure.axes[0].get_window_extent().y1 - 1


def test_a_stamped_figure_has_alternative_text_and_says_simulated_when_stamped(observed):
    figure = kap.figures.plot_trajectories(means=observed.means)
    stamp_figure(figure, "SIMULATED")
    assert len(alt_text(figure)) > 40
    assert "SIMULATED" in texts(figure).replace(" ", "").replace("\u200a", "").replace("\u2009", "")
