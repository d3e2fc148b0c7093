"""A page of several figures: letters, notes of all parts, parts with nothing to draw, and given Axes."""

import pytest
from matplotlib.figure import Figure

from kap_analysis import figures
from kap_analysis.errors import FigureError
from kap_analysis.figures.page.alternative_text import alt_text, short_text
from tests.figures import made_up
from tests.figures.drawn import texts

PARTS = {"allocation": ("balance", "propensity_overlap"), "session_safety": ("adverse_events", "vitals")}


def made(name: str, **other):
    draw, frames = made_up.every_figure()[name]
    return draw(**frames | other)


def titles(figure) -> list[str]:
    return [ax.get_title(loc="left") for ax in figure.axes]


@pytest.mark.parametrize("name", PARTS)
def test_each_part_has_a_letter_and_all_of_its_panels_and_words(name):
    whole, parts = made(name), [made(part) for part in PARTS[name]]
    assert len(whole.axes) == sum(len(part.axes) for part in parts)
    lettered = [title for title in titles(whole) if title.startswith(("A", "B"))]
    assert [title[0] for title in lettered] == ["A", "B"]
    said = " ".join(texts(whole).split())
    for part in parts:
        assert [title for title in titles(part) if not any(title in own for own in titles(whole))] == []
        notes = " ".join(text.get_text() for text in part.texts if text.get_gid() == "notes")
        assert " ".join(notes.split()) in said
        assert alt_text(part) in alt_text(whole)
        assert short_text(alt_text(part)) != short_text(alt_text(whole))


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("width", ["double", "single"])
def test_panels_of_parts_do_not_lie_on_each_other(name, width):
    figure = made(name, width=width)
    figure.draw_without_rendering()
    boxes = [ax.get_position() for ax in figure.axes]
    for place, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[place + 1 :])


def test_a_part_with_nothing_to_draw_vanishes_and_says_why():
    _, frames = made_up.every_figure()["allocation"]
    figure = made("allocation", propensity=frames["propensity"].iloc[:0])
    assert titles(figure) == [""]
    assert "There is no propensity to draw" in texts(figure)


def test_with_nothing_at_all_the_figure_says_so():
    _, frames = made_up.every_figure()["session_safety"]
    figure = made("session_safety", **{name: frame.iloc[:0] for name, frame in frames.items()})
    assert texts(figure).startswith("No adverse event is in the data.")
    assert "There is nothing measured in a session" in " ".join(texts(figure).split())


def test_a_page_of_parts_is_drawn_on_given_axes_one_for_each_panel():
    page = Figure(figsize=(7, 8))
    axes = list(page.subplots(2, 1))
    assert made("allocation", ax=axes) is axes
    assert [ax.get_title(loc="left") for ax in axes] == ["A", "B"]
    with pytest.raises(FigureError, match="This figure has 2 panels, so ax= takes 2 Axes, not 1"):
        made("allocation", ax=axes[0])
    assert "plot_allocation" in dir(figures)
