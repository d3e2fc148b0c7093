"""What a column of a foreign file looks like, by its name and by its values: one of the 18 kinds, or free text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kap_analysis.intake.identification.numbers_of_persons import number_kind
from kap_analysis.intake.identification.patterns import pattern_kind
from kap_analysis.intake.identification.safe_harbor import FREE_TEXT, kind_of_name
from kap_analysis.intake.values import MISSING, is_day_number, looks_like_date, read_number
from kap_analysis.study.contract.identifiers import A_NAME, identifier_kinds, is_free_text

MOST_LOOKED_AT: Final = 5000
_A_DATE: Final = "a date"
_LEAST_NAMES: Final = 0.2
#: What the detector of studies calls a value -> kind.
_OF_STUDIES: Final = {
    A_NAME: "A", "a postal address": "B", "a position on the map": "B", _A_DATE: "C", "a telephone number": "D",
    "an e-mail address": "F", "a social security number": "G", "a record number": "H", "a number of a card": "J",
    "an address on the web": "N",
}  # fmt: skip
_PLAIN_CODE: Final = re.compile(r"[-+]?\d{0,6}([.,]\d{0,4})?")


@dataclass(frozen=True)
class Finding:
    """What a column looks like.

    Attributes
    ----------
    kind : str
        A letter of Safe Harbor (A to R), or ``free text``.
    what : str
        In words: "a telephone number".
    seen_in : str
        ``name``, ``values`` or ``text``.
    n_values : int
        How many distinct values look so (0: only the name does).
    """

    kind: str
    what: str
    seen_in: str
    n_values: int


def finding_of(name: str, values: Sequence[str], *, dates: bool = True) -> Finding | None:
    """Say what a column looks like; None where nothing speaks for an identifier.

    Parameters
    ----------
    name : str
    values : sequence of str
        Its distinct texts.
    dates : bool
        Whether dates count. A date that becomes a day is none in the study.
    """
    texts = [text for text in values if text and text.lower() not in MISSING][:MOST_LOOKED_AT]
    kind = kind_of_name(name)
    if kind and (dates or kind != "C"):
        return Finding(kind, "its name is that of an identifier", "name", 0)
    odd = [text for text in texts if not _PLAIN_CODE.fullmatch(text)]
    dated = [text for text in odd if looks_like_date(text) or is_day_number(text)]
    if dates and dated:
        return Finding("C", "values look like a date", "values", len(dated))
    odd = sorted(set(odd) - set(dated))
    if not odd:
        return None
    return _of_numbers(odd) or _of_patterns(odd) or _of_studies(odd, dates) or _of_text(odd)


def holds_identifier(text: str) -> bool:
    """Whether a header, or the name of a sheet or file, holds a number or an address of a person."""
    parts = [text, *re.split(r"[\s,;_]+", text)]
    return _of_patterns([text]) is not None or any(
        number_kind([part])[0] for part in parts if part and not looks_like_date(part)
    )


def _of_numbers(texts: list[str]) -> Finding | None:
    kind, what = number_kind(texts)
    return Finding(kind, f"values look like {what}", "values", len(texts)) if kind else None


def _of_patterns(texts: list[str]) -> Finding | None:
    kind, what, n = pattern_kind(texts)
    return Finding(kind, f"values look like {what}", "values", n) if kind else None


def _of_studies(texts: list[str], dates: bool) -> Finding | None:
    """What the detector of studies says; a few words that could be names among many are no column of names."""
    kinds = identifier_kinds(texts, "label")
    names = kinds == A_NAME
    if names.sum() < max(1.0, _LEAST_NAMES * len(texts)):
        kinds = np.where(names, "", kinds)
    if not dates:
        kinds = np.where(
            [kind == _A_DATE or looks_like_date(t) for kind, t in zip(kinds, texts, strict=True)], "", kinds
        )
    found = sorted({str(kind) for kind in kinds if kind})
    if not found:
        return None
    return Finding(_OF_STUDIES[found[0]], f"values look like {found[0]}", "values", int((kinds != "").sum()))


def _of_text(texts: list[str]) -> Finding | None:
    n = sum(is_free_text(text) for text in texts)
    return Finding(FREE_TEXT, "sentences, which can tell of whom they are", "text", n) if n else None


def oldest_age(name: str, values: Sequence[str]) -> float:
    """Return the largest number of a column of ages, or NaN where it is none."""
    if not re.search(r"(?i)(^|[^a-z])(age|alter)([^a-z]|$)", name):
        return float("nan")
    numbers = [read_number(value) for value in values]
    return max((number for number in numbers if number == number), default=float("nan"))
