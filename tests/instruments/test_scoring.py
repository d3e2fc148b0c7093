"""Totals of every instrument as its data file works them out, with missing items at the edge of each rule."""

import time

import numpy as np
import pandas as pd
import pytest

from kap_analysis.errors import InstrumentError
from kap_analysis.instruments.registry import get_instrument, instrument_from_mapping, registry_names
from kap_analysis.instruments.scoring import score_items
from kap_analysis.instruments.suicidality import suicidality_states
from tests.instruments.examples import examples_of

N = None
COMPLETE = "complete"
FILLED = "completed by the rule"
NONE = "no total"
#: Instruments that have totals: an ordinal scale is never summed.
SCORED = [name for name in registry_names() if get_instrument(name).total_rule != "ordinal"]
EXAMPLES = [example for name in SCORED for example in examples_of(name)]


@pytest.mark.parametrize("example", EXAMPLES, ids=[f"{one.instrument}-{one.total}-{one.how}" for one in EXAMPLES])
def test_total_worked_by_hand(item_rows, example):
    instrument = get_instrument(example.instrument)
    rows = item_rows(instrument.name, example.answers)
    scores = score_items(rows, instrument, missing_rule=example.missing_rule).scores
    expected = np.nan if example.total is None else example.total
    assert len(example.answers) == instrument.n_items
    assert scores["score"].to_numpy() == pytest.approx([expected], nan_ok=True)
    assert scores["how"].tolist() == [example.how]
    assert scores["n_answered"].tolist() == [sum(answer is not None for answer in example.answers)]


@pytest.mark.parametrize("name", SCORED)
def test_every_instrument_has_a_complete_example_and_one_with_a_missing_item(name):
    examples = examples_of(name)
    assert any(None not in one.answers for one in examples)
    assert any(None in one.answers for one in examples)


@pytest.mark.parametrize("name", SCORED)
def test_no_answer_at_all_gives_no_total_under_any_rule(item_rows, name):
    instrument = get_instrument(name)
    rows = item_rows(name, [None] * instrument.n_items)
    assert score_items(rows, instrument, missing_rule="project").scores["score"].isna().all()


def test_item_without_a_row_counts_as_missing(item_rows):
    rows = item_rows("PHQ-9", [1] * 9).query("item != 3")
    scores = score_items(rows, get_instrument("PHQ-9")).scores
    assert scores["n_missing"].tolist() == [1]
    assert scores["score"].tolist() == [9]


def test_a_name_is_looked_up_in_the_registry(item_rows):
    items = item_rows("PHQ-9", [1] * 9)
    by_name, by_instrument = score_items(items, "PHQ-9").scores, score_items(items, get_instrument("PHQ-9")).scores
    pd.testing.assert_frame_equal(by_name, by_instrument)
    pd.testing.assert_frame_equal(
        suicidality_states(items, "PHQ-9"), suicidality_states(items, get_instrument("PHQ-9"))
    )
    for unknown in ("PHQ9", 3, None):
        with pytest.raises(InstrumentError, match="There is no instrument"):
            score_items(items, unknown)


def test_missing_adversity_leaves_a_range_of_counts(item_rows):
    scores = score_items(item_rows("ACE", [1, 1, 1, 0, 0, 0, 0, 0, N, N]), get_instrument("ACE")).scores
    assert scores[["lowest_possible", "highest_possible"]].to_numpy().tolist() == [[3, 5]]


def test_missing_sleep_item_leaves_a_range_of_totals(item_rows):
    answers = [0, 1, 2, N, 1, 2, N, N, 1, 1, 0, 2, 1, 0, 1, 0]
    scores = score_items(item_rows("QIDS-SR16", answers), get_instrument("QIDS-SR16")).scores
    assert scores[["lowest_possible", "highest_possible"]].to_numpy().tolist() == [[10, 11]]


def test_recoded_items_bound_the_totals_in_points(item_rows):
    scores = score_items(item_rows("EAT-26", [N, N, *[6] * 23, 1]), get_instrument("EAT-26")).scores
    assert scores[["lowest_possible", "highest_possible"]].to_numpy().tolist() == [[0, 6]]


def test_assessments_are_told_apart_by_patient_day_and_rater(item_rows):
    parts = [
        item_rows("GAD-7", [1] * 7),
        item_rows("GAD-7", [2] * 7, day=30),
        item_rows("GAD-7", [3] * 7, patient="Zoë-研究-1"),
        item_rows("GAD-7", [0] * 7, rater="clinician"),
        item_rows("PHQ-9", [3] * 9),
    ]
    items = pd.concat(parts).sample(frac=1, random_state=1)
    scores = score_items(items, get_instrument("GAD-7")).scores
    found = {(p, d, r): s for p, d, r, s in scores[["patient_id", "day", "rater", "score"]].itertuples(index=False)}
    assert found == {
        ("S001", 0, "self"): 7,
        ("S001", 30, "self"): 14,
        ("Zoë-研究-1", 0, "self"): 21,
        ("S001", 0, "clinician"): 0,
    }


def test_report_counts_what_the_rule_did(item_rows):
    parts = [item_rows("PHQ-9", [1] * (9 - k) + [N] * k, patient=f"S{k}") for k in range(4)]
    result = score_items(pd.concat(parts), get_instrument("PHQ-9"))
    assert result.report[["how", "n_assessments", "share"]].to_numpy().tolist() == [
        [COMPLETE, 1, 0.25],
        [FILLED, 2, 0.5],
        [NONE, 1, 0.25],
    ]


def test_sentence_says_whose_rule_it_is(item_rows):
    instrument = get_instrument("BDI-II")
    rows = item_rows("BDI-II", [1] * 21)
    assert score_items(rows, instrument).sentence == (
        "BDI-II: no total where any item is missing (no published rule is known)."
    )
    assert score_items(rows, instrument, missing_rule="project").sentence == (
        "BDI-II: up to 2 of 21 missing items take the mean of the patient's answered items "
        "(a rule of this project, not a published one)."
    )


def test_published_rule_stands_whatever_the_project_would_do(item_rows):
    rows = item_rows("PHQ-9", [1] * 9)
    sentences = {score_items(rows, get_instrument("PHQ-9"), missing_rule=r).sentence for r in ("published", "project")}
    assert sentences == {
        "PHQ-9: up to 2 of 9 missing items take the mean of the patient's answered items (Instruction manual: "
        "instructions for Patient Health Questionnaire (PHQ) and GAD-7 measures. PHQ Screeners, to be checked there "
        "before it is cited)."
    }


def test_own_instrument_is_scored_by_its_own_rule(item_rows):
    own = instrument_from_mapping(
        {
            "name": "KAP-X",
            "total_range": [0, 16],
            "higher_is_better": True,
            "n_items": 4,
            "item_range": [0, 4],
            "max_missing": 1,
        }
    )
    assert score_items(item_rows("KAP-X", [4, 3, 2, N]), own).scores["score"].tolist() == [12]
    assert score_items(item_rows("KAP-X", [4, 3, N, N]), own).scores["score"].isna().all()


def test_no_rows_give_no_scores(item_rows):
    result = score_items(item_rows("PHQ-9", [1] * 9), get_instrument("GAD-7"))
    assert len(result.scores) == 0 and len(result.report) == 0
    assert list(result.scores)[:2] == ["patient_id", "day"]


def test_whole_numbers_may_come_as_text_or_with_a_decimal_point(item_rows):
    rows = item_rows("GAD-7", ["1", "2", " 3", 1.0, np.int64(2), 0, True and 1])
    assert score_items(rows, get_instrument("GAD-7")).scores["score"].tolist() == [10]


@pytest.mark.parametrize(
    ("name", "answers", "sentence"),
    [
        (
            "GAD-7",
            [0, 0, 4, 0, 0, 0, 0],
            "1 answer is not among those of GAD-7, whole numbers from 0 to 3: S001 (day 0, item 3: 4).",
        ),
        (
            "GAD-7",
            ["x", 1.5, -1, "", 0, 0, 0],
            "4 answers are not among those of GAD-7, whole numbers from 0 to 3: "
            "S001 (day 0, item 1: 'x'), S001 (day 0, item 2: 1.5), S001 (day 0, item 3: -1).",
        ),
        (
            "AUDIT",
            [0] * 9 + [3],
            "1 answer is not among those of AUDIT, whole numbers from 0 to 4 (items 9 and 10: 0, 2, 4): "
            "S001 (day 0, item 10: 3).",
        ),
        (
            "HAM-D17",
            [3] * 6 + [0] * 11,
            "3 answers are not among those of HAM-D17, whole numbers from 0 to 2 or whole numbers from 0 to 4: "
            "S001 (day 0, item 4: 3), S001 (day 0, item 5: 3), S001 (day 0, item 6: 3).",
        ),
        (
            "BDI-II",
            ["1a"] + [0] * 20,
            "1 answer is not among those of BDI-II, whole numbers from 0 to 3: S001 (day 0, item 1: '1a').",
        ),
        (
            "EAT-26",
            [0] + [6] * 24 + [1],
            "1 answer is not among those of EAT-26, whole numbers from 1 to 6: S001 (day 0, item 1: 0).",
        ),
        (
            "PHQ-9",
            [0] * 10,
            "1 answer belongs to no item of PHQ-9, which has items 1 to 9: S001 (day 0, item 10: 0).",
        ),
    ],
)
def test_wrong_answers_are_refused_with_their_place(item_rows, name, answers, sentence):
    with pytest.raises(InstrumentError) as error:
        score_items(item_rows(name, answers), get_instrument(name))
    assert str(error.value) == sentence


def test_item_answered_twice_is_refused(item_rows):
    rows = item_rows("PHQ-9", [1] * 9)
    with pytest.raises(InstrumentError) as error:
        score_items(pd.concat([rows, rows.head(1)]), get_instrument("PHQ-9"))
    assert str(error.value) == (
        "1 answer stands twice for the same item of one PHQ-9 assessment: S001 (day 0, item 1: 1). Keep one per item."
    )


def test_ordinal_scale_is_never_summed(item_rows):
    with pytest.raises(InstrumentError) as error:
        score_items(item_rows("C-SSRS", [0] * 6), get_instrument("C-SSRS"), missing_rule="project")
    assert str(error.value) == (
        "C-SSRS is ordinal and is never summed, averaged or prorated. "
        "Read its items with suicidality_states(items, instrument)."
    )


def test_unknown_rule_and_missing_column_are_refused(item_rows):
    rows = item_rows("PHQ-9", [1] * 9)
    with pytest.raises(InstrumentError, match="missing_rule is 'mean'; expected 'published' or 'project'"):
        score_items(rows, get_instrument("PHQ-9"), missing_rule="mean")
    with pytest.raises(InstrumentError, match="The item answers have no column 'answer'"):
        score_items(rows.drop(columns="answer"), get_instrument("PHQ-9"))


def test_instrument_with_totals_only_cannot_be_scored(item_rows):
    own = instrument_from_mapping({"name": "KAP-X", "total_range": [0, 40], "higher_is_better": False})
    with pytest.raises(InstrumentError, match="KAP-X has no items in study"):
        score_items(item_rows("KAP-X", [1, 2]), own)


def test_hundred_thousand_patients_are_scored_in_seconds():
    n = 100_000
    rng = np.random.default_rng(20261123)
    items = pd.DataFrame(
        {
            "patient_id": np.repeat(np.arange(n).astype(str), 9),
            "day": 0,
            "instrument": "PHQ-9",
            "item": np.tile(np.arange(1, 10), n),
            "answer": np.where(rng.random(9 * n) < 0.02, np.nan, rng.integers(0, 4, 9 * n)),
        }
    )
    start = time.process_time()
    scores = score_items(items, get_instrument("PHQ-9")).scores
    assert len(scores) == n
    assert time.process_time() - start < 10
