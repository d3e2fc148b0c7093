"""Frames of estimates from a fit: adjusted means and differences of the formats, averaged over the patients.

Each analysed patient counts once. Format and visit are set to the same values for every patient, and the design rows
are averaged. The means therefore describe the analysed patients, not an average patient who does not exist.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kap_analysis.columns import FORMAT, GROUP, INDIVIDUAL, P_VALUE, STATISTIC, VISIT
from kap_analysis.errors import AnalysisError
from kap_analysis.mixed.coefficients.estimates import ESTIMATE_COLUMNS, estimate_frame
from kap_analysis.mixed.design.design import are_estimable
from kap_analysis.mixed.errors import MixedModelWarning
from kap_analysis.mixed.model import MixedModel, mixedlm
from kap_analysis.mixed.results import MixedResults


@dataclass(frozen=True, slots=True)
class Rows:
    """Linear combinations of the fixed effects: a matrix (m, p + d) and the m rows of a frame that name them.

    The last d columns are what a row asks of the d columns that the model had to leave out, where no patient has a
    combination of levels: a row, or a difference of rows, is estimable if they are 0.
    """

    matrix: np.ndarray
    names: pd.DataFrame


def averaged_rows(fit: MixedResults | MixedModel, patients: pd.DataFrame, settings: pd.DataFrame) -> Rows:
    """One combination per row of `settings`: its values are set for every patient, and the design rows are averaged.

    Parameters
    ----------
    patients : DataFrame
        One row per patient, with every column of the model.
    settings : DataFrame
        One row per combination: columns of the model and the value that all patients are given, e.g. format, visit.
    """
    rows = []
    for setting in settings.to_dict("records"):
        named = {str(column): value for column, value in setting.items()}
        everybody, fixed = _set(patients, named), fit.design.fixed
        rows.append(np.concatenate([fixed.rows(everybody).mean(axis=0), fixed.beyond(everybody).mean(axis=0)]))
    return Rows(np.array(rows), settings.reset_index(drop=True))


def estimate_rows(
    fit: MixedResults, matrix: np.ndarray, names: pd.DataFrame, *, level: float = 0.95, test: bool = True
) -> pd.DataFrame:
    """The frame of estimates of the combinations in `matrix` (m, p + d), with the fit's own degrees of freedom.

    With ``test=False`` statistic and p are missing: that a mean score is 0 is not a hypothesis of interest. Numbers of
    a row that is not estimable are missing.
    """
    coefficients, known = _split(fit, matrix)
    found = fit.inference(coefficients)
    names = names.reset_index(drop=True)
    frame = estimate_frame(names, found.estimate, found.std_error, found.df, level=level)
    frame.loc[~known, list(ESTIMATE_COLUMNS)] = np.nan
    return frame if test else frame.assign(**{STATISTIC: np.nan, P_VALUE: np.nan})


def _split(fit: MixedResults | MixedModel, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The coefficients (m, p) of rows, and which of them are estimable (m,)."""
    p = len(fit.design.fixed.names)
    return matrix[:, :p], are_estimable(matrix[:, :p], matrix[:, p:])


def difference_row(fit: MixedResults | MixedModel, patients: pd.DataFrame, visit: str) -> np.ndarray:
    """The combination (p,) that is group minus individual at a visit, averaged over the patients.

    Raises
    ------
    AnalysisError
        If it is not estimable.
    """
    at = {VISIT: visit} if VISIT in patients else {}
    settings = pd.DataFrame([{FORMAT: arm, **at} for arm in (GROUP, INDIVIDUAL)])
    group, individual = averaged_rows(fit, patients, settings).matrix
    (row,), (known,) = _split(fit, (group - individual)[None])
    if not known:
        raise AnalysisError(
            f"The data do not tell the difference at {visit} for all patients: some of them, such as those of a "
            "practice, are of one format only."
        )
    return np.asarray(row)


def fit_formula(formula: str, frame: pd.DataFrame, residual_by: str | None = None, **options: Any) -> MixedResults:
    """One mixed model, fitted."""
    return mixedlm(formula, frame, residual_by=residual_by).fit(**options)


def first_that_fits(builders: Sequence[Callable[[], MixedResults]]) -> tuple[int, MixedResults, list[str]]:
    """Run builders in order until one gives a converged fit.

    Returns
    -------
    (position of the builder, the fit, why the builders before it failed)

    Raises
    ------
    The last builder's error when none does.
    """
    failures: list[str] = []
    for position, build in enumerate(builders):
        try:
            fit = build()
        except (ValueError, np.linalg.LinAlgError) as error:
            if position == len(builders) - 1:
                raise
            failures.append(str(error))
            continue
        if fit.converged or position == len(builders) - 1:
            return position, fit, failures
        failures.append("the model did not converge")
    raise ValueError("no model was given")


def first_or_refuse(builders: Sequence[Callable[[], MixedResults]], what: str) -> tuple[int, MixedResults, list[str]]:
    """As `first_that_fits`, but if none fits raise an `AnalysisError` that says what was modelled and why it failed."""
    try:
        return first_that_fits(builders)
    except (ValueError, np.linalg.LinAlgError) as error:
        raise AnalysisError(f"{what} cannot be modelled: {error}") from error


@contextmanager
def engine_notes() -> Iterator[list[str]]:
    """Collect each warning of the engine once, for the notes of a result; pass on all other warnings."""
    notes: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", MixedModelWarning)
        yield notes
    for one in caught:
        if issubclass(one.category, MixedModelWarning):
            notes += [str(one.message)] if str(one.message) not in notes else []
        else:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)


def _set(patients: pd.DataFrame, setting: dict[str, Any]) -> pd.DataFrame:
    changed = patients.copy()
    for column, value in setting.items():
        levels = patients[column]
        if isinstance(levels.dtype, pd.CategoricalDtype):
            changed[column] = pd.Categorical([value] * len(patients), dtype=levels.dtype)
        else:
            changed[column] = value
    return changed
