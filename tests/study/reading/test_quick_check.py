"""The quick check says of every cell of every table what the schema says; keys that stand twice are found."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.reading.cells import TEXT_DTYPE
from kap_analysis.study.reading.quick_check import keeps_schema
from kap_analysis.study.reading.schemas import schema_failures
from tests.sweeps import few_fast

INSTRUMENTS = ("BDI-II", "HAM-A")
TEXTS = ("BDI-II", "HAM-A", "individual", "ketamine", "yes", "sbp", "2025-Q3", "2025-Q5", "nobody knows")
NUMBERS = (-1e9, -1.0, 0.0, 1.0, 30.0, 1e9)


def one_cell(column, value):
    if column.is_number:
        return pd.DataFrame({column.name: [float(value)]})
    categories = pd.Index([value] if isinstance(value, str) else [], dtype=TEXT_DTYPE)
    return pd.DataFrame({column.name: pd.Categorical([value], categories=categories)})


@pytest.mark.parametrize("name", few_fast(TABLES, ["assessments", "cohorts"]))
def test_it_says_of_every_cell_what_the_schema_says(name):
    table, verdicts = TABLES[name], set()
    for column in table.columns.values():
        for value in (*(NUMBERS if column.is_number else (*TEXTS, *column.level_names)), np.nan):
            frame = one_cell(column, value)
            right = keeps_schema(frame, table, INSTRUMENTS)
            assert right == (not schema_failures(frame, table, INSTRUMENTS)), (column.name, value)
            verdicts.add(right)
    assert verdicts == {True, False}


def test_one_wrong_cell_among_many_is_seen():
    table = TABLES["sessions"]
    formats = pd.Categorical(["group"] * 999 + ["couple"])
    assert keeps_schema(pd.DataFrame({"format": formats[:999].remove_unused_categories()}), table, INSTRUMENTS)
    assert not keeps_schema(pd.DataFrame({"format": formats}), table, INSTRUMENTS)
