"""Slopes by phase, with the difference below the formats."""

import numpy as np
import pytest

from kap_analysis import tables
from kap_analysis.errors import TableError
from tests.tables.shown import lines


def test_slopes_stand_by_phase_with_the_difference_below_the_formats(every_table):
    table = every_table["slopes"]
    assert [group for group, _ in table.row_groups()] == [
        "During dosing (months 0 to 2)",
        "After dosing (from month 2)",
    ]
    assert lines(table, "During dosing (months 0 to 2)") == {
        "Individual": ("107", "−6.85", "−7.65 to −6.06", "0.40", "167.8"),
        "Group": ("72", "−4.45", "−5.62 to −3.27", "0.58", "33.4"),
        "Group − individual": ("179", "2.40", "1.00 to 3.81", "0.70", "69.5"),
    }
    assert any("nothing is tested" in note for note in table.notes)


def test_slopes_of_one_format_say_nothing_of_a_difference(slopes):
    table = tables.table_slopes(slopes=slopes[slopes["format"] == "group"])
    assert len(table.cells) == 2
    assert not any("each format" in note for note in table.notes)
    with pytest.raises(TableError, match="slopes= has no rows"):
        tables.table_slopes(slopes=slopes.iloc[:0])


def test_withheld_slopes_are_named(slopes):
    hidden = slopes.assign(withheld=slopes["format"] == "group")
    hidden["n_patients"] = hidden["n_patients"].astype("float64")
    hidden.loc[hidden["withheld"], ["n_patients", "estimate", "std_error", "df", "ci_low", "ci_high"]] = np.nan
    shown = lines(tables.table_slopes(slopes=hidden), "After dosing (from month 2)")
    assert set(shown["Group"]) == {"withheld"}
    assert shown["Individual"][0] == "107"
