"""The part of a study that a review is about: one practice, and those who started in one period."""

import re

import pandas as pd

from kap_analysis.columns import PATIENT_ID, PRACTICE
from kap_analysis.errors import AnalysisError, quoted
from kap_analysis.study.study import Study
from kap_analysis.suggestions import nearest_name

PERIOD = re.compile(r"(\d{4})(?:-Q([1-4]))?")


def choose_practice(study: Study, practice: str | None) -> str:
    """The practice under review; the only one where none is named, and empty where none is recorded.

    Raises
    ------
    AnalysisError
        If the practice is unknown, or several are there and none is named.
    """
    known = sorted(study.patients[PRACTICE].dropna().astype("str").unique())
    if practice is None:
        if len(known) > 1:
            raise AnalysisError(f"This study has {len(known)} practices: {_some(known)}. Name one, such as {known[0]}.")
        return known[0] if known else ""
    if practice not in known:
        there = f"the practices are {_some(known)}" if known else "no practice is recorded"
        near = nearest_name(practice, known)
        meant = f" Did you mean {near}?" if near else ""
        raise AnalysisError(f"Found no practice {quoted(practice)}; {there}.{meant}")
    return practice


def _some(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 8 else f"{', '.join(names[:8])} and {len(names) - 8} more"


def previous_period(period: str) -> str:
    """The quarter before a quarter, the year before a year."""
    year, quarter = _read(period)
    if quarter is None:
        return str(year - 1)
    return f"{year}-Q{quarter - 1}" if quarter > 1 else f"{year - 1}-Q4"


def check_period(study: Study, period: str) -> None:
    """Raise unless a period is a quarter or a year, and quarters of start are recorded.

    Raises
    ------
    AnalysisError
        If the period cannot be read, or no patient has a start_period.
    """
    _read(period)
    if study.patients["start_period"].isna().all():
        raise AnalysisError(
            "Found no start_period (such as 2025-Q3) of any patient; a review of a period needs the quarter in which "
            "each patient started."
        )


def _read(period: str) -> tuple[int, int | None]:
    found = PERIOD.fullmatch(period)
    if found is None:
        raise AnalysisError(
            f"Found the period {quoted(period)}; expected a quarter such as 2025-Q3, or a year such as 2025."
        )
    return int(found[1]), int(found[2]) if found[2] else None


def in_period(starts: pd.Series, period: str | None) -> pd.Series:
    """Whether each quarter of start lies in a period; every one does where no period is named."""
    if period is None:
        return pd.Series(True, index=starts.index)
    words = starts.astype("object").where(starts.notna(), "").astype("str")
    return (words == period) | words.str.startswith(f"{period}-Q")


def part_of(study: Study, practice: str, period: str | None) -> Study:
    """The study of the patients of one practice who started in a period."""
    people = study.patients
    here = in_period(people["start_period"], period)
    if practice:
        here &= (people[PRACTICE].astype("object") == practice).fillna(False)
    return study.of_patients(people.loc[here.to_numpy(), PATIENT_ID])
