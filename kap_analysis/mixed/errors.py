"""Errors and warnings of mixed models, and the checks of names and numbers that users give."""

import difflib
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kap_analysis.errors import KapError


class MixedModelError(KapError, ValueError):
    """The model cannot be built or fitted as it was asked for; the message says what to change."""


class MixedModelWarning(UserWarning):
    """The model was fitted, and something about it should be known."""


#: What arrays hold that must not pass for numbers, by the kind of their dtype.
_ODD_KINDS = {"U": "text", "S": "text", "T": "text", "c": "complex numbers", "m": "times", "M": "dates"}


def nearest(name: object, known: Iterable[object]) -> str:
    """A sentence that offers the known name closest to `name`, or lists the known ones."""
    if name in ("TRUE", "FALSE"):
        return f"Python writes {str(name).title()}."
    by_text = {str(k): k for k in known}
    names = list(by_text)
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {by_text[close[0]]!r}?"  # level 2 for '2'
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return f"There are: {shown}."


def as_names(value: str | Iterable[str] | None) -> list[str]:
    """One name, several or none, as a list."""
    if value is None:
        return []
    if not isinstance(value, Iterable):
        raise MixedModelError(f"Give a name, or a list of names; found {value!r}.")
    return [value] if isinstance(value, str) else list(value)


def listed(names: Iterable[object], most: int = 8) -> str:
    """The names with commas, cut after ``most``."""
    shown = [str(name) for name in names]
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return ", ".join(shown[:most]) + more


def require_name(name: object, known: Iterable[object], what: str) -> None:
    """Raise an error that offers the nearest name when ``name`` is not among ``known``.

    Parameters
    ----------
    name : object
        What was asked for.
    known : iterable
        What there is.
    what : str
        How to call it in the sentence, such as "column of the formula".

    Raises
    ------
    MixedModelError
        When the name is not there.
    """
    known = list(known)
    if name in known:
        return
    raise MixedModelError(f"There is no {what} {name!r}. {nearest(name, known)}")


def numbers_of(values: ArrayLike, what: str) -> NDArray[np.float64]:
    """Numbers that a user gives, of any shape; missing ones are nan. ``what`` begins the sentence, as in "The weights".

    Raises
    ------
    MixedModelError
        When they are texts, also such as "12", dates, complex, or rows of lengths that differ.
    """
    try:
        found = np.asarray(values)
        each = found.ravel() if found.dtype == object else ()
        kinds = {found.dtype.kind, *(np.asarray(value).dtype.kind for value in each)}
        odd = sorted({_ODD_KINDS[kind] for kind in kinds if kind in _ODD_KINDS})
        if not odd:
            return np.asarray(found, float)
    except (TypeError, ValueError):
        odd = ["rows of different lengths, or values that are no numbers"]
    raise MixedModelError(f"{what} must be numbers, missing ones nan; found {' and '.join(odd)}.")
