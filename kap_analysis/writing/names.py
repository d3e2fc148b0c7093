"""Terms of a model as a reader says them: ``visit[T.month 2]:format[T.group]`` is "visit month 2 × format group"."""

import re
from collections.abc import Mapping
from typing import Final

LEVEL: Final = re.compile(r"^(?P<name>.+?)\[(?:T\.)?(?P<level>[^\]]*)\]$")
CATEGORICAL: Final = re.compile(r"^C\(\s*(?P<name>[^,()]+?)\s*(?:,.*)?\)$")
WORDS: Final = {
    "patient_id": "patient",
    "cohort_id": "cohort",
    "facilitator_id": "facilitator",
    "is_group": "group format",
    "is_individual": "individual format",
    "ace_score": "ACE score",
    "early": "early months",
    "late": "late months",
    "group_early": "group format × early months",
}
NOT_RECORDED: Final = "_not_recorded"
"""Ending of the name of an indicator: 1 where the column before it was not recorded."""
ABBREVIATIONS: Final = ("ptsd", "ocd", "adhd", "ace", "im", "iv", "sl", "sc", "po", "pr")
INTERCEPTS: Final = ("Intercept", "(Intercept)", "1")


def readable_term(term: str, labels: Mapping[str, str] | None = None) -> str:
    """Write a term of a formula in words.

    Parameters
    ----------
    term : str
        As formulaic names it.
    labels : mapping of str to str, optional
        Words for columns, such as ``{"ace_score": "ACE score"}``; otherwise underscores become spaces.

    Examples
    --------
    >>> readable_term("visit[T.month 2]:format[T.group]"), readable_term("(Intercept)")
    ('visit month 2 × format group', 'intercept')
    """
    return " × ".join(_factor(part, labels or {}) for part in _split(str(term)))


def readable_level(level: object) -> str:
    """Write a level of a category in words: ``major_depression`` is "major depression", ``ptsd`` is "PTSD"."""
    words = str(level).split("_")
    return " ".join(word.upper() if word in ABBREVIATIONS else word for word in words)


def _split(term: str) -> list[str]:
    """Cut at the colons that stand outside brackets: a level may hold a colon."""
    parts, depth = [""], 0
    for sign in term:
        depth += (sign in "[(") - (sign in "])")
        if sign == ":" and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return parts


def _factor(part: str, labels: Mapping[str, str]) -> str:
    if part in INTERCEPTS:
        return "intercept"
    found = LEVEL.match(part)
    name = found["name"] if found else part
    inside = CATEGORICAL.match(name)
    name = inside["name"] if inside else name
    told = name.removesuffix(NOT_RECORDED)
    words = (WORDS | dict(labels)).get(told, told.replace("_", " ")) + (" not recorded" if told != name else "")
    return f"{words} {readable_level(found['level'])}" if found else words
