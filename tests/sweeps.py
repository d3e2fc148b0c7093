"""A sweep over many cases: the fast suite asks a few, the slow one the rest."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def few_fast(values: Iterable[Any], fast: Collection[Any]) -> list[Any]:
    """The values of a parameter, all but `fast` marked slow."""
    values = list(values)
    assert [value for value in fast if value not in values] == [], "named as fast, and not in the sweep"
    return [pytest.param(value, marks=() if value in fast else pytest.mark.slow) for value in values]
