"""How many panels stand beside each other on a page."""

import pytest

from kap_analysis.figures.page.style import is_narrow, panel_grid


def test_one_column_of_a_journal_is_narrow():
    assert [is_narrow(width) for width in ("single", "double", 89, 183)] == [True, False, True, False]


@pytest.mark.parametrize(
    ("width", "panels", "most", "grid"),
    [("double", 1, 3, (1, 1)), ("double", 4, 3, (2, 3)), ("double", 3, 3, (1, 3)), ("single", 3, 3, (3, 1))],
)
def test_panels_stand_beside_each_other_where_there_is_room(width, panels, most, grid):
    assert panel_grid(width, panels, most) == grid
