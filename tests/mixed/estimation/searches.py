"""Models whose search is looked into step by step."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from kap_analysis.mixed.estimation.newton import Search
from kap_analysis.mixed.model import MixedModel, mixedlm
from tests.mixed.reference_values import read_data
from tests.places import PAIRS

SLOPES = "score ~ month * format + (month | patient)"
COHORTS = "score ~ month * format + (0 + is_group | cohort) + (1 | patient)"
VISITS = "score ~ visit * format + us(visit | patient)"


@cache
def scores() -> pd.DataFrame:
    return read_data(PAIRS, "partial.csv")


@cache
def model(formula: str, **keywords: Any) -> MixedModel:
    return mixedlm(formula, scores(), **keywords)


def search(of: MixedModel, reml: bool = True) -> Search:
    """A search in which nothing is held."""
    return Search(of.layout, of.parameters, reml, np.zeros(of.parameters.n, dtype=bool))
