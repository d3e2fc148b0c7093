"""How the keys of patients are spelled: which differ in capitals, or in zeros before a number, alone."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

FOLD: Final = "fold"
KEEP_APART: Final = "keep"
_AS_DECIMAL: Final = re.compile(r"(\d+)[.,]0+")


def key_of(text: str) -> str:
    """Return a patient's key; 1001 becomes 1001.0 in a column of numbers of which some are missing."""
    whole = _AS_DECIMAL.fullmatch(text)
    return whole[1] if whole else text


@dataclass(frozen=True)
class Spellings:
    """The spelling that counts of each key that is spelled in another way too.

    Attributes
    ----------
    of : dict of str to str
        Other spelling -> the one that counts: the one that the crosswalk knows, else the first in order.
    rule : str
        ``fold``: both are one patient; ``keep``: two; else that is to be decided.
    """

    of: Mapping[str, str] = field(default_factory=dict)
    rule: str = ""

    def key_of(self, text: str) -> str:
        """Return the key of a cell."""
        key = key_of(text)
        return self.of.get(key, key) if self.rule == FOLD else key

    @property
    def doubtful(self) -> Mapping[str, str]:
        """The other spellings of which nothing says whose they are."""
        return {} if self.rule in (FOLD, KEEP_APART) else self.of


def spellings_of(keys: Iterable[str], known: Iterable[str] = (), rule: str = "") -> Spellings:
    """Find the keys that are spelled in more than one way; ``known`` are those of an earlier import."""
    first: dict[str, str] = {}
    of: dict[str, str] = {}
    known = sorted(set(known))
    for key in [*known, *sorted(set(keys) - set(known))]:
        counts = first.setdefault(_plain(key), key)
        if counts != key:
            of[key] = counts
    return Spellings(of, rule)


def _plain(key: str) -> str:
    return key.lstrip("0") if key.isdecimal() else key.casefold()
