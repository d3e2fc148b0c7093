"""A model on data in parts: one pass over the rows where visits are scheduled, one for each step of the search else."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from itertools import pairwise
from operator import add

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kap_analysis.mixed.design.design import Design
from kap_analysis.mixed.errors import MixedModelError, MixedModelWarning, listed, require_name
from kap_analysis.mixed.likelihood.first_sums import FirstSums
from kap_analysis.mixed.likelihood.layout import Layout
from kap_analysis.mixed.likelihood.pattern_sums import turned
from kap_analysis.mixed.likelihood.scaling import AgreedColumns
from kap_analysis.mixed.likelihood.sums import Asked, Sums, sums_at
from kap_analysis.mixed.parts.agreed_coding import AgreedCoding, agree
from kap_analysis.mixed.parts.cells import frame_of_cells
from kap_analysis.mixed.parts.fit_in_parts import FitInParts
from kap_analysis.mixed.parts.part_counts import PartCounts, count_part
from kap_analysis.mixed.parts.part_sums import FirstPass, first_columns, first_pass, later_pass
from kap_analysis.mixed.parts.parts_of_data import FileParts, FramePart, Parts
from kap_analysis.mixed.parts.units import Units, find_units
from kap_analysis.mixed.parts.wanted import Wanted
from kap_analysis.mixed.summed_fit import SUMMED_DDF, fit_from_sums

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ModelInParts:
    """A linear mixed model of rows that are not in memory: a folder of Parquet, or a Dask DataFrame.

    Attributes
    ----------
    wanted : Wanted
        The formula and the other columns.
    parts : Parts
        Where the rows lie.
    """

    wanted: Wanted
    parts: Parts

    def __repr__(self) -> str:
        return f"<ModelInParts {self.wanted.formula.text!r}>"

    @cached_property
    def counts(self) -> PartCounts:
        """The first look at all parts: rows, levels, groups."""
        found: PartCounts = self.parts.total(count_part, self.wanted)
        return found

    def fit(self, reml: bool = True, ddf: str | None = None) -> FitInParts:
        """Estimate by exact restricted maximum likelihood: the fit of all rows at once, up to rounding.

        Parameters
        ----------
        reml : bool
            Only True: restricted maximum likelihood.
        ddf : {"kenward-roger", "satterthwaite", "normal"}, optional
            Degrees of freedom; Kenward-Roger where it is not given.

        Returns
        -------
        FitInParts

        Raises
        ------
        MixedModelError
            When parts contradict each other, too many units lie in several parts, or the data do not suit the model.
        """
        ddf = ddf or "kenward-roger"
        require_name(ddf, SUMMED_DDF, "df method of data in parts")
        if not reml:
            raise MixedModelError(
                "Data in parts are fitted by REML; found reml=False. Read the data into memory for maximum likelihood."
            )
        coding = agree(self.wanted, self.counts)
        _check_groups(self.wanted, self.counts)
        units = find_units(self.parts, self.wanted, self.counts)
        return _fit(self.parts, coding, units, self.counts, ddf)


def _check_groups(wanted: Wanted, counts: PartCounts) -> None:
    sizes = dict(zip(wanted.groupings, _groups(counts), strict=True))
    for bar in wanted.formula.bars:
        if sizes[bar.grouping] < 2:
            raise MixedModelError(
                f"{bar.text} has one group in the rows that are used; a variance between groups needs at least 2. "
                "Take the term out."
            )


def _groups(counts: PartCounts) -> list[int]:
    """How many groups each grouping has, or more: a group in two parts may count twice where labels have no order."""
    found = []
    for spans in zip(*counts.spans, strict=True):
        labels = {label for one in spans for label in (one.low, one.high)}
        several = sum(one.n for one in spans) if None in labels else len(labels)
        found.append(max(*(one.n for one in spans), several))
    return found


def _fit(parts: Parts, coding: AgreedCoding, units: Units, counts: PartCounts, ddf: str) -> FitInParts:
    sizes = _sizes(coding, counts)
    empty = coding.empty_design()
    begin = parts.first(first_columns, coding, units, sizes)
    if begin is None:
        begin = replace(AgreedColumns.as_they_are(empty.x.shape[1], []), sizes=sizes)
    found: FirstPass = parts.total(first_pass, coding, units, begin)
    rest = _rest_of(found)
    alone = replace(units, shared=tuple(one[:0] for one in units.shared))
    if rest is not None:
        found = found + rest.total(first_pass, coding, alone, begin)
    first = found.first
    assert first is not None  # some rows are used
    kept, columns = first.independent(), begin
    empty = replace(empty, frame=_cells(counts, coding, empty))
    design = _kept_design(empty, coding, first, begin, kept)
    if len(kept) < empty.x.shape[1]:
        r = begin.r[np.ix_(kept, kept)]
        columns = replace(begin, centre=begin.centre[kept], r=r)
        first = first.turned(begin.turn_to(columns, kept))
    _check_pairs(design, first)
    by_rows = _passes(parts, rest, coding, units, alone, kept)
    summed = _by_pattern(found.patterns, begin, kept) if found.patterns is not None else by_rows
    fit = fit_from_sums(design, design.fixed.names, first, summed, columns)
    return FitInParts(fit.design, fit.names, fit.scaling, fit.solution, fit.nobs, counts.n_left_out, ddf)


def _cells(counts: PartCounts, coding: AgreedCoding, empty: Design) -> pd.DataFrame:
    """The combinations of levels that the rows hold."""
    return frame_of_cells(counts.cells, coding.wanted.formula.fixed.columns, empty.fixed.factors, coding.means)


def _sizes(coding: AgreedCoding, counts: PartCounts) -> tuple[Array, ...]:
    """By what the columns of each bar are divided."""
    ends = np.cumsum([0, *(len(bar.part.terms) for bar in coding.wanted.formula.bars)])
    size = np.sqrt(counts.squares / np.maximum(counts.used, 1.0))
    if len(size) and not (size > 0).all():
        text = next(bar.text for bar, (a, b) in zip(coding.wanted.formula.bars, pairwise(ends), strict=True)
                    if not (size[a:b] > 0).all())  # fmt: skip
        raise MixedModelError(f"{text} has a column that is 0 in all rows. Take it out.")
    return tuple(size[a:b] for a, b in pairwise(ends))


def _rest_of(found: FirstPass) -> FileParts | None:
    """The units that lie in several parts, as a part of their own."""
    if not found.astray:
        return None
    return FileParts((FramePart(pd.concat(found.astray, ignore_index=True)),))


def _kept_design(
    empty: Design, coding: AgreedCoding, first: FirstSums, columns: AgreedColumns, kept: list[int]
) -> Design:
    """The design without rows and without columns that those before them already say; it warns of these."""
    fixed, p = empty.fixed, len(columns.centre)
    lost = [at for at in range(p) if at not in kept]
    aliases: Array = np.zeros((len(kept), len(lost)))
    if lost:
        cross = columns.r.T @ first.s[:p, :p] @ columns.r
        aliases = np.asarray(np.linalg.solve(cross[np.ix_(kept, kept)], cross[np.ix_(kept, lost)]), dtype=float)
        names = [fixed.names[at] for at in lost]
        warnings.warn(
            f"Columns of the fixed part that are combinations of those before them are left out: {listed(names)}.",
            MixedModelWarning,
            stacklevel=4,  # where fit is called
        )
    place = {at: new for new, at in enumerate(kept)}
    terms = (replace(one, columns=tuple(place[at] for at in one.columns if at in place)) for one in fixed.terms)
    made = replace(
        fixed,
        names=tuple(fixed.names[at] for at in kept),
        dropped=tuple(fixed.names[at] for at in lost),
        terms=tuple(term for term in terms if term.columns),
        numeric=coding.means,
        kept=np.array(kept, dtype=np.intp),
        aliases=aliases,
    )
    return replace(empty, fixed=made, x=empty.x[:, kept])


def _check_pairs(design: Design, first: FirstSums) -> None:
    """Raise where an unstructured covariance has a pair of visits that no subject has."""
    residual = design.residual
    if residual.subject is None or not residual.structure.variance_by_visit:
        return
    size = len(residual.visits)
    rows, columns = np.tril_indices(size)
    wanted = np.tile(residual.structure.any_matrix | (rows == columns), len(residual.strata))
    lost = np.flatnonzero(wanted & (first.pairs == 0))
    if len(lost):
        at = int(lost[0]) % len(rows)
        visits = " and ".join(str(residual.visits[i]) for i in dict.fromkeys([int(columns[at]), int(rows[at])]))
        raise MixedModelError(
            f"{residual.text} finds no subject with rows at {visits}, and their covariance cannot be estimated. Leave "
            "a visit out, or take a structure with fewer parameters, such as cs."
        )


SumsAt = Callable[[AgreedColumns, Array, Asked], Sums | None]


def _by_pattern(patterns: Layout, begin: AgreedColumns, kept: list[int]) -> SumsAt:
    """The sums at any parameters without another look at the rows."""

    def at(columns: AgreedColumns, eta: Array, asked: Asked) -> Sums | None:
        return sums_at(turned(patterns, begin.turn_to(columns, kept)), eta, asked)

    return at


def _passes(
    parts: Parts, rest: Parts | None, coding: AgreedCoding, units: Units, alone: Units, kept: list[int]
) -> SumsAt:
    """The sums at any parameters by a pass over the rows."""

    def at(columns: AgreedColumns, eta: Array, asked: Asked) -> Sums | None:
        totals = [parts.total(later_pass, coding, units, kept, columns, eta, asked)]
        if rest is not None:
            totals.append(rest.total(later_pass, coding, alone, kept, columns, eta, asked))
        found = reduce(add, totals)
        return found.sums if found.definite else None

    return at
