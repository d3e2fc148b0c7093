"""The table of clinical change compared: counts, risks, difference and ratio of each event."""

import pytest

from kap_analysis import tables
from kap_analysis.errors import TableError


def lines(table, event):
    return dict(table.row_groups())[event]


def test_an_event_has_a_row_per_format_then_difference_and_ratio(every_table):
    assert lines(every_table["clinical-comparison"], "Reliably better") == [
        ("Individual", "57/83 (69%)", "57/134 (43%)", "68%", "57% to 78%", "", ""),
        ("Group", "16/35 (46%)", "16/100 (16%)", "53%", "31% to 73%", "", ""),
        ("Group − individual, percentage points", "", "", "−15.4", "−36.8 to 5.9", "10.1", "0.14"),
        ("Group / individual, ratio", "", "", "0.77", "0.52 to 1.14", "8.7", "0.17"),
    ]


def test_what_is_not_estimated_is_a_dash_and_says_why(every_table):
    table = every_table["clinical-comparison"]
    assert lines(table, "Reliably worse")[3][3:] == ("–", "–", "–", "–")
    assert "Reliably worse: too few for an interval." in table.notes
    assert "Reliably better: adjusted for baseline." in table.notes


def test_withheld_counts_are_named(clinical_comparison):
    observed = clinical_comparison["observed"].astype({"n": "float64"}).assign(withheld=[False, False, False, True])
    observed.loc[3, "n"] = None
    table = tables.table_clinical_comparison(**{**clinical_comparison, "observed": observed})
    assert lines(table, "Reliably worse")[1][1:3] == ("withheld", "withheld")


def test_an_empty_frame_is_refused_and_one_event_of_one_row_is_enough(clinical_comparison):
    first = {name: frame.iloc[:1] for name, frame in clinical_comparison.items()}
    table = tables.table_clinical_comparison(**first)
    assert [row[0] for row in lines(table, "Reliably better")] == [
        "Individual",
        "Group − individual, percentage points",
    ]
    with pytest.raises(TableError, match="risks= has no rows"):
        tables.table_clinical_comparison(**{**clinical_comparison, "risks": clinical_comparison["risks"].iloc[:0]})


def test_the_raw_numbers_are_unrounded(every_table):
    assert "-0.1544" in every_table["clinical-comparison"].to_csv()
