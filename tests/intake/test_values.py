"""Dates in all notations, numbers, doses, weights and patterns."""

import math
from datetime import datetime

import pytest

from kap_analysis.intake.values import date_order, pattern, read_date, read_dose, read_number, read_weight


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("2024-02-01", "", (2024, 2, 1)),
        ("2024-02-01T10:11:12", "", (2024, 2, 1)),
        ("01/02/2024", "month_first", (2024, 1, 2)),
        ("01/02/2024", "day_first", (2024, 2, 1)),
        ("01/02/2024", "", None),
        ("13/02/2024", "", (2024, 2, 13)),
        ("13/02/2024", "month_first", None),
        ("1.2.24", "", (2024, 2, 1)),
        ("1 Feb 2024", "", (2024, 2, 1)),
        ("Feb 1, 2024", "", (2024, 2, 1)),
        ("02/30/2024", "month_first", None),
        ("45323", "", (2024, 2, 1)),
        ("20240201", "", (2024, 2, 1)),
        ("20241301", "", None),
        ("01FEB2024", "", (2024, 2, 1)),
        ("01FEB2024:09:30:00", "", (2024, 2, 1)),
        ("Thursday, February 1st, 2024", "", (2024, 2, 1)),
        ("Thu 1 Feb 2024 9:30 AM", "", (2024, 2, 1)),
        ("12 mg 2024", "", None),
        ("Anna", "", None),
        ("²", "", None),
    ],
)
def test_dates(text, order, day):
    found = read_date(text, order)
    assert (None if found is None else (found.year, found.month, found.day)) == day


def test_a_time_in_utc_is_told_on_the_local_clock():
    assert read_date("2024-01-09T02:30:00Z", zone="America/Denver") == datetime(2024, 1, 8, 19, 30)
    assert read_date("01/08/2024 2:15 PM", "month_first") == datetime(2024, 1, 8, 14, 15)


def test_the_order_of_dates_is_known_or_asked():
    assert date_order(["01/02/2024", "01/21/2024"]) == ("month_first", 1)
    assert date_order(["01/02/2024", "21/01/2024"]) == ("day_first", 1)
    assert date_order(["01/02/2024", "03/04/2024"]) == ("?", 2)
    assert date_order(["21/01/2024", "01/21/2024", "01/02/2024"]) == ("?", 1)
    assert date_order(["21/01/2024", "01/21/2024"]) == ("", 0)
    assert date_order(["2024-01-02"]) == ("", 0)


def test_numbers_doses_and_weights():
    assert read_number("1.234,5", ",") == 1234.5
    assert read_number("1.000", ",") == 1000 and read_number("12.125", ",") == 12.125
    assert read_dose("1.0 mg/kg (80 mg)") == 80
    assert read_dose("100mg") == 100
    assert read_dose("1 mg/kg", weight=70.0) == 70
    assert read_dose("1,000 mg") == 1000
    assert read_dose("80,5 mg") == 80.5
    assert read_dose("1.000 mg", ",") == 1000
    assert read_dose("80 milligrams IM") == 80
    assert read_weight("176 lb") == 79.8
    assert read_weight("176", "lb") == 79.8
    assert read_weight("80") == 80


@pytest.mark.parametrize(
    "text",
    ["2 x 50 mg", "100 mg (2 x 50 mg)", "80-100 mg", "80 to 100 mg", "80 mg + 20 mg", "80 mg IM, 20 mg SL", "50 mg/ml",
     "117/", "1 mg/kg"],
)  # fmt: skip
def test_a_dose_that_is_not_one_amount_is_no_number(text):
    assert math.isnan(read_dose(text))


def test_half_a_blood_pressure_is_no_number():
    assert math.isnan(read_number("117/"))
    assert math.isnan(read_weight("117/"))


def test_a_pattern_holds_nothing_of_the_value():
    assert pattern("Anna-9.b") == "Aaaa-9.a"
