"""Secondary instruments: a difference each, with p after Holm, and why one is missing."""

import numpy as np

from kap_analysis import tables
from tests.tables.shown import rows


def test_each_instrument_has_its_difference_and_says_why_it_has_none(secondary):
    frame = secondary.assign(estimate=[0.42, np.nan], ci_low=[-0.03, np.nan], ci_high=[0.87, np.nan])
    table = tables.table_secondary(secondary=frame)
    first, second = frame["instrument"]
    assert rows(table)[first][2:4] == ("0.4", "−0.03 to 0.87")
    assert rows(table)[first][-1] == "0.61"
    assert rows(table)[second][2:4] == ("–", "–")
    assert f"{second}: too few patients for a comparison." in table.notes
    assert "–: not estimated, or not tested." in table.notes
