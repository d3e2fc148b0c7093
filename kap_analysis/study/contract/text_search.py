"""Regular expressions held against many texts at once, and quickly against a few."""

import re
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

#: Arrow builds the automaton of a pattern anew in each call, some milliseconds long: as long as it takes Python to hold
#: the pattern against this many short texts.
_FEW: Final = 300
_SHORT: Final = 200


def matches(texts: pa.Array, pattern: str) -> np.ndarray:
    r"""Return for each text whether a pattern of RE2 is found in it; False where the text is missing.

    A few short texts of printable ASCII are searched by Python's ``re``, of which the same pattern asks the same there:
    ``\p{L}`` is a letter from A to Z.
    """
    if len(texts) <= _FEW:
        plain = texts.to_pylist()
        if all(text is None or (len(text) <= _SHORT and text.isascii() and text.isprintable()) for text in plain):
            search = _of_ascii(pattern).search
            return np.array([text is not None and search(text) is not None for text in plain], dtype=bool)
    return pc.match_substring_regex(texts, pattern).fill_null(False).to_numpy(zero_copy_only=False).astype(bool)


@lru_cache(maxsize=64)
def _of_ascii(pattern: str) -> re.Pattern[str]:
    """The pattern for Python, which knows no classes of Unicode and takes ``$`` before a last line break too."""
    for of_re2, of_python in (
        (r"[\p{L}", "[A-Za-z"),
        (r"\p{L}", "[A-Za-z]"),
        (r"\P{N}", "[^0-9]"),
        (r"\p{N}", "[0-9]"),
        ("$", r"\Z"),
    ):
        pattern = pattern.replace(of_re2, of_python)
    return re.compile(pattern, re.ASCII)
