"""Contrasts of marginal means: pairs, against a reference, differences of differences, and one's own."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kap_analysis.mixed.coefficients.estimates import check_level, estimate_frame
from kap_analysis.mixed.errors import MixedModelError, require_name
from kap_analysis.mixed.fitted_model import FittedModel
from kap_analysis.mixed.means.multiplicity import adjust_tests
from kap_analysis.mixed.means.reference_grid import MeanRows, mean_rows

METHODS = ("pairwise", "reference", "differences")
Coefficients = dict[str, np.ndarray]


def contrast_means(
    fit: FittedModel,
    specs: str | Sequence[str],
    *,
    by: str | Sequence[str] | None = None,
    method: str | Sequence[str] | Mapping[str, Sequence[float] | Mapping[Any, float]] = "pairwise",
    reference: Any = None,
    adjustment: str = "none",
    at: Mapping[str, Any] | None = None,
    weights: str = "equal",
    level: float = 0.95,
    ddf: str | None = None,
) -> pd.DataFrame:
    """Differences between marginal means, each with its standard error, df, test and interval.

    Parameters
    ----------
    fit : FittedModel
        The fit.
    specs, by, at, weights, ddf
        As for the means.
    method : str, sequence or mapping
        "pairwise": every later level minus every earlier one ("group - individual"; emmeans calls it revpairwise).
        "reference": every level minus ``reference``. "differences": for two or more columns in ``specs``, the
        differences of their pairwise differences; a sequence of "pairwise" or "reference", one per column, chooses
        each kind. A mapping of names to coefficients (a list in the order of the means, or a mapping from level to
        coefficient) is one's own.
    reference : object, optional
        The level that "reference" subtracts; the first where it is not given.
    adjustment : {"none", "holm", "tukey"}
        For the contrasts within each level of ``by``: the p-values are adjusted and the intervals widened ("holm" with
        Bonferroni's intervals).
    level : float
        Confidence level.

    Returns
    -------
    pandas.DataFrame
        One row per contrast, ``by`` varying slowest: ``contrast``, the columns of ``by``, ``estimate std_error df
        statistic p_value ci_low ci_high``, in units of the response.

    Raises
    ------
    MixedModelError
        When a name is not there, or coefficients do not fit the means.
    """
    labels, rows, n_means = contrast_rows(fit, specs, by=by, method=method, reference=reference, at=at, weights=weights)
    check_level(level)
    inference = fit.inference(rows, ddf)
    frame = estimate_frame(labels, inference.estimate, inference.std_error, inference.df, level=level)
    if adjustment == "none":
        return frame
    groups = [names for names in labels.columns if names != "contrast"]
    families = [frame.index] if not groups else [part.index for _, part in frame.groupby(groups, observed=True)]
    for family in families:
        part = frame.loc[family]
        p_values, factor = adjust_tests(
            part["statistic"].to_numpy(),
            part["df"].to_numpy(),
            adjustment=adjustment,
            level=level,
            n_means=n_means,
            pairwise=method == "pairwise",
        )
        frame.loc[family, "p_value"] = p_values
        frame.loc[family, "ci_low"] = part["estimate"] - factor * part["std_error"]
        frame.loc[family, "ci_high"] = part["estimate"] + factor * part["std_error"]
    return frame


def contrast_rows(
    fit: FittedModel,
    specs: str | Sequence[str],
    *,
    by: str | Sequence[str] | None = None,
    method: str | Sequence[str] | Mapping[str, Any] = "pairwise",
    reference: Any = None,
    at: Mapping[str, Any] | None = None,
    weights: str = "equal",
) -> tuple[pd.DataFrame, np.ndarray, int]:
    """The labels of the contrasts, their rows of L (contrasts, p), and how many means a family compares."""
    means = mean_rows(fit, specs, by=by, at=at, weights=weights)
    groups = list(means.by)
    parts = [(None, means.labels)] if not groups else list(means.labels.groupby(groups, observed=True, sort=False))
    labels, rows, n_means = [], [], 0
    for _, part in parts:
        coefficients = _coefficients(means, part, method, reference)
        n_means = len(part)
        here = part[groups].iloc[[0] * len(coefficients)].reset_index(drop=True)
        here.insert(0, "contrast", list(coefficients))
        labels.append(here)
        rows.append(np.array(list(coefficients.values())) @ means.rows[part.index])
    return pd.concat(labels, ignore_index=True), np.vstack(rows), n_means


def _coefficients(means: MeanRows, part: pd.DataFrame, method: Any, reference: Any) -> Coefficients:
    """The contrasts of one family: a name and a coefficient per mean."""
    levels = {column: list(dict.fromkeys(part[column])) for column in means.specs}
    if isinstance(method, Mapping):
        return _own(method, _names(part, means.specs))
    if isinstance(method, str):
        require_name(method, METHODS, "kind of contrast")
        if method != "differences":
            return _of_names(_names(part, means.specs), method, reference)
        if len(means.specs) < 2:
            raise MixedModelError("Differences of differences need two columns or more, such as ['format', 'visit'].")
        kinds = ["pairwise"] * len(means.specs)
    else:
        kinds = list(method)
    if len(kinds) != len(means.specs):
        raise MixedModelError(
            f"{len(kinds)} kinds of contrast were given for {len(means.specs)} columns; give one each."
        )
    references = reference if isinstance(reference, Mapping) else {}
    each = [
        _of_names(values, kind, references.get(column))
        for (column, values), kind in zip(levels.items(), kinds, strict=True)
    ]
    crossed = itertools.product(*(one.items() for one in each))
    products: Coefficients = {}
    for combination in crossed:
        coefficient: Any = np.ones(1)
        for _, one in combination:
            coefficient = np.kron(coefficient, one)
        products[": ".join(f"({name})" for name, _ in combination)] = coefficient
    return products


def _names(part: pd.DataFrame, specs: Sequence[str]) -> list[Any]:
    """The name of each mean: its level, or the levels of several columns with a space between."""
    if len(specs) == 1:
        return list(part[specs[0]])
    return [" ".join(str(value) for value in row) for row in part[list(specs)].itertuples(index=False)]


def _of_names(names: list[Any], kind: str, reference: Any) -> Coefficients:
    """Pairs, or each against a reference."""
    if len(names) < 2:
        raise MixedModelError(f"A contrast needs two means or more; found one, {names[0]!r}.")
    identity = np.eye(len(names))
    if kind == "pairwise":
        pairs = itertools.combinations(range(len(names)), 2)
        return {f"{names[j]} - {names[i]}": identity[j] - identity[i] for i, j in pairs}
    require_name(kind, METHODS[:2], "kind of contrast")
    if reference is not None:
        require_name(reference, names, "level to compare with")
    at = 0 if reference is None else names.index(reference)
    return {f"{names[j]} - {names[at]}": identity[j] - identity[at] for j in range(len(names)) if j != at}


def _own(given: Mapping[str, Any], names: list[Any]) -> Coefficients:
    """The user's coefficients, by position or by level."""
    contrasts: Coefficients = {}
    for label, values in given.items():
        if isinstance(values, Mapping):
            for name in values:
                require_name(name, names, "mean to give a coefficient to")
            values = [values.get(name, 0.0) for name in names]
        if len(values) != len(names):
            raise MixedModelError(
                f"Contrast {label!r} has {len(values)} coefficients for {len(names)} means: give one each."
            )
        contrasts[label] = np.asarray(values, float)
    return contrasts
