"""What a study can and cannot answer."""

import pandas as pd

from kap_analysis import tables


def test_what_can_be_answered_stands_first(every_table):
    assert [group for group, _ in every_table["answers"].row_groups()] == ["Can answer", "Cannot answer"]


def test_names_of_the_data_keep_their_letters():
    answers = pd.DataFrame(
        {"question": ["dose", "margin"], "can_answer": [True, False], "why": ["dose_mg and route", "none was stated"]}
    )
    assert list(tables.table_answers(answers=answers).cells["why"]) == ["dose_mg and route", "None was stated"]
