"""Which columns are one thing under two names: their names mean the same, and no row fills both."""

from collections.abc import Callable, Mapping
from typing import Final

from kap_analysis.intake.recognition.guess import NOT_RECOGNISED, Guess
from kap_analysis.intake.renamed_columns import filled
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.values import MISSING

_ONCE: Final = ("patients.", "sessions.")


def find_renamed(
    table: SourceTable, guesses: Mapping[str, Guess], role_of: Callable[[str], tuple[str, str]]
) -> dict[str, str]:
    """Return column -> the column that it stands for.

    In a project of REDCap other forms fill other rows, so that there only scores and items are held for one thing.
    """
    of_forms = any(name.startswith("redcap_") for name in table.columns)
    groups: dict[tuple[object, ...], list[str]] = {}
    for name in table.columns:
        if key := _meaning(guesses[name], role_of(name), of_forms):
            groups.setdefault(key, []).append(name)
    renamed = {}
    for first, *others in groups.values():
        taken = filled(table, first, MISSING)
        for name in others:
            here = filled(table, name, MISSING)
            if here.any() and taken.any() and not (here & taken).any():
                renamed[name] = first
                taken = taken | here
    return renamed


def _meaning(guess: Guess, named: tuple[str, str], of_forms: bool) -> tuple[object, ...]:
    said = guess.said
    if guess.role in ("score", "item"):
        return guess.role, said.get("instrument", ""), said.get("item", 0), said.get("at", "")
    is_free = guess.role == named[0] or (guess.role == "drop" and guess.why == NOT_RECOGNISED)
    if named[0].startswith(_ONCE) and is_free and not of_forms:
        return named
    return ()
