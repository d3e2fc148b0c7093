"""Do results drift over calendar time: mean change by the quarter in which patients started."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from kap_analysis.analysis.change.observed import mean_interval
from kap_analysis.analysis.result import Result, empty_withheld, told_of
from kap_analysis.analysis.visits import NO_CONTROL, check_visit
from kap_analysis.columns import BASELINE, FORMAT, INSTRUMENT, N_PATIENTS, SCORE, VISIT
from kap_analysis.disclosure.gate import release
from kap_analysis.errors import AnalysisError
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.writing.sentences import number, plural

#: A run of this many quarters on one side of the median is a signal (Perla et al. 2011, doi 10.1136/bmjqs.2009.037895).
SIGNAL_RUN = 6


@dataclass(frozen=True)
class RunChart(Result):
    """Mean change by quarter of start.

    Attributes
    ----------
    quarters : DataFrame
        ``instrument``, ``start_period``, ``format`` ("all"), ``n_patients``, ``mean_change``, ``ci_low``,
        ``ci_high``, ``centre`` (median of the quarters' means; missing where one of them is withheld).
    longest_run : int or None
        Quarters in a row on one side of the centre; a quarter without patients ends a run. None where a mean is
        withheld.
    """

    quarters: pd.DataFrame
    visit: str
    longest_run: int | None
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    @told_of("quarters")
    def paragraph(self) -> str:
        if self.longest_run is None:
            return (
                f"The mean changes at {self.visit} of some quarters are withheld, so that nothing is said of their "
                f"median and of runs. {NO_CONTROL}"
            )
        signal = "a signal of change" if self.longest_run >= SIGNAL_RUN else "no signal of change"
        return (
            f"Over {plural(len(self.quarters), 'quarter')} the median of the mean changes at {self.visit} is "
            f"{number(self.quarters['centre'].iloc[0])} points; the longest run on one side of it is "
            f"{plural(self.longest_run, 'quarter')} ({signal}; a signal is a run of {SIGNAL_RUN} or more). {NO_CONTROL}"
        )


@asked_of(Outcomes)
def chart_quarters(outcomes: Outcomes, visit: str) -> RunChart:
    """Mean observed change at a visit by the quarter in which the patient started.

    Raises
    ------
    AnalysisError
        If the quarter of start is not recorded, or no patient has both scores.
    """
    check_visit(outcomes, visit)
    frame = outcomes.frame
    if "start_period" not in frame or frame["start_period"].isna().all():
        raise AnalysisError(
            "Found no start_period (such as 2025-Q3) of any patient; a run chart needs the quarter of each start."
        )
    rows = frame[frame[VISIT].astype("str") == visit].dropna(subset=[SCORE, BASELINE, "start_period"])
    if rows.empty:
        raise AnalysisError(
            f"Found no patient with {outcomes.instrument.name} at baseline and at {visit} whose quarter of start is "
            "recorded; a run chart needs some in each quarter."
        )
    change = rows[SCORE] - rows[BASELINE]
    quarters = []
    for period, part in change.groupby(rows["start_period"].astype("str"), sort=True):
        found = mean_interval(part)
        ends = {"mean_change": found["mean"], "ci_low": found["ci_low"], "ci_high": found["ci_high"]}
        quarters.append(
            {INSTRUMENT: outcomes.instrument.name, "start_period": period, FORMAT: "all", N_PATIENTS: len(part), **ends}
        )
    table = pd.DataFrame(quarters)
    table["centre"] = table["mean_change"].median()
    result = RunChart(table, visit, longest_run(_with_empty_quarters(table)))
    shown = release(result, outcomes)
    if int(shown.quarters["mean_change"].notna().sum()) == len(table):
        return shown
    return replace(shown, quarters=shown.quarters.assign(centre=np.nan), longest_run=None)


def _with_empty_quarters(table: pd.DataFrame) -> pd.Series:
    """Each quarter's distance from the centre; missing for a quarter in which nobody started."""
    distance = table["mean_change"] - table["centre"]
    if not table["start_period"].str.fullmatch(r"\d{4}-Q[1-4]").all():
        return distance  # names of which no calendar says which follows which
    distance.index = pd.PeriodIndex(table["start_period"], freq="Q")
    return distance.reindex(pd.period_range(distance.index.min(), distance.index.max(), freq="Q"))


def longest_run(distance: pd.Series) -> int:
    """The longest run of points on one side: a missing point ends it, one on the line neither ends nor extends it."""
    sides = np.sign(distance[distance != 0])
    runs = sides.groupby((sides != sides.shift()).cumsum()).count()
    return int(runs.max()) if len(runs) else 0
