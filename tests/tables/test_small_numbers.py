"""Of fewer than five patients no table shows an interval or a p, as no figure draws one."""

import re

import pandas as pd

from kap_analysis import tables
from kap_analysis.columns import CI_LOW, DF
from kap_analysis.writing.small_numbers import FEWEST, NO_INTERVAL

COUNTS = ("n_patients", "n_assessed", "n_eligible")
#: Scores are imputed for all who started, and too few with an event were told apart before the table.
OF_ALL = ("table_clinical_comparison",)


def counted(frames: dict) -> dict:
    """The frames of a call that have intervals and say of how many patients."""
    return {
        name: frame
        for name, frame in frames.items()
        if isinstance(frame, pd.DataFrame) and CI_LOW in frame.columns and set(COUNTS) & set(frame.columns)
    }


def of(n: int, frames: dict) -> dict:
    few = {name: frame.assign(**dict.fromkeys(set(COUNTS) & set(frame), n)) for name, frame in counted(frames).items()}
    return frames | {name: frame.assign(**({DF: 30.0} if DF in frame else {})) for name, frame in few.items()}


def intervals(table) -> int:
    cells = [str(cell) for key in table.layout.keys for cell in table.cells[key]]
    return sum(bool(re.search(r"\d%? to [−<\d]", cell)) for cell in cells)


def test_four_patients_have_no_interval_and_five_have(calls):
    asked = [(draw, frames) for draw, frames in calls if counted(frames) and draw.__name__ not in OF_ALL]
    assert len(asked) >= 10
    for draw, frames in asked:
        few, enough = draw(**of(FEWEST - 1, frames)), draw(**of(FEWEST, frames))
        assert NO_INTERVAL in few.notes, draw.__name__
        assert NO_INTERVAL not in enough.notes, draw.__name__
        without = {name: frame for name, frame in frames.items() if name not in counted(frames)}
        if not any(isinstance(frame, pd.DataFrame) and CI_LOW in frame.columns for frame in without.values()):
            assert intervals(few) == 0, draw.__name__
        assert intervals(few) < intervals(enough), draw.__name__


def test_the_scale_that_four_patients_filled_in_has_a_mean_and_no_interval(paired):
    means, change = (paired[name].assign(n_patients=4) for name in ("means", "change"))
    shown = tables.table_paired_change(means=means, change=change)
    assert [cell for cell in shown.cells["change"] if not cell.endswith("(–)")] == []
