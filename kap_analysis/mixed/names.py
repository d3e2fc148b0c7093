"""Names that a user gave, held to the names that there are."""

from __future__ import annotations

from collections.abc import Iterable

from kap_analysis.mixed.errors import MixedModelError, nearest


def as_names(value: str | Iterable[str] | None) -> list[str]:
    """One name, several or none, as a list."""
    if value is None:
        return []
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
    raise MixedModelError(f"There is no {what} {name!r}. {nearest(str(name), map(str, known))}")
