"""Contrasts of marginal means: pairs, against a reference, differences of differences, and one's own."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kap_analysis.mixed.coefficients.estimates import check_level, estimate_frame
from kap_analysis.mixed.errors import MixedModelError, as_names, listed, numbers_of, require_name
from kap_analysis.mixed.fitted_model import Answering
from kap_analysis.mixed.means.averaged_rows import MeanRows, mean_rows
from kap_analysis.mixed.means.estimability import without_what_is_not_estimable
from kap_analysis.mixed.means.multiplicity import ADJUSTMENTS, adjust_tests

METHODS = ("pairwise", "reference", "differences")
Coefficients = dict[str, np.ndarray]


def contrast_means(
    fit: Answering,
    specs: str | Sequence[str],
    *,
    by: str | Sequence[str] | None = None,
    method: str | Sequence[str] | Mapping[str, Sequence[float] | Mapping[Any, float]] = "pairwise",
    reference: Any = None,
    reverse: bool = False,
    adjustment: str = "none",
    at: Mapping[str, Any] | None = None,
    weights: str = "equal",
    level: float = 0.95,
    ddf: str | None = None,
) -> pd.DataFrame:
    """Differences between marginal means, each with its standard error, df, test and interval.

    Parameters
    ----------
    fit : FittedModel or FitInParts
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
    reverse : bool
        Subtract the other way round: every earlier level minus every later one ("individual - group"; emmeans calls it
        pairwise), and ``reference`` minus every level. Each row says in ``contrast`` what was subtracted from what.
    adjustment : {"none", "bonferroni", "holm", "tukey"}
        For the contrasts within each level of ``by``: the p-values are adjusted and the intervals widened ("holm" with
        Bonferroni's intervals).
    level : float
        Confidence level.

    Returns
    -------
    pandas.DataFrame
        One row per contrast, ``by`` varying slowest: ``contrast``, the columns of ``by``, ``estimate std_error df
        statistic p_value ci_low ci_high``, in units of the response. A contrast that the data cannot give has missing
        numbers and the word "not estimable" in a column ``note``; it does not count in an adjustment.

    Raises
    ------
    MixedModelError
        When a name is not there, or coefficients do not fit the means.

    Warns
    -----
    MixedModelWarning
        When a contrast is not estimable.
    """
    contrasts = contrast_rows(
        fit, specs, by=by, method=method, reference=reference, reverse=reverse, at=at, weights=weights
    )
    check_level(level)
    require_name(adjustment, ADJUSTMENTS, "adjustment for several tests")
    inference = fit.inference(contrasts.rows, ddf)
    frame = estimate_frame(contrasts.labels, inference.estimate, inference.std_error, inference.df, level=level)
    if adjustment != "none":
        for family in contrasts.families():
            part = frame.loc[family]
            p_values, factor = adjust_tests(
                part["statistic"].to_numpy(),
                part["df"].to_numpy(),
                adjustment=adjustment,
                level=level,
                n_means=contrasts.n_means,
                pairwise=method == "pairwise",
            )
            frame.loc[family, "p_value"] = p_values
            frame.loc[family, "ci_low"] = part["estimate"] - factor * part["std_error"]
            frame.loc[family, "ci_high"] = part["estimate"] + factor * part["std_error"]
    return without_what_is_not_estimable(frame, contrasts.estimable, fit)


@dataclass(frozen=True)
class ContrastRows:
    """The rows of L behind a table of contrasts.

    Attributes
    ----------
    labels : pandas.DataFrame
        One row per contrast: ``contrast`` and the columns of ``by``.
    rows : numpy.ndarray
        (contrasts, p).
    estimable : numpy.ndarray
        (contrasts,): which of them the data can give.
    n_means : int
        How many means the contrasts of one family compare.
    """

    labels: pd.DataFrame
    rows: np.ndarray
    estimable: np.ndarray
    n_means: int

    def families(self) -> list[pd.Index]:
        """The estimable contrasts of each level of ``by``, which are adjusted together."""
        groups = [name for name in self.labels.columns if name != "contrast"]
        known = self.labels[self.estimable]
        return [known.index] if not groups else [part.index for _, part in known.groupby(groups, observed=True)]


def contrast_rows(
    fit: Answering,
    specs: str | Sequence[str],
    *,
    by: str | Sequence[str] | None = None,
    method: str | Sequence[str] | Mapping[str, Any] = "pairwise",
    reference: Any = None,
    reverse: bool = False,
    at: Mapping[str, Any] | None = None,
    weights: str = "equal",
) -> ContrastRows:
    """The rows of L behind ``contrast_means``; parameters as there."""
    means = mean_rows(fit, specs, by=by, at=at, weights=weights)
    groups = list(means.by)
    parts = [(None, means.labels)] if not groups else list(means.labels.groupby(groups, observed=True, sort=False))
    labels, rows, estimable, n_means = [], [], [], 0
    for _, part in parts:
        if len(part) < 2 and len(parts) > 1:
            continue  # a level of by within which one mean stands alone, as in nested designs
        coefficients = _coefficients(means, part, method, reference, reverse)
        n_means = max(n_means, len(part))
        here = part[groups].iloc[[0] * len(coefficients)].reset_index(drop=True)
        here.insert(0, "contrast", list(coefficients))
        labels.append(here)
        combined = np.zeros((len(coefficients), len(means.labels)))
        combined[:, part.index] = np.array(list(coefficients.values()))
        rows.append(combined @ means.rows)
        estimable.append(means.estimable(combined))
    if not rows:
        raise MixedModelError("A contrast needs two means or more; within each level of by there is one.")
    return ContrastRows(pd.concat(labels, ignore_index=True), np.vstack(rows), np.concatenate(estimable), n_means)


def _coefficients(means: MeanRows, part: pd.DataFrame, method: Any, reference: Any, reverse: bool) -> Coefficients:
    """The contrasts of one family: a name and a coefficient per mean."""
    levels = {column: list(dict.fromkeys(part[column])) for column in means.specs}
    of_columns = method == "differences" or not isinstance(method, str | Mapping)
    if of_columns and len(part) != np.prod([len(values) for values in levels.values()]):
        raise MixedModelError(
            f"Differences of differences need every combination of {listed(means.specs)}, and one lies within another."
        )
    if isinstance(method, Mapping):
        if reverse:
            raise MixedModelError("reverse=True turns named contrasts; in your own, change the signs.")
        return _own(method, _names(part, means.specs))
    if isinstance(method, str):
        require_name(method, METHODS, "kind of contrast")
        if method != "differences":
            return _of_names(_names(part, means.specs), method, reference, reverse)
        if len(means.specs) < 2:
            raise MixedModelError("Differences of differences need two columns or more, such as ['format', 'visit'].")
        kinds = ["pairwise"] * len(means.specs)
    else:
        kinds = as_names(method)
    if len(kinds) != len(means.specs):
        raise MixedModelError(f"A kind of contrast is needed for each of {listed(means.specs)}; found {listed(kinds)}.")
    references = reference if isinstance(reference, Mapping) else {}
    each = [
        _of_names(values, kind, references.get(column), reverse)
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


def _of_names(names: list[Any], kind: str, reference: Any, reverse: bool) -> Coefficients:
    """Pairs, or each against a reference."""
    if len(names) < 2:
        raise MixedModelError(f"A contrast needs two means or more; found one, {names[0]!r}.")
    if kind == "pairwise":
        pairs = [(j, i) for i, j in itertools.combinations(range(len(names)), 2)]
        return _subtracted(names, pairs, reverse)
    require_name(kind, METHODS[:2], "kind of contrast")
    if reference is not None:
        require_name(reference, names, "level to compare with")
    at = 0 if reference is None else names.index(reference)
    return _subtracted(names, [(j, at) for j in range(len(names)) if j != at], reverse)


def _subtracted(names: list[Any], pairs: list[tuple[int, int]], reverse: bool) -> Coefficients:
    """The second of each pair subtracted from the first, or the first from the second."""
    identity = np.eye(len(names))
    ordered = [pair[::-1] if reverse else pair for pair in pairs]
    return {f"{names[i]} - {names[j]}": identity[i] - identity[j] for i, j in ordered}


def _own(given: Mapping[str, Any], names: list[Any]) -> Coefficients:
    """The user's coefficients, by position or by level."""
    contrasts: Coefficients = {}
    for label, values in given.items():
        if isinstance(values, Mapping):
            for name in values:
                require_name(name, names, "mean to give a coefficient to")
            values = [values.get(name, 0.0) for name in names]
        coefficients = numbers_of(values, f"The coefficients of contrast {label!r}")
        if coefficients.shape != (len(names),):
            raise MixedModelError(f"Contrast {label!r} needs {len(names)} coefficients; found {coefficients.size}.")
        if not np.isfinite(coefficients).all():
            raise MixedModelError(f"The coefficients of contrast {label!r} must be finite numbers.")
        contrasts[label] = coefficients
    return contrasts
