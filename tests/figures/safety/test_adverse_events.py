"""Events per 100 sessions asked: bars where the rates are, with what was asked above and counts beside."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from kap_analysis.errors import FigureError
from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.figures.safety.adverse_events import plot_adverse_events

COLUMNS = ["event", "format", "route", "severity", "n_events", "n_sessions_asked", "n_sessions"]


@pytest.fixture
def events():
    rows = [
        ("nausea", "individual", "IM", "mild", 8, 200, 220),
        ("nausea", "individual", "IM", "severe", 2, 200, 220),
        ("nausea", "group", "IM", "mild", 6, 150, 160),
        ("raised_blood_pressure", "group", "IM", "moderate", 3, 150, 160),
        ("nausea", "group", "SL", "mild", 1, 50, 80),
        ("hospitalisation", "group", "not in a session", "severe", 1, np.nan, np.nan),
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def bars(ax):
    return {bar.get_gid(): bar for bar in ax.patches if bar.get_gid()}


def words(figure):
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text)]


def test_bars_are_events_per_hundred_sessions_asked_and_severities_follow_each_other(events):
    im, sl = plot_adverse_events(events=events).axes
    assert bars(im)["nausea, individual, mild"].get_width() == 100 * 8 / 200
    severe = bars(im)["nausea, individual, severe"]
    assert (severe.get_x(), severe.get_width()) == (100 * 8 / 200, 100 * 2 / 200)
    assert bars(sl)["nausea, group, mild"].get_width() == 100 * 1 / 50


def test_each_route_says_at_how_many_sessions_events_were_asked_about(events):
    written = words(plot_adverse_events(events=events))
    assert "Route IM: events asked about at" in written
    assert "● Individual: 200 of 220 sessions" in written
    assert "□ Group: 150 of 160 sessions" in written
    assert "● Individual: no event" in written


def test_formats_and_severities_have_their_colours(events):
    im = plot_adverse_events(events=events).axes[0]
    individual, group = bars(im)["nausea, individual, mild"], bars(im)["nausea, group, mild"]
    assert individual.get_edgecolor() != group.get_edgecolor()
    assert individual.get_facecolor() != bars(im)["nausea, individual, severe"].get_facecolor()
    assert individual.get_edgecolor() == bars(im)["nausea, individual, severe"].get_facecolor()


def test_events_outside_sessions_have_no_rate_and_are_counted_below(events):
    figure = plot_adverse_events(events=events)
    assert "Not in a session at which patients were asked, so without a rate: hospitalisation (group 1)." in "\n".join(
        words(figure)
    )
    assert not [gid for ax in figure.axes for gid in bars(ax) if gid.startswith("hospitalisation")]


def test_names_are_words_and_the_commonest_event_is_on_top(events):
    ax = plot_adverse_events(events=events).axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Nausea", "Raised blood pressure"]
    assert ax.yaxis_inverted()


def test_a_bar_with_a_withheld_part_is_not_drawn_and_says_so(events):
    events.loc[1, "n_events"] = np.nan
    figure = plot_adverse_events(events=events)
    assert not [name for name in bars(figure.axes[0]) if name.startswith("nausea, individual")]
    assert "withheld" in words(figure)


def test_rates_that_are_all_withheld_are_one_sentence(events):
    withheld = events.assign(withheld=True, n_sessions_asked=np.nan)
    assert alt_text(plot_adverse_events(events=withheld)).startswith("Rates of adverse events are withheld")


def test_sessions_at_which_nobody_asked_give_a_count_and_no_rate(events):
    events.loc[4, "n_sessions_asked"] = 0
    figure = plot_adverse_events(events=events)
    assert "1 (not asked)" in words(figure)
    assert not bars(figure.axes[1])


def test_no_event_or_none_in_a_session_is_a_quiet_statement(events):
    assert "Where nobody asked" in alt_text(plot_adverse_events(events=events.iloc[:0]))
    assert alt_text(plot_adverse_events(events=events.iloc[5:])).startswith(
        "Not in a session at which patients were asked, so without a rate"
    )


def test_five_routes_are_refused(events):
    many = pd.concat([events.iloc[:1].assign(route=route) for route in ("IM", "IV", "SL", "IN", "SC")])
    with pytest.raises(FigureError, match="draws 40 events and 4 routes at most, found 1 and 5; pool the rare ones"):
        plot_adverse_events(events=many)


def test_events_where_nobody_asked_are_in_no_rate():
    frame = pd.DataFrame(
        [("nausea", "individual", "IM", "mild", 12, 10, 100, 120), ("nausea", "group", "IM", "mild", 3, 3, 50, 60)],
        columns=[
            "event",
            "format",
            "route",
            "severity",
            "n_events",
            "n_events_asked",
            "n_sessions_asked",
            "n_sessions",
        ],
    )
    figure = plot_adverse_events(events=frame)
    drawn = {bar.get_gid(): bar.get_width() for bar in figure.axes[0].patches if bar.get_gid()}
    assert drawn["nausea, individual, mild"] == 10.0
    assert "without a rate: nausea (individual 2)." in "\n".join(words(figure))
