"""Vital signs by minute and format, with the highest value or the range."""

from kap_analysis import tables
from tests.tables.shown import lines


def test_measures_are_named_in_full_with_the_highest_value(every_table):
    table = every_table["vitals"]
    assert [group for group, _ in table.row_groups()] == ["Systolic blood pressure, mmHg", "Heart rate, /min"]
    assert lines(table, "Heart rate, /min")["Minute 30"] == ("640", "78.1 (11.0)", "120", "420", "78.1 (11.0)", "120")


def test_with_a_lowest_value_the_range_is_shown_and_a_minute_may_be_unknown(safety):
    frame = safety["vitals"].assign(minimum=90.0)
    frame["minute"] = frame["minute"].where(frame["minute"] > 0)
    shown = lines(tables.table_vitals(vitals=frame), "Systolic blood pressure, mmHg")
    assert shown["Minute not recorded"][:3] == ("640", "128.4 (14.2)", "90 to 182")
