"""Sentences that count people: of a public study they are not shown."""

import re
from typing import Final

#: Columns and fields of results that hold sentences.
SENTENCES: Final = frozenset(
    {"note", "notes", "warning", "why", "sentence", "not_judged_because", "too_few", "qualification"}
)
WITHHELD_SENTENCE: Final = "withheld, because it counts patients"
#: A whole number that stands by itself: not in a name (PHQ-9), a fraction (2.4), a percentage or a time (month 3).
WHOLE_NUMBER: Final = re.compile(
    r"(?<![\w.,\u2013\u2212-])(?<!month )(?<!visit )(?<!week )(?<!day )(?<!item )"
    r"\d+(?:,\d{3})*(?![\w%]|[.,]\d|[\u2013-]\w)"
)
COUNT_IN_WORDS: Final = re.compile(
    r"\b(one|two|three|four|five|six|seven|eight|nine|ten) (patient|cohort|score)", re.IGNORECASE
)


def counts_people(text: str) -> bool:
    """Whether a sentence has a whole number that may count people."""
    return bool(WHOLE_NUMBER.search(text) or COUNT_IN_WORDS.search(text))


def without_counts(text: str) -> str:
    """A sentence as a public study shows it."""
    return WITHHELD_SENTENCE if counts_people(text) else text
