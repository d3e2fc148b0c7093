"""Adverse events and vital signs on one page."""

from kap_analysis import figures
from tests.figures import made_up


def test_the_first_route_is_a_and_the_first_measure_is_b():
    draw, frames = made_up.every_figure()["session_safety"]
    titles = [ax.get_title(loc="left") for ax in draw(**frames).axes]
    assert draw is figures.plot_session_safety
    routes, measures = frames["events"]["route"].nunique(), len(frames["vitals"][["measure", "unit"]].drop_duplicates())
    assert len(titles) == routes + measures
    assert titles[0].startswith("A  Route")
    assert titles[routes].startswith("B  ")
    assert [title[:3] for place, title in enumerate(titles) if place not in (0, routes) and title[1:3] == "  "] == []
