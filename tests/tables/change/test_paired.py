"""Change of the same patients."""

from tests.tables.shown import rows


def test_paired_change_counts_the_pairs_of_those_with_a_baseline(every_table):
    shown = rows(every_table["paired-change"])
    assert shown["BDI-II"] == (
        "Month 3",
        "150/220 (68%)",
        "25.4 (8.7)",
        "14.1 (9.9)",
        "−11.2 (−12.6 to −9.9)",
        "8.4",
    )
    assert "There is no control arm: change is not an effect of treatment." in every_table["paired-change"].notes
