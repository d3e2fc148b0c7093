"""The differences of one instrument as rows of a forest, and in words."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, ESTIMATE, GROUP, INDIVIDUAL, N_PATIENTS, P_VALUE, VISIT
from kap_analysis.figures.marks.forest import ForestRow, value_of
from kap_analysis.figures.page.frames import numbers_of
from kap_analysis.figures.page.scales import Scale
from kap_analysis.writing.numbers import DASH, count, is_missing, p_value, with_interval
from kap_analysis.writing.sentences import sentence_case

STANDARDISED: Final = ("standardised", "standardised_low", "standardised_high")
"""A difference and its limits in standard deviations of the baseline score."""
_POINTS: Final = (ESTIMATE, CI_LOW, CI_HIGH)
_HOLM: Final = "p_holm"
_ONLY: Final = f"{GROUP} - {INDIVIDUAL}"


@dataclass(frozen=True, slots=True)
class InstrumentDifferences:
    """The rows of one instrument: its scale, its frame, and whether higher and lower change sides on the axis."""

    scale: Scale
    frame: pd.DataFrame
    is_turned: bool = False

    @property
    def has_number(self) -> bool:
        """Whether anything was compared on this instrument."""
        return bool(self.frame[ESTIMATE].notna().any())

    @property
    def several_contrasts(self) -> bool:
        """Whether more than group against individual is compared."""
        return "contrast" in self.frame.columns and self.frame["contrast"].nunique() > 1

    @property
    def sd(self) -> float:
        """The standard deviation that the differences are divided by, from the widest interval; NaN if none has one."""
        if not set(STANDARDISED) <= set(self.frame.columns):
            return np.nan
        ends = (CI_LOW, CI_HIGH, *STANDARDISED[1:])
        low, high, low_sds, high_sds = (numbers_of(self.frame, name) for name in ends)
        wide = np.where(np.isnan(high - low), np.nan, high_sds - low_sds)
        if not (wide > 0).any():
            return np.nan
        widest = int(np.nanargmax(wide))
        return float((high - low)[widest] / wide[widest])

    def rows(self, *, in_sds: bool) -> list[ForestRow]:
        """One row per visit and contrast; several stand under the name of the instrument."""
        if len(self.frame) == 1:
            (row,) = (row for _, row in self.frame.iterrows())
            return [self._row(row, f"{self.scale.name}, {row[VISIT]}", in_sds=in_sds, indent=False)]
        under = [
            self._row(row, sentence_case(str(row[VISIT])), in_sds=in_sds, indent=True)
            for _, row in self.frame.iterrows()
        ]
        return [ForestRow(self.scale.name, is_heading=True), *under]

    def _row(self, row: pd.Series, label: str, *, in_sds: bool, indent: bool) -> ForestRow:
        if self.several_contrasts:
            label += f", {_in_words(row['contrast'])}"
        primary = bool(row.get("is_primary", False))
        low, middle, high = self._ends(row, in_sds=in_sds)
        return ForestRow(
            label=f"{label} (primary)" if primary else label,
            estimate=middle,
            low=low,
            high=high,
            columns=(difference_of(row), count(row[N_PATIENTS]), p_value(_p(row))),
            is_primary=primary,
            indent=indent,
        )

    def _ends(self, row: pd.Series, *, in_sds: bool) -> tuple[float, float, float]:
        middle, low, high = (value_of(row[name]) for name in (STANDARDISED if in_sds else _POINTS))
        return (-high, -middle, -low) if self.is_turned else (low, middle, high)

    def reasons(self) -> list[str]:
        """Why rows were not compared, where the frame says so, each once."""
        if "note" not in self.frame.columns:
            return []
        told = [
            str(row["note"])
            for _, row in self.frame.iterrows()
            if pd.isna(row[ESTIMATE]) and not _is_withheld(row) and not pd.isna(row["note"]) and str(row["note"])
        ]
        return list(dict.fromkeys(told))

    @property
    def has_untested(self) -> bool:
        """Whether a difference was estimated and, by the plan, not tested."""
        return any(
            is_missing(_p(row)) and not pd.isna(row[ESTIMATE]) and not _is_withheld(row)
            for _, row in self.frame.iterrows()
        )

    def sentence(self) -> str:
        """All differences of the instrument in words."""
        parts = []
        for _, row in self.frame.iterrows():
            what = _ONLY if "contrast" not in self.frame.columns or pd.isna(row["contrast"]) else row["contrast"]
            primary = ", primary" if bool(row.get("is_primary", False)) else ""
            parts.append(f"{row[VISIT]}{primary}: {_in_words(what)} {difference_of(row)}")
        why = "".join(f" {reason}" for reason in self.reasons())
        better = f" ({self.scale.direction})" if self.scale.direction else ""
        return f"{self.scale.name}{better}, adjusted difference in points with 95% interval. {'; '.join(parts)}.{why}"


def difference_of(row: pd.Series) -> str:
    """The difference with its interval; a withheld one is a dash, one that could not be made "not compared"."""
    if pd.isna(row[ESTIMATE]):
        return DASH if _is_withheld(row) or "note" not in row.index else "not compared"
    return with_interval(row[ESTIMATE], row[CI_LOW], row[CI_HIGH])


def _p(row: pd.Series) -> object:
    adjusted = row.get(_HOLM)
    return row.get(P_VALUE) if adjusted is None or _HOLM not in row.index else adjusted


def _is_withheld(row: pd.Series) -> bool:
    return bool(row.get("withheld", False))


def _in_words(contrast: object) -> str:
    return str(contrast).replace(" - ", " minus ")
