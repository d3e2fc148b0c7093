"""The reference grid: which design rows a marginal mean averages, and with which weights.

A marginal mean is ``l'beta``. Its row ``l`` is an average of design rows over a grid of factor levels, as in emmeans
(Searle, Speed & Milliken 1980, doi:10.1080/00031305.1980.10483031), or over the patients who were analysed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kap_analysis.mixed.errors import MixedModelError, as_names, listed, require_name
from kap_analysis.mixed.fitted_model import FittedModel

WEIGHTS = ("equal", "proportional", "patients")


@dataclass(frozen=True)
class MeanRows:
    """The rows of L behind a table of means.

    Attributes
    ----------
    labels : pandas.DataFrame
        One row per mean: the columns of ``specs`` and of ``by`` as ordered categoricals or numbers.
    rows : numpy.ndarray
        (means, p): multiplied by the coefficients they give the means.
    specs, by : tuple of str
        The columns whose levels are compared, and those within which they are.
    """

    labels: pd.DataFrame
    rows: np.ndarray
    specs: tuple[str, ...]
    by: tuple[str, ...]


def mean_rows(
    fit: FittedModel,
    specs: str | Sequence[str],
    *,
    by: str | Sequence[str] | None = None,
    at: Mapping[str, Any] | None = None,
    weights: str = "equal",
) -> MeanRows:
    """The rows of L behind ``marginal_means``; parameters as there."""
    specs, by = as_names(specs), as_names(by)
    require_name(weights, WEIGHTS, "kind of weights")
    values = reference_values(fit, {**(at or {})}, specs + by)
    if not specs:
        raise MixedModelError("No column to take means of: name at least one factor of the formula, such as 'format'.")
    shown = by + specs
    labels = pd.DataFrame(list(itertools.product(*(values[column] for column in shown))), columns=shown)
    if weights == "patients":
        rows = _rows_over_patients(fit, labels, at or {})
    else:
        rows = _rows_over_grid(fit, labels, values, proportional=weights == "proportional")
    return MeanRows(_as_levels(fit, labels)[specs + by], rows, tuple(specs), tuple(by))


def reference_values(fit: FittedModel, at: Mapping[str, Any], shown: Sequence[str]) -> dict[str, list[Any]]:
    """Each column of the fixed part with its values on the reference grid: levels, a mean, or what ``at`` says."""
    fixed = fit.design.fixed
    values: dict[str, list[Any]] = {column: list(levels) for column, levels in fixed.factors.items()}
    values.update({column: [mean] for column, mean in fixed.numeric.items()})
    for column in (*shown, *at):
        require_name(column, values, "column of the fixed part")
    for column, chosen in at.items():
        wanted = list(chosen) if isinstance(chosen, Iterable) and not isinstance(chosen, str) else [chosen]
        if column in fixed.factors:
            for level in wanted:
                require_name(level, fixed.factors[column], f"level of {column}")
        values[column] = wanted
    return values


def _rows_over_grid(
    fit: FittedModel, labels: pd.DataFrame, values: dict[str, list[Any]], proportional: bool
) -> np.ndarray:
    """One row of L per label: the design rows of every combination of the columns that are not shown, averaged."""
    rest = [column for column in values if column not in labels.columns]
    combinations = pd.DataFrame(list(itertools.product(*(values[column] for column in rest))), columns=rest)
    if not rest:
        combinations = pd.DataFrame(index=[0])
    shares = _shares(fit, combinations) if proportional else np.full(len(combinations), 1 / len(combinations))
    grid = labels.merge(combinations, how="cross")
    design = _design_rows(fit, grid)
    return np.einsum("c,lcp->lp", shares, design.reshape(len(labels), len(combinations), -1))


def _shares(fit: FittedModel, combinations: pd.DataFrame) -> np.ndarray:
    """The share of the analysed rows that has each combination of factor levels."""
    factors = [column for column in combinations.columns if column in fit.design.fixed.factors]
    repeats = combinations.groupby(factors, observed=True)[factors[0]].transform("size") if factors else None
    if repeats is None:
        return np.full(len(combinations), 1 / len(combinations))
    counts = fit.design.frame.groupby(factors, observed=True).size().rename("rows").reset_index()
    for column in factors:
        counts[column] = counts[column].astype(object)
    found = combinations[factors].astype(object).merge(counts, how="left", on=factors)["rows"].fillna(0).to_numpy(float)
    weight = found / repeats.to_numpy(float)
    return weight / weight.sum()


def _rows_over_patients(fit: FittedModel, labels: pd.DataFrame, at: Mapping[str, Any]) -> np.ndarray:
    """One row of L per label: the design rows of all patients with the label's columns set, averaged."""
    frame = fit.design.frame
    patients = frame.loc[~pd.Series(patient_of_rows(fit)).duplicated().to_numpy()].copy()
    for column, chosen in at.items():
        if column in labels.columns:
            continue
        if isinstance(chosen, Iterable) and not isinstance(chosen, str):
            raise MixedModelError(
                f"Averaged over patients, {column!r} can be set to one value only; found {listed(chosen)}. "
                "Name it in by to see each."
            )
        patients[column] = _column_like(frame, column, [chosen] * len(patients))
    rows = []
    for label in labels.itertuples(index=False):
        for column, value in zip(labels.columns, label, strict=True):
            patients[column] = _column_like(frame, column, [value] * len(patients))
        rows.append(fit.design.fixed.rows(patients).mean(axis=0))
    return np.array(rows)


def patient_of_rows(fit: FittedModel) -> np.ndarray:
    """The patient of each row: the subject of the residual covariance, else the bar grouping with the most levels."""
    design = fit.design
    if design.residual.subject is not None:
        return np.asarray(design.residual.subject)
    if not design.bars:
        raise MixedModelError("Means over patients need a term that names the patient, such as (1 | patient_id).")
    finest = max(design.bars, key=lambda bar: len(bar.levels))
    same = [bar.codes for bar in design.bars if bar.grouping == finest.grouping]
    return np.max(np.stack(same), axis=0)


def _column_like(frame: pd.DataFrame, column: str, values: Sequence[Any]) -> Any:
    """Values as the frame holds that column: a categorical keeps its categories."""
    dtype = frame[column].dtype
    return pd.Categorical(values, dtype=dtype) if isinstance(dtype, pd.CategoricalDtype) else list(values)


def _design_rows(fit: FittedModel, grid: pd.DataFrame) -> np.ndarray:
    """Design rows of a grid, its columns typed as in the data."""
    frame = fit.design.frame
    typed = {column: _column_like(frame, column, list(grid[column])) for column in grid.columns}
    return np.asarray(fit.design.fixed.rows(pd.DataFrame(typed, index=grid.index)), float)


def _as_levels(fit: FittedModel, labels: pd.DataFrame) -> pd.DataFrame:
    """Factors as ordered categoricals in the order of their levels."""
    factors = fit.design.fixed.factors
    typed = {
        column: pd.Categorical(labels[column], categories=list(factors[column]), ordered=True)
        if column in factors
        else labels[column]
        for column in labels.columns
    }
    return pd.DataFrame(typed)
