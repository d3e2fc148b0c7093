"""The examples: five exports of one made-up study give one study folder, and its answer."""

import csv
import importlib
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest

import kap_analysis as kap
from kap_analysis.intake.draft import draft_map
from kap_analysis.intake.source import open_file
from kap_analysis.intake.study_import import import_study
from tests.sweeps import few_fast

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"
NAMES = ("record_system", "redcap_raw", "redcap_labelled", "workbook", "spss_wide")
N_PATIENTS = 8


@pytest.fixture(scope="module")
def makers():
    """The script that writes the examples."""
    sys.path.insert(0, str(EXAMPLES))
    yield importlib.import_module("make_examples")
    sys.path.remove(str(EXAMPLES))


def files_in(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def imported(makers, name: str, folder: Path) -> dict[str, bytes]:
    source = makers.write_example(name, folder / "exports", N_PATIENTS)
    (folder / f"{name}.toml").write_text(makers.finished_map(source), encoding="utf-8")
    return files_in(import_study(source, folder / f"{name}.toml", folder / name).folder)


@pytest.fixture(scope="module")
def first_study(makers, tmp_path_factory):
    return imported(makers, NAMES[0], tmp_path_factory.mktemp("first"))


@pytest.mark.parametrize("name", few_fast(NAMES[1:], ["redcap_raw"]))
def test_every_form_of_a_study_gives_the_same_bytes(makers, first_study, tmp_path, name):
    assert imported(makers, name, tmp_path) == first_study
    assert set(first_study) == {
        "study.toml", "patients.csv", "diagnoses.csv", "sessions.csv", "assessments.csv", "items.csv",
    }  # fmt: skip


@pytest.mark.parametrize("name", [*NAMES, "vitals"])
def test_kap_map_leaves_no_line_to_fill(name):
    assert draft_map(EXAMPLES / name).n_open == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", [*NAMES, "vitals"])
def test_the_committed_files_are_what_the_script_writes(makers, tmp_path, name):
    source = makers.write_example(name, tmp_path)
    assert {file.name for file in source.iterdir()} == {file.name for file in (EXAMPLES / name).iterdir()}
    for file in sorted(source.iterdir()):
        mine, theirs = open_file(file, file.name), open_file(EXAMPLES / name / file.name, file.name)
        for one, other in zip(mine, theirs, strict=True):
            assert {c: v.tolist() for c, v in one.cells.items()} == {c: v.tolist() for c, v in other.cells.items()}
    assert makers.finished_map(source) == (EXAMPLES / f"{name}.toml").read_text(encoding="utf-8")


def test_the_measurements_in_sessions_are_those_of_the_study_that_they_were_made_from(makers, tmp_path):
    made = import_study(EXAMPLES / "vitals", EXAMPLES / "vitals.toml", tmp_path / "study")
    assert set(made.ledger["fate"]) == {"placed"}
    known, measures = makers.made_up_export(40).measures, kap.load_study(made.folder).session_measures
    found = {key: sorted(part["value"]) for key, part in measures.groupby(["measure", "minute"], observed=True)}
    for minute in (0, 40):
        both = known.dropna(subset=[f"sbp_{minute}", f"dbp_{minute}"])
        assert found["sbp", minute] == sorted(both[f"sbp_{minute}"]) and len(both) > 100
        assert found["dbp", minute] == sorted(both[f"dbp_{minute}"])
    assert found["spo2", 40] == sorted(known["spo2_40"].dropna())


@pytest.mark.slow
def test_the_committed_examples_answer_as_the_study_that_they_were_made_from(tmp_path):
    made = [import_study(EXAMPLES / n, EXAMPLES / f"{n}.toml", tmp_path / n) for n in NAMES]
    assert all(files_in(one.folder) == files_in(made[0].folder) for one in made)
    answer = kap.compare_formats(kap.load_study(made[0].folder), secondary=False)
    known = kap.compare_formats(kap.load_study(EXAMPLES.parent / "three_practices"), secondary=False)
    columns = ["visit", "estimate", "std_error", "df", "p_value"]
    pd.testing.assert_frame_equal(answer.contrasts[columns], known.contrasts[columns], rtol=1e-6)


@pytest.mark.slow
def test_labels_that_occur_twice_are_told_apart_by_the_order_of_the_dictionary(makers, tmp_path):
    source = makers.write_example("redcap_labelled", tmp_path, N_PATIENTS)
    for file in source.iterdir():
        with file.open(encoding="utf-8", newline="") as opened:
            rows = list(csv.reader(opened))
        if file.name == "data.csv":
            rows[0] = ["Date" if cell.startswith("Date of the") else cell for cell in rows[0]]
        else:
            rows = [[("Date" if cell.startswith("Date of the") else cell) for cell in row] for row in rows]
        with file.open("w", encoding="utf-8", newline="") as opened:
            csv.writer(opened).writerows(rows)
    (tmp_path / "map.toml").write_text(makers.finished_map(source), encoding="utf-8")
    made = import_study(source, tmp_path / "map.toml", tmp_path / "study")
    shutil.rmtree(source)
    plain = makers.write_example("redcap_raw", tmp_path, N_PATIENTS)
    (tmp_path / "raw.toml").write_text(makers.finished_map(plain), encoding="utf-8")
    assert files_in(made.folder) == files_in(import_study(plain, tmp_path / "raw.toml", tmp_path / "raw").folder)
