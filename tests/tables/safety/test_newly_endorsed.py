"""Who newly endorsed the item on suicidality, by format, each step with its denominator."""

from tests.tables.shown import rows


def test_each_step_has_its_own_denominator(every_table):
    shown = list(rows(every_table["newly-endorsed"]).values())
    assert shown == [("96/138 (70%)", "48/90 (53%)"), ("80/96 (83%)", "40/48 (83%)"), ("20/80 (25%)", "12/40 (30%)")]
