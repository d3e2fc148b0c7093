"""`next_study.toml` and `kap power`."""

import pytest
from typer.testing import CliRunner

from kap_analysis.cli.main import app
from kap_analysis.errors import PlanningError
from kap_analysis.planning.study_file import DRAFT, read_next_study
from tests.places import ROOT

run = CliRunner().invoke


def written(tmp_path, old="", new=""):
    assert old in DRAFT
    file = tmp_path / "next_study.toml"
    file.write_text(DRAFT.replace(old, new, 1), encoding="utf-8")
    return file


def test_the_draft_is_a_study(tmp_path):
    read = read_next_study(written(tmp_path))
    assert (read.study.cohorts, read.study.individual, read.study.visit) == (24, 90, "month 3")
    assert read.study.lost["group"][-1] == pytest.approx(0.5)
    assert (read.iccs, read.target_power, read.target_width, read.vary) == ((0.02, 0.12), 0.8, None, {})


def test_scores_are_taken_from_a_study(tmp_path):
    old = DRAFT[DRAFT.index("sd = 9.5") : DRAFT.index("# or a line per patient")]
    file = written(tmp_path, old, f'like = "{ROOT / "data" / "three_practices"}"\n')
    study = read_next_study(file).study
    assert study.scores.visits == 4
    assert "simulated" in study.scores.source
    assert study.icc == 0.06  # one study estimates it too poorly


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[design]", "[desing]", "did you mean design"),
        ("cohorts = 24", "cohort = 24", "did you mean cohorts"),
        ("cohorts = 24", 'cohorts = "24"', "expected a number"),
        ("cohorts = 24", "", "has no cohorts"),
        ("days = [30, 61, 91, 183]", "days = []", "expected a list"),
        ("days = [30, 61, 91, 183]", "", "has no days"),
        ("sd = 9.5", "residual_sd = 4", "in one way"),
        ("group = { by_last_visit = 0.50, shape = 0.7 }", "group = { shape = 0.7 }", "without by_last_visit"),
        ("group = { by_last_visit = 0.50, shape = 0.7 }", "group = { by = 0.7 }", "expected by_last_visit and shape"),
        ("higher_is_better = false", "higher_is_better = 0", "expected true or false"),
        ("[visits]", "[visits", "no TOML file"),
        ("alpha = 0.05", f"alpha = {'9' * 5000}", "no TOML file|expected a number"),
        ("cohorts = 24", "cohorts = 1", "next_study.toml: cohorts is 1"),
    ],
)
def test_what_is_wrong_is_named_with_its_table_and_key(tmp_path, old, new, said):
    with pytest.raises(PlanningError, match=said):
        read_next_study(written(tmp_path, old, new))


def test_the_verb_drafts_judges_and_writes(tmp_path):
    file, out = tmp_path / "next_study.toml", tmp_path / "out"
    assert run(app, ["power", str(file), "--draft"]).exit_code == 0
    said = run(app, ["power", str(file), "--draws", "2", "--out", str(out)])
    assert said.exit_code == 0, said.output
    assert "It has a power of" in said.stdout and "0.06, simulated" in said.stdout
    names = {path.name for path in out.iterdir()}
    assert {"precision.csv", "grid.csv", "power.png", "width.svg", "planned_study.html", "paragraphs.md"} <= names
    for again in (["power", str(file), "--draft"], ["power", str(file), "--draws", "0", "--out", str(out)]):
        assert isinstance(run(app, again).exception, PlanningError)
