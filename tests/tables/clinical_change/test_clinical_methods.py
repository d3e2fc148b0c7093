"""Methods of classifying change, side by side."""

from tests.tables.shown import rows


def test_methods_stand_side_by_side(every_table):
    assert rows(every_table["clinical-methods"])["Edwards–Nunnally"][0] == "50 (33%)"
