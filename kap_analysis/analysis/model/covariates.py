"""Covariates as the models take them: rare levels pooled, what was not recorded filled in."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from kap_analysis.analysis.formats import recorded_words
from kap_analysis.analysis.model.missing_covariates import FILLED, MEAN, as_numbers, expected_columns, predictors
from kap_analysis.columns import BASELINE, FORMAT, PATIENT_ID, PRACTICE
from kap_analysis.errors import AnalysisError
from kap_analysis.study.answerable import too_many_practices
from kap_analysis.writing.names import readable
from kap_analysis.writing.sentences import join_words, plural, sentence_case

#: A note, and a sentence of the answer.
PRACTICES_APART = (
    "No practice has patients in both formats: the difference between the formats cannot be told apart from that "
    "between the practices, and practice is not adjusted for."
)
POOLED = "other"
#: ``sex_is_male``: the share of a level, of a category that was not recorded for everybody.
LEVEL = "_is_"
#: How the models treat what was not recorded, for a Methods section.
MISSING_COVARIATES = (
    "A covariate that was not recorded was replaced by its expected value (of a category, the expected share of each "
    "level) given format, baseline score, practice and the covariates that were recorded, by linear regression among "
    "the patients with these values. Where scores were imputed, these covariates were imputed with them."
)
#: The same of a model without covariates.
IMPUTED_COVARIATES = "Where scores were imputed, covariates that were not recorded were imputed with them."
EXPECTED = "the expected value given format, baseline and the other covariates was used"
TOO_FEW = "too few patients have it to predict it, and their mean was used"
#: What a name in a formula cannot hold.
NOT_IN_NAMES = r"\W"


def prepare_covariates(
    frame: pd.DataFrame,
    wanted: tuple[str, ...],
    pool_below: int,
    of_patients: Callable[[int], str] = lambda n: plural(n, "patient"),
    *,
    expected: bool = False,
    how: str = EXPECTED,
) -> tuple[pd.DataFrame, tuple[str, ...], tuple[str, ...]]:
    """The frame with the covariates as models take them, their columns, and what was done in sentences.

    With ``expected`` a number that was not recorded, and each level of a category that was not, is its expected value
    (`missing_covariates`), and a sentence says ``how``. Without, the number is the mean, with an indicator, and the
    category is a level. ``<column>_not_recorded`` says where, either way.

    Raises
    ------
    AnalysisError
        If practice is wanted and there are too many.
    """
    many = too_many_practices(frame[PRACTICE]) if PRACTICE in wanted and PRACTICE in frame else ""
    if many:
        raise AnalysisError(
            f"The formats cannot be compared: {many}. Name wider places, such as regions, in the column practice of "
            "patients.csv."
        )
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
            notes.append(f"{told}{TOO_FEW if how == EXPECTED and _are_few(frame, ~missing & first) else how}.")
        elif added and missing.any() and is_number:
            frame[column] = frame[column].fillna(frame.loc[first, column].mean())
            frame[f"{column}{FILLED}"] = missing.astype(float)
            added = [column, f"{column}{FILLED}"]
            notes.append(f"{told}mean and an indicator used.")
        used += added
        notes += note
    caution = caution_of(frame)
    if PRACTICE in used and caution:
        used.remove(PRACTICE)
        notes.append(caution)
    if expected:
        _fill_in(frame, used, first)
    return frame, tuple(used), tuple(notes)


def practices_apart(frame: pd.DataFrame) -> bool:
    """Whether there are several practices, each with patients of one format alone."""
    if not {PRACTICE, FORMAT} <= set(frame.columns):
        return False
    formats = frame.groupby(frame[PRACTICE].astype("object"))[FORMAT].nunique()
    return len(formats) > 1 and frame[FORMAT].nunique() > 1 and bool((formats == 1).all())


def caution_of(frame: pd.DataFrame) -> str:
    """That format and practice cannot be told apart, where they cannot; else empty."""
    return PRACTICES_APART if practices_apart(frame) else ""


def _are_few(frame: pd.DataFrame, recorded: pd.Series) -> bool:
    """Whether these patients are too few for a regression on format and baseline, as `expected_columns` has it."""
    few = frame[FORMAT].nunique() - 1 + (BASELINE in frame) if FORMAT in frame else int(BASELINE in frame)
    n = int(recorded.sum())
    return predictors(n, n, (few, few, few), 1) == MEAN


def _fill_in(frame: pd.DataFrame, used: list[str], first: pd.Series) -> None:
    """Put expected values where covariates are missing, and 1 in ``<column>_not_recorded``."""
    incomplete = [name for name in used if frame[name].isna().any()]
    if not incomplete:
        return
    people = frame[first]
    start = [name for name in (FORMAT, BASELINE) if name in frame and name not in incomplete]
    needed = as_numbers(people, start)
    others = [name for name in used if name not in (*incomplete, *start, PRACTICE)]
    known = np.column_stack([needed, as_numbers(people, others)])
    practices = pd.factorize(people[PRACTICE])[0] if PRACTICE in used else np.zeros(len(people), int)
    filled = expected_columns(known, needed.shape[1], people[incomplete].to_numpy(float), practices)
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
    becomes, order = pool_levels({str(word): n for word, n in counts.items()}, pool_below)
    values = values.map(lambda word: becomes.get(word, word), na_action="ignore")
    notes = []
    if rare:
        shown = join_words([readable(level) for level in rare])
        notes.append(f"Levels of {readable(column)} with fewer than {pool_below} patients were pooled: {shown}.")
    if len(order) < 2:
        return [], [
            *notes,
            f"The covariate {readable(column)} has one level left and was not used.",
        ] if column != PRACTICE else []
    frame[column] = pd.Categorical(values, categories=order)
    if not values.isna().any():
        return [column], notes
    shares = share_columns(column, order)
    for name, level in shares.items():
        frame[name] = frame[column].eq(level).astype(float).where(frame[column].notna())
    return list(shares), notes


def share_columns(column: str, levels: Sequence[str]) -> dict[str, str]:
    """The columns of a category that was not recorded for everybody, and the level whose share each is: all but one."""
    shares: dict[str, str] = {}
    for level in levels[1:]:
        name = f"{column}{LEVEL}{re.sub(NOT_IN_NAMES, '_', level)}"
        shares[f"{name}_{len(shares)}" if name in shares else name] = level
    return shares


def pool_levels(counts: Mapping[str, float], pool_below: int) -> tuple[dict[str, str], list[str]]:
    """The level that each word is counted as, and the levels, the most common first.

    Words of fewer than `pool_below` patients become "other"; if that is still too few, the most common level.
    """
    becomes = {word: POOLED if n < pool_below else word for word, n in counts.items()}
    levels = _by_size(counts, becomes)
    pooled = sum(n for word, n in counts.items() if becomes[word] == POOLED)
    if POOLED in levels and pooled < pool_below and len(levels) > 1:
        common = next(level for level in levels if level != POOLED)
        becomes = {word: common if level == POOLED else level for word, level in becomes.items()}
        levels = _by_size(counts, becomes)
    return becomes, levels


def _by_size(counts: Mapping[str, float], becomes: Mapping[str, str]) -> list[str]:
    sums = dict.fromkeys(becomes.values(), 0.0)
    for word, n in counts.items():
        sums[becomes[word]] += n
    return sorted(sums, key=lambda level: (-sums[level], level))


def sources_of(names: Sequence[str], known: Iterable[str]) -> list[str]:
    """The columns that covariates were made of, each once: that of a share of a level is the category."""
    held = set(known)
    of = [name.partition(LEVEL)[0] if name.partition(LEVEL)[0] in held else name for name in names]
    return list(dict.fromkeys(of))


def columns_of(covariates: tuple[str, ...], source: str) -> tuple[str, ...]:
    """The columns that a covariate became: itself and its indicator, or the share of each level of a category."""
    own = (source, f"{source}{FILLED}")
    return tuple(name for name in covariates if name in own or name.startswith(f"{source}{LEVEL}"))
