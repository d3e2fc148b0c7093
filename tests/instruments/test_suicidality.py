"""The raw item on suicidality in four states, whatever became of the total."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.errors import InstrumentError
from kap_analysis.instruments.registry import get_instrument
from kap_analysis.instruments.scoring import score_items
from kap_analysis.instruments.suicidality import SENTENCE, STATES, suicidality_states

N = None
ITEM = {"BDI-II": 9, "BDI": 9, "PHQ-9": 9, "HAM-D17": 3, "MADRS": 10, "QIDS-SR16": 12, "C-SSRS": 1}


def test_these_instruments_ask_about_suicidality():
    assert {name: get_instrument(name).suicidality_item for name in ITEM} == ITEM


@pytest.mark.parametrize("name", sorted(set(ITEM) - {"C-SSRS"}))
@pytest.mark.parametrize(
    ("answer", "state"), [(0, "not endorsed"), (1, "endorsed"), (2, "endorsed"), (N, "not answered")]
)
def test_state_is_read_from_the_raw_item(item_rows, name, answer, state):
    instrument = get_instrument(name)
    answers = [0] * instrument.n_items
    answers[ITEM[name] - 1] = answer
    assert suicidality_states(item_rows(name, answers), instrument)["state"].tolist() == [state]


def test_endorsed_even_where_there_is_no_total(item_rows):
    rows = item_rows("PHQ-9", [N, N, N, N, 1, 1, 1, 1, 1])
    assert score_items(rows, get_instrument("PHQ-9")).scores["score"].isna().all()
    states = suicidality_states(rows, get_instrument("PHQ-9"))
    assert states[["answer", "state"]].to_numpy().tolist() == [[1.0, "endorsed"]]


def test_unanswered_item_is_not_filled_by_prorating(item_rows):
    rows = item_rows("PHQ-9", [3] * 8 + [N])
    assert score_items(rows, get_instrument("PHQ-9")).scores["score"].tolist() == [27]
    assert suicidality_states(rows, get_instrument("PHQ-9"))["state"].tolist() == ["not answered"]


def test_item_row_left_out_is_not_answered(item_rows):
    rows = item_rows("PHQ-9", [1] * 8)
    assert suicidality_states(rows, get_instrument("PHQ-9"))["state"].tolist() == ["not answered"]


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ([0, 0, N, N, N, 0], "not endorsed"),  # 3 to 5 are asked only after 2
        ([0, 0, N, N, N, 1], "endorsed"),  # behaviour alone
        ([1, N, N, N, N, N], "endorsed"),
        ([0, N, N, N, N, 0], "not answered"),
        ([0, 0, N, N, N, N], "not answered"),
    ],
)
def test_columbia_screen(item_rows, answers, state):
    assert suicidality_states(item_rows("C-SSRS", answers), get_instrument("C-SSRS"))["state"].tolist() == [state]


def test_scheduled_visits_are_all_reported(item_rows):
    items = pd.concat(
        [
            item_rows("PHQ-9", [0] * 9, day=-3),
            item_rows("PHQ-9", [0] * 8 + [2], day=30),
            item_rows("PHQ-9", [0] * 8 + [3], day=14),  # between the scheduled visits
        ]
    )
    scheduled = pd.DataFrame(
        {
            "patient_id": ["S001"] * 4 + ["S002"],
            "visit": ["baseline", "month 1", "month 2", "month 3", "baseline"],
            "day": [-3, 30, np.nan, 91, -3],
        }
    )
    states = suicidality_states(items, get_instrument("PHQ-9"), scheduled=scheduled)
    assert states[["patient_id", "visit", "state"]].to_numpy().tolist() == [
        ["S001", "baseline", "not endorsed"],
        ["S001", "month 1", "endorsed"],
        ["S001", "month 2", "not in the data"],
        ["S001", "month 3", "not in the data"],
        ["S002", "baseline", "not in the data"],
    ]


def test_two_assessments_a_day_report_the_more_serious(item_rows):
    items = pd.concat(
        [item_rows("PHQ-9", [0] * 9).assign(hour=9.0), item_rows("PHQ-9", [0] * 8 + [1]).assign(hour=16.0)]
    )
    scheduled = pd.DataFrame({"patient_id": ["S001"], "day": [0]})
    states = suicidality_states(items, get_instrument("PHQ-9"), scheduled=scheduled)
    assert states["state"].tolist() == ["endorsed"]
    assert suicidality_states(items, get_instrument("PHQ-9"))["state"].tolist() == ["not endorsed", "endorsed"]


def test_row_order_of_the_schedule_is_kept(item_rows):
    scheduled = pd.DataFrame({"patient_id": ["S002", "S001"], "day": [0, 0]}, index=[7, 7])
    states = suicidality_states(item_rows("PHQ-9", [0] * 9), get_instrument("PHQ-9"), scheduled=scheduled)
    assert states["state"].tolist() == ["not in the data", "not endorsed"]


def test_state_is_an_ordered_category_and_never_says_no_risk():
    assert STATES == ("endorsed", "not endorsed", "not answered", "not in the data")
    assert SENTENCE.startswith("This list looks back over data that may be weeks old; it is not an alarm.")


def test_instrument_without_such_an_item_is_refused(item_rows):
    with pytest.raises(InstrumentError) as error:
        suicidality_states(item_rows("GAD-7", [0] * 7), get_instrument("GAD-7"))
    assert str(error.value) == "GAD-7 has no item on suicidality: it says nothing about it, either way."
