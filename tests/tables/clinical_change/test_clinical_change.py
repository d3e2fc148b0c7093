"""Clinically significant change: both denominators."""


def test_clinical_change_has_both_denominators(every_table):
    groups = dict(every_table["clinical-change"].row_groups())
    could = "Recovered, of those beyond the cut-off at baseline"
    assert list(groups) == ["Recovered", "Improved", "Unchanged", "Reliably worse", could, "Not assessed"]
    assert groups[could][2][:2] == ("Group", "18/46 (39%)")
    assert [row[0] for row in groups["Recovered"]] == ["All", "Individual", "Group"]
    assert groups["Recovered"][2][1] == "18/54 (33%)"
    assert groups["Recovered"][2][3] == "18/90 (20%)"
    assert groups["Not assessed"][2] == ("Group", "", "", "36/90 (40%)")
