"""Whatever has a side asks the instrument: each figure drawn where lower is better, and where higher is."""

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from kap_analysis.figures.change.band_movement import plot_band_movement
from kap_analysis.figures.marks.marks import view_of_scores
from kap_analysis.figures.page.scales import scale_of
from kap_analysis.figures.page.style import THEMES
from kap_analysis.instruments.own_instrument import instrument_from_mapping
from tests.figures import made_up
from tests.figures.drawn import having, marked
from tests.sweeps import few_fast

ENTRY = {"total_range": [0, 63], "response_percent": 50, "source": "made up"}
LABELS = ("minimal", "mild", "moderate", "severe")
LOWER, HIGHER = (
    instrument_from_mapping(
        ENTRY
        | {
            "name": name,
            "higher_is_better": higher,
            "bands": [
                {"label": label, "low": 16 * k, "high": min(16 * k + 15, 63)}
                for k, label in enumerate(LABELS[::-1] if higher else LABELS)
            ],
        }
    )
    for name, higher in (("Burden", False), ("Calm", True))
)
#: Figures that do not take an instrument have no side.
WITH_SIDES = sorted(name for name, (_, frames) in made_up.every_figure().items() if "instrument" in frames)
by_name = pytest.mark.parametrize(
    "name", few_fast(WITH_SIDES, ("band_movement", "format_differences", "tipping_point"))
)


def drawn(name: str, instrument):
    """The figure for one instrument; others beside it would keep their own direction."""
    draw, frames = made_up.every_figure()[name]
    own = {key: one for key, one in frames.items() if key not in ("instrument", "secondary")}
    return draw(**own, instrument=instrument)


def sides(figure) -> list[tuple[str, ...]]:
    """The words on the left and on the right of every arrow."""
    labels = [ax.get_xlabel().split("\n")[-1] for ax in figure.axes]
    return [tuple(part.strip(" ←→") for part in label.split("     ")) for label in labels if "←" in label]


@by_name
def test_arrows_point_the_other_way(name):
    lower, higher = sides(drawn(name, LOWER)), sides(drawn(name, HIGHER))
    assert len(lower) == len(higher)
    assert [side[::-1] for side in lower] == higher


@by_name
def test_margins_stand_where_group_is_worse(name):
    def place(line) -> float:
        (along,) = [set(values) for values in (line.get_xdata(), line.get_ydata()) if set(values) != {0, 1}]
        return float(along.pop())

    at = [[place(line) for line in having(drawn(name, one), "margin")] for one in (LOWER, HIGHER)]
    assert at[1] == [-value for value in at[0]]
    assert all(value > 0 for value in at[0])


@by_name
def test_bands_are_darker_the_more_severe_they_are(name):
    for instrument in (LOWER, HIGHER):
        shades = {}
        for patch in marked(drawn(name, instrument), "band "):
            if isinstance(patch, matplotlib.patches.Rectangle):
                shades[patch.get_gid().removeprefix("band ")] = float(np.mean(to_rgb(patch.get_facecolor())))
        assert list(shades.values()) == [] or [shades[label] for label in LABELS] == sorted(shades.values())[::-1]


@by_name
def test_words_for_the_direction_follow_the_instrument(name):
    for instrument, other in ((LOWER, "higher is better"), (HIGHER, "lower is better")):
        written = " ".join(text.get_text() for text in drawn(name, instrument).findobj(matplotlib.text.Text))
        assert other not in " ".join(written.split())


def test_the_same_difference_has_the_colour_of_the_format_that_does_better():
    lower, higher = (
        np.asarray(having(drawn("tipping_point", one), "cells")[0].get_array(), float) for one in (LOWER, HIGHER)
    )
    frame = made_up.every_figure()["tipping_point"][1]["tipping"]
    wide = frame.pivot_table(index="delta_group", columns="delta_individual", values="estimate").to_numpy()
    blue = {name: to_rgb(THEMES["light"].look(name).colour)[2] for name in ("individual", "group")}
    assert blue["individual"] > blue["group"]
    assert (lower[wide > 0][:, 2] > higher[wide > 0][:, 2]).all()
    assert (lower[wide < 0][:, 2] < higher[wide < 0][:, 2]).all()


def test_along_one_axis_the_tipping_figure_says_who_does_better_above_zero_and_where_the_margin_is():
    for instrument, better, side in ((LOWER, "individual", 1), (HIGHER, "group", -1)):
        figure = drawn("tipping_point along one axis", instrument)
        assert f"above 0: {better} better" in figure.axes[0].get_ylabel()
        assert having(figure, "margin")[0].get_ydata()[0] == 3.0 * side


def test_reliably_worse_lies_on_the_side_of_worse_scores():
    for instrument, side in ((LOWER, 1), (HIGHER, -1)):
        lines = having(drawn("clinical_change", instrument), "reliable change")
        worse = {line.get_color(): float(line.get_ydata()[0] - line.get_xdata()[0]) for line in lines}
        theme = THEMES["light"]
        assert side * worse[theme.worse] > 0 > side * worse[theme.better]


def test_the_mildest_band_is_at_the_bottom_and_palest_in_both_directions():
    frames = made_up.every_figure()["band_movement"][1]
    looks = []
    for instrument in (LOWER, HIGHER):
        figure = plot_band_movement(movement=frames["movement"], instrument=instrument)
        parts = {p.get_gid(): (p.get_y(), p.get_facecolor()) for p in marked(figure.axes[0], "part ") if p.get_x() < 0}
        heights = [parts[f"part {label}"][0] for label in LABELS]
        assert heights == sorted(heights)
        looks.append(parts)
    assert looks[0] == looks[1]


def test_the_score_axis_begins_at_the_better_end():
    assert view_of_scores(scale_of(LOWER), 10, 30)[0] == 0
    low, high = view_of_scores(scale_of(HIGHER), 30, 50)
    assert high == 63
    assert 0 < low <= 30
