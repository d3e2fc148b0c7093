"""The plan: drafted by rule, read back as it was written, refused where it says nothing that can be done."""

from dataclasses import replace

import pandas as pd
import pytest
from typer.testing import CliRunner

from kap_analysis.analysis.comparison.comparison import compare_formats
from kap_analysis.analysis.model.covariates import IMPUTED_COVARIATES, MISSING_COVARIATES
from kap_analysis.analysis.model.methods_section import methods_paragraph
from kap_analysis.analysis.model.plan import Ladder, Plan, PlannedMargin, draft_plan, plan_to_toml
from kap_analysis.analysis.model.plan_file import read_plan, study_plan
from kap_analysis.cli.main import app
from kap_analysis.errors import AnalysisError
from kap_analysis.study.load import load_study
from kap_analysis.version import __version__
from tests.places import SHIPPED_STUDY
from tests.study.small_study import write_small_study

STUDY = SHIPPED_STUDY
FULL = Plan(
    "BDI-II",
    "month 3",
    ("HAM-A", "PHQ-9"),
    ("age", "sex"),
    format_rule="first",
    cohort_rule="majority",
    moderators=("age", "baseline"),
    sensitivity=("model", "missing"),
    margin=PlannedMargin(2.5, 'a "panel" of clinicians', "2025-03-01"),
    ladder=Ladder(full_patients=30),
)


def written(tmp_path, text):
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_plan_is_read_back_as_it_was_written(tmp_path):
    found = read_plan(written(tmp_path, plan_to_toml(FULL)))
    assert found == replace(FULL, origin="registered") and found.hash == FULL.hash
    bare = Plan("HAM-A", "month 6")
    assert read_plan(written(tmp_path, plan_to_toml(bare))) == replace(bare, origin="registered")


@pytest.mark.parametrize(
    "change",
    [
        {"visit": "month 6"},
        {"covariates": ("age",)},
        {"margin": None},
        {"ladder": Ladder(full_patients=31)},
        {"format_rule": "planned"},
        {"secondary": ()},
        {"missing_scores": "worse than observed"},
        {"moderators": ("age",)},
        {"sensitivity": ("rules",)},
    ],
)
def test_every_change_of_the_plan_changes_its_hash(change):
    assert replace(FULL, **change).hash != FULL.hash


def test_where_a_plan_came_from_does_not_change_its_hash():
    assert replace(FULL, origin="registered").hash == FULL.hash


def test_a_draft_follows_the_settings_and_no_score():
    study = load_study(STUDY)
    plan = draft_plan(study)
    settings = study.settings
    assert (plan.instrument, plan.visit) == (settings.primary_instrument, settings.primary_visit)
    assert plan.origin == "drafted" and plan.instrument not in plan.secondary and "HAM-A" in plan.secondary
    changed = study.assessments.assign(score=study.assessments["score"] * 0)
    assert draft_plan(replace(study, tables={**study.tables, "assessments": changed})) == plan
    assert study_plan(study) == plan


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('instrument = "BDI-II"', "instrument = 3", "instrument is 3; give a text"),
        ('visit = "month 3"\n', "", "'visit'"),
        ('analyses = ["model", "missing"]', 'analyses = ["all"]', "a sensitivity analysis is 'all'; choose one of"),
        ("population = ", "populace = ", "populace"),
        ('columns = ["age", "sex"]', 'columns = "age"', "columns is 'age'; give a list of texts"),
        ("points = 2.5", 'points = "wide"', "points is 'wide'; give a positive number"),
        ("points = 2.5", "points = -1", "points is -1; give a positive number"),
        ("full_patients = 30", "full_patients = 0", "full_patients is 0; give a whole number from 1"),
        ("full_patients = 30", "fewest = 30", "fewest"),
        ('format_rule = "first"', 'format_rule = "last"', "format_rule is 'last'; choose one of planned, first"),
        ("[rules]", "[rulez]", "1 unknown entry: rulez"),
        ("[primary]", "[primary", "cannot be read"),
    ],
)
def test_a_plan_that_says_nothing_that_can_be_done_is_refused(tmp_path, old, new, said):
    text = plan_to_toml(FULL)
    assert old in text
    with pytest.raises(AnalysisError) as error:
        read_plan(written(tmp_path, text.replace(old, new, 1)))
    assert str(error.value).startswith("plan.toml ") and said in str(error.value)


def test_the_methods_of_a_descriptive_model_name_no_covariates_and_no_test():
    fitted = {"rung": "descriptive", "why": "few", "formula": "y ~ x", "n_observations": 9, "n_patients": 3}
    text = methods_paragraph(FULL, model=pd.DataFrame([fitted]))
    assert "y ~ x. It has no covariates but the baseline score, and nothing was tested." in text
    assert MISSING_COVARIATES not in text and IMPUTED_COVARIATES in text
    assert MISSING_COVARIATES in methods_paragraph(FULL, model=pd.DataFrame([{**fitted, "rung": "full"}]))


def test_the_methods_paragraph_is_made_from_the_plan():
    text = methods_paragraph(FULL)
    assert (
        "primary outcome was BDI-II at month 3" in text
        and "visit by baseline BDI-II as fixed effects, adjusted for practice (where there are several), age and sex"
        in text
    )
    assert "Moderators of the difference that the plan names: age and baseline (" in text
    assert "Sensitivity analyses: other covariates, " in text and "; multiple imputation, " in text
    assert "Intervals are two-sided at 95%" in text and "Kenward-Roger" in text and MISSING_COVARIATES in text
    assert f"fitted by kap-analysis {__version__}; " in text
    named = methods_paragraph(FULL, versions={"kap-analysis": "9.9", "Python": "3.13", "numpy": "2.4"})
    assert "fitted by kap-analysis 9.9 with Python 3.13 and numpy 2.4; " in named
    assert "30 patients per format" in text and "HAM-A and PHQ-9 at month 3 are secondary" in text
    assert 'The margin was 2.5 points (a "panel" of clinicians, 2025-03-01)' in text
    bare = methods_paragraph(replace(FULL, margin=None, secondary=(), instrument="HAM-A", origin="registered"))
    assert "No non-inferiority margin was set" in bare and "were secondary" not in bare and "HAM-A at month 3" in bare
    assert "The plan was stated in plan.toml." in bare


def test_the_methods_paragraph_names_the_model_that_was_fitted():
    model = compare_formats(load_study(STUDY), secondary=False).model
    row = model.iloc[0]
    said = f"The model that was fitted to {row['n_observations']} scores of {row['n_patients']} patients"
    said += f" was the full model (the counts allow the full model): {row['formula']}."
    assert said in methods_paragraph(FULL, model=model)


def test_a_draft_names_the_moderators_that_were_recorded(tmp_path):
    assert draft_plan(load_study(STUDY)).moderators == ("age", "baseline", "ace_4_or_more", "integration_in_time")
    small = load_study(write_small_study(tmp_path / "study"))
    bare = replace(small, tables={**small.tables, "patients": small.patients.assign(age=None, ace_score=None)})
    assert "age" not in draft_plan(bare).moderators and "baseline" in draft_plan(bare).moderators


def test_kap_plan_drafts_keeps_and_replaces(tmp_path):
    folder = write_small_study(tmp_path / "study")
    run = CliRunner().invoke(app, ["plan", str(folder)])
    assert run.exit_code == 0 and "The primary outcome was BDI-II at month 3." in run.stdout
    path = folder / "plan.toml"
    assert read_plan(path).hash == draft_plan(load_study(folder)).hash
    path.write_text(path.read_text(encoding="utf-8").replace('"month 3"', '"month 6"', 1), encoding="utf-8")
    again = CliRunner().invoke(app, ["plan", str(folder)])
    assert again.exit_code == 0 and "stands as it is" in again.stderr and "BDI-II at month 6" in again.stdout
    anew = CliRunner().invoke(app, ["plan", str(folder), "--replace"])
    assert anew.exit_code == 0 and "BDI-II at month 3" in anew.stdout
    assert CliRunner().invoke(app, ["plan", str(tmp_path / "nowhere")]).exit_code == 2
