"""Covariates as the models take them: rare levels pooled, what was not recorded filled in."""

import re
from collections.abc import Callable

import numpy as np
import pandas as pd

from kap_analysis.analysis.formats import recorded_words
from kap_analysis.analysis.model.missing_covariates import FILLED, as_numbers, complete_columns
from kap_analysis.columns import BASELINE, FORMAT, PATIENT_ID, PRACTICE
from kap_analysis.writing.names import readable
from kap_analysis.writing.sentences import join_words, plural, sentence_case

POOLED = "other"
#: ``sex_is_male``: the share of a level, of a category that was not recorded for everybody.
LEVEL = "_is_"
#: How `prepare_covariates` treats what was not recorded, for a Methods section.
MISSING_COVARIATES = (
    "A numeric covariate that was not recorded was set to its mean, with an indicator; a category that was not "
    "recorded is a level of its own. Where scores were imputed, these covariates were imputed with them."
)
#: What a name in a formula cannot hold.
NOT_IN_NAMES = r"\W"


def prepare_covariates(
    frame: pd.DataFrame,
    wanted: tuple[str, ...],
    pool_below: int,
    of_patients: Callable[[int], str] = lambda n: plural(n, "patient"),
    *,
    expected: bool = False,
) -> tuple[pd.DataFrame, tuple[str, ...], tuple[str, ...]]:
    """The frame with the covariates as models take them, their columns, and what was done in sentences.

    A number that was not recorded is the mean, with an indicator, and a category that was not recorded is a level. With
    ``expected`` both are expected values (`missing_covariates`). ``<column>_not_recorded`` says where, either way.
    """
    used: list[str] = []
    notes: list[str] = []
    frame = frame.copy()
    first = ~frame.duplicated(PATIENT_ID)
    for column in dict.fromkeys(wanted):
        if column not in frame or frame[column].isna().all():
            if column != PRACTICE:
                notes.append(f"The covariate {readable(column)} is not in the data and was not used.")
            continue
        is_number = pd.api.types.is_numeric_dtype(frame[column]) and not pd.api.types.is_bool_dtype(frame[column])
        missing = frame[column].isna()
        if is_number:
            added, note = _number_covariate(frame, column, first)
        else:
            # a practice or a format that is not recorded is a level either way
            is_level = not expected or column in (PRACTICE, FORMAT)
            added, note = _category_covariate(frame, column, first, 0 if column == PRACTICE else pool_below, is_level)
        told = f"{sentence_case(readable(column))} was not recorded for {of_patients(int(missing[first].sum()))}: "
        if added and missing.any() and expected and column not in (PRACTICE, FORMAT):
            notes.append(f"{told}the expected value given format, baseline and the other covariates was used.")
        elif added and missing.any() and is_number:
            frame[column] = frame[column].fillna(frame.loc[first, column].mean())
            frame[f"{column}{FILLED}"] = missing.astype(float)
            added = [column, f"{column}{FILLED}"]
            notes.append(f"{told}mean and an indicator used.")
        used += added
        notes += note
    if expected:
        _fill_in(frame, used, first)
    return frame, tuple(used), tuple(notes)


def _fill_in(frame: pd.DataFrame, used: list[str], first: pd.Series) -> None:
    """Put expected values where covariates are missing, and 1 in ``<column>_not_recorded``."""
    incomplete = [name for name in used if frame[name].isna().any()]
    if not incomplete:
        return
    people = frame[first]
    start = [name for name in (FORMAT, BASELINE) if name in frame and name not in incomplete]
    needed = as_numbers(people, start)
    others = [name for name in used if name not in (*incomplete, *start)]
    known = np.column_stack([needed, as_numbers(people, others)])
    filled = complete_columns(known, needed.shape[1], people[incomplete].to_numpy(float))
    place = pd.Index(people[PATIENT_ID]).get_indexer(pd.Index(frame[PATIENT_ID]))
    for at, name in enumerate(incomplete):
        frame[f"{name}{FILLED}"] = frame[name].isna().astype(float)
        frame[name] = filled[place, at]


def _number_covariate(frame: pd.DataFrame, column: str, first: pd.Series) -> tuple[list[str], list[str]]:
    frame[column] = frame[column].astype(float)
    if frame.loc[first, column].nunique() < 2:
        return [], [f"The covariate {readable(column)} is the same for everybody and was not used."]
    return [column], []


def _category_covariate(
    frame: pd.DataFrame, column: str, first: pd.Series, pool_below: int, missing_is_level: bool
) -> tuple[list[str], list[str]]:
    values = frame[column].astype("object").map(str, na_action="ignore")
    if missing_is_level:
        values = recorded_words(frame[column])
    counts = values[first].value_counts()
    rare = list(counts.index[counts < pool_below])
    notes = []
    if rare:
        values = values.where(~values.isin(rare), POOLED)
        counts = values[first].value_counts()
        if counts.get(POOLED, 0) < pool_below and len(counts) > 1:  # still too few: merge with the most common level
            values = values.where(values.ne(POOLED), counts.drop(POOLED).index[0])
            counts = values[first].value_counts()
        shown = join_words([readable(level) for level in rare])
        notes.append(f"Levels of {readable(column)} with fewer than {pool_below} patients were pooled: {shown}.")
    if len(counts) < 2:
        return [], [
            *notes,
            f"The covariate {readable(column)} has one level left and was not used.",
        ] if column != PRACTICE else []
    order = sorted(counts.index, key=lambda level: (-counts[level], level))
    frame[column] = pd.Categorical(values, categories=order)
    if not values.isna().any():
        return [column], notes
    shares: list[str] = []
    for level in order[1:]:
        name = f"{column}{LEVEL}{re.sub(NOT_IN_NAMES, '_', level)}"
        name = f"{name}_{len(shares)}" if name in shares else name
        frame[name] = frame[column].eq(level).astype(float).where(frame[column].notna())
        shares.append(name)
    return shares, notes


def columns_of(covariates: tuple[str, ...], source: str) -> tuple[str, ...]:
    """The columns that a covariate became: itself and its indicator, or the share of each level of a category."""
    own = (source, f"{source}{FILLED}")
    return tuple(name for name in covariates if name in own or name.startswith(f"{source}{LEVEL}"))
