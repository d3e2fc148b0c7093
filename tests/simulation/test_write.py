"""Writing: the same bytes, the old folder whole, and nothing of anybody else's replaced."""

import pytest

from kap_analysis.errors import SimulationError
from kap_analysis.simulation.simulate import simulate_study
from kap_analysis.simulation.write import write_study


@pytest.fixture(scope="module")
def small():
    return simulate_study(8, seed=1)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("file_type", ["csv", "parquet"])
def test_the_same_seed_gives_the_same_bytes(tmp_path, small, file_type):
    one = write_study(small, tmp_path / "one", file_type=file_type)
    other = write_study(simulate_study(8, seed=1), tmp_path / "other", file_type=file_type)
    assert contents(one) == contents(other)
    assert contents(one) != contents(write_study(simulate_study(8, seed=2), tmp_path / "third", file_type=file_type))


def test_csv_has_plain_ends_of_lines_and_short_numbers(tmp_path, small):
    text = (write_study(small, tmp_path / "one") / "sessions.csv").read_bytes()
    assert b"\r" not in text
    assert b".0," not in text
    assert b",nan" not in text
    assert not any(b",-0," in table for table in contents(tmp_path / "one").values())


def test_parquet_does_not_name_pandas(tmp_path, small):
    folder = write_study(small, tmp_path / "one", file_type="parquet")
    assert b"pandas" not in (folder / "patients.parquet").read_bytes()


def test_a_folder_of_ours_is_replaced_and_its_plan_kept(tmp_path, small):
    folder = write_study(small, tmp_path / "study")
    (folder / "plan.toml").write_text("title = 'a plan'\n")
    write_study(simulate_study(9, seed=2), folder, file_type="parquet")
    names = {path.name for path in folder.iterdir()}
    assert {"plan.toml", "patients.parquet"} <= names
    assert "patients.csv" not in names
    assert [path.name for path in tmp_path.iterdir()] == ["study"]


def test_a_folder_with_other_files_is_refused(tmp_path, small):
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(SimulationError, match=r"holds letter\.txt, which no simulation wrote; name a new or empty fol"):
        write_study(small, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_study_that_may_be_real_is_refused(tmp_path, small):
    folder = write_study(small, tmp_path / "study")
    (folder / "truth.json").unlink()
    with pytest.raises(SimulationError, match=r"without a truth\.json of the simulation, so it may be real"):
        write_study(small, folder)
    assert (folder / "patients.csv").exists()


def test_a_file_and_an_unknown_file_type_are_refused(tmp_path, small):
    (tmp_path / "taken").write_text("")
    with pytest.raises(SimulationError, match=r"^taken is a file; name a new folder\.$"):
        write_study(small, tmp_path / "taken")
    with pytest.raises(SimulationError, match=r"^file_type is 'xlsx'; choose csv or parquet\.$"):
        write_study(small, tmp_path / "new", file_type="xlsx")


def test_an_interrupted_replacement_is_mended(tmp_path, small):
    folder = write_study(small, tmp_path / "study")
    folder.rename(tmp_path / "study.old")
    (tmp_path / "study.new").mkdir()
    with pytest.raises(SimulationError):
        write_study(small, folder, file_type="xlsx")
    write_study(small, folder)
    assert [path.name for path in tmp_path.iterdir()] == ["study"]


def test_an_empty_folder_is_filled(tmp_path, small):
    (tmp_path / "empty").mkdir()
    assert (write_study(small, tmp_path / "empty") / "truth.json").exists()


def test_a_study_that_somebody_changed_is_refused_and_stays(tmp_path, small):
    folder = write_study(small, tmp_path / "study")
    with (folder / "assessments.csv").open("a") as file:
        file.write("P1,30,PHQ-9,5\n")
    changed = (folder / "assessments.csv").read_bytes()
    with pytest.raises(SimulationError, match=r"assessments\.csv in the folder study is not as the simulation"):
        write_study(small, folder)
    assert (folder / "assessments.csv").read_bytes() == changed
