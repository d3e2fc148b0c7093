"""One CSV or Parquet file that is no table of a study."""

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kap_analysis.errors import StudyError
from kap_analysis.study.reading.plain_table import read_plain_table


@pytest.fixture
def table(tmp_path):
    """Write text to a CSV file and read it."""

    def read(text: str, **keywords) -> pd.DataFrame:
        path = Path(tmp_path / "table.csv")
        path.write_text(text, encoding="utf-8")
        return read_plain_table(path, **keywords)

    return read


def test_cells_make_numbers_truth_and_text(table):
    found = table("a,b,c,d\n1,1.5,yes,true\n2,,007,FALSE\n,2,x,\n")
    assert found["a"].tolist() == [1, 2, pd.NA]
    assert found["b"].dtype == float
    assert found["c"].tolist() == ["yes", "007", "x"]
    assert found["d"].tolist() == [True, False, pd.NA]


def test_whole_numbers_are_exact_beside_missing_ones(table):
    found = table("id\n10000000000000001\nNA\n10000000000000000\n")
    assert found["id"].tolist() == [10**16 + 1, pd.NA, 10**16]


def test_whole_numbers_of_more_than_64_bits_are_text(table):
    found = table("id\n100000000000000000000001\n100000000000000000000002\n")
    assert found["id"].nunique() == 2
    assert found["id"].tolist() == ["100000000000000000000001", "100000000000000000000002"]


def test_ids_are_text_as_they_are_written(table):
    found = table("id,x\n1.10,1.10\n1.1,1.1\n,2\n", as_text=["id"])
    assert found["id"].tolist() == ["1.10", "1.1", None]
    assert found["x"].tolist() == [1.1, 1.1, 2.0]


def test_ids_of_a_parquet_file_are_text_too(tmp_path):
    columns = {
        "long": pa.array([10**16 + 1, None, 10**16]),
        "dots": pa.array([Decimal("1.10"), Decimal("1.11"), None]),
        "count": pa.array([1, None, 3]),
        "flag": pa.array([True, None, False]),
    }
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    found = read_plain_table(tmp_path / "t.parquet", as_text=["long", "dots"])
    assert found["long"].dropna().tolist() == ["10000000000000001", "10000000000000000"]
    assert found["dots"].dropna().tolist() == ["1.10", "1.11"]
    assert found["count"].tolist() == [1, pd.NA, 3]
    assert found["flag"].dtype == "boolean"


def test_a_column_name_twice(table):
    with pytest.raises(StudyError, match=r"^table\.csv: found the column name 'a' more than once \(columns 1, 2\); "):
        table("a,a\n1,2\n")
