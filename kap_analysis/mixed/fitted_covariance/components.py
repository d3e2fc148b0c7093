"""Variances, standard deviations and correlations of a fit as frames."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.symmetric import lower_triangle
from kap_analysis.mixed.design.design import Design
from kap_analysis.mixed.fitted_covariance.units import Units

Array = NDArray[np.float64]


def variance_frame(design: Design, units: Units) -> pd.DataFrame:
    """One row per variance and covariance of each bar term.

    Returns
    -------
    pandas.DataFrame
        ``grouping term1 term2 variance sd correlation``; term2 is missing in the row of a variance, sd in that of a
        covariance, which stands under ``variance``.
    """
    rows = []
    for bar, g in zip(design.bars, units.matrices, strict=True):
        rows += [{"grouping": bar.grouping, **row} for row in _triangle(g, [str(name) for name in bar.names])]
    columns = ["grouping", "term1", "term2", "variance", "sd", "correlation"]
    return pd.DataFrame(rows, columns=columns)


def residual_frame(design: Design, units: Units) -> pd.DataFrame:
    """The residual covariance.

    Returns
    -------
    pandas.DataFrame
        ``stratum visit1 visit2 variance sd correlation``. A plain residual has one row per stratum without visits. A
        correlation in time has its variance, and its range in units of time under ``range``.
    """
    residual = design.residual
    rows: list[dict[str, object]] = []
    for stratum, value in zip(residual.strata, units.residual, strict=True):
        if residual.structure.in_time:
            rows.append({"stratum": stratum, "variance": value[0], "sd": np.sqrt(value[0]), "range": value[1]})
        elif not residual.structure.over_visits:
            rows.append({"stratum": stratum, "variance": value[0, 0], "sd": np.sqrt(value[0, 0])})
        else:
            names = [str(visit) for visit in residual.visits]
            for row in _triangle(value, names):
                row["visit1"], row["visit2"] = row.pop("term1"), row.pop("term2")
                rows.append({"stratum": stratum, **row})
    columns = ["stratum", "visit1", "visit2", "variance", "sd", "correlation"]
    frame = pd.DataFrame(rows)
    return frame.reindex(columns=columns + (["range"] if residual.structure.in_time else []))


def _triangle(matrix: Array, names: list[str]) -> list[dict[str, object]]:
    """Variances first, then covariances with their correlation."""
    deviations = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    variances: list[dict[str, object]] = [
        {"term1": name, "term2": None, "variance": matrix[i, i], "sd": deviations[i], "correlation": np.nan}
        for i, name in enumerate(names)
    ]
    for i, j in lower_triangle(len(names)):
        if i == j:
            continue
        both = deviations[i] * deviations[j]
        correlation = matrix[i, j] / both if both > 0 else np.nan
        variances.append(
            {"term1": names[j], "term2": names[i], "variance": matrix[i, j], "sd": np.nan, "correlation": correlation}
        )
    return variances
