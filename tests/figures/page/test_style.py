"""How many panels stand beside each other on a page."""

import pytest

from kap_analysis.figures.marks.stacked_bars import relative_luminance
from kap_analysis.figures.page.style import THEMES, Theme, is_narrow, panel_grid


def test_one_column_of_a_journal_is_narrow():
    assert [is_narrow(width) for width in ("single", "double", 89, 183)] == [True, False, True, False]


@pytest.mark.parametrize(
    ("width", "panels", "most", "grid"),
    [("double", 1, 3, (1, 1)), ("double", 4, 3, (2, 3)), ("double", 3, 3, (1, 3)), ("single", 3, 3, (3, 1))],
)
def test_panels_stand_beside_each_other_where_there_is_room(width, panels, most, grid):
    assert panel_grid(width, panels, most) == grid


def contrast(one: str, other: str) -> float:
    """Ratio of WCAG 2.2, 1.4.3."""
    darker, lighter = sorted((relative_luminance(one), relative_luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def written(theme: Theme) -> dict[str, str]:
    """Every colour that words or marks may have."""
    named = {name: getattr(theme, name) for name in ("foreground", "muted", "accent", "worse", "better")}
    return named | {name: look.colour for name, look in theme.formats.items()}


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_words_and_marks_can_be_read_on_the_page_and_on_every_band(theme):
    for name, colour in written(theme).items():
        for behind in (theme.background, *theme.sequence[:-1]):
            assert contrast(colour, behind) >= 4.5, (name, behind)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_a_colour_means_one_thing(theme):
    colours = list(written(theme).values())
    assert len(set(colours)) == len(colours)
