"""Expected scores: of the average patient (fixed part), or of one patient given what was seen of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kap_analysis.mixed.coefficients.estimates import check_level, estimate_frame
from kap_analysis.mixed.design.columns import Columns
from kap_analysis.mixed.design.labels import positions
from kap_analysis.mixed.design.new_rows import check_known_groups, level_codes
from kap_analysis.mixed.design.tables import as_table
from kap_analysis.mixed.errors import MixedModelError, nearest
from kap_analysis.mixed.fitted_covariance.residual import residual_covariance
from kap_analysis.mixed.fitted_model import FittedModel
from kap_analysis.mixed.random_effects.effects import effect_values

Array = NDArray[np.float64]
Index = NDArray[np.intp]
INTERVAL_COLUMNS = ["estimate", "std_error", "df", "ci_low", "ci_high"]
#: Rows that are worked on at once.
ROWS_AT_ONCE = 20_000


def fitted_values(fit: FittedModel) -> pd.Series:
    """X beta + Z b of every analysed row, given the random effects as in lme4; X beta for a model without bars."""
    values = fit.design.x @ fit.beta
    if fit.design.bars:
        values = values + fit.equations.z @ effect_values(fit)
    return pd.Series(values, index=fit.design.frame.index, name="fitted")


def predict_rows(
    fit: FittedModel,
    newdata: Any = None,
    *,
    conditional: bool = False,
    allow_new_groups: bool = False,
    interval: bool = False,
    level: float = 0.95,
) -> pd.Series | pd.DataFrame:
    """What the model expects of each row.

    Parameters
    ----------
    fit : FittedModel
        The fit.
    newdata : pandas.DataFrame, optional
        Rows with the columns of the fixed part; with ``conditional=True`` also those of bars and of the residual
        covariance. The analysed rows where it is not given.
    conditional : bool
        False: ``x beta``, the average of all patients like this one. True: the patient's own expectation, given all
        scores. Under a residual covariance the patient's expected residual at that visit is
        added (normal distribution given the rows that the patient has), so that a visit without a score is filled in,
        and a visit with one returns that score with a standard error of 0. New rows have a weight of 1.
    allow_new_groups : bool
        Whether rows of a group or subject that the data do not have are predicted with ``conditional=True``, as lme4's
        ``allow.new.levels``. Its effect adds 0 to the estimate and its whole variance to the squared standard error.
    interval : bool
        Whether standard errors and intervals are wanted.
    level : float
        Confidence level. The interval is that of the expectation; the scatter of a new score around it (a plain
        residual variance) is not in it.

    Returns
    -------
    pandas.Series or pandas.DataFrame
        The estimates, with the index of the rows; or with ``interval`` the columns ``estimate std_error df ci_low
        ci_high``. Without ``conditional`` they are those of the fit's df method. With it, the squared standard error is
        ``Var(target | y, beta) + a'Cov(beta) a``, a the derivative of the estimate along beta (Henderson 1975,
        doi:10.2307/2529430); the covariance parameters count as known, and the df are infinite. A row with a missing
        number is missing.

    Raises
    ------
    MixedModelError
        When a column is not there, a factor has an unknown level, a row belongs to an unknown group that is not
        allowed, or a row cannot be estimated because collinear
        columns were dropped.
    """
    check_level(level)
    frame = fit.design.frame if newdata is None else as_table(newdata, "The new rows")
    rows = _new_rows(fit, frame, conditional=conditional)
    if conditional and not allow_new_groups:
        _check_groups(fit, frame, rows)
    parts = [_predicted(fit, part, conditional=conditional, interval=interval) for part in rows.pieces()]
    estimate, std_error, df = (np.concatenate([part[i] for part in parts]) for i in range(3))
    for values in (estimate, std_error, df):
        values[rows.missing] = np.nan
    if not interval:
        return pd.Series(estimate, index=frame.index, name="estimate")
    labels = pd.DataFrame(index=frame.index)
    return estimate_frame(labels, estimate, std_error, df, level=level)[INTERVAL_COLUMNS]


@dataclass(frozen=True)
class _NewRows:
    """New rows as matrices and codes; a group, subject or stratum that is not known is -1."""

    x: Array
    bars: tuple[tuple[Array, Index], ...]
    missing: NDArray[np.bool_]
    subject: Index | None = None
    stratum: Index | None = None
    visit: Any = None

    def pieces(self) -> Iterator[_NewRows]:
        for start in range(0, max(len(self.x), 1), ROWS_AT_ONCE):
            at = slice(start, start + ROWS_AT_ONCE)
            residual = (None if part is None else part[at] for part in (self.subject, self.stratum, self.visit))
            yield _NewRows(self.x[at], tuple((z[at], codes[at]) for z, codes in self.bars), self.missing[at], *residual)


def _new_rows(fit: FittedModel, frame: pd.DataFrame, *, conditional: bool) -> _NewRows:
    fixed = fit.design.fixed
    x = fixed.rows(frame)
    lost = np.flatnonzero(~fixed.estimable(frame))
    if len(lost):
        raise MixedModelError(
            f"{len(lost)} of the {len(frame)} new rows cannot be predicted (the first is {frame.index[lost[0]]!r}): "
            f"they need {', '.join(fixed.dropped[:3])}, which the data could not tell from the other columns."
        )
    missing: NDArray[np.bool_] = np.asarray(np.isnan(x).any(axis=1))
    bars = []
    for bar in fit.design.bars if conditional else ():
        z, codes = bar.rows(frame)
        missing |= np.isnan(z).any(axis=1)
        bars.append((np.nan_to_num(z), codes))
    subject = stratum = visit = None
    if conditional and fit.design.residual.subject is not None:
        subject, stratum, visit = _residual_rows(fit, frame)
        missing |= np.isnan(visit.astype(float))
        visit = np.nan_to_num(visit)
    return _NewRows(np.nan_to_num(x), tuple(bars), missing, subject, stratum, visit)


def _check_groups(fit: FittedModel, frame: pd.DataFrame, rows: _NewRows) -> None:
    """Raise where a random effect or a residual of a row is not known; a row whose columns are 0 needs none."""
    for bar, (z, codes) in zip(fit.design.bars, rows.bars, strict=True):
        unknown = (codes < 0) & (z != 0).any(axis=1)
        check_known_groups(frame, bar.groups.columns, unknown, bar.groups.levels)
    term = fit.design.formula.residual
    if rows.subject is not None and term is not None:
        check_known_groups(frame, (term.subject,), rows.subject < 0, fit.design.residual.subjects)


def _residual_rows(fit: FittedModel, frame: pd.DataFrame) -> tuple[Index, Index, Any]:
    """Subject (-1 where unknown), stratum, and visit or time of new rows under a residual covariance."""
    residual, term = fit.design.residual, fit.design.formula.residual
    assert term is not None
    for name in (term.visit, term.subject, *([term.stratum] if term.stratum else [])):
        if name not in frame.columns:
            raise MixedModelError(f"The new rows have no column {name!r}. {nearest(name, frame.columns)}")
    subject = positions(frame[term.subject], residual.subjects)
    stratum = np.zeros(len(frame), dtype=np.intp)
    if term.stratum:
        stratum = level_codes(frame[term.stratum], residual.strata)
        known = np.zeros(len(residual.subjects), dtype=np.intp)
        known[np.asarray(residual.subject)] = residual.stratum
        moved = np.flatnonzero((subject >= 0) & (known[subject] != stratum))
        if len(moved):
            first = moved[0]
            was, now = residual.strata[known[subject[first]]], residual.strata[stratum[first]]
            raise MixedModelError(
                f"{term.subject} {frame[term.subject].iloc[first]!r} has {term.stratum} {was!r} in the data and "
                f"{now!r} in the new rows. Predict it as it was, or leave conditional=True out."
            )
    if residual.structure.in_time:
        return subject, stratum, Columns(frame).numbers(term.visit)
    return subject, stratum, level_codes(frame[term.visit], residual.visits)


def _predicted(fit: FittedModel, rows: _NewRows, *, conditional: bool, interval: bool) -> tuple[Array, Array, Array]:
    """Estimate, standard error and df of some new rows; the last two stay missing where they are not wanted."""
    estimate, unknown = rows.x @ fit.beta, np.full(len(rows.x), np.nan)
    if not conditional:
        return (estimate, *_population_errors(fit, rows.x)) if interval else (estimate, unknown, unknown.copy())
    equations = fit.equations
    z = equations.columns(list(rows.bars)) if rows.bars else csr_array((len(rows.x), 0))
    shared = _shared_residual(fit, rows)
    effects = effect_values(fit) if rows.bars else np.zeros(0)
    left = fit.design.y - fit.design.x @ fit.beta - equations.z @ effects
    estimate = estimate + z @ effects + shared @ (equations.r_inverse @ left)
    if not interval:
        return estimate, unknown, unknown.copy()
    return estimate, _conditional_errors(fit, rows, z, shared), np.full(len(rows.x), np.inf)


def _population_errors(fit: FittedModel, x: Array) -> tuple[Array, Array]:
    """Standard errors and df of x beta, each distinct row once."""
    distinct, back = np.unique(x, axis=0, return_inverse=True)
    errors, df = [np.zeros(0)], [np.zeros(0)]
    for start in range(0, len(distinct), 500):
        each = fit.inference(distinct[start : start + 500])
        errors.append(each.std_error)
        df.append(each.df)
    back = back.ravel()
    return np.concatenate(errors)[back], np.concatenate(df)[back]


def _shared_residual(fit: FittedModel, rows: _NewRows) -> Any:
    """Covariance of the residuals of new rows (m) with those of the data (n), sparse: rows of one subject share it."""
    n, m = fit.nobs, len(rows.x)
    if rows.subject is None:
        return csr_array((m, n))
    residual = fit.design.residual
    order = np.argsort(np.asarray(residual.subject), kind="stable")
    counts = np.bincount(np.asarray(residual.subject), minlength=len(residual.subjects))
    starts = np.cumsum(counts) - counts
    size = np.where(rows.subject >= 0, counts[rows.subject], 0)
    weights = np.ones(n) if fit.design.weights is None else fit.design.weights
    at, columns, values = [np.zeros(0, np.intp)], [np.zeros(0, np.intp)], [np.zeros(0)]
    for width in np.unique(size[size > 0]):
        here = np.flatnonzero(size == width)
        places = order[starts[rows.subject[here]][:, None] + np.arange(width)]
        seen = np.asarray(residual.visit)[places]
        shared = residual_covariance(fit.units, rows.stratum[here], rows.visit[here][:, None], seen)  # type: ignore[index]
        at.append(np.repeat(here, width))
        columns.append(places.ravel())
        values.append((shared / np.sqrt(weights[places])).ravel())
    where = np.concatenate(at), np.concatenate(columns)
    return csr_array((np.concatenate(values), where), shape=(m, n))


def _conditional_errors(fit: FittedModel, rows: _NewRows, z: Any, shared: Any) -> Array:
    """Root of Var(target | y, beta) + a'Cov(beta) a.

    With r the residual covariance with the data and h = z - Z'R^-1 r, the target given y and beta has variance
    h'C h + Var(e) - r'R^-1 r, and a = x - X'R^-1 r - X'R^-1 Z C h.
    """
    equations, x = fit.equations, fit.design.x
    turned = csr_array(shared @ equations.r_inverse)
    variance = -np.asarray(turned.multiply(shared).sum(axis=1)).ravel()
    if rows.stratum is not None:
        variance += residual_covariance(fit.units, rows.stratum, rows.visit, rows.visit)
    a = rows.x - turned @ x
    if rows.bars:
        h = csr_array(z - turned @ equations.z)
        variance += equations.variances(h)
        a = a - h @ equations.spread(equations.z.T @ (equations.r_inverse @ x))
    for (columns, codes), g in zip(rows.bars, fit.units.matrices, strict=True):
        variance += np.einsum("ij,jk,ik->i", columns, g, columns) * (codes < 0)
    covariance = fit.cov_params().to_numpy()
    return np.sqrt(np.maximum(variance + np.einsum("ij,jk,ik->i", a, covariance, a), 0.0))
