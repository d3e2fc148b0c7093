"""The tipping point: cells at their estimates, lines where the answer changes, imputed is not primary."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from kap_analysis.errors import FigureError
from kap_analysis.figures.missing.tipping_grid import boundary, grid_of, one_way, side_of
from kap_analysis.figures.missing.tipping_point import plot_tipping_point
from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.figures.page.style import THEMES
from tests.figures.drawn import having, texts


def tipping(individual, group, *, half=2.4) -> pd.DataFrame:
    """0.5 points in favour of individual care when nothing is added, and 0.25 per point added."""
    rows = [(x, y, 0.5 + 0.25 * y - 0.25 * x) for x in individual for y in group]
    frame = pd.DataFrame(rows, columns=["delta_individual", "delta_group", "estimate"]).astype(float)
    return frame.assign(ci_low=frame["estimate"] - half, ci_high=frame["estimate"] + half, p_value=0.1)


GRID = tipping([0, 4, 8], [0, 4, 8, 12])


def edges(figure, gid: str) -> set:
    (lines,) = having(figure, gid)
    return {tuple(map(tuple, np.asarray(segment).tolist())) for segment in lines.get_segments()}


def test_every_cell_holds_its_estimate():
    figure = plot_tipping_point(tipping=GRID, instrument="BDI-II")
    cells = {t.get_position(): t.get_text() for t in having(figure, "cell")}
    assert len(cells) == 3 * 4
    assert cells[(0, 0)] == "0.5"
    assert cells[(0, 3)] == "3.5"  # 0.5 + 0.25 * 12
    assert cells[(2, 0)] == "−1.5"  # 0.5 - 0.25 * 8
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["0", "4", "8"]
    assert "BDI-II points" in figure.axes[0].get_xlabel()
    assert "group" in figure.axes[0].get_ylabel()


def test_the_line_runs_round_the_cells_whose_interval_excludes_zero():
    figure = plot_tipping_point(tipping=GRID, instrument="BDI-II")
    # estimate > 2.4: 2.5 and 3.5 with nothing added to individual, 2.5 with 4 added
    assert {t.get_position() for t in having(figure, "cell") if t.get_fontweight() == "bold"} == {
        (0, 2),
        (0, 3),
        (1, 3),
    }
    assert edges(figure, "95% interval excludes 0") == {
        ((-0.5, 1.5), (0.5, 1.5)),
        ((0.5, 1.5), (0.5, 2.5)),
        ((0.5, 2.5), (1.5, 2.5)),
        ((1.5, 2.5), (1.5, 3.5)),
    }


def test_the_margin_has_a_broken_line_of_its_own_and_none_is_drawn_if_none_was_stated():
    figure = plot_tipping_point(tipping=GRID, margin=4.5, instrument="BDI-II")
    # estimate + 2.4 >= 4.5: 2.5 and 3.5, the same cells as above
    assert edges(figure, "95% interval reaches the margin 4.5") == edges(figure, "95% interval excludes 0")
    assert "above: 95% interval reaches the margin 4.5" in texts(figure)
    assert "margin" not in texts(plot_tipping_point(tipping=GRID, instrument="BDI-II"))


def test_where_higher_is_better_the_margin_lies_on_the_other_side():
    lower = grid_of(GRID).reaches(-3.5)
    assert lower[0, 2] == 1  # -1.5 - 2.4 <= -3.5
    assert lower[3, 0] == 0


def test_the_cell_where_nothing_is_changed_is_named_imputed_and_not_primary():
    figure = plot_tipping_point(tipping=GRID)
    (mark,) = having(figure, "at random")
    assert (mark.get_x() + mark.get_width() / 2, mark.get_y() + mark.get_height() / 2) == pytest.approx((0, 0))
    assert "nothing changed: scores imputed, missing at random" in texts(figure)
    assert "rimary" not in texts(figure)
    without = plot_tipping_point(tipping=tipping([2, 4], [2, 4]))
    assert having(without, "at random") == []
    assert "nothing changed" not in texts(without)


def contrasts(estimate=0.3) -> pd.DataFrame:
    rows = {"estimate": [estimate, 9.0], "ci_low": [estimate - 2, 8.0], "ci_high": [estimate + 2, 10.0]}
    return pd.DataFrame({**rows, "is_primary": [True, False]})


def test_the_primary_estimate_is_told_beside_the_imputed_one():
    figure = plot_tipping_point(tipping=GRID, primary=contrasts(), instrument="BDI-II")
    assert "Primary analysis, which imputes nothing: 0.3 (−1.7 to 2.3)." in texts(figure)
    assert "Imputed at random: 0.5 (−1.9 to 2.9). Primary analysis: 0.3 (−1.7 to 2.3)." in alt_text(figure)
    path = plot_tipping_point(tipping=tipping([0], [0, 4, 8]), primary=contrasts(), instrument="BDI-II")
    (square,) = having(path, "primary")
    assert square.get_ydata().tolist() == [0.3]
    with pytest.raises(FigureError, match="found 2 primary rows in primary"):
        plot_tipping_point(tipping=GRID, primary=contrasts().assign(is_primary=True))


@pytest.mark.parametrize(
    ("instrument", "word", "worse"), [("BDI-II", "Added", "more"), ("WHO-5", "Subtracted", "fewer")]
)
def test_both_directions_say_what_is_done_to_the_points(instrument, word, worse):
    for frame in (GRID, tipping([0], [0, 4, 8])):
        figure = plot_tipping_point(tipping=frame, instrument=instrument)
        assert figure.axes[0].get_xlabel().startswith(f"{word} after dropout")
        said = texts(figure).replace("\n", " ")
        assert f"Points are {word.lower()} at every visit" in said
        assert f"{worse} points are a worse score" in said
        assert f"points {word.lower()} after dropout" in alt_text(figure)
    assert "Points worse after dropout" in plot_tipping_point(tipping=GRID).axes[0].get_xlabel()


def test_a_grid_in_which_nothing_tips_says_so():
    figure = plot_tipping_point(tipping=tipping([0, 4], [0, 4], half=20))
    assert "95% interval excludes 0 in no cell of this grid." in texts(figure)
    assert having(figure, "95% interval excludes 0") == []


def test_withheld_cells_have_a_dash_and_no_line_beside_them():
    frame = GRID.copy()
    frame.loc[(frame["delta_individual"] == 0) & (frame["delta_group"] == 8), ["estimate", "ci_low", "ci_high"]] = (
        np.nan
    )
    figure = plot_tipping_point(tipping=frame.assign(withheld=frame["estimate"].isna()))
    assert {t.get_position(): t.get_text() for t in having(figure, "cell")}[(0, 2)] == "–"
    assert ((-0.5, 1.5), (0.5, 1.5)) not in edges(figure, "95% interval excludes 0")
    assert "Numbers withheld" in texts(figure)


def test_a_fine_grid_has_no_numbers_in_its_cells_and_says_so():
    figure = plot_tipping_point(tipping=tipping(range(21), range(21)))
    assert having(figure, "cell") == []
    assert "Too many cells for numbers" in texts(figure)
    assert len(edges(figure, "95% interval excludes 0")) > 10


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_formats_have_their_colours_in_the_cells(theme):
    figure = plot_tipping_point(tipping=GRID, instrument="BDI-II", theme=theme)
    (cells,) = having(figure, "cells")
    image, background = np.asarray(cells.get_array(), float), THEMES[theme].background
    for place, name in (((3, 0), "individual"), ((0, 2), "group")):
        towards = image[place] - np.array(matplotlib.colors.to_rgb(background))
        full = np.array(matplotlib.colors.to_rgb(THEMES[theme].look(name).colour)) - np.array(
            matplotlib.colors.to_rgb(background)
        )
        assert towards / np.linalg.norm(towards) == pytest.approx(full / np.linalg.norm(full), abs=0.01)


def test_one_number_that_varies_is_drawn_as_a_line_with_its_interval():
    frame = tipping([0], [0, 4, 8, 12])
    figure = plot_tipping_point(tipping=frame, margin=5, instrument="BDI-II")
    (line,) = having(figure, "estimate")
    assert line.get_xydata().tolist() == [[0, 0.5], [4, 1.5], [8, 2.5], [12, 3.5]]
    assert [mark.get_xydata().tolist() for mark in having(figure, "at random")] == [[[0, 0.5]]]
    assert "margin 5.0" in texts(figure)
    assert "group format" in figure.axes[0].get_xlabel()


def test_the_same_added_in_both_formats_is_one_line():
    frame = tipping([0], [0, 4, 8]).assign(delta_individual=[0.0, 4.0, 8.0])
    assert one_way(frame) == "both"
    assert "both formats" in plot_tipping_point(tipping=frame).axes[0].get_xlabel()
    assert one_way(GRID) is None


def test_sides_of_a_line():
    up = np.array([[0, 0], [0, 1], [1, 1]], float)
    assert side_of(up) == "above"
    assert side_of(up[::-1]) == "below"
    assert side_of(np.array([[0, 1], [0, 1]], float)) == "right"
    assert side_of(np.array([[1, 0, 1], [1, 0, 1]], float)) == ""
    assert boundary(np.array([[0.0, np.nan, 1.0]])) == []


def test_alternative_text_counts_the_analyses():
    text = alt_text(plot_tipping_point(tipping=GRID, margin=4.5, instrument="BDI-II"))
    assert "Imputed at random: 0.5 (−1.9 to 2.9)." in text
    assert "excludes 0 in 3 of 12 analyses" in text


def test_nothing_to_draw_is_said_quietly():
    for frame in (GRID.iloc[:0], GRID.assign(estimate=np.nan)):
        figure = plot_tipping_point(tipping=frame)
        assert "There is no tipping point to draw" in texts(figure)


def test_the_same_points_twice_are_one_sentence():
    with pytest.raises(FigureError) as caught:
        plot_tipping_point(tipping=pd.concat([GRID, GRID.iloc[[1]]]))
    assert str(caught.value) == (
        "plot_tipping_point found two rows for 0.0 points added in individual and 4.0 in group format; keep one."
    )


def test_a_margin_must_be_positive():
    with pytest.raises(FigureError, match="A margin is a positive number of points, not"):
        plot_tipping_point(tipping=GRID.iloc[:0], margin=-1)
