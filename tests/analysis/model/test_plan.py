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
        ('visit = "month 3"\n', "", 'table [primary], has no key "visit"; write it, or leave out the table'),
        ('analyses = ["model", "missing"]', 'analyses = ["all"]', 'unknown sensitivity analysis "all"; known are'),
        (
            "population = ",
            "populatoin = ",
            'table [estimand], has the unknown key "populatoin"; did you mean "population"?',
        ),
        (
            'columns = ["age", "sex"]',
            'column = ["age", "sex"]',
            'table [covariates], has the unknown key "column"; did you mean "columns"?',
        ),
        (
            'columns = ["age", "baseline"]',
            'colums = ["age"]',
            'table [moderators], has the unknown key "colums"; did you mean "columns"?',
        ),
        ("analyses =", "analysis =", 'table [sensitivity], has the unknown key "analysis"; did you mean "analyses"?'),
        (
            "instruments =",
            "instrument =",
            'table [secondary], has the unknown key "instrument"; did you mean "instruments"?',
        ),
        (
            "points = 2.5",
            'points = 2.5\nquestion = "non-inferiority"',
            'table [margin], has the unknown key "question"; known are points, source and date.',
        ),
        (
            'columns = ["age", "sex"]',
            'columns = ["sex", "sex"]',
            'table [covariates], names "sex" twice; name it once.',
        ),
        ("instruments = [", 'instruments = ["BDI-II", ', "table [secondary], has the primary instrument BDI-II"),
        ('date = "2025-03-01"', "", 'table [margin], has no key "date"'),
        ('columns = ["age", "sex"]', "", 'table [covariates], has no key "columns"'),
        (
            'columns = ["age", "baseline"]',
            'columns = ["sex"]',
            'table [moderators], has the unknown moderator "sex"; did you mean "is_female"?',
        ),
        (
            'switching = "treatment policy"',
            'switching = "hypothetical"',
            'switching is "hypothetical", but what is computed is "treatment policy": write that; ',
        ),
        (
            'missing_scores = "',
            'missing_scores = "not ',
            "scores that are not missing at random are looked at by `check_dropout`",
        ),
        ('analysis_set = "', 'analysis_set = "complete ', 'analysis_set is "complete patients'),
        ('population = "', 'population = "women: ', 'population is "women: all patients who started treatment'),
        ('date = "2025-03-01"', 'date = "before"', "date is 'before'; give a year, a month or a day, such as "),
        ('date = "2025-03-01"', "date = 2025-13", "cannot be read"),
        ('date = "2025-03-01"', 'date = "2025-13"', "date is '2025-13'; give a year, a month or a day, such as "),
        ("full_patients = 30", "full_patients = true", "full_patients is True; give a whole number from 1"),
        ('columns = ["age", "sex"]', 'columns = "age"', "columns is 'age'; give a list of texts"),
        ("points = 2.5", 'points = "wide"', "points is 'wide'; give a positive number"),
        ("points = 2.5", "points = -1", "points is -1; give a positive number"),
        ("full_patients = 30", "full_patients = 0", "full_patients is 0; give a whole number from 1"),
        (
            "full_patients = 30",
            "fewest = 30",
            'table [ladder], has the unknown key "fewest"; known are full_patients, ',
        ),
        ('format_rule = "first"', 'format_rule = "last"', "format_rule is 'last'; choose one of planned, first"),
        ("[rules]", "[rulez]", "has the unknown table [rulez]; did you mean [rules]?"),
        ("[primary]", "[primary", "cannot be read"),
    ],
)
def test_a_plan_that_says_nothing_that_can_be_done_is_refused(tmp_path, old, new, said):
    text = plan_to_toml(FULL)
    assert old in text
    with pytest.raises(AnalysisError) as error:
        read_plan(written(tmp_path, text.replace(old, new, 1)))
    assert str(error.value).startswith("plan.toml") and said in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('secondary = ["HAM-A"]', "has secondary = ['HAM-A']; expected a table [secondary]."),
        ("[[ladder]]", "has ladder = [{}]; expected a table [ladder]."),
        ("", "has no table [primary], with the keys instrument and visit."),
    ],
)
def test_a_plan_without_its_tables_is_refused(tmp_path, text, said):
    with pytest.raises(AnalysisError) as error:
        read_plan(written(tmp_path, text))
    assert str(error.value) == f"plan.toml {said}"


def test_a_plan_made_by_hand_cannot_claim_another_strategy_either():
    with pytest.raises(AnalysisError, match="missing_scores is"):
        replace(FULL, missing_scores="worse than observed")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"covariates": ("agee",)}, 'table [covariates], has the unknown column "agee"; did you mean "age"?'),
        ({"visit": "month3"}, 'table [primary], has the unknown visit "month3"; did you mean "month 3"?'),
        ({"instrument": "BDI2"}, 'table [primary], has the unknown instrument "BDI2"; did you mean "BDI-II"?'),
        ({"secondary": ("HAMA",)}, 'table [secondary], has the unknown instrument "HAMA"; did you mean "HAM-A"?'),
    ],
)
def test_a_plan_that_names_what_its_study_cannot_have_is_refused(tmp_path, change, said):
    folder = write_small_study(tmp_path / "study")
    written(folder, plan_to_toml(replace(FULL, **change)))
    with pytest.raises(AnalysisError) as error:
        study_plan(load_study(folder))
    assert str(error.value) == f"plan.toml, {said}"
    run = CliRunner().invoke(app, ["plan", str(folder)])
    assert run.exit_code and not run.stdout


def test_a_covariate_of_the_study_may_be_planned_and_the_methods_say_that_it_was_not_recorded(tmp_path):
    shipped = load_study(STUDY)
    own = shipped.patients.assign(ace_score=None, travel_time=range(len(shipped.patients)))
    study = replace(shipped, path=tmp_path, tables={**shipped.tables, "patients": own})
    plan = replace(draft_plan(study), covariates=("age", "sex", "ace_score", "travel_time"))
    written(tmp_path, plan_to_toml(plan))
    assert study_plan(study).covariates == plan.covariates
    said = methods_paragraph(plan, model=compare_formats(study, secondary=False).model)
    told = " It is not adjusted for the planned covariate ACE score: it was not recorded, or does not vary"
    assert f"{told} in these patients." in said
    kept = replace(plan, covariates=("age", "travel_time"))
    assert "not adjusted" not in methods_paragraph(kept, model=compare_formats(study, plan=kept, secondary=False).model)


def test_kap_plan_names_a_planned_covariate_that_was_not_recorded(tmp_path):
    folder = write_small_study(tmp_path / "study")
    written(folder, plan_to_toml(replace(FULL, covariates=("age", "prior_ketamine"))))
    run = CliRunner().invoke(app, ["plan", str(folder)])
    assert run.exit_code == 0
    assert "Not recorded in this study, so the model cannot be adjusted for it: prior_ketamine." in run.stderr


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
    assert text.endswith(f"fitted by kap-analysis {__version__}.")
    named = methods_paragraph(FULL, versions={"kap-analysis": "9.9", "Python": "3.13", "numpy": "2.4"})
    assert named.endswith("fitted by kap-analysis 9.9 with Python 3.13 and numpy 2.4.")
    weighted = methods_paragraph(replace(FULL, sensitivity=("allocation",)))
    assert weighted.endswith("; the logistic model of the propensity score by statsmodels.")
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


def test_methods_tells_of_covariates_where_the_plan_has_some():
    told, bare = methods_paragraph(FULL), methods_paragraph(replace(FULL, covariates=()))
    assert MISSING_COVARIATES in told and MISSING_COVARIATES not in bare


def test_the_methods_paragraph_names_the_rules():
    plan = replace(FULL, format_rule="exclude_mixed", cohort_rule="majority", secondary=("PHQ-9",))
    said = methods_paragraph(plan)
    assert "and patients with sessions of both formats were left out, and the cohort that of most sessions" in said
    assert " PHQ-9 at month 3 is secondary (p adjusted by Holm's method)." in said
    assert "third arm" not in said
    assert "Where mixed format is a third arm, cohort effect and covariance go by membership" in methods_paragraph(
        replace(FULL, format_rule="planned")
    )
