"""Files that are exchanged: signed, and refused with a sentence where they are not what they say."""

import json

import numpy as np
import pytest

from kap_analysis.errors import AnalysisError
from kap_analysis.pooling.messages import (
    Answer,
    Request,
    read_answer,
    read_request,
    whole_numbers_of_text,
    whole_numbers_to_text,
)

REQUEST = Request({"question": "primary"}, ("A", "Praxis Süd"), 2, "counts", {"keys": {"A": "1f"}, "x": [0.1, 1e-17]})


def written(path, message):
    path.write_text(message.to_text(), encoding="utf-8")
    return path


def test_a_request_and_an_answer_come_back_as_they_were(tmp_path):
    assert read_request(written(tmp_path / "r.json", REQUEST)) == REQUEST
    answer = Answer("A", REQUEST.hash, 2, "ff", {"sums": "AAAA"})
    assert read_answer(written(tmp_path / "a.json", answer)) == answer


def test_the_hash_changes_with_the_plan_the_round_the_practices_and_the_values():
    others = [
        Request({"question": "trajectory"}, REQUEST.practices, 2, "counts", REQUEST.content),
        Request(REQUEST.plan, ("A",), 2, "counts", REQUEST.content),
        Request(REQUEST.plan, REQUEST.practices, 3, "counts", REQUEST.content),
        Request(REQUEST.plan, REQUEST.practices, 2, "counts", {**REQUEST.content, "x": [0.1, 1.1e-17]}),
    ]
    assert len({REQUEST.hash, *(one.hash for one in others)}) == 5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d | {"round": 3}, "was changed after it was written"),
        (lambda d: d | {"version": "0.0.1"}, "was written by version 0.0.1 of kap, and this is"),
        (lambda d: d | {"kind": "kap pool answer"}, "is no kap pool request; found 'kap pool answer'"),
        (lambda d: {k: v for k, v in d.items() if k != "plan"}, "lacks plan"),
        (lambda d: [1, 2], "is no kap pool request; found 'list'"),
    ],
)
def test_an_edited_foreign_or_older_file_is_refused(tmp_path, change, words):
    path = written(tmp_path / "request.json", REQUEST)
    path.write_text(json.dumps(change(json.loads(path.read_text(encoding="utf-8")))), encoding="utf-8")
    with pytest.raises(AnalysisError, match=words):
        read_request(path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 5_000])
def test_what_is_no_json_is_refused(tmp_path, content):
    path = tmp_path / "request.json"
    path.write_bytes(content)
    with pytest.raises(AnalysisError, match=r"request.json is no JSON file that can be read"):
        read_request(path)


@pytest.mark.parametrize("number", ["1e400", "-2e999", "NaN", "Infinity"])
def test_a_number_that_is_none_is_refused(tmp_path, number):
    """A round of 4e400 was read as infinite, and ended in a traceback where its hash was taken."""
    path = written(tmp_path / "request.json", REQUEST)
    path.write_text(path.read_text(encoding="utf-8").replace('"round": 2', f'"round": {number}'), encoding="utf-8")
    with pytest.raises(AnalysisError, match=r"request.json is no JSON file that can be read"):
        read_request(path)


def test_whole_numbers_go_through_text():
    numbers = np.array([0, 1, 2**63, 2**64 - 1], dtype=np.uint64)
    assert np.array_equal(whole_numbers_of_text(whole_numbers_to_text(numbers), 4, "It"), numbers)
    with pytest.raises(AnalysisError, match="It holds 4 sums, and 5 were asked for"):
        whole_numbers_of_text(whole_numbers_to_text(numbers), 5, "It")
    for wrong in ("?", None, 3):
        with pytest.raises(AnalysisError, match="holds no sums that can be read"):
            whole_numbers_of_text(wrong, 4, "It")
