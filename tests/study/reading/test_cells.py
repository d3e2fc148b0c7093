"""Cells by the dictionary's type: numbers, levels and codes, and what is said of a cell that is none."""

import numpy as np
import pytest

from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.reading.cells import expected_in, extra_column, type_codes

PATIENTS = TABLES["patients"].columns


def typed(cells, column):
    texts = list(dict.fromkeys(cells))
    return type_codes(np.array([texts.index(cell) for cell in cells]), texts, column)


def test_numbers_are_floats_and_empty_cells_missing():
    column = typed(["41", "", "NA", "36", "41"], PATIENTS["age"])
    assert column.values.tolist()[::3] == [41.0, 36.0]
    assert column.values.isna().tolist() == [False, True, True, False, False]
    assert column.n_na == 1
    assert (len(column.failed[0]), column.failed[1]) == (0, [])


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("forty", "'forty', a text"),
        ("4,1", "'4,1', a decimal comma"),
        ("41.5", "'41.5', which is not a whole number"),
        ("n/a", "'n/a' (leave the cell empty where a value is missing)"),
        ("4 1", "'4 1', a text"),
        ("a@b.org", "'a…' (7 characters), which looks like an e-mail address"),
    ],
)
def test_what_is_no_number_is_said_at_every_cell_that_holds_it(cell, found):
    column = typed(["41", cell, "36", cell], PATIENTS["age"])
    assert column.failed[0].tolist() == [1, 3]
    assert column.failed[1] == [found, found]
    assert column.values.isna().tolist() == [False, True, False, True]


def test_spaces_around_a_number_do_not_count_and_around_a_code_they_do():
    column = typed([" 41", "36 ", "\t36", " ", " NA"], PATIENTS["age"])
    assert column.values.tolist()[:3] == [41, 36, 36]
    assert column.values.isna().tolist() == [False, False, False, True, True]
    assert column.n_na == 1
    assert len(column.failed[0]) == 0
    assert typed([" P01"], PATIENTS["patient_id"]).failed[1] == ["' P01', with spaces around it"]


def test_codes_stay_text_and_names_of_people_are_not_repeated():
    column = typed(["007", "Anna Schmidt", "7"], PATIENTS["patient_id"])
    assert column.values.tolist()[::2] == ["007", "7"]
    assert column.failed[1] == [
        "'A…' (12 characters), which looks like a person's name (if it is none: [not_names] of study.toml)"
    ]


def test_what_a_column_may_hold_is_said_in_words():
    assert expected_in(PATIENTS["age"]) == "a whole number from 12 to 90"
    assert expected_in(PATIENTS["prior_ketamine"]) == "no or yes"
    assert expected_in(extra_column("payer")) == "a made-up code as text"


def test_many_different_wrong_cells_are_one_list():
    cells = [f"x{number}" for number in range(1000)]
    where, found = typed(cells, PATIENTS["age"]).failed
    assert where.tolist() == list(range(1000))
    assert found[999] == "'x999', a text"
