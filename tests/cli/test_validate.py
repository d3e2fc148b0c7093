"""``kap validate``: lines, JSON, a CSV of every problem, and exit codes."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from kap_analysis.cli.main import app
from tests.study.small_study import ASSESSMENTS, write_small_study


@pytest.fixture
def broken(tmp_path):
    rows = "".join(f"007,{day},BDI-II,x{day},self,between,\n" for day in range(100, 195))
    rows += "".join(f"007,{day},BDI-II,64,nurse{day},between,\n" for day in range(100, 195))
    return write_small_study(tmp_path / "study", {"assessments.csv": ASSESSMENTS + rows})


def test_a_sound_study_ends_with_what_it_can_answer(tmp_path):
    done = CliRunner().invoke(app, ["validate", str(write_small_study(tmp_path / "study"))])
    assert done.exit_code == 0
    assert "A small study: 6 patients, 11 sessions, 17 assessments; no problems." in done.stdout
    assert done.stdout.splitlines()[-2].startswith("can answer: change, retention")


def test_problems_are_lines_and_a_file_on_request(broken, tmp_path):
    runner = CliRunner()
    told = runner.invoke(app, ["validate", str(broken)])
    n = int(told.stdout.splitlines()[-1].split(" ")[0])
    assert told.exit_code == 1
    assert n > 200
    assert "problems; --problems FILE.csv writes every one; what the study can answer" in told.stdout
    assert len(told.stdout.splitlines()) < 103
    done = runner.invoke(app, ["validate", str(broken), "--problems", str(tmp_path / "problems.csv")])
    written = pd.read_csv(tmp_path / "problems.csv", dtype=str)
    assert done.exit_code == 1
    assert len(written) == n
    assert written["found"].str.contains("x194").any()


def test_json_has_every_problem(broken):
    done = CliRunner().invoke(app, ["validate", str(broken), "--json"])
    report = json.loads(done.stdout)
    assert (report["ok"], report["n_problems"]) == (False, len(report["problems"]))


@pytest.mark.parametrize("where", ["nowhere/problems.csv", "."])
def test_a_file_that_cannot_be_written_is_one_line(broken, tmp_path, where):
    done = CliRunner().invoke(app, ["validate", str(broken), "--problems", str(tmp_path / where)])
    assert done.exit_code == 2
    assert done.stderr.startswith("kap: cannot write the problems to ")
    assert len(done.stderr.splitlines()) == 1
    assert "None" not in done.stderr


def test_a_path_that_is_no_folder_is_misuse(tmp_path):
    done = CliRunner().invoke(app, ["validate", str(tmp_path / "nowhere")])
    assert done.exit_code == 2
    assert done.stderr == f"kap: found nothing at {tmp_path / 'nowhere'}; expected a study folder.\n"
