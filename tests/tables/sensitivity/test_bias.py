"""The difference without the bias of a confounder: a row per effect, a column per difference in prevalence."""

from tests.tables.shown import rows


def test_rows_are_effects_and_columns_prevalences(every_table):
    shown = rows(every_table["bias"])
    assert shown == {
        "2 points": ("2.8 (0.8 to 4.8)", "2.0 (0.0 to 4.0)"),
        "4 points": ("2.6 (0.6 to 4.6)", "1.0 (−1.0 to 3.0)"),
    }
