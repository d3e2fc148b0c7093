"""One file of single patients, for private review: closed to public studies, and sampled where there are many."""

import dataclasses
import json
import re

import pandas as pd
import pytest

import kap_analysis as kap
from kap_analysis.errors import ReportError
from kap_analysis.figures.page.style import THEMES
from kap_analysis.report import explorer
from kap_analysis.report.pipeline import reproduce
from kap_analysis.writing.names import CLASSES
from tests.browser import opened_browser
from tests.places import SHIPPED_STUDY
from tests.report.conftest import write_notebooks
from tests.report.test_study_matrix import STUDIES, primary

pytest.importorskip("altair")
pytest.importorskip("vl_convert")


@pytest.fixture(scope="module")
def study():
    return kap.load_study(SHIPPED_STUDY)


def with_settings(study, **settings):
    return dataclasses.replace(study, settings=dataclasses.replace(study.settings, **settings))


def test_a_public_study_of_real_patients_is_refused(study, tmp_path):
    public = with_settings(study, visibility="public", provenance="real")
    with pytest.raises(ReportError, match="This study is public: single patients may not be shown"):
        explorer.write_explorer(public, tmp_path)
    assert explorer.explorer_of(public, tmp_path, "PUBLIC", "") == "" and list(tmp_path.iterdir()) == []


def test_each_score_has_its_band_and_the_sessions_until_then(study):
    scores, n = explorer.patient_scores(study)
    assert n == scores["patient_id"].nunique()
    assert len(scores) == (study.assessments["instrument"] == "BDI-II").sum()
    row = scores[scores["patient_id"] == "P001"].iloc[-1]
    held = kap.load_study(SHIPPED_STUDY).sessions.query("patient_id == 'P001' and kind == 'ketamine'")
    held = held[held["status"].isin(["attended", "stopped_early"]) & (held["day"] <= row["day"])]
    assert row["sessions"] == len(held)
    assert list(kap.get_instrument("BDI-II").band_of([row["score"]])) == [row["band"]]
    assert set(scores["reliable_change"]) <= {*CLASSES.values(), "not assessed"}


def test_of_many_patients_some_are_drawn_by_lot_and_the_page_says_so(study, tmp_path, monkeypatch):
    monkeypatch.setattr(explorer, "MOST_PATIENTS", 20)
    page = explorer.write_explorer(study, tmp_path, banner="PRIVATE").read_text(encoding="utf-8")
    assert re.search(r"\(20 of \d+ patients, drawn by lot\)", page) and "<strong>PRIVATE</strong>" in page
    assert re.findall(r"<(?:link|img|iframe)\b|\bsrc=", page.split("<body>")[1]) == []


def test_a_name_cannot_end_the_script(study):
    scores, _ = explorer.patient_scores(study)
    named = scores.head(5).assign(practice="</script><b>&")
    text = explorer._for_script(explorer.draw_patients(named, kap.get_instrument("BDI-II")))
    assert not set("<>&") & set(text)
    shown = pd.DataFrame(next(iter(json.loads(text)["datasets"].values())))
    assert set(shown["practice"]) == {"</script><b>&"}


@pytest.mark.slow
def test_the_formats_have_the_colours_of_the_figures_light_and_dark(study, tmp_path):
    page = explorer.write_explorer(study, tmp_path)
    marks = (
        "() => [...new Set([...document.querySelectorAll('.mark-line path')].map(one => one.getAttribute('stroke')))]"
    )
    with opened_browser() as browser:
        for theme in THEMES.values():
            tab = browser.new_context(color_scheme=theme.name).new_page()
            tab.goto(page.as_uri())
            tab.wait_for_selector(".mark-line path")
            assert set(tab.evaluate(marks)) == {theme.look(name).colour for name in ("individual", "group")}
            tab.close()


#: The kinds of study of which the pages beside the notebooks have less to show.
POORER = ["one arm", "required columns only", "a single visit", "baseline only", "own instrument"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "change", [*(STUDIES[kind] for kind in POORER), primary("WHO-5")], ids=[*POORER, "no norms, higher is better"]
)
def test_what_a_run_makes_beside_the_notebooks_is_made_of_every_study(change, tmp_path, make_notebook):
    folder = tmp_path / "study"
    kap.write_study(kap.simulate_study(30, seed=2019), folder)
    (folder / "truth.json").unlink()
    change(folder)
    notebooks = write_notebooks(tmp_path / "notebooks", make_notebook)
    assert reproduce(folder, tmp_path / "results", notebooks=notebooks).faults == ()
    assert (tmp_path / "results" / explorer.FILE_NAME).exists()
