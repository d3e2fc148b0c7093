"""Layouts of small models, and what the engine keeps in pieces written out in rows: for tests of the pieces."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from kap_analysis.mixed.design.design import Design
from kap_analysis.mixed.likelihood.levels import scaled_bars
from kap_analysis.mixed.likelihood.subjects import SubjectRows, subject_rows
from kap_analysis.mixed.model import MixedModel, mixedlm
from tests.mixed.reference_values import read_data
from tests.places import PAIRS

Function = Callable[[np.ndarray], Any]


@cache
def scores() -> pd.DataFrame:
    """partial.csv in another order, with raters that cross patients and a variance that changes within them."""
    data = read_data(PAIRS, "partial.csv").sample(frac=1, random_state=3).reset_index(drop=True)
    data["rater"] = [f"r{i % 5}" for i in range(len(data))]
    data["half"] = np.where(data["visit"].isin(["1", "2"]), "early", "late")
    return data


@cache
def model(formula: str, **keywords: Any) -> MixedModel:
    return mixedlm(formula, scores(), **keywords)


def sorted_rows(design: Design) -> SubjectRows:
    bars = scaled_bars(design)
    return subject_rows(design, bars.levels, bars.n_elements)


def start(of: MixedModel) -> np.ndarray:
    """Elements of V that are no solution, so that no derivative is 0, and at which V is positive definite."""
    return of.parameters.elements(of.parameters.from_elements(_identity(of)) * 0.7 + 0.05)


def _identity(of: MixedModel) -> np.ndarray:
    out = np.zeros(of.layout.n_elements)
    for part in of.parameters.parts:
        rows, columns = np.tril_indices(part.size)
        size = part.elements.stop - part.elements.start
        out[part.elements] = (rows == columns) if size == len(rows) else 0.4
    return out


def slopes(function: Function, at: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """Central differences along each element (m, ...)."""
    steps = np.eye(len(at)) * step
    return np.array([(function(at + one) - function(at - one)) / (2 * step) for one in steps])
