"""Values and terms as a reader says them, in paragraphs, figures and tables alike.

``primary_diagnosis`` is "primary diagnosis", ``ptsd`` is "PTSD", and ``visit[T.month 2]:format[T.group]`` is
"visit month 2 × format group".
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from kap_analysis.writing.numbers import is_missing
from kap_analysis.writing.sentences import sentence_case

LEVEL: Final = re.compile(r"^(?P<name>.+?)\[(?:T\.)?(?P<level>[^\]]*)\]$")
CATEGORICAL: Final = re.compile(r"^C\(\s*(?P<name>[^,()]+?)\s*(?:,.*)?\)$")
ABBREVIATIONS: Final = frozenset({"ptsd", "ocd", "adhd", "ace", "im", "iv", "sl", "sc", "po", "pr"})
COLUMNS: Final = {
    "patient_id": "patient",
    "cohort_id": "cohort",
    "facilitator_id": "facilitator",
    "is_group": "group format",
    "is_individual": "individual format",
    "in_cohort": "in a cohort",
    "early": "early months",
    "late": "late months",
    "group_early": "group format × early months",
}
"""Columns that the models of the package make, whose names are no words."""
CHARACTERISTICS: Final = {
    "ace_4_or_more": "ACE score 4 or more",
    "integration_in_time": "integration after 24–48 hours",
}
"""Characteristics that the package makes of others, whose names say too little."""
MEASURES: Final = {
    "sbp": "Systolic blood pressure",
    "dbp": "Diastolic blood pressure",
    "hr": "Heart rate",
    "spo2": "Oxygen saturation",
}
"""Measurements of a session that the data dictionary abbreviates, in its order."""
CLASSES: Final = {
    "recovered": "reliably better and past the cut-off",
    "improved": "only reliably better",
    "unchanged": "no reliable change",
    "deteriorated": "reliably worse",
}
"""Classes of change after Jacobson and Truax, in the words of every page, figure and table."""
#: Characters that turn the direction of the text after them, or break a line.
TURNING: Final = re.compile("[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
NOT_RECORDED: Final = "_not_recorded"
"""Ending of the name of an indicator: 1 where the column before it was not recorded."""
INTERCEPTS: Final = ("Intercept", "(Intercept)", "1")


def readable(value: object) -> str:
    """Write a column or a level in words: ``major_depression`` is "major depression", ``ace_score`` "ACE score"."""
    if str(value) in CHARACTERISTICS:
        return CHARACTERISTICS[str(value)]
    return " ".join(word.upper() if word in ABBREVIATIONS else word for word in str(value).split("_"))


def class_name(label: object, *, has_cutoff: bool = True) -> str:
    """A class of change in words: "recovered" is "reliably better and past the cut-off".

    "improved" is "only reliably better": those who are past the cut-off are reliably better too. Without a cut-off it
    is all of these.
    """
    words = CLASSES.get(str(label), str(label))
    return words if has_cutoff else words.removeprefix("only ")


def isolated(name: object) -> str:
    """A name from the data that leaves the sentence around it as it is, though it be written from right to left."""
    words = TURNING.sub(" ", str(name)).strip()
    if any(unicodedata.bidirectional(letter) in ("R", "AL", "AN") for letter in words):
        return f"\N{FIRST STRONG ISOLATE}{words}\N{POP DIRECTIONAL ISOLATE}"
    return words


def measure_name(measure: object) -> str:
    """What was measured in a session, in full where the data dictionary abbreviates it."""
    return MEASURES.get(str(measure), sentence_case(readable(measure)))


def measure_order(measure: object) -> int:
    """Place of a measure: those of the data dictionary first, in its order."""
    known = list(MEASURES)
    return known.index(str(measure)) if str(measure) in known else len(known)


def name_with_level(characteristic: object, level: object) -> str:
    """A characteristic with its level: "Practice: B"; numbers, which have no level, by their name alone."""
    name = "Baseline score" if characteristic == "baseline" else sentence_case(readable(characteristic))
    name = name.replace(" not recorded", ": not recorded")
    return name if is_missing(level) or str(level) == "" else f"{name}: {readable(level)}"


def readable_term(term: str, labels: Mapping[str, str] | None = None) -> str:
    """Write a term of a formula in words.

    Parameters
    ----------
    term : str
        As formulaic names it.
    labels : mapping of str to str, optional
        Words for columns, such as ``{"phq": "PHQ-9"}``, before those of :func:`readable`.

    Examples
    --------
    >>> readable_term("visit[T.month 2]:format[T.group]"), readable_term("(Intercept)")
    ('visit month 2 × format group', 'intercept')
    """
    return " × ".join(_factor(part, labels or {}) for part in _split(str(term)))


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
    words = (COLUMNS | dict(labels)).get(told, readable(told)) + (" not recorded" if told != name else "")
    return f"{words} {readable(found['level'])}" if found else words
