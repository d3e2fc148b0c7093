"""The nearest of the known names, for messages that offer what was probably meant."""

from collections.abc import Collection
from difflib import get_close_matches


def nearest_name(name: str, known: Collection[str]) -> str:
    """Return the known name nearest to ``name`` (case, spaces and hyphens do not count), or an empty text."""
    plain = {_plain(candidate): candidate for candidate in known}
    matches = get_close_matches(_plain(name), list(plain), n=1, cutoff=0.7)
    return plain[matches[0]] if matches else ""


def _plain(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
