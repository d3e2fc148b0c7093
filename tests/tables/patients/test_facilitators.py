"""Patients by facilitator."""

from tests.tables.shown import rows


def test_a_facilitator_has_the_patients_of_both_formats(every_table):
    assert rows(every_table["facilitators"])["F1"] == ("40", "20", "33%")
    assert rows(every_table["facilitators"])["F2"] == ("40", "0", "0%")
