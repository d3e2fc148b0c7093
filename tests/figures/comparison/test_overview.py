"""The overview: each panel shows the numbers of its frame, on the side that the instrument calls worse."""

import numpy as np
import pytest

import kap_analysis as kap
from kap_analysis.errors import FigureError
from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.figures.page.parts import parts_drawn
from tests.figures import made_up
from tests.figures.drawn import having, marked, texts
from tests.figures.legibility import seen_texts, touching_texts

FRAMES = made_up.every_figure()["overview"][1]


def overview(**changed):
    return kap.figures.plot_overview(**(FRAMES | changed))


def test_each_frame_has_a_panel_with_its_letter():
    titles = [ax.get_title(loc="left") for ax in overview().axes]
    assert titles == ["A  Who stayed", "B  Adjusted means", "C  Group minus individual"]
    assert [ax.get_title(loc="left") for ax in overview(retention=None, contrasts=None).axes] == ["Adjusted means"]


def test_a_caption_tells_of_the_panels_that_are_drawn():
    assert parts_drawn(overview()) == (0, 1, 2)
    assert parts_drawn(overview(retention=FRAMES["retention"].assign(share=np.nan))) == (1, 2)


def test_without_a_comparison_the_means_are_drawn_and_named_as_observed():
    figure = overview(adjusted=None, contrasts=None, means=made_up.by_visit(("group",)))
    assert figure.axes[1].get_title(loc="left") == "B  Observed means"
    assert "common baseline" not in texts(figure)


def test_what_is_drawn_is_what_the_frames_hold():
    figure, adjusted = overview(), FRAMES["adjusted"]
    for line in marked(figure, "adjusted "):
        one = adjusted[adjusted["format"] == line.get_gid().removeprefix("adjusted ")]
        assert np.asarray(line.get_ydata(), float) == pytest.approx(one["estimate"].to_numpy())
    estimates = [float(np.atleast_1d(mark.get_xdata())[0]) for mark in having(figure, "estimate")]
    assert estimates == FRAMES["contrasts"]["estimate"].tolist()
    under = [text.get_text() for text in marked(figure, "number under axis")]
    assert sorted(under) == sorted(str(n) for n in adjusted["n_patients"])


@pytest.mark.parametrize(("instrument", "side", "order"), [("BDI-II", 3.0, "better"), ("WHO-5", -3.0, "worse")])
def test_the_margin_and_the_words_stand_on_the_side_of_the_instrument(instrument, side, order):
    figure = overview(instrument=instrument)
    assert float(having(figure, "margin")[0].get_xdata()[0]) == side
    assert figure.axes[-1].get_xlabel().split("\n")[1].startswith(f"←  group {order}")


def test_months_of_the_panels_over_time_begin_and_end_alike():
    first, second, _ = overview().axes
    assert first.get_xlim() == second.get_xlim()


def test_the_answer_stands_in_the_alternative_text():
    assert "Group minus individual at month 3: 1.5 (−0.5 to 3.5) BDI-II points" in alt_text(overview())


def test_nothing_to_draw_is_said_and_a_margin_below_zero_refused():
    assert "There is nothing to draw" in texts(kap.figures.plot_overview())
    with pytest.raises(FigureError, match="A margin is a positive number"):
        overview(margin=-1.0)


def test_numbers_under_the_axis_do_not_touch_however_many_patients_there_are():
    many = FRAMES["adjusted"].assign(n_patients=12_345)
    for width in ("double", 80.0):
        figure = overview(adjusted=many, width=width)
        numbers = {text for text, _ in seen_texts(figure) if text == "12,345"}
        assert numbers
        assert [pair for pair in touching_texts(figure) if "12,345" in pair] == []
