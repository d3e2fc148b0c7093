"""The known name that an unknown one is a misspelling of, for messages that offer what was probably meant.

Only slips of the pen are offered. A likeness of letters is not enough: BAI is not BDI, and "likely" is not "unlikely".
"""

import re
from collections.abc import Collection
from typing import Final

_ROMAN: Final = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5"}
_SHORTEST_BEGINNING: Final = 3
_SHORTEST_WITH_A_SLIP: Final = 4
_SHORTEST_WITH_ANOTHER_LETTER: Final = 5
_SHORTEST_WITH_TWO_SLIPS: Final = 8


def nearest_name(name: str, known: Collection[str]) -> str:
    """Return the known name that ``name`` is a misspelling of, or an empty text.

    A misspelling differs by case, spaces, hyphens or underscores; by a Roman number (BDI2 is BDI-II); by two
    neighbouring letters that changed places; by one letter more or less in a word of four letters or more, by another
    letter in one of five, by two such slips in one of eight; or by whole words at the end (``weight`` for
    ``weight_kg``). Where two known names are equally near, none is offered. The letters of an abbreviation in capitals
    stand for words, and digits for versions: with another of them it is another thing.
    """
    for spelled in (_plain, _counted):
        meant = {_plain(name), _counted(name)} - {""}
        for candidate in known:
            if spelled(candidate) in meant:
                return candidate
    for slips in (1, 2):
        near = [candidate for candidate in known if _is_misspelt(name, candidate, slips)]
        if near:
            return near[0] if len(near) == 1 else ""
    begun = [candidate for candidate in known if _begins_alike(name, candidate)]
    return begun[0] if len(begun) == 1 and not begun[0].isupper() else ""


def _plain(name: str) -> str:
    return "".join(_words_of(name))


def _counted(name: str) -> str:
    """Write a name plainly, its Roman numbers as digits."""
    return "".join(_ROMAN.get(word, word) for word in _words_of(name))


def _words_of(name: str) -> list[str]:
    return [word for word in re.split(r"[\W_]+", name.casefold()) if word]


def _begins_alike(name: str, candidate: str) -> bool:
    """Whether one of two names is the other one's first words."""
    words, others = sorted((_words_of(name), _words_of(candidate)), key=len)
    return others[: len(words)] == words and len("".join(words)) >= _SHORTEST_BEGINNING


def _is_misspelt(name: str, candidate: str, slips: int) -> bool:
    """Whether so many slips or fewer make one of two names, which begin with the same letter, of the other."""
    one, other = _plain(name), _plain(candidate)
    longer = max(len(one), len(other))
    if one[:1] != other[:1] or abs(len(one) - len(other)) > slips or longer < _SHORTEST_WITH_A_SLIP:
        return False
    digits = {re.sub(r"\D", "", text) for text in (one, other)} - {""}
    if len(digits) > 1 or (slips > 1 and longer < _SHORTEST_WITH_TWO_SLIPS):
        return False
    if candidate.isupper():
        return slips == 1 and len(one) == len(other) and _are_swapped(one, other)
    return _are_near(one, other, slips, longer >= _SHORTEST_WITH_ANOTHER_LETTER)


def _are_near(one: str, other: str, slips: int, another_letter: bool) -> bool:
    """Whether two words are one but for so many slips: letters swapped, more, less, or another."""
    at = next((n for n, (mine, theirs) in enumerate(zip(one, other, strict=False)) if mine != theirs), None)
    if at is None:
        return abs(len(one) - len(other)) <= slips
    if slips == 0:
        return False
    one, other = one[at:], other[at:]
    rests = [(one[1:], other), (one, other[1:])]
    if another_letter:
        rests.append((one[1:], other[1:]))
    if one[:2] == other[:2][::-1]:
        rests.append((one[2:], other[2:]))
    return any(_are_near(mine, theirs, slips - 1, another_letter) for mine, theirs in rests)


def _are_swapped(one: str, other: str) -> bool:
    """Whether two neighbouring letters changed places, and nothing else."""
    off = [at for at, (mine, theirs) in enumerate(zip(one, other, strict=True)) if mine != theirs]
    return len(off) == 2 and off[1] == off[0] + 1 and one[off[0] : off[0] + 2] == other[off[0] : off[0] + 2][::-1]
