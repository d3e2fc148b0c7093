"""``kap simulate`` writes a study that passes, and says what it refuses in one sentence."""

import json

import typer
from typer.testing import CliRunner

from kap_analysis.cli.simulate import simulate
from kap_analysis.study.load import check_study

app = typer.Typer()
app.command()(simulate)


def test_it_writes_a_study_and_its_truth(tmp_path):
    out = tmp_path / "study"
    result = CliRunner().invoke(
        app, ["--patients", "30", "--seed", "4", "--out", str(out), "--file-type", "parquet", "--dropout", "none"]
    )
    assert result.exit_code == 0
    assert check_study(out).problems.empty
    truth = json.loads((out / "truth.json").read_text())
    assert (truth["n_patients"], truth["seed"], truth["dropout"]) == (30, 4, "none")
    assert "Simulated study of 30 patients" in result.stdout
    assert "Writing: items.parquet" in result.stderr


def test_it_refuses_a_folder_of_others_before_the_work(tmp_path):
    (tmp_path / "letter.txt").write_text("mine")
    result = CliRunner().invoke(app, ["--out", str(tmp_path)])
    assert "holds letter.txt, which no simulation wrote" in str(result.exception)
    assert "Simulating" not in result.stderr
