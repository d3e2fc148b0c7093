"""The known names that are offered for a name that nobody knows."""

from kap_analysis.suggestions import nearest_name, nearest_names

KNOWN = ("BDI", "BDI-II", "PHQ-9", "PCL-5 past week")


def test_case_spaces_and_hyphens_do_not_count():
    assert nearest_name("phq 9", KNOWN) == "PHQ-9"
    assert nearest_name("pcl5pastweek", KNOWN) == "PCL-5 past week"


def test_the_nearest_comes_first_and_the_far_not_at_all():
    assert nearest_names("BDI2", KNOWN) == ["BDI", "BDI-II"]
    assert nearest_names("BDI2", KNOWN, at_most=1) == ["BDI"]
    assert nearest_names("WHOQOL", KNOWN) == []
    assert nearest_name("WHOQOL", KNOWN) == ""


def test_what_is_far_is_offered_where_less_likeness_is_asked_for():
    assert nearest_names("PCL", KNOWN) == []
    assert nearest_names("PCL", KNOWN, likeness=0.3) != []
