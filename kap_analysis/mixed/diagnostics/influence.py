"""Does the result depend on one cohort or patient: the model fitted again without each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from kap_analysis.mixed.coefficients.estimates import rows_of_l
from kap_analysis.mixed.design.collinearity import independent_columns
from kap_analysis.mixed.design.labels import Labels, read_labels
from kap_analysis.mixed.design.some_rows import rows_of_design
from kap_analysis.mixed.errors import MixedModelError, require_name
from kap_analysis.mixed.fitted_model import FittedModel
from kap_analysis.mixed.many.stack import make_template

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Progress = Callable[[int, int, str], Any]
TOGETHER = 50  # refits between two reports of progress
UNTOLD = "A coefficient cannot be estimated without it."


@dataclass(frozen=True)
class _Deletions:
    """What is left out in turn: codes of the rows (n,; -1 is never left out), and per code its grouping and level."""

    codes: Index
    groupings: list[str]
    levels: list[Any]


def leave_one_out(
    fit: FittedModel,
    grouping: str | ArrayLike | None = None,
    *,
    row: ArrayLike | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Fit the model again without each independent unit, or without each level of a grouping.

    Coefficients and covariance parameters are estimated anew, for many deletions at a time as in ``fit_many``. For what
    the coefficients alone would do at the same covariance, which is faster, see
    ``kap_analysis.mixed.diagnostics.deletion.delete_levels``.

    Parameters
    ----------
    fit : FittedModel
        The fit.
    grouping : str or array, optional
        A grouping of the bars, the subject of a residual covariance, a column of the formula, or the labels of the
        analysed rows (n,), missing where a row is never left out. By default the independent units: the cohort for the
        patients of a cohort, the patient otherwise.
    row : array, optional
        (p,): one row of L, whose estimate is followed.
    progress : callable, optional
        ``progress(done, total, what)`` after each fit.

    Returns
    -------
    pandas.DataFrame
        One row per level (units in the order of their first rows, levels in their own): ``grouping level
        n_observations``; one column per coefficient, its value without the level minus its value with it; ``distance``,
        Cook's ``d'(X'V^-1 X) d / p`` of these changes d with V of the fit; ``change`` of ``row @ beta`` where a row was
        given; ``problem``, missing, or why there was no fit without this level (its changes are missing then, as when
        it is the only one with a level of a factor). Labels that were given have the grouping "label".

    Raises
    ------
    MixedModelError
        When the grouping is not there, has one level only, or the row does not fit.

    References
    ----------
    Cook 1977, doi:10.2307/1268249; for mixed models Demidenko & Stukel 2005, doi:10.1002/sim.1974.
    """
    deletions = _independent_units(fit) if grouping is None else _levels_of(fit, grouping)
    names = list(fit.params.index)
    along = _along(row, len(names))
    counts = np.bincount(deletions.codes[deletions.codes >= 0], minlength=len(deletions.levels))
    metric = np.linalg.inv(fit.unscaled_cov)
    without = _together if _can_be_together(fit) else _one_by_one
    rows = []
    for code, moved, problem in without(fit, deletions):
        level = deletions.levels[code]
        entry = {"grouping": deletions.groupings[code], "level": level, "n_observations": int(counts[code])}
        entry |= dict(zip(names, moved, strict=True)) | {"distance": float(moved @ metric @ moved) / len(names)}
        if along is not None:
            entry["change"] = float(along @ moved)
        rows.append(entry | {"problem": problem})
        if progress is not None:
            progress(code + 1, len(deletions.levels), f"without {level}")
    return pd.DataFrame(rows)


def _along(row: ArrayLike | None, p: int) -> Array | None:
    if row is None:
        return None
    return rows_of_l(row, p)[0]


#: Of a deletion: its code, the change of the coefficients, and why there is none.
_Change = tuple[int, Array, str | None]


def _can_be_together(fit: FittedModel) -> bool:
    """Whether refits with these settings are made together; where not, each begins at the estimates of the fit."""
    return fit.settings.bounded and not fit.settings.fixed and make_template(fit.design).can_stack


def _together(fit: FittedModel, deletions: _Deletions) -> Iterator[_Change]:
    """Many refits at a time: what is left out is a response that is missing."""
    kept, y = fit.settings, fit.design.y
    for first in range(0, len(deletions.levels), TOGETHER):
        codes = np.arange(first, min(first + TOGETHER, len(deletions.levels)))
        left = deletions.codes[:, None] != codes
        estimable = np.array([_is_estimable(fit, rows) for rows in left.T])
        moved, problems = np.full((len(codes), len(fit.beta)), np.nan), np.full(len(codes), UNTOLD, dtype=object)
        if estimable.any():
            responses = np.where(left[:, estimable], y[:, None], np.nan)
            fits = fit.model.fit_many(responses, kept.reml, "normal", information=kept.information)
            moved[estimable] = fits.params.to_numpy() - fit.beta
            problems[estimable] = fits.status["problem"].to_numpy()
        for code, change, problem in zip(codes.tolist(), moved, problems, strict=True):
            yield code, change, None if pd.isna(problem) else str(problem)


def _is_estimable(fit: FittedModel, kept: NDArray[np.bool_]) -> bool:
    x = fit.design.x
    return len(independent_columns(x[kept])) == x.shape[1]


def _one_by_one(fit: FittedModel, deletions: _Deletions) -> Iterator[_Change]:
    # A singular fit is a poor place to begin at: its zeros are stationary points of the search.
    start = None if fit.singular else dict(zip(fit.theta.index, fit.theta, strict=True))
    nothing = np.full(len(fit.beta), np.nan)
    for code in range(len(deletions.levels)):
        kept = deletions.codes != code
        if not _is_estimable(fit, kept):
            yield code, nothing, UNTOLD
            continue
        try:
            design = rows_of_design(fit.design, kept)
            again = fit.model.on_design(design).fit(**fit.settings.as_keywords(), start=start)
        except MixedModelError as error:
            yield code, nothing, str(error)
            continue
        yield code, again.beta - fit.beta, None


def _groupings(fit: FittedModel) -> dict[str, tuple[Index, tuple[Any, ...]]]:
    """Codes and levels of the groupings of the model, those with the fewest levels first."""
    found = {bar.grouping: (np.asarray(bar.codes), bar.levels) for bar in fit.design.bars}
    residual, term = fit.design.residual, fit.design.formula.residual
    if term is not None:
        found.setdefault(term.subject, (np.asarray(residual.subject), residual.subjects))
    return dict(sorted(found.items(), key=lambda item: len(item[1][1])))


def _levels_of(fit: FittedModel, grouping: str | ArrayLike) -> _Deletions:
    known, frame = _groupings(fit), fit.design.frame
    name = grouping if isinstance(grouping, str) else "label"
    if isinstance(grouping, str):
        require_name(grouping, [*known, *(column for column in frame.columns if column not in known)], "grouping")
        column = frame[grouping] if grouping not in known else None
    else:
        column = pd.Series(np.asarray(grouping, dtype=object), name=name)
        if len(column) != fit.nobs:
            raise MixedModelError(f"There must be one label per analysed row: {fit.nobs} rows, {len(column)} labels.")
    labels = Labels(*known[name]) if column is None else read_labels(column)
    if len(labels.levels) < 2:
        raise MixedModelError(f"{name} has one level, {labels.levels[0]!r}: nothing is left without it.")
    return _Deletions(labels.codes, [name] * len(labels.levels), list(labels.levels))


def _independent_units(fit: FittedModel) -> _Deletions:
    """The units, each called by the outermost grouping that it lies in: a cohort, or a patient without one."""
    codes = fit.units.codes
    n = int(codes.max()) + 1
    if n < 2:
        raise MixedModelError(
            "The model has one independent unit: its groupings tie all rows together. Name a grouping to leave out."
        )
    groupings, levels = ["row"] * n, list(fit.design.frame.index[np.unique(codes, return_index=True)[1]])
    open_units = np.ones(n, dtype=bool)
    for name, (own, labels) in _groupings(fit).items():
        pairs = np.unique(np.column_stack([codes, own])[own >= 0], axis=0)
        units, times = np.unique(pairs[:, 0], return_counts=True)
        single = np.isin(pairs[:, 0], units[times == 1]) & open_units[pairs[:, 0]]
        for unit, code in pairs[single]:
            groupings[unit], levels[unit] = name, labels[code]
        open_units[pairs[single, 0]] = False
    return _Deletions(codes, groupings, levels)
