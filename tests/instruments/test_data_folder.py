"""Which data files the registry has, under which names, and in which order."""

import re

import pytest

from kap_analysis.errors import InstrumentError
from kap_analysis.instruments.data_folder import in_listed_order


def write(folder, **starts):
    for file, start in starts.items():
        (folder / f"{file}.toml").write_text(start + 'title = "T"\n', encoding="utf-8")


def test_files_are_listed_by_their_number_then_by_name(tmp_path):
    write(
        tmp_path,
        a='name = "Zoë 2"\nlisted_at = 5\n',
        b='name = "C"\nlisted_at = 10\n',
        c='name = "B"\nlisted_at = 10\n',
        d='name = "A"\r\nlisted_at = 100\r\n',
    )
    (tmp_path / "readme.md").write_text("not an instrument")
    found = in_listed_order(tmp_path)
    assert list(found) == ["Zoë 2", "B", "C", "A"]
    assert found["B"].name == "c.toml"


@pytest.mark.parametrize(
    "start",
    ['listed_at = 5\nname = "A"\n', 'name = "A"\n', 'name = ""\nlisted_at = 5\n', 'name = "A"\nlisted_at = x\n'],
)
def test_a_file_must_begin_with_name_and_place(tmp_path, start):
    write(tmp_path, a=start)
    with pytest.raises(InstrumentError, match=re.escape('a.toml does not begin with the lines name = "..." and')):
        in_listed_order(tmp_path)


def test_two_files_of_one_name_are_refused(tmp_path):
    write(tmp_path, a='name = "A"\nlisted_at = 1\n', b='name = "A"\nlisted_at = 2\n')
    with pytest.raises(InstrumentError, match=r"a.toml and b.toml both hold the instrument 'A'"):
        in_listed_order(tmp_path)
