"""What of a frame of a public study may be shown: counts by the decision of the study, statistics by their counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.columns import ESTIMATE, MONTH
from kap_analysis.disclosure.coarsening import coarsened
from kap_analysis.disclosure.counts import (
    COMPLEMENTS,
    Classes,
    class_counts,
    count_columns,
    population_counts,
    rows_alike,
)
from kap_analysis.disclosure.policy import (
    EXACT_DAY_COLUMNS,
    EXTREME_COLUMNS,
    MINIMUM_COUNT,
    NAMING_NUMBERS,
    PERSON_COLUMNS,
    TOTAL_LEVEL,
)
from kap_analysis.disclosure.published import Published
from kap_analysis.disclosure.words import SENTENCES, counts_people, without_counts

#: One reason for all counts: that one is withheld for the sake of another would say that it is not small itself.
COUNT: Final = f"fewer than {MINIMUM_COUNT}, or would give such a count back"
LINES: Final = "lines of single patients, cohorts or clinicians"
EXTREME: Final = "the value of a single patient"
OF_FEW: Final = "a statistic of too few patients, or one that would tell a withheld count"
SENTENCE: Final = "a sentence that counts patients"
#: What tells its count: the width of an interval around a mean, a share with what it is a share of.
TELLS_ITS_COUNT: Final = ("share", "per_", "std_error", "ci_", "started_ci_")

#: Keys of what occurred: a row is there because somebody had such a session, so that without its numbers it goes.
OCCURRED: Final = frozenset({"setting", "phase", "route", "session_number"})
#: A term of a model that is there because the value of somebody is missing.
TERM, OF_MISSING = "term", "_not_recorded"

#: How far two means of one decimal may be apart that are of the same people, one of them put together from parts.
ROUNDED_TWICE: Final = 0.12

EFFECT_SIZE: Final = "effect_size"
#: Means of counts, in whatever frame they stand.
OF_COUNTS: Final = frozenset({"mean_cohort_size"})

#: Which rows there are tells nothing of a frame with these columns: all classes always have rows, a model has one.
KEEPS_ITS_ROWS: Final = frozenset({"class", "formula"})


@dataclass(frozen=True, slots=True)
class ShownFrame:
    """A frame as it may be seen, and what was withheld: row (in words), column, why."""

    frame: pd.DataFrame
    withheld: list[tuple[str, str, str]]


def shown_frame(frame: pd.DataFrame, published: Published, classes: Classes | None = None) -> ShownFrame:
    """A frame of a public study as it may be seen.

    Parameters
    ----------
    frame : DataFrame
    published : Published
        The decision of the study.
    classes : Classes, optional
        What this frame, and no other, counts.

    Returns
    -------
    ShownFrame
        Withheld numbers are missing, and a Boolean column ``withheld`` marks their rows. A frame of which no number
        is left has no rows: which rows there were would tell what occurred.
    """
    if (PERSON_COLUMNS | EXACT_DAY_COLUMNS) & set(
        frame.columns
    ):  # also without rows: that nobody is listed tells as much
        return ShownFrame(frame.iloc[:0].assign(withheld=pd.Series(dtype="bool")), [("all", "all", LINES)])
    if frame.empty:
        return ShownFrame(frame, [])
    frame = frame.reset_index(drop=True)
    counts = count_columns(frame)
    numbers = [c for c in frame.columns if _is_number(frame[c])]
    measured = [c for c in numbers if c not in NAMING_NUMBERS]
    statistics = [c for c in measured if c not in counts]
    keys = [c for c in frame.columns if c not in measured and c not in SENTENCES]
    of_people = [c for c in counts if classes is None or c not in classes.counts]
    shown = population_counts(frame, of_people, keys, published)
    if classes is not None:
        shown |= class_counts(frame, classes, keys, published)
    reasons = dict.fromkeys(((r, c) for c in counts for r in range(len(frame)) if (r, c) not in shown), COUNT)
    known = np.array([all((r, c) in shown or pd.isna(frame[c].iloc[r]) for c in counts) for r in range(len(frame))])
    rounded = coarsened(frame, [c for c in numbers if c not in counts], known)
    reasons |= {(r, c): why for r, c, why in _statistics(frame, statistics, counts, shown, classes)}
    if ESTIMATE not in frame:
        totals = _totals_that_tell(frame, rounded, counts, shown, keys)
        reasons |= {(r, c): OF_FEW for r in totals for c in statistics if (r, c) not in reasons}
    reasons = {(r, c): why for (r, c), why in reasons.items() if pd.notna(frame[c].iloc[r])}
    result = rounded
    sentences = _withhold_sentences(result)
    _blank(result, reasons)
    entries = _entries(frame, reasons, keys) + [("all", column, SENTENCE) for column in sentences]
    if reasons or sentences:
        result["withheld"] = [any((row, c) in reasons for c in frame.columns) for row in range(len(frame))]
    if reasons and result[measured].isna().all(axis=None) and not KEEPS_ITS_ROWS & set(frame.columns):
        return ShownFrame(result.iloc[:0], [("all", "all", COUNT)])
    if TERM in keys:
        result = result[~result[TERM].astype("str").str.endswith(OF_MISSING)].reset_index(drop=True)
    if OCCURRED & set(keys):
        of_it = [c for c in measured if not c.startswith("of_")]
        result = result[result[of_it].notna().any(axis=1)].reset_index(drop=True)
    if classes is not None and classes.of:
        result = _without_unnamed(result, frame, classes, keys)
    return ShownFrame(result, entries)


def _statistics(
    frame: pd.DataFrame,
    statistics: list[str],
    counts: list[str],
    shown: set[tuple[int, str]],
    classes: Classes | None,
) -> list[tuple[int, str, str]]:
    """The statistics that may not be shown: extremes, those of few patients, those that tell a withheld count."""
    main = [c for c in counts if not any(word in c for word in COMPLEMENTS)]
    found = []
    for column in statistics:
        needed = _needed(frame, column, main, classes)
        of_a_level = column == "smd" and not counts and "level" in frame
        for row in range(len(frame)):
            if column in EXTREME_COLUMNS:
                found.append((row, column, EXTREME))
                continue
            few = column != "smd" and any(0 <= frame[c].iloc[row] < MINIMUM_COUNT for c in main)
            told = any(pd.notna(frame[c].iloc[row]) and (row, c) not in shown for c in needed)
            if few or told or (of_a_level and str(frame["level"].iloc[row]) not in ("", "nan")):
                found.append((row, column, OF_FEW))
    return found + _of_a_characteristic(frame, counts, shown)


def _totals_that_tell(
    frame: pd.DataFrame, rounded: pd.DataFrame, counts: list[str], shown: set[tuple[int, str]], keys: list[str]
) -> set[int]:
    """The rows of totals whose mean, beside those of its parts, tells how many are in each part.

    The mean of all lies between those of the formats as the numbers of patients weigh them. Where one of these numbers
    is withheld, so is the statistic of all; where only the missing are, it is shown if it is that of nobody missing.
    """

    def is_hidden(row: int, column: str) -> bool:
        return bool(pd.notna(frame[column].iloc[row])) and (row, column) not in shown

    main = [c for c in counts if not any(word in c for word in COMPLEMENTS)]
    rest = [c for c in counts if c not in main]
    found: set[int] = set()
    for key in [k for k in keys if (frame[k].astype("object") == TOTAL_LEVEL).any()]:
        for rows in rows_alike(frame, [k for k in keys if k not in (key, MONTH)]):
            of_all = (frame[key].iloc[rows].astype("object") == TOTAL_LEVEL).to_numpy()
            totals, parts = rows[of_all].tolist(), rows[~of_all].tolist()
            if not totals or not parts:
                continue
            told = any(is_hidden(r, c) for r in rows for c in main)
            left = any(is_hidden(r, c) for r in rows for c in rest)
            given = [c for c in main if frame[c].iloc[rows].notna().all()]
            if told or (left and not _is_of_everybody(rounded, totals, parts, given)):
                found |= set(totals)
    return found


def _is_of_everybody(rounded: pd.DataFrame, totals: list[int], parts: list[int], main: list[str]) -> bool:
    """Whether the mean and SD of a total are, as far as they are shown, those of all patients of its parts."""
    if len(totals) != 1 or len(main) != 1 or not {"mean", "sd"} <= set(rounded.columns):
        return False
    n, mean, sd = (rounded[c].to_numpy(float, na_value=np.nan)[parts] for c in (main[0], "mean", "sd"))
    pooled = (n * mean).sum() / n.sum()
    spread = np.sqrt((((n - 1) * sd**2).sum() + (n * (mean - pooled) ** 2).sum()) / (n.sum() - 1))
    seen = rounded.loc[totals[0], ["mean", "sd"]].to_numpy(float, na_value=np.nan)
    return bool((np.abs(seen - (pooled, spread)) <= ROUNDED_TWICE).all())


def _needed(frame: pd.DataFrame, column: str, main: list[str], classes: Classes | None) -> list[str]:
    """The counts that a statistic tells: it is shown only with them. An estimate of a model tells none.

    The interval of an effect size follows from the effect and the number of patients, and a mean of whole numbers with
    two decimals from how many there are.
    """
    if column in OF_COUNTS:
        return main
    of_a_model = ESTIMATE in frame and EFFECT_SIZE not in frame
    if of_a_model or not column.startswith(TELLS_ITS_COUNT):
        return []
    needed = [c for c in main if c != "n_started" or "started" in column]
    is_of_the_rest = column.startswith("share") and classes is not None and classes.rest in frame
    return [*needed, classes.rest] if classes is not None and is_of_the_rest else needed


def _of_a_characteristic(
    frame: pd.DataFrame, counts: list[str], shown: set[tuple[int, str]]
) -> list[tuple[int, str, str]]:
    """The standardised difference of a characteristic of which a level is withheld: it would tell the level."""
    if "smd" not in frame or "characteristic" not in frame or "n" not in counts:
        return []
    lacking = {frame["characteristic"].iloc[r] for r in range(len(frame))
               if pd.notna(frame["n"].iloc[r]) and (r, "n") not in shown}  # fmt: skip
    return [(int(r), "smd", OF_FEW) for r in np.flatnonzero(frame["characteristic"].isin(list(lacking)))]


def _without_unnamed(result: pd.DataFrame, frame: pd.DataFrame, classes: Classes, keys: list[str]) -> pd.DataFrame:
    """Without the levels of which no number is left: their names would tell that they occur."""
    counted = classes.counts[0]
    if "level" not in keys:
        return result
    lost = frame[counted].notna() & result[counted].isna()
    names = [k for k in ("characteristic", "level") if k in keys]
    everywhere = lost.groupby([frame[k] for k in names]).transform("all")
    return result[~everywhere].reset_index(drop=True)


def _withhold_sentences(result: pd.DataFrame) -> list[str]:
    changed = []
    for column in [c for c in result.columns if c in SENTENCES and not _is_number(result[c])]:
        told = result[column].map(lambda text: isinstance(text, str) and counts_people(text)).astype(bool)
        if told.any():
            result[column] = [without_counts(t, column) if isinstance(t, str) else t for t in result[column]]
            changed.append(column)
    return changed


def _blank(result: pd.DataFrame, reasons: Mapping[tuple[int, str], str]) -> None:
    for column in {c for _, c in reasons}:
        rows = [r for r, c in reasons if c == column]
        result[column] = result[column].astype("float64")
        result.loc[rows, column] = np.nan


def _entries(
    frame: pd.DataFrame, reasons: Mapping[tuple[int, str], str], keys: list[str]
) -> list[tuple[str, str, str]]:
    """What was withheld; a column of which nothing is left in one line."""
    entries = []
    for column in dict.fromkeys(c for _, c in sorted(reasons, key=lambda cell: (str(cell[1]), cell[0]))):
        rows = {r: why for (r, c), why in sorted(reasons.items()) if c == column}
        if len(rows) == int(frame[column].notna().sum()) and len(set(rows.values())) == 1:
            entries.append(("all", column, next(iter(rows.values()))))
        else:
            entries += [(_row_name(frame, keys, r), column, why) for r, why in rows.items()]
    return entries


def _is_number(column: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column))


def _row_name(frame: pd.DataFrame, keys: list[str], row: int) -> str:
    return ", ".join(str(frame[k].iloc[row]) for k in keys if pd.notna(frame[k].iloc[row]))
