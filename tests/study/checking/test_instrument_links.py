"""Scores, answers and measures that no instrument allows: each is one sentence at its place."""

import pytest

from tests.study.small_study import FILES, lines_of


@pytest.mark.parametrize(
    ("file", "old", "new", "line"),
    [
        (
            "items.csv", "self,9,3", "self,9,4",
            "items.csv, row 28: answer: found 4; expected an answer to item 9 of PHQ-9, from 0 to 3.",
        ),
        (
            "items.csv", "self,9,3", "self,10,3",
            "items.csv, row 28: item: found item 10; expected an item of PHQ-9, from 1 to 9.",
        ),
        (
            "session_measures.csv", "122,mmHg", "522,mmHg",
            "session_measures.csv, row 2: value: found 522; expected sbp in mmHg from 40 to 300.",
        ),
        (
            "session_measures.csv", "71,bpm", "71,mmHg",
            "session_measures.csv, row 4: unit: found 'mmHg'; expected bpm, the unit of hr.",
        ),
        (
            "study.toml", '"BDI-II"', '"ACE"',
            "study.toml: primary_instrument: found ACE, a covariate; expected an instrument that may be an outcome.",
        ),
        (
            "assessments.csv", "BDI-II,20", "BDI-II,",
            "assessments.csv, row 3: score: found an empty cell; expected a number, or the answers in items, or fewer "
            "n_answered than the instrument has items.",
        ),
    ],
)  # fmt: skip
def test_what_an_instrument_does_not_allow_is_one_sentence_at_its_place(tmp_path, file, old, new, line):
    text = FILES[file]
    if file == "patients.csv":
        text = text.replace("220,,no", "220,200,no")
    assert old in text
    assert lines_of(tmp_path, {file: text.replace(old, new, 1)}) == [line]
