"""What the coefficients would be without some rows, the covariance parameters held: Cook's distance in closed form.

Cook 1977, doi:10.2307/1268249; Christensen, Pearson & Johnson 1992, doi:10.2307/1269550, for mixed models.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from kap_analysis.mixed.coefficients.estimates import rows_of_l
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.fitted_model import FittedModel

#: Less than this part of the information on a combination of coefficients is none.
LEFT = 1e-10


def delete_levels(fit: FittedModel, labels: ArrayLike, row: ArrayLike) -> pd.DataFrame:
    """Leave out each level in turn at the estimated covariance parameters.

    Parameters
    ----------
    fit : FittedModel
        The fit.
    labels : array
        (n,): the level of each analysed row, missing where a row belongs to none; a level lies within one independent
        unit of the model (a patient, a cohort).
    row : array
        (p,): one row of L, the estimate whose change is reported.

    Returns
    -------
    pandas.DataFrame
        One row per level, in the order of first appearance: ``label n_observations distance change``. ``distance`` is
        Cook's: the squared change of the coefficients in standard errors of the fit, divided by their number.
        ``change`` is the estimate without the level minus the estimate with it, in units of the response. Both are
        missing where the coefficients cannot be estimated without the level.

    Raises
    ------
    MixedModelError
        When labels do not fit the rows, or a level lies in two units.
    """
    design, units = fit.design, fit.units
    names = pd.Series(np.asarray(labels, dtype=object))
    if len(names) != len(design.y):
        raise MixedModelError(f"There must be one label per analysed row: {len(design.y)} rows, {len(names)} labels.")
    home = pd.DataFrame({"label": names, "unit": units.codes}).dropna().drop_duplicates()
    split = home.loc[home["label"].duplicated(), "label"]
    if len(split):
        raise MixedModelError(f"{split.iloc[0]!r} lies in two independent units of the model; leave out whole units.")
    whole = np.linalg.inv(fit.unscaled_cov)
    target = whole @ fit.beta
    along = rows_of_l(row, len(fit.beta))[0]
    found = {}
    for unit in sorted(home["unit"].unique().tolist()):
        rows, v = units.rows[unit], units.covariance(unit)
        own = _sums(v, design.x[rows], design.y[rows])
        for label in home.loc[home["unit"] == unit, "label"]:
            kept = (names.iloc[rows] != label).to_numpy()
            rest = _sums(v[np.ix_(kept, kept)], design.x[rows[kept]], design.y[rows[kept]])
            information, side = whole - own[0] + rest[0], target - own[1] + rest[1]
            found[label] = [int((~kept).sum()), *_moved(information, side, fit.beta, whole, along)]
    order = names.dropna().drop_duplicates()
    rows_out = [[label, *found[label]] for label in order]
    return pd.DataFrame(rows_out, columns=["label", "n_observations", "distance", "change"])


def _sums(v: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """X'V^-1 X and X'V^-1 y of some rows."""
    turned = np.linalg.solve(v, np.column_stack([x, y])) if len(y) else np.zeros((0, x.shape[1] + 1))
    both = x.T @ turned
    return both[:, :-1], both[:, -1]


def _moved(
    information: np.ndarray, side: np.ndarray, beta: np.ndarray, whole: np.ndarray, along: np.ndarray
) -> tuple[float, float]:
    """Cook's distance, and the change of one estimate."""
    scale = np.sqrt(np.diag(whole))  # of all rows: what is left of a coefficient that needs the level is rounding error
    if np.linalg.eigvalsh(information / np.outer(scale, scale))[0] < LEFT:
        return np.nan, np.nan
    change = np.linalg.solve(information, side) - beta
    return float(change @ whole @ change / len(beta)), float(along @ change)
