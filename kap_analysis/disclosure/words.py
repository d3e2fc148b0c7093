"""Sentences that count people: of a public study they are not shown."""

import re
from typing import Final

#: Columns and fields of results that hold reasons, which stand in a sentence.
REASONS: Final = frozenset({"why", "not_judged_because", "too_few", "qualification"})
#: Columns and fields of results that hold sentences, or reasons.
SENTENCES: Final = REASONS | {"note", "notes", "warning", "sentence"}
WITHHELD_REASON: Final = "the reason is withheld, because it counts patients"
WITHHELD_SENTENCE: Final = "A note is withheld, because it counts patients."
#: A whole number that stands by itself: not in a name (PHQ-9), a fraction (2.4), a percentage or a time (month 3).
WHOLE_NUMBER: Final = re.compile(
    r"(?<![\w.,\u2013\u2212-])(?<!month )(?<!visit )(?<!week )(?<!day )(?<!item )"
    r"\d+(?:,\d{3})*(?![\w%]|[.,]\d|[\u2013-]\w)"
)
#: A number in words with what it counts, at most two words apart ("the one analysed patient"); no rule ("two or more").
COUNT_IN_WORDS: Final = re.compile(
    r"\b(?<!at least )(?<!fewer than )(one|two|three|four|five|six|seven|eight|nine|ten)"
    r"(?: (?!or\b)[a-z-]+){0,2} (patient|person|people|cohort|score|death|event|clinician|facilitator)",
    re.IGNORECASE,
)


def counts_people(text: str) -> bool:
    """Whether a sentence has a whole number that may count people."""
    return bool(WHOLE_NUMBER.search(text) or COUNT_IN_WORDS.search(text))


def without_counts(text: str, name: str) -> str:
    """A sentence, or a reason, of the column or field `name` as a public study shows it."""
    if not counts_people(text):
        return text
    return WITHHELD_REASON if name in REASONS else WITHHELD_SENTENCE
