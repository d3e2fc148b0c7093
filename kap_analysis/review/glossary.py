"""What the words of the pages mean that have no plain word: each page explains those that stand on it."""

import re
from html import unescape
from typing import Final

from kap_analysis.instruments.registry import get_instrument, registry_names

#: The words as a page writes them, as a pattern, and what they mean.
_MEANINGS: Final = (
    ("KAP", r"\bKAP\b", "ketamine-assisted psychotherapy"),
    ("baseline", r"\bbaseline\b", "the score before the first ketamine session"),
    ("reliably", r"\breliabl[ey]\b", "by more than the error of the questionnaire alone is likely to bring about"),
    ("cut-off", r"\bcut-off\b", "the score that parts patients from people in general"),
    ("bands", r"\bbands\b", "parts of the scale with a name, such as mild or severe"),
    (
        "95% interval",
        r"\b95%",
        "where the true value may lie: of 20 such intervals, some 19 hold it; the fewer the patients, the wider",
    ),
    (
        "adjusted difference",
        r"\badjusted difference\b",
        "how far the formats lie apart once patients who start alike are compared",
    ),
    ("adverse event", r"\badverse events?\b", "something unwanted that happened, whatever its cause"),
)
#: Routes as the cells of a table hold them.
_ROUTES: Final = {
    "SL": "under the tongue",
    "IM": "into a muscle",
    "IV": "into a vein",
    "IN": "into the nose",
    "SC": "under the skin",
    "PO": "by mouth",
    "PR": "into the rectum",
}


def explain_words(page: str) -> list[tuple[str, str]]:
    """The words that stand on a page of HTML and what they mean, questionnaires last."""
    text = unescape(re.sub(r"<(style|script)>.*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL))
    names = sorted(registry_names(), key=len, reverse=True)
    named = set(re.findall(rf"(?<![\w-])({'|'.join(map(re.escape, names))})(?![\w-])", text))
    return [
        *((word, meaning) for word, pattern, meaning in _MEANINGS if re.search(pattern, text)),
        *((route, meaning) for route, meaning in _ROUTES.items() if f"<td>{route}</td>" in page),
        *((name, get_instrument(name).title) for name in registry_names() if name in named),
    ]
