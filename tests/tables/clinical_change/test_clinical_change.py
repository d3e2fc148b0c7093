"""Clinically significant change: both denominators."""


def test_clinical_change_has_both_denominators(every_table):
    groups = dict(every_table["clinical-change"].row_groups())
    reached = "Reliably better and past the cut-off"
    could = f"{reached}, of those who began on the other side"
    assert list(groups) == [
        reached,
        "Only reliably better",
        "No reliable change",
        "Reliably worse",
        could,
        "Not assessed",
    ]
    assert groups[could][2][:2] == ("Group", "18/46 (39%)")
    assert [row[0] for row in groups[reached]] == ["All", "Individual", "Group"]
    assert groups[reached][2][1] == "18/54 (33%)"
    assert groups[reached][2][3] == "18/90 (20%)"
    assert groups["Not assessed"][2] == ("Group", "", "", "36/90 (40%)")
