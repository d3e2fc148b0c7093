"""Recall windows that reach back before day 0."""

import numpy as np
import pytest

from kap_analysis.instruments.recall import reaches_before_treatment, recall_warning
from kap_analysis.instruments.registry import get_instrument


@pytest.mark.parametrize(
    ("name", "day", "reaches"),
    [
        ("BDI-II", -7, False),
        ("BDI-II", 0, False),
        ("BDI-II", 1, True),
        ("BDI-II", 13, True),
        ("BDI-II", 14, False),
        ("PCL-5", 29, True),
        ("PCL-5", 30, False),
        ("PCL-5 past week", 7, False),
        ("CADSS", 1, False),
        ("ACE", 1, False),  # no recall period: it asks about childhood
        ("BDI-II", np.nan, False),
    ],
)
def test_reach(name, day, reaches):
    assert reaches_before_treatment(get_instrument(name), day).tolist() == [reaches]
    assert (recall_warning(get_instrument(name), day) is not None) == reaches


def test_many_days_at_once():
    assert reaches_before_treatment(get_instrument("PHQ-9"), [-3, 7, 14]).tolist() == [False, True, False]


def test_sentence():
    assert recall_warning(get_instrument("PHQ-9"), 7) == (
        "PHQ-9 on day 7 asks about the last 14 days, 7 of them before the first ketamine session."
    )
