"""Mirrored histograms: individual upwards, group downwards, every patient in one bar."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from kap_analysis.errors import FigureError
from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.figures.sensitivity.propensity_overlap import BIN_WIDTH, plot_propensity_overlap


@pytest.fixture
def propensity():
    rng = np.random.default_rng(8)
    p = rng.beta(2, 4, 400)
    group = rng.random(400) < p
    formats = np.where(group, "group", "individual")
    return pd.DataFrame({"format": formats, "propensity": p, "overlap": np.where(group, 1 - p, p)})


def bars(figure, name):
    patches = figure.findobj(matplotlib.patches.Rectangle)
    return [bar for bar in patches if bar.get_gid() == f"patients {name}"]


def test_every_patient_is_in_a_bar_on_the_side_of_the_format(propensity):
    figure = plot_propensity_overlap(propensity=propensity)
    n = propensity["format"].value_counts()
    assert sum(bar.get_height() for bar in bars(figure, "individual")) == n["individual"]
    assert sum(bar.get_height() for bar in bars(figure, "group")) == -n["group"]
    assert {round(bar.get_width(), 9) for bar in bars(figure, "group")} == {BIN_WIDTH}


def test_formats_differ_in_colour_and_fill(propensity):
    figure = plot_propensity_overlap(propensity=propensity)
    one, other = bars(figure, "individual")[0], bars(figure, "group")[0]
    assert one.get_facecolor() != other.get_edgecolor()
    assert (one.get_hatch(), other.get_hatch()) == (None, "////")


def test_the_weighted_outline_keeps_the_number_of_patients(propensity):
    figure = plot_propensity_overlap(propensity=propensity, weighting="overlap")
    n = propensity["format"].value_counts()
    outlines = {step.get_gid(): step for step in figure.findobj(matplotlib.patches.StepPatch)}
    assert outlines["weighted group"].get_data().values.sum() == pytest.approx(-n["group"])
    assert outlines["weighted individual"].get_data().values.sum() == pytest.approx(n["individual"])


def test_the_axis_shows_counts_without_a_sign(propensity):
    ax = plot_propensity_overlap(propensity=propensity).axes[0]
    assert ax.yaxis.get_major_formatter()(-20) == "20"


def test_one_format_is_drawn_on_its_side_only(propensity):
    figure = plot_propensity_overlap(propensity=propensity[propensity["format"] == "group"])
    assert bars(figure, "group")
    assert not bars(figure, "individual")


def test_patients_without_a_propensity_are_counted(propensity):
    propensity.loc[:2, "propensity"] = np.nan
    figure = plot_propensity_overlap(propensity=propensity)
    assert "3 patients without a propensity left out." in "\n".join(text.get_text() for text in figure.texts)


def test_an_emptied_frame_is_a_quiet_statement(propensity):
    assert "There is no propensity to draw" in alt_text(plot_propensity_overlap(propensity=propensity.iloc[:0]))


def test_what_cannot_be_mirrored_is_refused(propensity):
    with pytest.raises(FigureError, match="leave the mixed format out"):
        plot_propensity_overlap(propensity=propensity.assign(format="mixed"))
    with pytest.raises(FigureError) as error:
        plot_propensity_overlap(propensity=propensity.assign(propensity=1.5))
    assert str(error.value) == "A propensity is between 0 and 1; plot_propensity_overlap found 1.5 in propensity=."
    with pytest.raises(FigureError, match="draws the weighting 'ipw' or 'overlap', not 'matching'"):
        plot_propensity_overlap(propensity=propensity, weighting="matching")
