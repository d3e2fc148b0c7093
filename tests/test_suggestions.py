"""The known name that is offered for an unknown one: a misspelling of it, never another thing that looks alike."""

import pytest

from kap_analysis.instruments.registry import registry_names
from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.suggestions import nearest_name


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("phq 9", "PHQ-9"),
        ("PHQ9", "PHQ-9"),
        ("pcl5pastweek", "PCL-5 past week"),
        ("pcl-5 past weeks", "PCL-5 past week"),
        ("BDI2", "BDI-II"),
        ("bdi_ii", "BDI-II"),
        ("BDIII", "BDI-II"),
        ("bdi", "BDI"),
        ("MARDS", "MADRS"),
        ("HAMD-17", "HAM-D17"),
    ],
)
def test_a_misspelt_instrument_is_offered_as_it_is_written(written, meant):
    assert nearest_name(written, registry_names()) == meant


@pytest.mark.parametrize(
    "other",
    [
        "BAI",
        "CAPS-5",
        "OASIS",
        "PHQ-15",
        "PHQ-2",
        "GAD-2",
        "HAM-D",
        "HDRS",
        "HADS",
        "PCL-C",
        "PCL",
        "EDE-Q",
        "AUDIT-C",
        "WHOQOL",
        "CADS",
        "ISI",
        "DASS",
    ],
)
def test_another_instrument_is_never_taken_for_one_of_the_registry(other):
    assert nearest_name(other, registry_names()) == ""


@pytest.mark.parametrize(
    ("table", "column", "written", "meant"),
    [
        ("adverse_events", "relatedness", "likely", ""),
        ("adverse_events", "relatedness", "related", ""),
        ("adverse_events", "relatedness", "probabel", "probable"),
        ("adverse_events", "severity", "Life-threatening", "life_threatening"),
        ("sessions", "kind", "esketamine", ""),
        ("sessions", "route", "im", "IM"),
        ("sessions", "route", "I", ""),
        ("treatments", "class", "drug", ""),
        ("diagnoses", "diagnosis", "bipolar", ""),
        ("diagnoses", "diagnosis", "bipolar_3", ""),
        ("patients", "sex", "femal", "female"),
        ("session_measures", "measure", "spo", "spo2"),
    ],
)
def test_no_other_level_is_offered_and_no_opposite(table, column, written, meant):
    assert nearest_name(written, TABLES[table].columns[column].level_names) == meant


@pytest.mark.parametrize(
    ("table", "written", "meant"),
    [
        ("sessions", "weight", "weight_kg"),
        ("sessions", "height", ""),
        ("sessions", "age", ""),
        ("patients", "age_years", "age"),
        ("patients", "ages", "age"),
        ("patients", "treatment_end", ""),
        ("patients", "patinet_id", "patient_id"),
        ("items", "site", ""),
    ],
)
def test_a_column_is_offered_by_its_first_words_or_for_a_slip(table, written, meant):
    assert nearest_name(written, TABLES[table].columns) == meant


def test_nothing_is_near_to_nothing():
    assert nearest_name("", ["PHQ-9", ""]) == ""
    assert nearest_name("-", ["PHQ-9", "--"]) == ""
