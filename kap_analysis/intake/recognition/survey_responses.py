"""Columns by which a survey platform says of each row whether it is a response of a patient that was finished."""

from collections.abc import Iterable, Mapping
from typing import Final

import pandas as pd

from kap_analysis.intake.recognition.guess import Guess, told
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.values import plain_words

_KEEP: Final = "keep"
_DROP: Final = "drop"
#: What Qualtrics writes into Status, as words and as codes: of a link that was sent, of a test, of a robot.
_STATUS: Final = {
    **dict.fromkeys(("ip address", "imported", "offline", "0", "4", "16"), _KEEP),
    **dict.fromkeys(("survey preview", "offline survey preview", "survey test", "spam", "1", "2", "8", "17"), _DROP),
}
_FINISHED: Final = {"true": _KEEP, "yes": _KEEP, "1": _KEEP, "false": "?", "no": "?", "0": "?"}
_ASKS_STATUS: Final = "keep (a response of a patient), or drop (a test: its rows are left out)"
_ASKS_FINISHED: Final = "of a response that was not finished: keep what was answered, or drop the row"


def response_columns(table: SourceTable, seen: Mapping[str, pd.Series]) -> Iterable[Guess]:
    """The columns Status and Finished of a survey; a Status without its words, and without the other, is none."""
    words = {name: plain_words(name) for name in table.columns}
    is_survey = "finished" in words.values()
    for name, texts in seen.items():
        if not len(texts):
            continue
        if words[name] == "finished" and _plain(texts) <= set(_FINISHED):
            yield _guess(name, texts, _FINISHED, _ASKS_FINISHED)
        elif words[name] in ("status", "response type") and _is_status(texts, is_survey):
            yield _guess(name, texts, _STATUS, _ASKS_STATUS)


def _is_status(texts: pd.Series, is_survey: bool) -> bool:
    plain = _plain(texts)
    return (is_survey and plain <= set(_STATUS)) or bool(plain & {"ip address", "survey preview"})


def _plain(texts: pd.Series) -> set[str]:
    return {str(text).lower() for text in texts.index}


def _guess(name: str, texts: pd.Series, known: Mapping[str, str], asks: str) -> Guess:
    values = {str(text): known.get(str(text).lower(), "?") for text in sorted(texts.index)}
    why = "which rows a survey platform holds for responses"
    return Guess(name, "row", why, {"values": values}, asks if "?" in values.values() else "", told(texts))
