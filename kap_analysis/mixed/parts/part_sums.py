"""What one part gives to a fit: its sums at V = I, its sums by pattern where these suffice, and sums at parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kap_analysis.mixed.design.checks import check_visits
from kap_analysis.mixed.design.design import Design
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.likelihood.first_sums import FirstSums, first_sums_of_layout
from kap_analysis.mixed.likelihood.layout import Layout, make_layout
from kap_analysis.mixed.likelihood.pattern_sums import joined, summed_layout
from kap_analysis.mixed.likelihood.scaling import AgreedColumns
from kap_analysis.mixed.likelihood.sums import Asked, Sums, sums_at
from kap_analysis.mixed.parts.agreed_coding import AgreedCoding
from kap_analysis.mixed.parts.parts_of_data import Part
from kap_analysis.mixed.parts.units import Units
from kap_analysis.mixed.parts.wanted import used_rows

Array = NDArray[np.float64]
RIDGE = 1e-6  # of the mean square of a column: the columns of one part alone may be combinations of each other


@dataclass(frozen=True)
class FirstPass:
    """What the first pass over the rows gives; `+` joins parts.

    Attributes
    ----------
    first : FirstSums or None
        None of a part without units of its own.
    patterns : Layout or None
        The sums by pattern; None where these are too many, or something stands above the subjects.
    by_pattern : bool
        Whether all parts so far could be summed by pattern.
    astray : tuple of pandas.DataFrame
        The rows of units that lie in several parts.
    """

    first: FirstSums | None
    patterns: Layout | None
    by_pattern: bool
    astray: tuple[pd.DataFrame, ...] = ()

    def __add__(self, other: FirstPass) -> FirstPass:
        first = self.first if other.first is None else other.first if self.first is None else self.first + other.first
        patterns = self.patterns if other.patterns is None else other.patterns
        if self.patterns is not None and other.patterns is not None:
            patterns = joined(self.patterns, other.patterns)
        good = self.by_pattern and other.by_pattern and not (patterns is None and first is not None)
        return FirstPass(first, patterns if good else None, good, self.astray + other.astray)


@dataclass(frozen=True)
class LaterPass:
    """What a later pass gives; `+` joins parts.

    Attributes
    ----------
    sums : Sums or None
        None of a part without units of its own, and where a V is not positive definite.
    definite : bool
        Whether every V is.
    """

    sums: Sums | None
    definite: bool = True

    def __add__(self, other: LaterPass) -> LaterPass:
        sums = self.sums if other.sums is None else other.sums if self.sums is None else self.sums + other.sums
        return LaterPass(sums, self.definite and other.definite)


def part_design(part: Part, coding: AgreedCoding, units: Units) -> tuple[Design | None, pd.DataFrame]:
    """The design of the units that lie in this part alone, and the rows of the others."""
    columns = used_rows(part, coding.wanted).columns
    frame = columns.data
    if units.in_their_parts and len(units.groupings) < 2:
        unit, astray = np.zeros(len(frame), dtype=np.uint64), np.zeros(len(frame), dtype=bool)
    else:
        unit, astray = units.of_rows(columns)
    apart = frame[astray]
    if astray.any():
        frame, unit = frame[~astray].reset_index(drop=True), unit[~astray]
    if not len(frame):
        return None, apart
    units.check_nested(type(columns)(frame), unit)
    design = coding.design(frame)
    _check_values(design)
    residual = coding.wanted.formula.residual
    if residual is not None:
        names = {"visit": residual.visit, "subject": residual.subject, "stratum": residual.stratum or ""}
        check_visits(design.residual, names)
    return design, apart


def _check_values(design: Design) -> None:
    """Raise for numbers that are not finite, and for weights that are not above 0."""
    columns = [(design.response, design.y), *zip(design.fixed.names, design.x.T, strict=True)]
    for name, values in columns:
        wrong = values[~np.isfinite(values)]
        if len(wrong):
            raise MixedModelError(
                f"{name} is {wrong[0]:g} in {len(wrong)} {'row' if len(wrong) == 1 else 'rows'} of a part. "
                "Correct these values or make them missing."
            )
    if design.weights is not None and not (np.isfinite(design.weights) & (design.weights > 0)).all():
        raise MixedModelError(
            "Weights must be finite and above 0; a part has others. Leave these rows out, or give them a weight."
        )


def first_columns(part: Part, coding: AgreedCoding, units: Units, sizes: tuple[Array, ...]) -> AgreedColumns | None:
    """Columns near to orthogonal and a response near to 0, as far as one part can say; None where it has no unit."""
    design, _ = part_design(part, coding, units)
    if design is None:
        return None
    x, y, n = design.x, design.y, len(design.y)
    lengths = np.sqrt(np.einsum("ij,ij->j", x, x) / n)
    lengths = np.where(lengths > 0, lengths, 1.0)
    cross = x.T @ x / n / np.outer(lengths, lengths) + RIDGE * np.eye(len(lengths))
    root = np.asarray(np.linalg.cholesky(cross).T) * lengths
    centre = np.linalg.solve(cross, x.T @ y / n / lengths) / lengths
    left = y - x @ centre
    scale = float(np.sqrt(left @ left / n))
    return AgreedColumns(np.asarray(centre), root, scale if scale > 0 else 1.0, sizes)


def first_pass(part: Part, coding: AgreedCoding, units: Units, columns: AgreedColumns) -> FirstPass:
    """The first pass over one part."""
    design, astray = part_design(part, coding, units)
    apart = (astray,) if len(astray) else ()
    if design is None:
        return FirstPass(None, None, True, apart)
    layout = make_layout(design, columns)
    small = summed_layout(layout)
    return FirstPass(first_sums_of_layout(small or layout, design), small, small is not None, apart)


def later_pass(
    part: Part,
    coding: AgreedCoding,
    units: Units,
    kept: list[int],
    columns: AgreedColumns,
    eta: Array,
    asked: Asked,
) -> LaterPass:
    """The sums of one part at given elements, in the agreed columns of the kept ones."""
    design, _ = part_design(part, coding, units)
    if design is None:
        return LaterPass(None)
    design = replace(design, x=np.asfortranarray(design.x[:, kept]))
    found = sums_at(make_layout(design, columns), eta, asked)
    return LaterPass(found, found is not None)
