"""``kap pool``: an exchange by files, from the first request to the result."""

import shutil

import pytest
from typer.testing import CliRunner

from kap_analysis.cli.main import app
from kap_analysis.errors import AnalysisError, KapError
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


def answers(folder, tmp_path, number, practices="ABC", *options):
    out = []
    for name in practices:
        target = tmp_path / f"{name}_{number}.json"
        request = folder / f"round_{number:02}_request.json"
        run("answer", request, *STUDY, "--practice", name, "--secret", tmp_path / name, "--out", target, *options)
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
    assert "answer with --again" in told[2]
    owns = [read_answer(next((tmp_path / name).glob("*answer*"))).content["own"] for name in ("one", "two")]
    assert owns[0]["estimate"] is not None
    assert owns[1]["estimate"] is None and owns[1]["note"].startswith("It gave its estimate before")


def test_it_is_given_again_by_decision(tmp_path):
    for name, question in (("one", "primary"), ("two", "trajectory")):
        run("start", tmp_path / name, "--study", SHIPPED_STUDY, "--practices", "A,B", "--question", question)
    words = [*STUDY, "--practice", "A", "--secret", tmp_path / "A"]
    run("answer", tmp_path / "one" / "round_01_request.json", *words)
    second = tmp_path / "two" / "round_01_request.json"
    texts = []
    for options in (["--again"], []):  # the decision is kept, so that a round can be repeated
        run("answer", second, *words, *options)
        texts.append(next((tmp_path / "two").glob("*answer*")).read_bytes())
    assert texts[0] == texts[1] and b'"estimate": null' not in texts[0]


def to_round_2(folder, tmp_path, practices, *options):
    run("start", folder, *STUDY, "--practices", ",".join(practices), "--no-two-stage")
    run("next", folder, *answers(folder, tmp_path, 1, practices, *options))


def test_another_exchange_over_the_same_study_is_answered_by_decision_alone(tmp_path):
    """The totals of A, B and C less those of A and B were the counts of C, and A and B answered without a word."""
    one, two = tmp_path / "one", tmp_path / "two"
    to_round_2(one, tmp_path, "ABC")
    run("start", two, *STUDY, "--practices", "A,B", "--no-two-stage")
    answers(two, tmp_path, 1, "A")  # a key gives nothing
    answers(one, tmp_path, 2, "A")
    said = r"Practice A has sent sums in another exchange over this study, with A, B and C and not A and B\. .* --again"
    with pytest.raises(AnalysisError, match=said):
        answers(two, tmp_path, 1, "A")
    answers(one, tmp_path, 2, "A")  # a round of the first may be repeated
    run("next", two, *answers(two, tmp_path, 1, "AB", "--again"))
    answers(two, tmp_path, 2, "A")  # and the decision is kept
    run("start", three := tmp_path / "three", *STUDY, "--practices", "A,B,C", "--question", "trajectory")
    with pytest.raises(AnalysisError, match="by another plan"):
        answers(three, tmp_path, 1, "A")


def test_a_secret_that_is_kept_elsewhere_does_not_forget_the_one_beside_the_study(tmp_path):
    study = tmp_path / "study"
    shutil.copytree(SHIPPED_STUDY, study)
    to_round_2(tmp_path / "one", tmp_path, "ABC")
    (tmp_path / "A").rename(tmp_path / "study_A.pool_secret")
    run("start", tmp_path / "two", *STUDY, "--practices", "A,B", "--no-two-stage")
    request = [tmp_path / name / f"round_0{number}_request.json" for name, number in (("one", 2), ("two", 1))]
    words = ["--study", study, "--practice", "A"]
    run("answer", request[0], *words)
    for elsewhere in ([], ["--secret", tmp_path / "elsewhere"]):
        with pytest.raises(AnalysisError, match="Practice A has sent sums in another exchange over this study"):
            run("answer", request[1], *words, *elsewhere)


def test_who_leaves_a_practice_out_is_warned(tmp_path):
    to_round_2(tmp_path / "pool", tmp_path, "ABC")
    answers(tmp_path / "pool", tmp_path, 2, "A")
    (tmp_path / "pool" / "set_aside_1").mkdir()  # of an earlier time, which said "File exists"
    told = run("next", tmp_path / "pool", "--without", "C")
    assert "Warning: the totals before and after differ by practice C alone" in told
    assert (tmp_path / "pool" / "set_aside_2" / "round_02_request.json").is_file()
    with pytest.raises(AnalysisError, match="with A, B and C and not A and B"):
        answers(tmp_path / "pool", tmp_path, 1, "A")


def test_a_study_or_a_request_that_is_not_there_is_named(tmp_path):
    run("start", tmp_path / "pool", *STUDY, "--practices", "A,B")
    request = tmp_path / "pool" / "round_01_request.json"
    with pytest.raises(KapError, match="nowhere") as raised:
        run("answer", request, "--study", tmp_path / "nowhere", "--practice", "A")
    assert "secret" not in str(raised.value)
    with pytest.raises(AnalysisError, match=r"Found no file .*round_09_request.json"):
        run("answer", tmp_path / "round_09_request.json", *STUDY, "--practice", "A", "--secret", tmp_path / "A")


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
