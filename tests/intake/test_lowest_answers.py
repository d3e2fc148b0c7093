"""Items to which nobody gave the lowest answer: coded from 1 where the range says it, else a question of the map."""

import tomllib
from pathlib import Path

import pandas as pd
import pytest
from pyreadstat import write_sav

from kap_analysis.errors import IntakeError
from kap_analysis.intake.draft import draft_map
from kap_analysis.intake.study_import import import_study
from tests.intake.small_export import PATIENTS, write_export

ITEMS = range(1, 10)
WIDE = "Patient ID,Submitted," + ",".join(f"PHQ9_{n}" for n in ITEMS)
LONG = "Patient ID,Submitted,Survey,Question,Answer"


def wide(*answers: str) -> str:
    """Rows of one patient, a month apart; each of a row's digits is the answer to an item."""
    return "\n".join([WIDE, *(f"1001,2024-0{n}-03,{','.join(digits)}" for n, digits in enumerate(answers, 1))])


def long(*answers: str) -> str:
    rows = [
        f"1001,2024-0{n}-03,PHQ-9,{item},{digit}"
        for n, digits in enumerate(answers, 1)
        for item, digit in enumerate(digits, 1)
    ]
    return "\n".join([LONG, *rows, "1001,2024-01-03,PHQ-9,Total,0"])


def lowest_of(source: Path) -> object:
    return tomllib.loads(draft_map(source).text)["table"][1].get("lowest")


NOT_ONE_IS_LOWEST = ("123123123", "333222111", "111111111", "222222222", "123123123")


@pytest.mark.parametrize("form", [wide, long])
def test_answers_of_which_none_is_the_lowest_are_asked_for(tmp_path, form):
    """Answers coded 1 to 4 to which nobody gave 4 were taken as points: nine too many in each score."""
    source = write_export(tmp_path / "export", scores=form(*NOT_ONE_IS_LOWEST))
    asked = [text for _, text in draft_map(source).open_lines]
    assert asked == [
        "answered 5 times, and never the lowest answer, 0, to any item: 0 if the answers are points as they are, 1 if "
        "each is one more than its points"
    ]
    text = draft_map(source).text
    (tmp_path / "map.toml").write_text(text, encoding="utf-8")
    with pytest.raises(IntakeError, match="is not finished"):
        import_study(source, tmp_path / "map.toml", tmp_path / "study")
    scores = {}
    for lowest in (0, 1):
        (tmp_path / "map.toml").write_text(text.replace('"PHQ-9" = "?"', f'"PHQ-9" = {lowest}'), encoding="utf-8")
        made = import_study(source, tmp_path / "map.toml", tmp_path / f"study{lowest}")
        scores[lowest] = pd.read_csv(made.folder / "assessments.csv").sort_values("day")["score"].tolist()
    assert scores[0] == [18, 18, 9, 18, 18] and scores[1] == [9, 9, 0, 9, 9]


@pytest.mark.parametrize("form", [wide, long])
def test_answers_from_one_to_one_more_than_the_highest_are_coded_from_one_without_being_asked(tmp_path, form):
    assert lowest_of(write_export(tmp_path / "export", scores=form("432111231", "114111231"))) == {"PHQ-9": 1}
    assert lowest_of(write_export(tmp_path / "export", scores=form("322000120", "114000120"))) is None


def test_the_code_holds_for_answers_that_come_later(tmp_path):
    """An answer that the drafted export did not hold kept its code as points."""
    source = write_export(tmp_path / "export", scores=wide("432111131", "114111131"))
    (tmp_path / "map.toml").write_text(draft_map(source).text, encoding="utf-8")
    write_export(source, scores=wide("432111121", "444444444"))
    made = import_study(source, tmp_path / "map.toml", tmp_path / "study")
    assert sorted(pd.read_csv(made.folder / "assessments.csv")["score"]) == [7, 27]
    write_export(source, scores=wide("432111121", "044444444"))
    with pytest.raises(IntakeError, match="PHQ9_1: found 9; expected an answer to item 1 of PHQ-9, from 1 to 4"):
        import_study(source, tmp_path / "map.toml", tmp_path / "study")


def test_few_rows_without_the_lowest_answer_are_points_with_a_word_of_doubt(tmp_path):
    source = write_export(tmp_path / "export", scores=wide("231231231"))
    assert lowest_of(source) == {"PHQ-9": 0}
    assert draft_map(source).text.count("CHECK: answered 1 time, and never the lowest answer, 0, to any item") == 1


def test_words_and_labels_say_the_points_themselves(tmp_path):
    words = {"1": "Several days", "2": "More than half the days", "3": "Nearly every day"}
    rows = [[1001, f"2024-0{n}-03", *map(int, digits)] for n, digits in enumerate(NOT_ONE_IS_LOWEST, 1)]
    frame = pd.DataFrame(rows, columns=["Patient_ID", "Submitted", *(f"PHQ9_{n}" for n in ITEMS)])
    labels = {f"PHQ9_{n}": {int(code): word for code, word in words.items()} for n in ITEMS}
    write_sav(frame, str(tmp_path / "labelled.sav"), variable_value_labels=labels)
    assert "lowest" not in tomllib.loads(draft_map(tmp_path / "labelled.sav").text)["table"][0]
    frame.replace({int(code): word for code, word in words.items()}).to_csv(tmp_path / "words.csv", index=False)
    assert "lowest" not in tomllib.loads(draft_map(tmp_path / "words.csv").text)["table"][0]


def test_a_number_before_a_known_answer_is_not_its_points_and_before_another_it_is_asked_for(tmp_path):
    """Of "1 = Not at all" to "4 = Nearly every day", the number was taken for the points."""
    words = {"1": "1 = Not at all", "2": "2 = Several days", "3": "3 = More than half the days"}
    rows = [",".join(words[digit] for digit in digits) for digits in NOT_ONE_IS_LOWEST]
    lines = [f"1001,2024-0{n}-03,{row}" for n, row in enumerate(rows, 1)]
    source = write_export(tmp_path / "export", scores="\n".join([WIDE, *lines]))
    table = tomllib.loads(draft_map(source).text)["table"][1]
    assert table["columns"]["PHQ9_1"]["values"] == {text: str(int(code) - 1) for code, text in words.items()}
    assert "lowest" not in table
    others = "\n".join([WIDE, *lines]).replace("Not at all", "never").replace("Several", "some").replace("More", "many")
    assert lowest_of(write_export(source, scores=others)) == {"PHQ-9": "?"}


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        ('"PHQ-9" = 1', '"PHQ9" = 1', "the instrument 'PHQ9'; expected PHQ-9, written exactly so"),
        ('"PHQ-9" = 1', '"PHQ-9" = "one"', "a lowest answer that is no number; expected the number that stands for it"),
    ],
)  # fmt: skip
def test_a_code_of_no_instrument_and_one_that_is_no_number_are_refused(tmp_path, was, now, expected):
    source = write_export(tmp_path / "export", scores=wide("432111231"), patients=PATIENTS)
    text = draft_map(source).text
    assert was in text
    (tmp_path / "map.toml").write_text(text.replace(was, now), encoding="utf-8")
    with pytest.raises(IntakeError) as caught:
        import_study(source, tmp_path / "map.toml", tmp_path / "study")
    assert expected in str(caught.value)
