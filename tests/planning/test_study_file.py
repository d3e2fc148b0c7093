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


def test_no_further_icc_is_an_empty_list(tmp_path):
    assert read_next_study(written(tmp_path, "[0.02, 0.12]", "[]")).iccs == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[design]", "[desing]", "did you mean design"),
        ("cohorts = 24", "cohort = 24", "did you mean cohorts"),
        ("cohorts = 24", 'cohorts = "24"', "cohorts is '24'; give a whole number"),
        ("cohorts = 24", "", "has no cohorts"),
        ("days = [30, 61, 91, 183]", "days = []", "days is an empty list"),
        ("days = [30, 61, 91, 183]", "", "has no days"),
        ("sd = 9.5", "residual_sd = 4", "in one way"),
        (
            "group = { by_last_visit = 0.50, shape = 0.7 }",
            "group = { shape = 0.7 }",
            "with shape; give by_last",
        ),
        (
            "group = { by_last_visit = 0.50, shape = 0.7 }",
            "group = { by = 0.7 }",
            "with by; give by_last",
        ),
        ("higher_is_better = false", "higher_is_better = 0", "give true or false"),
        ("[visits]", "[visits", "no TOML file"),
        ("alpha = 0.05", f"alpha = {'9' * 5000}", "no TOML file|give a number"),
        ("cohorts = 24", "cohorts = 1", r"next_study.toml: \[design\] cohorts is 1; give a whole number from 2"),
        ("cohorts = 24", "cohorts = 24.5", r"\[design\] cohorts is 24.5; give a whole number"),
        ("[0.02, 0.12]", "[-0.2]", r"\[clustering\] also has -0.2; give a list of numbers from 0 to below 1"),
        ("[0.02, 0.12]", "[0.9]", r"\[clustering\] also: icc is 0.9 .* lower icc"),
        ("days = [30,", "days = [-30,", r"\[visits\] days has -30; give a list of numbers above 0"),
        ("shape = 0.7", "shape = 1e9", r"\[lost\] group.shape is 1000000000.0; give a number from 0.1 to 10"),
        ("sd = 9.5", "sd = 9.5\nbaseline_sd = -9.5", r"\[scores\] baseline_sd is -9.5; give a number from 0.001"),
        ("# [vary]", f"[vary]\ncohorts = {list(range(2, 1200))}\n#", r"\[vary\] is a grid of 1,198 designs"),
        ("# [vary]", "[vary]\ncohorts = [-1, 20]\n#", r"\[vary\] cohorts has -1; give a whole number from 2"),
        ("# [vary]", "[vary]\nsd = [1, 2]\n#", r"\[vary\] has an unknown key sd"),
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


def test_a_place_that_holds_something_is_refused_before_the_draws(tmp_path):
    (file := tmp_path / "next_study.toml").write_text("no plan is read yet")
    full, taken = tmp_path, file
    for out, said in [(full, "is not empty"), (taken, "is a file")]:
        found = run(app, ["power", str(file), "--out", str(out)]).exception
        assert isinstance(found, PlanningError) and said in str(found)


def test_the_verb_judges_a_small_design_from_a_file_by_the_formula_alone(tmp_path):
    file = written(tmp_path, "cohorts = 24 ", "cohorts = 8 ")
    text = file.read_text(encoding="utf-8").replace("sd = 9.5 ", "sd = [6.0, 6.0, 12.0, 12.0] ")
    file.write_text(text.replace("visit_correlation = 0.7", "visit_correlation = 0.75"), encoding="utf-8")
    said = run(app, ["power", str(file), "--draws", "0"])
    assert said.exit_code == 0, said.output
    for words in ("The compound model takes one variance", "judged for the compound model", "0.06, formula"):
        assert words in said.stdout
    assert "simulated studies, each" not in said.stdout
