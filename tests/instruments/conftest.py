"""Item answers for the tests: one assessment from a list of answers, None where an item was not answered."""

import pandas as pd
import pytest


@pytest.fixture
def item_rows():
    """A function that makes one row per answer, items numbered from 1."""

    def make(instrument, answers, *, patient="S001", day=0, rater="self"):
        return pd.DataFrame(
            {
                "patient_id": patient,
                "day": day,
                "instrument": instrument,
                "rater": rater,
                "item": range(1, len(answers) + 1),
                "answer": pd.Series(answers, dtype=object),
            }
        )

    return make
