"""``kap pool``: an exchange by files, from the first request to the result."""

import pytest
from typer.testing import CliRunner

from kap_analysis.cli.main import app
from kap_analysis.errors import AnalysisError
from kap_analysis.pooling.messages import read_answer
from kap_analysis.study.load import load_study
from tests.places import SHIPPED_STUDY

STUDY = ["--study", str(SHIPPED_STUDY)]


def run(*words):
    found = CliRunner().invoke(app, ["pool", *map(str, words)])
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert found.exit_code == 0, found.output
    return found.output


def answers(folder, tmp_path, number, practices="ABC"):
    out = []
    for name in practices:
        target = tmp_path / f"{name}_{number}.json"
        request = folder / f"round_{number:02}_request.json"
        run("answer", request, *STUDY, "--practice", name, "--secret", tmp_path / name, "--out", target)
        out.append(target)
    return out


def test_an_exchange_begins_and_says_who_is_missing(tmp_path):
    folder = tmp_path / "pool"
    assert "Send it to A, B, C" in run("start", folder, *STUDY, "--practices", "A,B,C", "--no-two-stage")
    told = run("next", folder, *answers(folder, tmp_path, 1, "AB"))
    assert "Round 1 (keys) waits for C" in told and f"kap pool next {folder} --without NAME" in told
    assert "round 1, keys: missing: C" in run("status", folder)
    assert "Practice C is left out" in run("next", folder, "--without", "C")
    assert "left out by decision: C" in run("status", folder)


def test_an_answer_is_written_over_no_other_file(tmp_path):
    folder, table = tmp_path / "pool", tmp_path / "patients.csv"
    run("start", folder, *STUDY, "--practices", "A,B", "--no-two-stage")
    table.write_text("patient_id\nP1\n", encoding="utf-8")
    words = ["answer", folder / "round_01_request.json", *STUDY, "--practice", "A", "--secret", tmp_path / "A", "--out"]
    for place in (table, tmp_path, folder / "round_01_request.json"):
        with pytest.raises(AnalysisError, match=r"is there already, and is no answer of practice A; name another file"):
            run(*words, place)
    assert table.read_text(encoding="utf-8") == "patient_id\nP1\n"
    (again,) = answers(folder, tmp_path, 1, "A")
    first = again.read_bytes()
    run(*words, again)
    assert again.read_bytes() == first


def test_its_own_estimate_is_given_of_one_plan_and_of_one_set_of_rows(tmp_path):
    """It is not masked: asked for again with other rows or by another plan it told what changed."""
    asked = ["--study", str(SHIPPED_STUDY), "--practices", "A,B"]
    run("start", tmp_path / "one", *asked)
    run("start", tmp_path / "two", *asked, "--question", "trajectory")
    words = [*STUDY, "--practice", "A", "--secret", tmp_path / "A"]
    told = [run("answer", tmp_path / name / "round_01_request.json", *words) for name in ("one", "one", "two")]
    assert [("Without its own estimate" in one) for one in told] == [False, False, True]
    owns = [read_answer(next((tmp_path / name).glob("*answer*"))).content["own"] for name in ("one", "two")]
    assert owns[0]["estimate"] is not None
    assert owns[1]["estimate"] is None and owns[1]["note"].startswith("It gave its estimate before")


def test_a_practice_that_is_not_there_is_named(tmp_path):
    folder = tmp_path / "pool"
    run("start", folder, *STUDY, "--practices", "A,D", "--no-two-stage")
    with pytest.raises(AnalysisError, match="There is no practice D in the data; found A, B, C"):
        answers(folder, tmp_path, 1, "D")


@pytest.mark.slow
def test_an_exchange_ends_in_a_result(tmp_path, monkeypatch):
    study = load_study(SHIPPED_STUDY)
    monkeypatch.setattr("kap_analysis.study.load.load_study", lambda _: study)  # it is read thirty times
    folder, number = tmp_path / "pool", 1
    run("start", folder, *STUDY, "--practices", "A,B,C", "--question", "trajectory")
    told = ""
    while "no row left a practice" not in told:
        told = run("next", folder, *answers(folder, tmp_path, number))
        number += 1
    assert number <= 11
    assert (folder / "result" / "contrasts.csv").is_file()
    assert "The result is in" in run("status", folder)
