"""Outcomes from any long table: the columns are checked, visits put in order, baseline and change worked out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd

from kap_analysis.columns import (
    BASELINE,
    BASELINE_VISIT,
    CHANGE,
    COHORT_ID,
    DAY,
    DAYS_PER_MONTH,
    FORMAT,
    FORMATS,
    IS_GROUP,
    MONTH,
    PATIENT_ID,
    PRACTICE,
    SCORE,
    VISIT,
)
from kap_analysis.errors import StudyError
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.instruments.registry import get_instrument
from kap_analysis.study.contract.problems import Problems
from kap_analysis.study.outcome_frames.ledger import Ledger
from kap_analysis.study.outcome_frames.outcome_columns import OUTCOME_COLUMNS, with_is_group

FRAME: Final = "frame"
#: More visits than this are days of many patients that no schedule has put together.
MOST_VISITS: Final = 20
Windows = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class OutcomeParts:
    """What an outcome frame is made of; the fields of `Outcomes`."""

    frame: pd.DataFrame
    ledger: pd.DataFrame
    problems: pd.DataFrame
    instrument: Instrument
    visits: tuple[str, ...]
    notes: tuple[str, ...]


def outcomes_of_frame(
    frame: Any,
    instrument: str | Instrument,
    visits: Sequence[str] | None,
    schedule: Windows | None = None,
    outside_range: float = 0.0,
) -> OutcomeParts:
    """Return the parts of an outcome frame made of any long table.

    See :meth:`kap_analysis.study.outcome_frames.outcomes.Outcomes.from_frame`.
    """
    known = (
        get_instrument(instrument, for_outcome=True) if isinstance(instrument, str) else instrument.require_outcome()
    )
    frame = _as_frame(frame)
    for column in (PATIENT_ID, SCORE):
        if column not in frame.columns:
            raise StudyError(
                f"Found no column {column}; expected {PATIENT_ID}, {SCORE}, and {VISIT}, {DAY} or {MONTH}."
            )
    made = frame.reset_index(drop=True).copy()
    lacking = np.flatnonzero(made[PATIENT_ID].isna())
    if len(lacking):
        raise StudyError(f"{PATIENT_ID} is missing in row {lacking[0] + 1}; every score belongs to a patient.")
    for column in {PATIENT_ID, PRACTICE, COHORT_ID} & set(made.columns):
        made[column] = _labels(made[column])
    _place_in_time(made, schedule)
    made[SCORE] = _numbers(made[SCORE], SCORE)
    formats = _formats(made)
    by_patient = pd.Series(formats.to_numpy(), index=made[PATIENT_ID])
    ledger = Ledger(by_patient[~by_patient.index.duplicated()])
    ledger.keep("in the table", made[PATIENT_ID])
    made = _with_baseline_rows(made.assign(**{FORMAT: formats}))
    unscheduled = made[VISIT].isna()
    ledger.leave_out("in a window of the schedule", "day in no window", made.loc[unscheduled, PATIENT_ID])
    made = made[~unscheduled]
    empty = made[SCORE].isna()
    ledger.leave_out("with a score", "no score", made.loc[empty, PATIENT_ID])
    made = _with_baseline(made[~empty])
    ledger.keep("with a score", made[PATIENT_ID])
    _check_scores(made, known, outside_range)
    made = made.reset_index(drop=True)
    order = _visit_order(made, visits)
    notes = (*_spaced_evenly(made, order), *_without_baseline(made, order))
    made[VISIT] = pd.Categorical(made[VISIT], categories=order, ordered=True)
    made[CHANGE] = made[SCORE] - made[BASELINE]
    made[[FORMAT, IS_GROUP]] = with_is_group(made[FORMAT])
    for column in (PRACTICE, COHORT_ID):
        if column not in made:
            made[column] = pd.Series([None] * len(made), index=made.index, dtype=object)
    rest = [column for column in made.columns if column not in OUTCOME_COLUMNS]
    made = made.sort_values([PATIENT_ID, VISIT], kind="stable").reset_index(drop=True)
    return OutcomeParts(made[[*OUTCOME_COLUMNS, *rest]], ledger.frame(), Problems().frame(), known, tuple(order), notes)


def _labels(column: pd.Series) -> pd.Series:
    """Ids and names of practices as text, also of numbers: 3.0, which a missing value makes of 3, is "3"."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.rename_categories(_label)
    return column.astype("object").map(_label, na_action="ignore")


def _label(one: Any) -> str:
    return str(int(one)) if isinstance(one, float | np.floating) and float(one).is_integer() else str(one)


def _as_frame(table: Any) -> pd.DataFrame:
    if isinstance(table, pd.DataFrame):
        return table
    try:
        return nw.from_native(table, eager_only=True).to_pandas()
    except TypeError:
        kind = type(table)
        raise StudyError(
            f"Found {kind.__module__.split('.')[0]}.{kind.__name__}; expected a table of pandas, polars or Arrow."
        ) from None


def _place_in_time(made: pd.DataFrame, schedule: Windows | None) -> None:
    if DAY not in made and MONTH in made:
        made[DAY] = _numbers(made[MONTH], MONTH) * DAYS_PER_MONTH
    if DAY in made:
        made[DAY] = _numbers(made[DAY], DAY)
        made[MONTH] = made[DAY] / DAYS_PER_MONTH
    if schedule is not None:
        made[VISIT] = _scheduled(made, schedule)
    elif VISIT in made:
        made[VISIT] = made[VISIT].astype(str)
    elif DAY in made:
        labels = {month: f"month {month:g}" for month in made[MONTH].round(2).unique()}
        if len(labels) > MOST_VISITS:
            raise StudyError(
                f"Found {made[DAY].nunique():,} different days and no column {VISIT}; expected at most {MOST_VISITS} "
                "visits. Say which days are one visit: schedule={'month 1': (15, 45), 'month 3': (60, 120)}."
            )
        made[VISIT] = made[MONTH].round(2).map(labels).where(made[DAY] > 0, BASELINE_VISIT)
    else:
        raise StudyError(
            f"Found no column {VISIT}, {DAY} or {MONTH}; expected one of them to say when a score was taken."
        )
    if DAY not in made:
        made[DAY] = np.nan
        made[MONTH] = np.nan


def _scheduled(made: pd.DataFrame, schedule: Windows) -> pd.Series:
    """The visit of each row by the windows of days; days up to 0 are the baseline, others outside are in none."""
    if DAY not in made:
        raise StudyError(f"Found a schedule and no column {DAY} or {MONTH}; expected one of them.")
    taken = made[DAY] <= 0
    visit = pd.Series([BASELINE_VISIT if at_start else None for at_start in taken], index=made.index)
    for label, (first, last) in schedule.items():
        here = made[DAY].between(first, last) & (label != BASELINE_VISIT)
        if not first <= last:
            raise StudyError(f"The window of {label!r} is {first:g} to {last:g}; expected its first day first.")
        if (here & taken).any():
            day = made.loc[here & taken, DAY].iloc[0]
            raise StudyError(f"Day {day:g} lies in the window of {label!r} and in another; expected windows apart.")
        visit[here] = label
        taken |= here
    return visit


def _spaced_evenly(made: pd.DataFrame, order: Sequence[str]) -> tuple[str, ...]:
    """Give visits without days places in time by their order, and say so."""
    if made.loc[made[VISIT] != BASELINE_VISIT, DAY].notna().any():
        return ()
    made[MONTH] = made[VISIT].map({label: float(at) for at, label in enumerate(order)}).astype(float)
    made[DAY] = made[MONTH] * DAYS_PER_MONTH
    return ("The table has no days: visits are taken as evenly spaced in their order, one month apart.",)


def _without_baseline(made: pd.DataFrame, order: Sequence[str]) -> tuple[str, ...]:
    """Say that nobody has a baseline, and what would be one."""
    later = [label for label in order if label != BASELINE_VISIT]
    if made[BASELINE].notna().any() or not later:
        return ()
    return (
        f"No patient has a baseline, so change is not known: name the first visit {BASELINE_VISIT} "
        f"(is it {later[0]}?), or give a column {BASELINE}.",
    )


def _numbers(values: pd.Series, column: str) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce").astype(float)
    broken = values.notna() & numbers.isna()
    if broken.any():
        raise StudyError(f"Found {str(values[broken].iloc[0])!r} in the column {column}; expected a number.")
    return numbers


def _formats(made: pd.DataFrame) -> pd.Series:
    if FORMAT not in made:
        return pd.Series([None] * len(made), index=made.index, dtype=object)
    formats = made[FORMAT].astype(object)
    other = sorted(set(formats.dropna().astype(str)) - set(FORMATS))
    if other:
        raise StudyError(f"Found the format {other[0]!r}; expected {', '.join(FORMATS[:-1])} or {FORMATS[-1]}.")
    return formats.where(formats.notna(), None)


def _with_baseline(made: pd.DataFrame) -> pd.DataFrame:
    """Carry each patient's baseline to all rows."""
    doubled = made.duplicated([PATIENT_ID, VISIT])
    if doubled.any():
        first = made[doubled].iloc[0]
        n = int(doubled.sum())
        raise StudyError(
            f"Found {n:,} row{'s' if n > 1 else ''} with a patient and visit that stood before, the first for "
            f"{first[PATIENT_ID]}, {first[VISIT]}; expected one row per patient and visit."
        )
    at_baseline = made[VISIT] == BASELINE_VISIT
    scores = made[at_baseline].set_index(PATIENT_ID)[SCORE]
    return made.assign(**{BASELINE: made[PATIENT_ID].map(scores).astype(float)})


def _with_baseline_rows(made: pd.DataFrame) -> pd.DataFrame:
    """A column ``baseline`` makes the baseline row of each patient who has none, whatever was scored later."""
    if BASELINE not in made:
        return made
    made = made.assign(**{BASELINE: _numbers(made[BASELINE], BASELINE)})
    have = made.loc[(made[VISIT] == BASELINE_VISIT) & made[SCORE].notna(), PATIENT_ID]
    rows = made[made[BASELINE].notna() & ~made[PATIENT_ID].isin(have)].drop_duplicates(PATIENT_ID)
    rows = rows.assign(visit=BASELINE_VISIT, day=0.0, month=0.0, score=rows[BASELINE])
    empty = (made[VISIT] == BASELINE_VISIT) & made[SCORE].isna() & made[PATIENT_ID].isin(rows[PATIENT_ID])
    return pd.concat([made[~empty], rows])  # the index still says the row of the table


def _check_scores(made: pd.DataFrame, instrument: Instrument, outside_range: float) -> None:
    low, high = instrument.total_range
    low, high = low - outside_range, high + outside_range
    off = made[(made[SCORE] < low) | (made[SCORE] > high)]
    if len(off) == 0:
        return
    problems = Problems()
    found = [f"{score:g}" for score in off[SCORE]]
    expected = f"a {instrument.name} score from {low:g} to {high:g}"
    problems.add_rows(FRAME, off.index.to_numpy() + 1, SCORE, found, expected, patient_ids=off[PATIENT_ID].to_numpy())
    raise StudyError(f"Found {len(off):,} scores such as {found[0]}; expected {expected}.", problems.frame())


def _visit_order(made: pd.DataFrame, visits: Sequence[str] | None) -> list[str]:
    present = list(dict.fromkeys(label for label in made[VISIT] if label != BASELINE_VISIT))
    if visits is None:
        days = made.groupby(VISIT, sort=False)[DAY].mean()
        later = sorted(present, key=lambda label: (np.nan_to_num(days[label], nan=0.0), present.index(label)))
        return [BASELINE_VISIT, *later]
    later = [label for label in visits if label != BASELINE_VISIT]
    unknown = [label for label in present if label not in later]
    if unknown:
        raise StudyError(f"Found the visit {unknown[0]!r}; expected one of {', '.join(later)}.")
    return [BASELINE_VISIT, *later]
