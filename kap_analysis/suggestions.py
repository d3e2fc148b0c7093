"""The nearest of the known names, for messages that offer what was probably meant."""

from collections.abc import Collection
from difflib import get_close_matches


def nearest_name(name: str, known: Collection[str]) -> str:
    """Return the known name nearest to ``name`` (case, spaces and hyphens do not count), or an empty text."""
    return next(iter(nearest_names(name, known, at_most=1, likeness=0.7)), "")


def nearest_names(name: str, known: Collection[str], *, at_most: int = 2, likeness: float = 0.6) -> list[str]:
    """Return the known names nearest to ``name``, the nearest first: BDI2 may mean BDI or BDI-II."""
    plain = {_plain(candidate): candidate for candidate in known}
    return [plain[match] for match in get_close_matches(_plain(name), list(plain), n=at_most, cutoff=likeness)]


def _plain(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
