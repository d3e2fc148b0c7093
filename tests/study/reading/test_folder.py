"""Which files of a folder are tables; what stands in the place of one is a problem and no absent table."""

import os
import socket

import pytest

from kap_analysis.study.contract.problems import Problems
from kap_analysis.study.load import check_study
from kap_analysis.study.reading.folder import find_tables, no_file
from tests.study.small_study import write_small_study


def put_folder(path):
    path.mkdir()


def put_broken_link(path):
    path.symlink_to(path.parent / "nowhere.csv")


def put_pipe(path):
    os.mkfifo(path)


def put_socket(path):
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(os.path.relpath(path))


KINDS = [
    (put_folder, "a folder"),
    (put_broken_link, "a link that leads nowhere"),
    pytest.param(put_pipe, "no file but a pipe, a socket or a device", marks=pytest.mark.skipif(
        not hasattr(os, "mkfifo"), reason="no pipes here")),
    pytest.param(put_socket, "no file but a pipe, a socket or a device", marks=pytest.mark.skipif(
        not hasattr(socket, "AF_UNIX"), reason="no sockets here")),
]  # fmt: skip


@pytest.mark.parametrize("name", ["diagnoses.csv", "diagnoses.parquet", "patients.csv"])
@pytest.mark.parametrize(("put", "found"), KINDS)
def test_what_is_no_file_is_a_problem(tmp_path, monkeypatch, put, found, name):
    folder = write_small_study(tmp_path / "study", {name: None, "diagnoses.csv": None})
    monkeypatch.chdir(folder)
    put(folder / name)
    table = name.split(".")[0]
    assert check_study(folder).lines()[0] == f"{name}: found {found}; expected the table {table} as a file."
    assert no_file(folder / name) == found


def test_a_link_to_a_file_is_a_file(tmp_path):
    folder = write_small_study(tmp_path / "study")
    (folder / "diagnoses.csv").rename(tmp_path / "elsewhere.csv")
    (folder / "diagnoses.csv").symlink_to(tmp_path / "elsewhere.csv")
    problems = Problems()
    found, notes = find_tables(folder, problems)
    assert (len(problems), notes) == (0, [])
    assert found["diagnoses"].name == "diagnoses.csv"
    assert list(found)[:2] == ["patients", "diagnoses"]


def test_a_table_in_two_files_is_read_from_neither(tmp_path):
    folder = write_small_study(tmp_path / "study", {"diagnoses.parquet": b"PAR1"})
    problems = Problems()
    found, _ = find_tables(folder, problems)
    assert "diagnoses" not in found
    assert problems.frame()["found"].tolist() == ["the table diagnoses twice, as diagnoses.csv and diagnoses.parquet"]
