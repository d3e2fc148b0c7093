"""Severity bands by visit: heights, the numbers in them, ribbons between visits, and those not assessed."""

from itertools import pairwise

import matplotlib
import numpy as np
import pandas as pd
import pytest

from kap_analysis.errors import FigureError
from kap_analysis.figures.change.band_movement import plot_band_movement
from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.figures.page.statement import is_statement
from tests.figures.drawn import marked

BANDS = ["minimal", "mild", "moderate", "severe", "not assessed"]
COUNTS = {"baseline": [1, 2, 3, 4, 0], "month 3": [5, 2, 1, 0, 2]}


@pytest.fixture
def movement():
    rows = [
        (name, visit, band, n)
        for name in ("all", "individual", "group")
        for visit, numbers in COUNTS.items()
        for band, n in zip(BANDS, numbers, strict=True)
    ]
    return pd.DataFrame(rows, columns=["format", "visit", "band", "n_patients"])


@pytest.fixture
def flows():
    rows = [("severe", "minimal", 4), ("moderate", "not assessed", 2), ("moderate", "moderate", 1)]
    rows += [("mild", "mild", 2), ("minimal", "minimal", 1)]
    frame = pd.DataFrame(rows, columns=["band_from", "band_to", "n_patients"])
    return frame.assign(visit_from="baseline", visit_to="month 3", format="individual")


def words(figure):
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text)]


def test_heights_are_shares_of_all_at_the_visit_and_stack_to_all(movement):
    figure = plot_band_movement(movement=movement, instrument="BDI-II")
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["Individual, n = 10", "Group, n = 10"]
    tall = {(p.get_gid(), round(p.get_x() + p.get_width() / 2)): p.get_height() for p in marked(figure.axes[0], "part")}
    assert tall[("part severe", 0)] == pytest.approx(40)
    assert tall[("part not assessed", 1)] == pytest.approx(20)
    for visit in (0, 1):
        assert sum(height for (_, at), height in tall.items() if at == visit) == pytest.approx(100)


def test_bands_stack_from_least_to_most_severe_whatever_the_order_of_the_rows(movement):
    shuffled = movement.sample(frac=1.0, random_state=4).sort_values("visit", kind="stable")
    ax = plot_band_movement(movement=shuffled, instrument="BDI-II").axes[0]
    bottoms = {p.get_gid(): p.get_y() for p in marked(ax, "part") if p.get_x() < 0.4}
    assert sorted(bottoms, key=bottoms.get) == [f"part {band}" for band in BANDS[:4]]


def test_those_not_assessed_are_hatched_and_bands_darken_with_severity(movement):
    ax = plot_band_movement(movement=movement, instrument="BDI-II").axes[0]
    parts = {p.get_gid().removeprefix("part "): p for p in marked(ax, "part")}
    assert {band for band, part in parts.items() if part.get_hatch()} == {"not assessed"}
    light = [np.mean(parts[band].get_facecolor()[:3]) for band in BANDS[:4]]
    assert light == sorted(light, reverse=True)
    assert min(a - b for a, b in pairwise(light)) > 0.08


def test_a_ribbon_is_as_wide_as_its_share_at_both_ends(movement, flows):
    ax = plot_band_movement(movement=movement, flows=flows, instrument="BDI-II").axes[0]
    ribbons = marked(ax, "ribbon")
    assert len(ribbons) == 5
    points = ribbons[-1].get_paths()[0].vertices  # the last is severe to minimal, of 4 in 10
    left, right = (points[np.isclose(points[:, 0], at), 1] for at in (0.25, 0.75))
    assert (left.min(), left.max()) == pytest.approx((60, 100))
    assert (right.min(), right.max()) == pytest.approx((10, 50))


def test_n_stands_under_each_visit_and_names_beside_the_last_bar(movement):
    figure = plot_band_movement(movement=movement, instrument="BDI-II")
    for ax in figure.axes:
        assert [label.get_text() for label in ax.get_xticklabels()] == ["Baseline", "Month 3"]
    assert {"minimal", "moderate", "not assessed"} <= set(words(figure))


def test_a_narrow_page_puts_formats_below_each_other_and_everybody_is_one_panel(movement):
    first, second = plot_band_movement(movement=movement, instrument="BDI-II", width="single").axes
    assert first.get_position().y0 > second.get_position().y1
    everybody = movement[movement["format"] == "all"]
    assert len(plot_band_movement(movement=everybody, instrument="BDI-II").axes) == 1


def test_a_bar_with_a_withheld_number_is_an_outline_with_that_word(movement):
    movement["of_patients"] = 10
    one = movement["n_patients"] == 1
    movement["withheld"] = one & (movement["visit"].astype("str") == "baseline")
    movement["n_patients"] = movement["n_patients"].where(~movement["withheld"]).astype(float)
    figure = plot_band_movement(movement=movement, instrument="BDI-II")
    tall = {(p.get_gid(), round(p.get_x() + p.get_width() / 2)): p.get_height() for p in marked(figure.axes[0], "part")}
    assert not [place for _, place in tall if place == 0]
    outline = marked(figure.axes[0], "withheld")[0]
    assert outline.get_height() == 100
    assert "withheld" in words(figure)
    assert "Numbers withheld" in " ".join(words(figure))


def test_bars_that_all_have_a_withheld_part_are_one_sentence(movement):
    movement["withheld"] = movement["n_patients"] == 1
    movement["n_patients"] = movement["n_patients"].where(~movement["withheld"]).astype(float)
    assert is_statement(plot_band_movement(movement=movement, instrument="BDI-II"))


def test_a_flow_from_an_unknown_band_is_refused(movement, flows):
    with pytest.raises(FigureError, match=r"found very severe in flows= but not in movement=\."):
        plot_band_movement(movement=movement, flows=flows.replace("severe", "very severe"), instrument="BDI-II")


def test_the_alternative_text_counts_each_band(movement):
    text = alt_text(plot_band_movement(movement=movement, instrument="BDI-II"))
    assert "individual. Baseline, 10 patients: minimal 1 (10%), mild 2 (20%), moderate 3 (30%), severe 4 (40%)" in text
