"""The coordinator's folder: answers that are late, double, edited or foreign, and a practice that drops out."""

import json
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import kap_analysis as kap
from kap_analysis.errors import AnalysisError
from kap_analysis.pooling.answering import answer_request
from kap_analysis.pooling.exchange_folder import Waiting, answer_name, open_exchange, start_exchange
from kap_analysis.pooling.masks import new_secret
from kap_analysis.pooling.messages import Answer, read_request, whole_numbers_of_text, whole_numbers_to_text
from kap_analysis.pooling.pooled_comparison import save_result
from kap_analysis.pooling.practice_secret import read_secret, secret_path
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


def test_rows_that_changed_since_the_first_answer_are_not_answered_for(begun, few_visits):
    """Two answers to one request carried the same masks: their difference was the patient by whom the rows differed."""
    to_round_2(begun, few_visits)
    one = few_visits.frame.query("practice == 'C' and visit == 'month 3'")["patient_id"].iloc[0]
    without = replace(few_visits, frame=few_visits.frame[few_visits.frame["patient_id"] != one])
    with pytest.raises(AnalysisError, match="The rows of practice C are not those of its first answer"):
        answered(begun, without, "C", 2)
    request = read_request(begun.request_path(2))
    kept, changed = (
        answer_request(read_request(begun.request_path(1)), source, practice="C", secret=SECRETS["C"]).rows
        for source in (few_visits, without)
    )
    told = replace(request, content=request.content | {"rows": request.content["rows"] | {"C": changed}})
    before, after = (
        whole_numbers_of_text(
            answer_request(asked, source, practice="C", secret=SECRETS["C"]).content["sums"],
            request.content["length"],
            "It",
        )
        for asked, source in ((request, few_visits), (told, without))
    )
    difference = np.abs((before - after).view(np.int64).astype(float))
    assert kept != changed and (difference > 2.0**50).mean() > 0.9  # as far apart as random numbers are


def test_an_answer_of_other_rows_is_not_taken_in(begun, few_visits):
    to_round_2(begun, few_visits)
    fields = json.loads(answered(begun, few_visits, "C", 2).read_text(encoding="utf-8"))
    other = Answer("C", fields["request"], 2, "0" * 64, fields["content"])
    (begun.path.parent / "other.json").write_text(other.to_text(), encoding="utf-8")
    with pytest.raises(AnalysisError, match=r"The rows of practice C changed before round 2 \(other.json\)"):
        begun.take_in([begun.path.parent / "other.json"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"round": 99}, "says round 99, and answers the request of 2"),
        ({"content": {"sums": "AAAA"}}, "holds 0 sums, and 35 were asked for"),
        ({"content": {}}, "holds no sums that can be read"),
        ({"content": []}, "has a field that no kap pool answer has so: content"),
    ],
)
def test_an_answer_without_its_sums_is_not_taken_in(begun, few_visits, change, words):
    to_round_2(begun, few_visits)
    fields = json.loads(answered(begun, few_visits, "C", 2).read_text(encoding="utf-8"))
    wrong = Answer(**{name: (fields | change)[name] for name in ("practice", "request", "round", "rows", "content")})
    (begun.path.parent / "wrong.json").write_text(wrong.to_text(), encoding="utf-8")
    with pytest.raises(AnalysisError, match=words):
        begun.take_in([begun.path.parent / "wrong.json"])
    assert begun.advance().missing == ("A", "B", "C")


@pytest.mark.parametrize(
    "change",
    [
        {"key": 5},
        {"key": "zz"},
        {"key": "0" * 512},
        {"own": "x"},
        {"own": {"estimate": 1.0, "std_error": -1.0, "note": ""}},
        {"own": {"estimate": 1e299, "std_error": 1.0, "note": ""}},
    ],
)
def test_a_first_answer_without_a_key_or_with_a_strange_estimate_is_not_taken_in(begun, few_visits, change):
    fields = json.loads(answered(begun, few_visits, "A", 1).read_text(encoding="utf-8"))
    wrong = Answer("A", fields["request"], 1, fields["rows"], fields["content"] | change)
    (begun.path.parent / "wrong.json").write_text(wrong.to_text(), encoding="utf-8")
    with pytest.raises(AnalysisError, match="holds no key, or no estimate of its own, that can be used"):
        begun.take_in([begun.path.parent / "wrong.json"])


@pytest.mark.parametrize(("number", "said"), [(2, "totals of round 2 are no counts"), (4, "no sums of the rows")])
def test_an_answer_that_was_altered_is_found_by_asking_anew(begun, few_visits, number, said):
    """Its hash fits where it was made anew; the sentence said to begin a new exchange, and the answer stayed."""
    for at in range(1, number):
        begun.take_in([answered(begun, few_visits, name, at) for name in "ABC"])
        assert isinstance(begun.advance(), Waiting)
    good = {name: answered(begun, few_visits, name, number) for name in "ABC"}
    fields = json.loads(good["B"].read_text(encoding="utf-8"))
    sums = whole_numbers_of_text(fields["content"]["sums"], begun.requests()[-1].content["length"], "It")
    sums[0] += np.uint64(1 << 50)
    content = {**fields["content"], "sums": whole_numbers_to_text(sums)}
    altered = Answer("B", fields["request"], number, fields["rows"], content)
    (begun.path.parent / "altered.json").write_text(altered.to_text(), encoding="utf-8")
    begun.take_in([good["A"], begun.path.parent / "altered.json", good["C"]])
    with pytest.raises(AnalysisError, match=said):
        begun.advance()
    assert begun.take_in([good["A"], good["C"]])
    with pytest.raises(AnalysisError, match=rf"differs .* take {begun.answer_path(number, 'B').name} away"):
        begun.take_in([good["B"]])
    begun.answer_path(number, "B").unlink()
    begun.take_in([good["B"]])
    assert isinstance(begun.advance(), Waiting)


def test_the_key_of_another_practice_is_noticed(begun, few_visits):
    begun.take_in([answered(begun, few_visits, name, 1) for name in "AC"])
    request = read_request(begun.request_path(1))
    stolen = answer_request(request, few_visits, practice="B", secret=SECRETS["A"])
    (begun.path.parent / "stolen.json").write_text(stolen.to_text(), encoding="utf-8")
    begun.take_in([begun.path.parent / "stolen.json"])
    with pytest.raises(AnalysisError, match="Practices A and B sent the same key"):
        begun.advance()


def test_before_the_second_request_a_first_answer_may_be_sent_again(begun, few_visits):
    request = read_request(begun.request_path(1))
    begun.take_in([answered(begun, few_visits, "A", 1)])
    anew = answer_request(request, few_visits, practice="A", secret=new_secret())
    (begun.path.parent / "anew.json").write_text(anew.to_text(), encoding="utf-8")
    assert "stands in place of the one that was here" in begun.take_in([begun.path.parent / "anew.json"])[0]
    to_round_2(begun, few_visits)
    with pytest.raises(AnalysisError, match="differs from the one that arrived before"):
        begun.take_in([begun.path.parent / "anew.json"])


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
    with pytest.raises(AnalysisError, match="is the secret of practice A, not of B; name another file with --secret"):
        read_secret(path, first, "B")
    to_round_2(begun, few_visits)
    with pytest.raises(AnalysisError, match="Found no secret at"):
        read_secret(tmp_path / "other", read_request(begun.request_path(2)), "A")
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(AnalysisError, match="is no file of a secret"):
        read_secret(path, first, "A")
    for wrong in ("00", "abc", "-1", "0" * 64, 5):
        path.write_text(json.dumps({"practice": "A", "secret": wrong}), encoding="utf-8")
        with pytest.raises(AnalysisError, match="holds no secret that this version makes"):
            read_secret(path, first, "A")


def test_names_of_any_script_have_files_of_their_own():
    """The letters of other scripts were left out: two such practices had one secret."""
    names = ("诊所 三", "Δ12", "Ä-Köln1", "Practice 4", "诊所 四")
    found = [answer_name(1, name, names) for name in names]
    assert found[0] == "round_01_answer_1_诊所_三.json" and found[2:4] == [
        "round_01_answer_3_Ä_Köln1.json",
        "round_01_answer_4_Practice_4.json",
    ]
    assert len({secret_path(Path("study"), name) for name in names}) == len(names)
    assert answer_name(1, "Ko\u0308ln", ("Ko\u0308ln",)) == "round_01_answer_1_Köln.json"


@pytest.mark.parametrize("damage", ['"smallest": 1e400', '"smallest": "few"', '"smallest": 3'])
def test_a_damaged_file_of_the_exchange_speaks_to_the_coordinator(begun, damage):
    """It said "ask the coordinator" to the coordinator."""
    file = begun.path / "pool.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"smallest": 11', damage), encoding="utf-8")
    with pytest.raises(AnalysisError, match=r"pool.json .*; restore it, or start again\.$") as raised:
        open_exchange(begun.path)
    assert "coordinator" not in str(raised.value)


@pytest.fixture(scope="module")
def later_requests(tmp_path_factory, few_visits, few_covariates):
    """The requests of the rounds 2 to 4."""
    path = tmp_path_factory.mktemp("exchange") / "pool"
    start_exchange(path, make_pooling_plan(few_visits, few_covariates, two_stage=False), "ABC")
    exchange = open_exchange(path)
    for number in (1, 2, 3):
        exchange.take_in([answered(exchange, few_visits, name, number) for name in "ABC"])
        assert isinstance(exchange.advance(), Waiting)
    return [read_request(exchange.request_path(number)) for number in (2, 3, 4)]


@pytest.mark.slow
def test_a_request_is_answered_or_refused_in_a_sentence_whatever_it_holds(later_requests, few_visits):
    strange = (None, 5, -1, "x", True, 10**400, [], {}, [None], [[1.0]], {"a": 1}, {"A": {}}, [10**400])
    answers = refused = 0
    for request in later_requests:
        model = request.content.get("model", {})
        changes = [{name: value} for name in request.content for value in strange]
        changes += [{"model": {**model, name: value}} for name in model for value in strange]
        for change in changes:
            try:
                wrong = replace(request, content=request.content | change)
                answer_request(wrong, few_visits, practice="A", secret=SECRETS["A"])
                answers += 1
            except AnalysisError:
                refused += 1
    assert refused > 300
    assert answers < 20  # what is not used, such as the keys of nobody else


def test_a_model_that_the_counts_do_not_lead_to_is_not_answered(later_requests, few_visits):
    """A coordinator's own model could sum the patients of one practice, or the one patient of all with a word."""
    first = later_requests[1]
    model = first.content["model"]
    sex = model["categories"]["sex"]
    merged = {**sex, "of": dict.fromkeys(sex["of"], sex["levels"][0]) | {next(iter(sex["of"])): sex["levels"][1]}}
    of_practice = {"levels": ["A", "B", "C"], "of": {name: name for name in "ABC"}}
    assert merged != sex
    for change in (
        {"formula": model["formula"] + " + I(age == 43)"},
        {"formula": model["formula"].replace("age", "age + practice:age")},
        {"categories": {**model["categories"], "practice": of_practice}},
        {"categories": {**model["categories"], "sex": merged}},
        {"numbers": [*model["numbers"], "ace_score"]},
        {"visits": ["month 1"]},
        {"formats": ["group"]},
        {"incomplete": {"age": {"age": 1e6}}},
    ):
        wrong = replace(first, content=first.content | {"model": {**model, **change}})
        with pytest.raises(AnalysisError, match="a model that the counts of all practices do not lead to"):
            answer_request(wrong, few_visits, practice="A", secret=SECRETS["A"])


def test_counts_that_a_practice_did_not_send_are_noticed_by_the_others(later_requests, few_visits):
    """With counts of its own a coordinator could make a level of one patient look like one of many."""
    second, first = later_requests[:2]
    counted = first.content["counted"]
    numbers = whole_numbers_of_text(counted["B"]["sums"], second.content["length"], "It")
    forged = {**counted["B"], "sums": whole_numbers_to_text(numbers + np.uint64(1))}
    for told, said in (
        ({**counted, "B": forged}, "counts of practice B that it did not send"),
        ({**counted, "A": forged}, "other counts of practice A than it sent"),
        ({"A": counted["A"]}, "no counts of each practice"),
    ):
        wrong = replace(first, content=first.content | {"counted": told})
        with pytest.raises(AnalysisError, match=f"The request holds {said}"):
            answer_request(wrong, few_visits, practice="A", secret=SECRETS["A"])


def test_fingerprints_of_two_plans_have_nothing_in_common(begun, few_visits):
    """They told whether anybody attended a visit that only one of the plans had."""
    request = read_request(begun.request_path(1))
    plans = [{**request.plan, "visits": visits} for visits in (["month 3"], ["month 3", "nothing"])]
    found = [
        answer_request(replace(request, plan=plan), few_visits, practice="A", secret=SECRETS["A"]).rows
        for plan in plans
    ]
    assert found[0] != found[1]


def test_more_patients_than_columns_are_needed_in_every_later_round(later_requests, few_visits, monkeypatch):
    """It was looked at in round 3 alone: a practice that was refused there answered round 4."""

    def refused(*_):
        raise AnalysisError("too few")

    monkeypatch.setattr("kap_analysis.pooling.answering._check_rank", refused)
    for request in later_requests[1:]:
        with pytest.raises(AnalysisError, match="too few"):
            answer_request(request, few_visits, practice="A", secret=SECRETS["A"])
