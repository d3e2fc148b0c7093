"""The worked examples of the data files: answers, and the total that they must give."""

import re
import tomllib
from dataclasses import dataclass

from kap_analysis.instruments.data_folder import data_files


@dataclass(frozen=True)
class Example:
    """One ``[[example]]`` of an instrument; a missing answer is an empty text in the file and None here."""

    instrument: str
    answers: tuple
    missing_rule: str
    total: float | None
    how: str


def examples_of(name: str) -> list[Example]:
    """The worked examples of one instrument."""
    content = tomllib.loads(data_files()[name].read_text(encoding="utf-8"))
    return [
        Example(
            name,
            tuple(None if answer == "" else answer for answer in one["answers"]),
            one.get("missing_rule", "published"),
            worked_out(one["total"]),
            one["how"],
        )
        for one in content.get("example", ())
    ]


def worked_out(total: str) -> float | None:
    """The number of a total that is written as arithmetic (``12 / 7 * 9``); None for ``none``."""
    if total == "none":
        return None
    assert re.fullmatch(r"\d+(\.\d+)?( [-+*/] \d+(\.\d+)?)*", total), f"{total!r} is no arithmetic"
    return float(eval(total))
