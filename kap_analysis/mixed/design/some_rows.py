"""A design on some of its rows, with the columns that it has on all of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.design.checks import check_bars, check_pairs_of_visits
from kap_analysis.mixed.design.collinearity import independent_columns
from kap_analysis.mixed.design.design import Bar, Design, Residual
from kap_analysis.mixed.design.labels import compress
from kap_analysis.mixed.errors import MixedModelError, listed


def rows_of_design(design: Design, kept: NDArray[np.bool_]) -> Design:
    """The design on some of its rows, with the same columns; groups and subjects without a row are gone.

    Unlike a new design from the formula it keeps the basis of splines and the centre of ``center()``, so that the
    coefficients mean the same.
    """
    used = design.kept.copy()
    used[np.flatnonzero(design.kept)[~kept]] = False
    return replace(
        design,
        frame=design.frame[kept],
        kept=used,
        n_left_out=design.n_left_out + int((~kept).sum()),
        y=design.y[kept],
        x=np.asfortranarray(design.x[kept]),
        weights=None if design.weights is None else design.weights[kept],
        bars=tuple(_bar_rows(bar, kept) for bar in design.bars),
        residual=_residual_rows(design.residual, kept),
    )


def _bar_rows(bar: Bar, kept: NDArray[np.bool_]) -> Bar:
    groups = bar.groups.on(kept).among(None)
    return replace(bar, z=bar.z[kept], codes=groups.codes, levels=groups.levels, groups=groups)


def _residual_rows(residual: Residual, kept: NDArray[np.bool_]) -> Residual:
    if residual.subject is None or residual.visit is None:
        return replace(residual, stratum=residual.stratum[kept])
    subject, old = compress(residual.subject[kept], len(residual.subjects))
    return replace(
        residual,
        stratum=residual.stratum[kept],
        subject=subject,
        subjects=tuple(residual.subjects[i] for i in old),
        visit=residual.visit[kept],
    )


def check_rows(design: Design) -> None:
    """Raise where some of the rows do not suit a model that all of them suit.

    Raises
    ------
    MixedModelError
        When a coefficient or a covariance cannot be estimated from these rows.
    """
    n, p = design.x.shape
    kept = independent_columns(design.x)
    lost = [name for at, name in enumerate(design.fixed.names) if at not in kept]
    if lost or n <= p:
        what = f": they say nothing of {listed(lost, 3)}" if lost else ""
        raise MixedModelError(
            f"The {n} rows that were observed are too few for the {p} coefficients of the model{what}."
        )
    term = design.formula.residual
    if term is not None and design.residual.subject is not None:
        names = {"visit": term.visit, "subject": term.subject, "stratum": term.stratum or ""}
        check_pairs_of_visits(design.residual, names)
    check_bars(design.bars, design.residual, weighted=design.weights is not None)
