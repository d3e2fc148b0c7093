"""Response, remission and smallest important change: one rule each, counted for better and for worse.

These differ from reliable change. A smallest important change can be far below the measurement error of the
instrument: on the BDI-II 17.5% of 22 points is 3.9 points, while a reliable change is 9.4 points.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.columns import BASELINE
from kap_analysis.errors import AnalysisError
from kap_analysis.instruments.instrument import Instrument

BETTER: Final = "better"
WORSE: Final = "worse"


@dataclass(frozen=True, slots=True)
class Criterion:
    """A rule for a change or a score.

    ``kind`` is "response", "remission", "smallest important change" or "reliable change (published)"; ``unit`` is
    "percent" (of the baseline), "points" or "score" (a score of ``threshold`` or better).
    """

    kind: str
    unit: str
    threshold: float
    population: str
    source: str

    @property
    def label(self) -> str:
        """The rule in words."""
        if self.unit == "score":
            return f"{self.kind}: score of {self.threshold:g} or better"
        size = f"{self.threshold:g}%" if self.unit == "percent" else f"{self.threshold:g} points"
        return f"{self.kind}: {size} or more"


def list_criteria(instrument: Instrument) -> list[Criterion]:
    """The criteria that are established for single patients, not for differences between groups."""
    found = []
    if instrument.response:
        rule = instrument.response
        found.append(Criterion("response", rule.unit, rule.value, "", _cite(instrument, rule.provenance.source)))
    if instrument.remission:
        held = instrument.remission
        found.append(Criterion("remission", "score", held.value, "", _cite(instrument, held.provenance.source)))
    for change in instrument.smallest_important_change:
        if change.of == "patients":
            source = _cite(instrument, change.provenance.source)
            found.append(Criterion("smallest important change", change.unit, change.value, change.population, source))
    for reliable in instrument.reliable_change:
        source = _cite(instrument, reliable.provenance.source)
        found.append(Criterion("reliable change (published)", "points", reliable.points, reliable.how, source))
    return found


def percent_change(baseline: pd.Series, follow_up: pd.Series) -> pd.Series:
    """Change in per cent of the baseline, negative if scores fell; missing if the baseline is 0."""
    return 100 * (follow_up - baseline) / baseline.where(baseline != 0)


def meets(criterion: Criterion, pairs: pd.DataFrame, direction: int, side: str = BETTER) -> pd.Series:
    """Whether each patient of `pairs` (columns ``baseline``, ``follow_up``) meets a criterion.

    For ``side="worse"`` a change counts that is as large in the other direction. Remission has no such side. A
    per-cent change from a baseline of 0 is undefined: no change is neither better nor worse, any other one counts
    as such.
    """
    if side not in (BETTER, WORSE):
        raise AnalysisError(f"side is {side!r}; expected 'better' or 'worse'.")
    before, after = pairs[BASELINE], pairs["follow_up"]
    if criterion.unit == "score":
        if side == WORSE:
            raise AnalysisError("Remission is a score, not a change: it has no worse side.")
        return direction * (after - criterion.threshold) >= 0
    gain = direction * (after - before) * (1 if side == BETTER else -1)
    if criterion.unit == "points":
        return gain >= criterion.threshold
    # Rounded to nine digits, so that rounding error does not decide (40% of 35 is 14).
    relative = pd.Series(np.round(100 * gain / before.abs().where(before != 0), 9), index=pairs.index)
    return (relative >= criterion.threshold) | ((before == 0) & (gain > 0))


def _cite(instrument: Instrument, keys: tuple[str, ...]) -> str:
    return "; ".join(instrument.sources[key].citation for key in keys)
