"""Marks stand out from the page by 3 to 1, words by 4.5 to 1, in both themes (WCAG 2.2, 1.4.11 and 1.4.3)."""

from collections.abc import Iterator

import numpy as np
import pytest
from matplotlib.artist import Artist
from matplotlib.collections import Collection, PolyCollection
from matplotlib.colors import to_hex, to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

from kap_analysis.figures.page.style import THEMES
from tests.figures import made_up
from tests.figures.page.test_style import contrast

#: Areas behind the marks; what is read stands in front of them.
BEHIND = ("band", "strip", "threshold band")
FIGURES = made_up.every_figure()


def colours(mark: Artist) -> list:
    if isinstance(mark, Line2D):
        return [to_rgba(mark.get_color(), mark.get_alpha())]
    if isinstance(mark, Patch):
        return [mark.get_facecolor(), mark.get_edgecolor()]
    return [*mark.get_facecolor(), *mark.get_edgecolor()]


def on_page(colour, background: str) -> str:
    """A colour that may be transparent, as it is seen."""
    *own, share = to_rgba(colour)
    return to_hex((share * np.array(own) + (1 - share) * np.array(to_rgba(background)[:3])).tolist())


def marks(figure) -> Iterator[Artist]:
    for ax in figure.axes:
        for mark in ax.get_children():
            is_mark = isinstance(mark, Line2D | Patch | Collection) and not isinstance(mark, PolyCollection)
            if is_mark and mark is not ax.patch and not str(mark.get_gid()).startswith(BEHIND):
                yield mark


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
@pytest.mark.parametrize("name", FIGURES)
def test_marks_stand_out_by_3_to_1_and_words_by_4_and_a_half(name, theme):
    draw, frames = FIGURES[name]
    figure = draw(**frames, theme=theme.name)
    found = list(marks(figure))
    assert found
    for mark in found:
        seen = [contrast(on_page(one, theme.background), theme.background) for one in colours(mark)]
        assert max(seen, default=21.0) >= 3.0, (mark.get_gid(), seen)
    for text in figure.findobj(Text):
        if (text.get_text().strip() and text.get_gid() is None) or str(text.get_gid()).endswith(("label", "name")):
            assert contrast(on_page(text.get_color(), theme.background), theme.background) >= 4.5, text.get_text()
