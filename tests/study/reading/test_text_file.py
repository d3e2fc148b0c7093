"""Cells as they stand in a file: the fast way for plain files and the way for all others read the same."""

import numpy as np
import pytest

from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.contract.problems import Problems
from kap_analysis.study.reading import text_file

PLAIN = (
    "a,b\n007,x\n7,\n1e3,NA\n",
    "a,b\r\n1,2\r\n 1,2 \r\n",
    "a,b\n1,2\n\n",
    "a\n1\n2",
    "a,b,c\nЖ,é\u2028,\x0b\n,'=1',#\n,,x\n",
    "\ufeffa,b\n1,2\n",
    "a,a\n1,-0\n+1,0\n",
    "a,b\n1,2\n,\n3,4\n,\n",
)
OTHER = (
    'a,b\n"1,5",2\n',
    "a,b\n1\n1,2\n",
    "a,b\n1,2\n\n3,4\n",
    "a,b\r1,2\r3,4\r",
    "\na,b\n1,2\n",
    "a,b\n",
    "a,b",
    f"a,b\n{'x' * 1_000_001},1\n",
)


def _read(path, text):
    path.write_bytes(text.encode())
    problems = Problems()
    table = text_file.read_text_table(path, TABLES["items"], problems)
    return table, problems.frame()


def _cells(table):
    return [[column.texts[code] for code in column.codes.tolist()] for column in table.columns]


@pytest.mark.parametrize("text", PLAIN)
def test_a_plain_file_is_read_as_the_csv_module_reads_it(tmp_path, monkeypatch, text):
    assert text_file._read_plain(text.removeprefix("\ufeff")) is not None or text.endswith("\n\n")
    fast, said = _read(tmp_path / "items.csv", text)
    monkeypatch.setattr(text_file, "_read_plain", lambda text: None)
    slow, said_slowly = _read(tmp_path / "items.csv", text)
    assert fast.header == slow.header
    assert _cells(fast) == _cells(slow)
    assert [column.texts for column in fast.columns] == [column.texts for column in slow.columns]
    assert np.array_equal(fast.lines, slow.lines)
    assert not fast.uneven.any()
    assert said.equals(said_slowly)


@pytest.mark.parametrize("text", OTHER)
def test_a_file_with_anything_uncommon_is_left_to_the_csv_module(text):
    assert text_file._read_plain(text) is None
