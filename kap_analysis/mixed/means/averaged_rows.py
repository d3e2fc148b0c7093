"""The rows of L behind marginal means: over the reference grid, or over the patients who were analysed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kap_analysis.mixed.design.design import are_estimable
from kap_analysis.mixed.errors import MixedModelError, as_names, listed, require_name
from kap_analysis.mixed.fitted_model import Answering
from kap_analysis.mixed.means.reference_grid import ReferenceGrid, column_like, grid_weights

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
    beyond : numpy.ndarray
        (means, dropped columns): what the means ask of columns that were left out as collinear; a combination of means
        is estimable where the same combination of these is 0.
    specs, by : tuple of str
        The columns whose levels are compared, and those within which they are.
    """

    labels: pd.DataFrame
    rows: np.ndarray
    beyond: np.ndarray
    specs: tuple[str, ...]
    by: tuple[str, ...]

    def estimable(self, coefficients: np.ndarray | None = None) -> np.ndarray:
        """Which means, or which combinations of means (combinations, means), lie in the row space of the design."""
        rows, beyond = self.rows, self.beyond
        if coefficients is not None:
            rows, beyond = coefficients @ rows, coefficients @ beyond
        return are_estimable(rows, beyond)


def mean_rows(
    fit: Answering,
    specs: str | Sequence[str],
    *,
    by: str | Sequence[str] | None = None,
    at: Mapping[str, Any] | None = None,
    weights: str = "equal",
) -> MeanRows:
    """The rows of L behind ``marginal_means``; parameters as there."""
    specs, by, at = as_names(specs), as_names(by), _as_mapping(at)
    require_name(weights, WEIGHTS, "kind of weights")
    for column in (*specs, *by, *at):
        require_name(column, fit.design.formula.fixed.columns, "column of the fixed part")
    _check_each_once(specs, by)
    if not specs:
        raise MixedModelError("No column to take means of: name at least one factor of the formula, such as 'format'.")
    grid = ReferenceGrid.of(fit, at)
    asked = (*by, *specs)
    around = dict.fromkeys(outer for c in asked for outer in grid.nests.get(c, ()) if outer not in asked)
    shown, specs = [*by, *around, *specs], [*specs, *around]
    places = grid.combinations(shown)
    places = places[grid.seen(shown, places)]
    made = _over_patients if weights == "patients" else _over_grid
    rows, beyond = made(grid, shown, places, at, weights)
    return MeanRows(_labels(grid, shown, places)[[*specs, *by]], rows, beyond, tuple(specs), tuple(by))


def _as_mapping(at: Any) -> dict[str, Any]:
    if at is not None and not isinstance(at, Mapping):
        raise MixedModelError(f"at gives columns their values, as in at={{'month': 3}}; found {at!r}.")
    return dict(at or {})


def _check_each_once(specs: Sequence[str], by: Sequence[str]) -> None:
    asked = [*specs, *by]
    for column in asked:
        if asked.count(column) > 1:
            where = "both in specs and in by" if column in specs and column in by else "twice"
            raise MixedModelError(f"{column!r} is named {where}. Name each column once.")


def _over_grid(
    grid: ReferenceGrid, shown: Sequence[str], places: np.ndarray, at: Mapping[str, Any], weights: str
) -> tuple[np.ndarray, np.ndarray]:
    """The design rows of every combination of the columns that are not shown, averaged."""
    hidden = [column for column in grid.values if column not in shown]
    over = grid.combinations(hidden)
    shares = grid_weights(grid, shown, places, hidden, over, proportional=weights == "proportional")
    both = np.hstack([np.repeat(places, len(over), axis=0), np.tile(over, (len(places), 1))])
    frame, fixed = grid.frame([*shown, *hidden], both), grid.fit.design.fixed
    rows, beyond = (
        np.einsum("lc,lcp->lp", shares, each.reshape(*shares.shape, each.shape[1]))
        for each in (fixed.rows(frame), fixed.beyond(frame))
    )
    return rows, beyond


def _over_patients(
    grid: ReferenceGrid, shown: Sequence[str], places: np.ndarray, at: Mapping[str, Any], weights: str
) -> tuple[np.ndarray, np.ndarray]:
    """The design rows of all patients with the columns of the label set, averaged."""
    fit = grid.fit
    frame, fixed = fit.design.frame, fit.design.fixed
    patients = frame.loc[~pd.Series(patient_of_rows(fit)).duplicated().to_numpy()].copy()
    for column, chosen in at.items():
        if column in shown:
            continue
        if isinstance(chosen, Iterable) and not isinstance(chosen, str):
            raise MixedModelError(
                f"Averaged over patients, {column!r} can be set to one value only; found {listed(chosen)}. "
                "Name it in by to see each."
            )
        patients[column] = column_like(frame, column, [chosen] * len(patients))
    rows, beyond = [], []
    for place in places:
        for column, position in zip(shown, place, strict=True):
            patients[column] = column_like(frame, column, [grid.values[column][position]] * len(patients))
        rows.append(fixed.rows(patients).mean(axis=0))
        beyond.append(fixed.beyond(patients).mean(axis=0))
    return np.array(rows), np.array(beyond)


def patient_of_rows(fit: Answering) -> np.ndarray:
    """The patient of each row: the subject of the residual covariance, else the bar grouping with the most levels."""
    design = fit.design
    if design.residual.subject is not None:
        return np.asarray(design.residual.subject)
    if not design.bars:
        raise MixedModelError("Means over patients need a term that names the patient, such as (1 | patient_id).")
    finest = max(design.bars, key=lambda bar: len(bar.levels))
    same = [bar.codes for bar in design.bars if bar.grouping == finest.grouping]
    return np.max(np.stack(same), axis=0)


def _labels(grid: ReferenceGrid, shown: Sequence[str], places: np.ndarray) -> pd.DataFrame:
    """The shown columns, factors as ordered categoricals in the order of their levels."""
    factors = grid.fit.design.fixed.factors
    made = {}
    for i, column in enumerate(shown):
        values = [grid.values[column][at] for at in places[:, i]]
        levels = factors.get(column)
        made[column] = values if levels is None else pd.Categorical(values, categories=list(levels), ordered=True)
    return pd.DataFrame(made)
