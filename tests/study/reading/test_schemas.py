"""Where a typed table breaks its schema, with what was meant where a name was mistyped."""

import pandas as pd
import pytest

from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.reading.cells import ANOTHER_INSTRUMENT, expected_in
from kap_analysis.study.reading.schemas import schema_failures

INSTRUMENTS = ("BDI", "BDI-II", "HAM-A")


def failures(table, **columns):
    frame = pd.DataFrame({name: pd.Series(values) for name, values in columns.items()})
    return [(name, where.tolist(), found, expected)
            for name, where, found, expected in schema_failures(frame, TABLES[table], INSTRUMENTS)]  # fmt: skip


def test_a_sound_frame_has_no_failures():
    assert failures("patients", patient_id=["P1"], age=[41.0], sex=["female"]) == []


@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        ("age", 5.0, "5"),
        ("observed_until_day", 45_000.0, "a number that looks like a date of a spreadsheet"),
    ],
)
def test_a_number_outside_its_range(column, value, found):
    expected = expected_in(TABLES["patients"].columns[column])
    assert failures("patients", **{column: [20.0, value]}) == [(column, [1], [found], [expected])]


def test_an_empty_cell_where_none_may_be():
    assert failures("assessments", instrument=["BDI", None]) == [
        ("instrument", [1], ["an empty cell"], ["the name of an instrument"])
    ]


def test_the_nearest_names_are_offered():
    assert failures("assessments", instrument=["bdi ii", "WHOQOL"]) == [
        (
            "instrument",
            [0, 1],
            ["'bdi ii'", "'WHOQOL'"],
            ["the name of an instrument (did you mean BDI-II?)", "the name of an instrument" + ANOTHER_INSTRUMENT],
        )
    ]
    ((_, _, _, expected),) = failures("patients", sex=["femal"])
    assert expected[0].endswith(" (did you mean female?)")


def test_of_more_than_a_hundred_wrong_names_none_was_mistyped():
    wrong = [f"bdi ii {number}" for number in range(101)]
    ((_, where, _, expected),) = failures("assessments", instrument=wrong)
    assert len(where) == 101
    assert set(expected) == {"the name of an instrument" + ANOTHER_INSTRUMENT}
