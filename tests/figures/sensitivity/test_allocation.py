"""Balance and propensity on one page."""

from kap_analysis import figures
from kap_analysis.figures.page.alternative_text import alt_text
from tests.figures import made_up


def test_the_love_plot_is_a_and_the_propensity_is_b():
    draw, frames = made_up.every_figure()["allocation"]
    figure = draw(**frames)
    assert draw is figures.plot_allocation
    love, overlap = figure.axes
    assert love.get_title(loc="left") == "A"
    assert love.get_xlabel().startswith("Standardised mean difference")
    assert overlap.get_title(loc="left") == "B"
    assert overlap.get_xlabel().startswith("Propensity")
    assert alt_text(figure).startswith("Part A. Love plot of")
