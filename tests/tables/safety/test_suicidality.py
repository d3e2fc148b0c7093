"""The suicidality item: four states and a fixed sentence."""


def test_suicidality_has_four_states_and_the_fixed_sentence(every_table):
    table = every_table["suicidality"]
    states = ["Endorsed", "Not endorsed", "Not answered", "Not in the data"]
    assert [row[0] for row in table.row_groups()[0][1]] == states
    assert any("it is not an alarm" in note for note in table.notes)
