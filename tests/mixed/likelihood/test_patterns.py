"""Which subjects share a pattern."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.likelihood import patterns
from kap_analysis.mixed.likelihood.patterns import sort_by_pattern


@pytest.mark.parametrize("wide", [0, 100])
def test_equal_keys_are_one_pattern(wide: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether they are compared by column or by row; 0 and -0 are equal."""
    monkeypatch.setattr(patterns, "WIDE", wide)
    keys = np.random.default_rng(2).integers(0, 2, (60, 3)) * 1.0
    keys[::7] *= -1.0
    order, edges, lead = sort_by_pattern(keys)
    assert sorted(order) == list(range(60))
    assert edges[0] == 0 and edges[-1] == 60 and len(lead) == len(edges) - 1 == len(np.unique(keys, axis=0))
    for first, last, one in zip(edges[:-1], edges[1:], lead, strict=True):
        assert (keys[order[first:last]] == keys[one]).all()
