"""The ledger: what each step kept and left out."""

from tests.tables.shown import rows


def test_a_row_that_was_left_out_says_why(every_table):
    assert rows(every_table["ledger"])["In a visit window"] == ("220", "900", "110", "450")
    assert rows(every_table["ledger"])["Left out: outside every window"] == ("80", "200", "40", "100")
