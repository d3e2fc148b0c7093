"""What the analysis returns is what these figures take: in both themes and widths, and behind the public gate."""

import matplotlib
import pandas as pd
import pytest

import kap_analysis as kap
from kap_analysis.disclosure.gate import release
from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.figures.page.style import THEMES

FRAMES = {
    kap.figures.plot_balance: "balance",
    kap.figures.plot_propensity_overlap: "propensity",
    kap.figures.plot_suicidality: "suicidality",
    kap.figures.plot_adverse_events: "events",
    kap.figures.plot_vitals: "vitals",
    kap.figures.plot_run_chart: "quarters",
}


@pytest.fixture(scope="module")
def results(study):
    allocation = kap.check_allocation(study, n_bootstrap=2)
    return allocation, kap.review_safety(study), kap.chart_quarters(study.outcomes(), "month 3")


def frame_of(results, name):
    return next(getattr(result, name) for result in results if hasattr(result, name))


@pytest.mark.parametrize("plot", FRAMES, ids=FRAMES.values())
def test_frames_are_drawn_in_both_themes_and_widths_at_their_width_in_mm(results, plot):
    frame = frame_of(results, FRAMES[plot])
    for theme, width, mm in (("light", "double", 183), ("dark", "single", 89)):
        figure = plot(**{FRAMES[plot]: frame}, theme=theme, width=width, stamp="SIMULATED")
        assert figure.get_figwidth() * 25.4 == pytest.approx(mm)
        assert matplotlib.colors.to_hex(figure.get_facecolor()).upper() == THEMES[theme].background
        assert len(alt_text(figure)) > 80
        sizes = {text.get_fontsize() for text in figure.findobj(matplotlib.text.Text) if text.get_text()}
        assert {size for size in sizes if not 6.5 <= size <= 9} == set()


class PublicStudy:
    """A public study of real patients that publishes no number."""

    visibility = "public"
    is_simulated = False
    populations = staticmethod(lambda: pd.DataFrame(columns=["population", "inside", "format", "n"]))


@pytest.mark.parametrize("plot", FRAMES, ids=FRAMES.values())
def test_frames_of_a_public_study_are_drawn_without_what_was_withheld(results, plot):
    gated = [release(result, PublicStudy) for result in results]
    frame = frame_of(gated, FRAMES[plot])
    figure = plot(**{FRAMES[plot]: frame})
    written = "\n".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))
    says_so = "Numbers withheld to protect patients" in written or "were withheld" in alt_text(figure)
    assert says_so == (frame.empty or ("withheld" in frame and bool(frame["withheld"].any())))
