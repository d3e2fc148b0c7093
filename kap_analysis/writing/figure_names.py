"""Values of a frame as a reader says them: ``primary_diagnosis`` is "primary diagnosis", ``ptsd`` is "PTSD"."""

from typing import Final

import pandas as pd

from kap_analysis.writing.figure_numbers import sentence_case

_ABBREVIATIONS: Final = frozenset({"ptsd", "ocd", "adhd", "ace", "im", "iv", "sl", "sc", "po", "pr"})
_CHARACTERISTICS: Final = {"baseline": "Baseline score"}
_MEASURES: Final = {
    "sbp": "Systolic blood pressure",
    "dbp": "Diastolic blood pressure",
    "hr": "Heart rate",
    "spo2": "Oxygen saturation",
}
_TERMS: Final = {
    "1": "intercept",
    "is_group": "intercept, group format",
    "is_individual": "intercept, individual format",
    "in_cohort": "intercept",
    "early": "early slope",
    "group_early": "early slope, group format",
    "late": "late slope",
}


def readable(value: object) -> str:
    """A value in words: underscores become spaces, known abbreviations capitals."""
    return " ".join(word.upper() if word in _ABBREVIATIONS else word for word in str(value).split("_"))


def measure_name(measure: object) -> str:
    """What was measured in a session, in full where the data dictionary abbreviates it."""
    return _MEASURES.get(str(measure), sentence_case(readable(measure)))


def measure_order(measure: object) -> int:
    """Place of a measure: those of the data dictionary first, in its order."""
    known = list(_MEASURES)
    return known.index(str(measure)) if str(measure) in known else len(known)


def term_name(term: str) -> str:
    """A random term of a model in words: 0/1 columns that stand for one arm are intercepts of that arm."""
    plain = term.strip("()").lower()
    return _TERMS.get(plain, readable(plain))


def name_with_level(characteristic: object, level: object) -> str:
    """A characteristic with its level: "Practice: B"; numbers, which have no level, by their name alone."""
    name = _CHARACTERISTICS.get(str(characteristic), sentence_case(readable(characteristic)))
    name = name.replace(" not recorded", ": not recorded")
    return name if pd.isna(level) or str(level) == "" else f"{name}: {readable(level)}"  # type: ignore[call-overload]
