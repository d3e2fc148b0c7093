"""The coordinator's folder: answers that are late, double, edited or foreign, and a practice that drops out."""

import json
import stat
from dataclasses import replace

import pytest

import kap_analysis as kap
from kap_analysis.errors import AnalysisError
from kap_analysis.pooling.answering import answer_request
from kap_analysis.pooling.exchange_folder import Waiting, open_exchange, start_exchange
from kap_analysis.pooling.masks import new_secret
from kap_analysis.pooling.messages import read_request
from kap_analysis.pooling.pooled_comparison import save_result
from kap_analysis.pooling.practice_secret import read_secret
from kap_analysis.pooling.practices import make_pooling_plan

SECRETS = {name: new_secret() for name in "ABC"}


@pytest.fixture
def begun(tmp_path, few_visits, few_covariates):
    plan = make_pooling_plan(few_visits, few_covariates, two_stage=False)
    start_exchange(tmp_path / "pool", plan, "ABC")
    return open_exchange(tmp_path / "pool")


def answered(exchange, source, practice, number, at=None):
    """The answer of a practice to one round, in a file of its own."""
    request = read_request(exchange.request_path(number))
    answer = answer_request(request, source, practice=practice, secret=SECRETS[practice])
    path = at or exchange.path.parent / f"{practice}_{number}.json"
    path.write_text(answer.to_text(), encoding="utf-8")
    return path


def to_round_2(exchange, source):
    exchange.take_in([answered(exchange, source, name, 1) for name in exchange.practices])
    assert isinstance(exchange.advance(), Waiting)


def to_the_end(exchange, sources):
    number, found = 1, exchange.advance()
    while isinstance(found, Waiting):
        assert found.missing == ("A", "B", "C")
        exchange.take_in([answered(exchange, source, name, number) for name, source in sources.items()])
        number, found = number + 1, exchange.advance()
    return found


@pytest.mark.slow
def test_an_exchange_by_files_ends_in_the_result_of_one_process(begun, few_visits, few_covariates):
    found = to_the_end(begun, dict.fromkeys("BCA", few_visits))
    one = kap.pool_practices(few_visits, plan=few_covariates, two_stage=False)
    assert found.contrasts["estimate"].to_numpy() == pytest.approx(one.contrasts["estimate"].to_numpy(), rel=1e-12)
    folder = save_result(found, begun.path)
    assert (folder / "paragraph.md").read_text(encoding="utf-8").strip() == found.paragraph
    assert len(list(folder.glob("*.csv"))) == 7


@pytest.mark.slow
def test_where_the_study_of_one_practice_is_public_the_result_passes_the_gate(begun, few_visits):
    """The result that `kap pool next` wrote was not gated: it told the patients of each visit, and sent out the fit."""
    public = replace(few_visits, visibility="public", is_simulated=False)
    found = to_the_end(begun, {"A": few_visits, "B": public, "C": few_visits})
    rows = found.contrasts.set_index("visit")
    assert rows.at["month 3", "n_patients"] == few_visits.frame.query("visit == 'month 3'")["patient_id"].nunique()
    later = few_visits.frame[few_visits.frame["visit"] != "baseline"]
    assert found.model["n_patients"].iloc[0] == later["patient_id"].nunique()
    assert found.fit is None
    assert (found.contrasts["estimate"] == found.contrasts["estimate"].round(2)).all()
    assert set(found.withheld["frame"]) >= {"fit"}
    folder = save_result(found, begun.path)
    assert (folder / "withheld.csv").is_file()


def test_who_has_not_answered_is_named_and_nothing_goes_on(begun, few_visits):
    begun.take_in([answered(begun, few_visits, name, 1) for name in "AC"])
    waiting = begun.advance()
    assert waiting.missing == ("B",)
    assert waiting.request.round == 1


def test_an_answer_may_arrive_twice_and_a_round_may_be_repeated(begun, few_visits):
    first = answered(begun, few_visits, "A", 1)
    assert begun.take_in([first]) == ["A_1.json: the answer of practice A to round 1."]
    again = answered(begun, few_visits, "A", 1)
    assert begun.take_in([again]) == ["A_1.json: the answer of practice A to round 1 is here already, and is the same."]


def test_an_answer_of_another_round_is_recognised(begun, few_visits):
    late = answered(begun, few_visits, "A", 1)
    to_round_2(begun, few_visits)
    assert "to round 1 is here already" in begun.take_in([late])[0]
    begun.answer_path(2, "A").write_text(late.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(AnalysisError, match="answers round 1 of practice A, not the request of round 2"):
        begun.advance()


def test_an_edited_answer_is_refused_and_nothing_is_taken_in(begun, few_visits):
    good, bad = (answered(begun, few_visits, name, 1) for name in "AB")
    fields = json.loads(bad.read_text(encoding="utf-8"))
    bad.write_text(json.dumps(fields | {"rows": "0"}), encoding="utf-8")
    with pytest.raises(AnalysisError, match=r"B_1.json was changed after it was written"):
        begun.take_in([bad, good])
    assert not list(begun.path.glob("*answer*"))


def test_an_answer_of_another_exchange_is_refused(begun, few_visits, few_covariates, tmp_path):
    other = make_pooling_plan(few_visits, few_covariates, two_stage=True)
    start_exchange(tmp_path / "other", other, "ABC")
    foreign = answered(open_exchange(tmp_path / "other"), few_visits, "A", 1)
    with pytest.raises(AnalysisError, match="by practice A, answers no request of this exchange"):
        begun.take_in([foreign])


def test_rows_that_change_betweerounds_are_noticed(begun, few_visits):
    to_round_2(begun, few_visits)
    changed = few_visits.frame.assign(score=few_visits.frame["score"] + 1)
    later = [answered(begun, few_visits, name, 2) for name in "AB"]
    begun.take_in([*later, answered(begun, replace(few_visits, frame=changed), "C", 2)])
    with pytest.raises(AnalysisError, match="The rows of practice C changed before round 2"):
        begun.advance()


def test_the_rest_go_on_without_a_practice_by_decision_alone(begun, few_visits):
    to_round_2(begun, few_visits)
    rest = begun.without("B")
    assert open_exchange(begun.path) == rest
    assert (rest.practices, rest.left_out) == (("A", "C"), ("B",))
    assert {one.name for one in (begun.path / "set_aside_1").iterdir()} >= {"round_01_request.json"}
    assert rest.advance().missing == ("A", "C")
    with pytest.raises(AnalysisError, match="Practice B takes no part; these do: A, C"):
        rest.without("B")
    with pytest.raises(AnalysisError, match="Without A one practice is left"):
        rest.without("A")


def test_a_practice_that_is_not_asked_does_not_answer(begun, few_visits):
    with pytest.raises(AnalysisError, match="Practice D is not asked; asked are A, B, C"):
        answer_request(read_request(begun.request_path(1)), few_visits, practice="D", secret=new_secret())


def test_a_request_whose_answer_would_not_be_masked_is_not_answered(begun, few_visits):
    to_round_2(begun, few_visits)
    request = read_request(begun.request_path(2))
    keys = request.content["keys"]
    alone = replace(request, practices=("A",), content=request.content | {"keys": {"A": keys["A"]}})
    fewer = replace(request, content=request.content | {"keys": {"A": keys["A"]}})
    for wrong in (alone, fewer):
        with pytest.raises(AnalysisError, match="an answer to it would not be masked"):
            answer_request(wrong, few_visits, practice="A", secret=SECRETS["A"])


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["A"], "Found 1 practice"),
        (["A", "A"], "Each practice needs a name of its own"),
        (["A", " "], "name of its own"),
    ],
)
def test_an_exchange_needs_two_practices_with_names(tmp_path, few_visits, few_covariates, names, words):
    plan = make_pooling_plan(few_visits, few_covariates)
    with pytest.raises(AnalysisError, match=words):
        start_exchange(tmp_path / "pool", plan, names)
    assert not (tmp_path / "pool").exists()


def test_a_folder_that_is_none_and_one_that_is_not_empty_are_refused(tmp_path, begun, few_visits, few_covariates):
    with pytest.raises(AnalysisError, match="holds no exchange"):
        open_exchange(tmp_path)
    with pytest.raises(AnalysisError, match="is not empty"):
        start_exchange(begun.path, begun.plan, "AB")
    (begun.path / "pool.json").write_text("{", encoding="utf-8")
    with pytest.raises(AnalysisError, match="cannot be read"):
        open_exchange(begun.path)


def test_a_secret_is_made_once_and_needed_afterwards(tmp_path, begun, few_visits):
    first, path = read_request(begun.request_path(1)), tmp_path / "study_A.pool_secret"
    secret = read_secret(path, first, "A")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_secret(path, first, "A") == secret
    with pytest.raises(AnalysisError, match="is the secret of practice A, not of B"):
        read_secret(path, first, "B")
    to_round_2(begun, few_visits)
    with pytest.raises(AnalysisError, match="Found no secret at"):
        read_secret(tmp_path / "other", read_request(begun.request_path(2)), "A")
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(AnalysisError, match="is no file of a secret"):
        read_secret(path, first, "A")
