"""The table object and what it writes."""


def test_one_line_repr(every_table):
    table = every_table["paired-change"]
    assert repr(table) == (
        "<Table paired-change: Scores at baseline and follow-up of patients who have both (2 rows, 7 columns)>"
    )
