"""Records of a formula that has been read."""

from kap_analysis.mixed.formula.formula import Factor, Part, columns_of, placeholder


def test_each_column_is_named_once_in_the_order_of_the_formula():
    age, both = Factor("age", "column", ("age",)), Factor("I(month / age)", "expression", ("month", "age"))
    assert columns_of([age, both]) == ("age", "month")
    assert Part("age*I(month / age)", ((), (age,), (both,), (age, both))).columns == ("age", "month")


def test_a_placeholder_is_a_name_that_no_two_columns_share():
    names = ["a", "A", "a b", "a_b", "a.b", "ä", "`", "1", "class"]
    made = {placeholder(name, as_levels=levels) for name in names for levels in (True, False)}
    assert len(made) == 2 * len(names)
    assert all(name.isidentifier() for name in made)
