"""Moderators: planned and exploratory, with the unit of each."""

from kap_analysis import tables


def test_moderators_are_planned_or_exploratory(every_table):
    groups = dict(every_table["moderators"].row_groups())
    assert list(groups) == ["Planned", "Exploratory"]
    assert groups["Planned"][1][0].strip() == "Difference, 30 years"
    assert groups["Exploratory"][0][-2] == "–"


def test_values_of_a_moderator_carry_its_unit(moderation):
    differences = moderation["differences"].replace({"level": {"30 years": "30", "50 years": "50"}})
    interactions = moderation["interactions"].replace({"unit": {"": "yes against no"}})
    labels = list(tables.table_moderators(interactions=interactions, differences=differences).cells["label"])
    assert labels[0] == "Age: interaction, per 10 years"
    assert [label.strip() for label in labels[1:3]] == ["Difference, 30 years", "Difference, 50 years"]
    assert labels[3] == "ACE 4 or more: interaction, yes against no"
