"""Statistics of a public study, rounded: with all its digits a mean tells of how many whole numbers it is the mean.

Of whole numbers a mean with one decimal suits every number of patients from 10 on. Quartiles of whole numbers have
fractions that tell the number of patients but for multiples of four, so that they become whole where it is withheld.
"""

from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.columns import ESTIMATE, MONTH
from kap_analysis.disclosure.policy import NAMING_NUMBERS

#: Decimals of an estimate of a model, and of what lies within -1 and 1.
DECIMALS_OF_A_MODEL: Final = 2
DECIMALS: Final = 1
#: Of scores and ages: whole where the number of patients is withheld. Doses are no whole numbers.
QUARTILES: Final = ("median", "q1", "q3")
NOT_OF_PATIENTS: Final = "n_sessions"
SIGNIFICANT_DIGITS_OF_P: Final = 2
#: A p below the level stays below it.
LEVEL: Final = 0.05
BELOW_LEVEL: Final = 0.049
#: How far a rounded number leans to the side of the number itself, where a table or a count would take another side.
LEAN: Final = 1e-6
#: A standardised difference is a function of two shares: with more digits, and one share known, it tells the other.
ONE_DECIMAL: Final = ("smd",)
#: Standardised differences beyond this are counted.
BALANCED: Final = 0.1
#: Degrees of freedom are about as many as the patients.
TO_TENS: Final = ("df", "complete_df", "effective")
P_VALUES: Final = ("p_value", "p_holm")


def coarsened(frame: pd.DataFrame, statistics: list[str], known: np.ndarray) -> pd.DataFrame:
    """Round the statistics of a frame.

    Parameters
    ----------
    frame : DataFrame
    statistics : list of str
        Its columns of numbers that count nothing. Those of chosen numbers, as a margin, stay as they are.
    known : array of bool
        One per row: whether all counts of the row are shown.

    Returns
    -------
    DataFrame, a copy: one decimal; two for estimates of models, and in rows that show their counts for columns within
    -1 and 1; quartiles and the mean month of the other rows without decimals; two digits of a p value; degrees of
    freedom to tens. What is not 0 does not become 0, but for these, and a number that is rounded once more by a table
    becomes what the number itself would have become.
    """
    shown = frame.copy()
    for column in statistics:
        if column in NAMING_NUMBERS and column != MONTH:
            continue
        values = shown[column].to_numpy(float, na_value=np.nan)
        exact = _rounded(values, column, ESTIMATE in frame.columns)
        shown[column] = np.where(known, exact, _blurred(values, column, frame)) if _is_measured(frame) else exact
    return shown


def _is_measured(frame: pd.DataFrame) -> bool:
    """Whether the statistics are those of people: the estimates of a model are no means of whole numbers."""
    return ESTIMATE not in frame.columns


def _blurred(values: np.ndarray, column: str, frame: pd.DataFrame) -> np.ndarray:
    """The statistics of rows whose counts are withheld: from no digit can they be worked out."""
    if column == MONTH or (column in QUARTILES and NOT_OF_PATIENTS not in frame.columns):
        return np.round(values) + 0.0
    return _rounded(values, column, False, most=DECIMALS)


def _rounded(values: np.ndarray, column: str, is_of_a_model: bool, most: int = DECIMALS_OF_A_MODEL) -> np.ndarray:
    if column in TO_TENS:
        return np.where(np.abs(values) >= 10, np.round(values, -1), np.round(values))
    if column in P_VALUES:
        rounded = _to_digits(values, SIGNIFICANT_DIGITS_OF_P)
        return np.where((values < LEVEL) & (rounded >= LEVEL), BELOW_LEVEL, rounded)
    finite = np.abs(values[np.isfinite(values)])
    within_one = column not in ONE_DECIMAL and (not len(finite) or finite.max() <= 1)
    finer = is_of_a_model or within_one
    rounded = np.round(values, min(DECIMALS_OF_A_MODEL, most) if finer else DECIMALS)
    if is_of_a_model:
        rounded = _leaning(values, rounded, np.round(np.abs(rounded) * 10**DECIMALS_OF_A_MODEL) % 10 == 5)
    if column in ONE_DECIMAL:
        rounded = _leaning(values, rounded, np.round(np.abs(rounded), DECIMALS) == BALANCED)
    lost = (rounded == 0) & (values != 0) & (column not in ONE_DECIMAL)
    return np.where(lost, _to_digits(values, 1), rounded)


def _leaning(values: np.ndarray, rounded: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Rounded values that stand just beside themselves, towards what they were, where they would fall to one side.

    A table writes 3.15 with one decimal: as 3.2 if it was 3.1547, and as 3.1 if it was 3.1466.
    """
    return np.where(where, rounded + LEAN * np.sign(np.round(values - rounded, 9)), rounded)


def _to_digits(values: np.ndarray, digits: int) -> np.ndarray:
    size = np.floor(np.log10(np.abs(values), out=np.zeros_like(values), where=(values != 0) & np.isfinite(values)))
    scale = 10.0 ** (digits - 1 - size)
    return np.round(values * scale) / scale
