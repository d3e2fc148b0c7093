"""What a public run adds: refusals, the last look at every byte, the report; and PRIVATE on what is private."""

import base64
import dataclasses
import zlib

import pandas as pd
import pytest
from matplotlib.figure import Figure

import kap_analysis as kap
from kap_analysis.disclosure.gate import Released
from kap_analysis.errors import ReportError
from kap_analysis.report.about_study import describe_study, study_facts
from kap_analysis.report.file_text import text_parts
from kap_analysis.report.pipeline import reproduce
from kap_analysis.report.results_folder import ResultsFolder, open_results, stamp_of
from kap_analysis.report.share import share_study
from kap_analysis.report.sharing import check_enough_to_share, search_files, study_ids, write_sharing_report
from kap_analysis.tables.study.problems import table_problems
from tests.places import SHIPPED_STUDY


@pytest.fixture(scope="module")
def simulated():
    return kap.load_study(SHIPPED_STUDY)


def declared(study, visibility):
    return dataclasses.replace(
        study, settings=dataclasses.replace(study.settings, visibility=visibility, provenance="real")
    )


@pytest.fixture(scope="module")
def public(simulated):
    return declared(simulated, "public")


def figure_that_says(text):
    figure = Figure(figsize=(2, 1))
    figure.text(0.1, 0.5, text)
    return figure


def test_a_study_without_real_patients_is_not_shared(tmp_path):
    with pytest.raises(ReportError, match="This study has no real patients, so nothing needs to be withheld"):
        share_study(SHIPPED_STUDY, tmp_path / "shared")
    assert not (tmp_path / "shared").exists()


def test_a_private_study_is_not_shared(tmp_path, monkeypatch, simulated):
    monkeypatch.setattr("kap_analysis.report.share.load_study", lambda _: declared(simulated, "private"))
    with pytest.raises(ReportError, match="This study is private; expected a public one"):
        share_study("anywhere", tmp_path / "shared")


def test_of_too_few_patients_nothing_is_run_or_written(public, tmp_path, monkeypatch):
    """Of 12 patients all notebooks ran, and then "138 counts could be worked out: it is a fault of the program"."""
    analysed = sorted(set(public.outcomes().frame["patient_id"]))
    for n, enough in ((22, True), (21, False), (1, False)):
        few = public.of_patients(analysed[:n])
        if enough:
            check_enough_to_share(few)
            continue
        monkeypatch.setattr("kap_analysis.report.pipeline.load_study", lambda _, few=few: few)
        with pytest.raises(ReportError, match=rf"^{n} patients? of this study can be analysed .*; sharing needs 22 or"):
            reproduce(SHIPPED_STUDY, tmp_path / "shared")
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["svg", "html", "ipynb", "json"])
def test_an_id_is_found_in_text(public, tmp_path, kind):
    one = sorted(study_ids(public))[0]
    (tmp_path / f"page.{kind}").write_text(f"<p>as in {one}, who came late</p>")
    with pytest.raises(ReportError, match=rf"page.{kind} holds an id of the study, so nothing was written"):
        search_files(public, tmp_path)


@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_an_id_is_found_in_the_properties_of_a_figure(public, tmp_path, kind):
    one = sorted(public.patients["patient_id"])[0]
    results = ResultsFolder(tmp_path)
    results.figure("seen", figure_that_says("nobody"), f"The course of {one}")
    with pytest.raises(ReportError, match="holds an id"):
        search_files(public, tmp_path)
    (path,) = (tmp_path / "figures").glob(f"*.{kind}")
    assert any(one.encode() in part for part in text_parts(path))


def test_an_id_is_found_in_a_picture_inside_a_page_and_in_a_compressed_stream(tmp_path):
    ResultsFolder(tmp_path).figure("seen", figure_that_says("nobody"), "The course of S0417")
    png = base64.b64encode((tmp_path / "figures" / "seen.png").read_bytes())
    (tmp_path / "page.html").write_bytes(b'<img src="data:image/png;base64,' + png + b'">')
    assert any(b"S0417" in part for part in text_parts(tmp_path / "page.html"))
    (tmp_path / "a.pdf").write_bytes(b"%PDF\nstream\n" + zlib.compress(b"BT (S0417) Tj ET " * 9) + b"\nendstream")
    assert any(b"S0417" in part for part in text_parts(tmp_path / "a.pdf"))


def test_what_holds_no_id_passes_and_the_place_of_the_study_does_not(public, tmp_path):
    (tmp_path / "page.html").write_text("<p>235 patients</p>")
    assert search_files(public, tmp_path).n_files == 1
    (tmp_path / "page.html").write_text(str(public.path.resolve()))
    with pytest.raises(ReportError, match=r"page\.html holds the path of the study"):
        search_files(public, tmp_path)


def test_the_report_says_what_is_shown_and_what_was_tried(public, tmp_path):
    frame = pd.DataFrame({"format": ["all"], "n_patients": [235.0]})
    log = pd.DataFrame([("steps", "practice B, yes", "n", "few")], columns=["frame", "row", "column", "why"])
    page = write_sharing_report(public, tmp_path, [Released("Flow", log, [(frame, frame)])]).read_text()
    assert "<td>started treatment</td><td>all</td><td>235</td>" in page
    assert "<td>assessed at month 1</td><td>all</td><td>withheld</td>" in page
    assert "1 frame of results were held together, with 1 count shown" in page
    assert "practice B, yes" not in page


def test_nothing_is_written_if_the_attack_finds_a_count(public, tmp_path):
    true = pd.DataFrame({"practice": ["A", "B", "all"], "n_patients": [5.0, 95.0, 100.0]})
    seen = true.assign(n_patients=[None, 95.0, 100.0])
    words = pd.DataFrame({"note": ["none"]})
    released = [Released("Words", pd.DataFrame(), [(words, words)]), Released("Flow", pd.DataFrame(), [(true, seen)])]
    with pytest.raises(ReportError, match=r"could be worked out from the results \(Flow\).* Share fewer of them"):
        write_sharing_report(public, tmp_path, released)
    assert not list(tmp_path.iterdir())


def test_a_public_study_says_no_number_of_patients_that_it_does_not_publish(public):
    few = public.of_patients(public.patients["patient_id"].iloc[:7])
    assert study_facts(few)["n_patients"] is None
    assert "the number of patients is withheld" in describe_study(few, "").data
    assert study_facts(public)["n_patients"] == len(public.patients)
    assert not any(character.isdigit() for character in repr(few).partition(";")[2])
    assert not few.answers()["why"].str.contains(r"\d+ (?:patients|individual|group)|no group|no individual").any()


def test_a_caption_explains_no_lines_of_patients_where_none_are_drawn(public, tmp_path):
    results = open_results(tmp_path, public)
    none = pd.DataFrame({"patient_id": pd.Series(dtype=str)})

    def plot(**drawn):
        return figure_that_says("a course")

    for name, caption, told in [
        ("first", "The course. Thin lines: patients of A; marks: means.", "The course. Marks: means."),
        ("last", "The course. Marks: means; dots: patients.", "The course. Marks: means."),
        ("only", "The course. Dots: patients.", "The course."),
    ]:
        assert results.figure(name, plot, caption, patients=none).caption == told
    some = pd.DataFrame({"patient_id": ["a"]})
    shown = results.figure("some", plot, "The course. Dots: patients.", patients=some)
    assert shown.caption == "The course. Dots: patients."


def test_what_is_made_of_a_private_study_says_so_in_every_file(simulated, tmp_path):
    private = declared(simulated, "private")
    assert [stamp_of(s) for s in (simulated, private, declared(simulated, "public"))] == ["SIMULATED", "PRIVATE", ""]
    results = open_results(tmp_path, private)
    results.figure("seen", figure_that_says("a course"), "The course")
    problems = pd.DataFrame({"file": ["a.csv"], "row": [1], "column": ["day"], "found": ["x"], "expected": ["y"],
                             "message": ["m"], "patient_id": [""]})  # fmt: skip
    results.table("problems", table_problems(problems=problems))
    for path in [
        p for p in tmp_path.rglob("*") if p.suffix in (".png", ".pdf", ".svg", ".html", ".md", ".tex", ".docx")
    ]:
        told = [part for part in text_parts(path) if b"PRIVATE" in part or b"P R I V A T E" in part]
        assert told, path.name
