"""A table with what its columns are taken for, and what several tables together say of sessions."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pandas as pd

from kap_analysis.intake.recognition.guess import Guess
from kap_analysis.intake.source_table import SourceTable


@dataclass(frozen=True)
class Drafted:
    """A table and what its columns are taken for; ``like`` names another of the same columns, which says it."""

    table: SourceTable
    guesses: list[Guess]
    like: str = ""

    def roles(self) -> set[str]:
        """The roles of its columns."""
        return {guess.role for guess in self.guesses}


def without_stated_zero(drafts: list[Drafted]) -> list[Drafted]:
    """Where sessions are listed, they say the first one: a date of it beside them would say it twice."""
    if not lists_sessions(drafts):
        return drafts
    why = "the date of a first session; the list of sessions says it"
    return [
        replace(one, guesses=[
            Guess(guess.column, "drop", why) if guess.said.get("of") == "time_zero" else guess for guess in one.guesses
        ])
        for one in drafts
    ]  # fmt: skip


def has_sessions(drafts: list[Drafted]) -> bool:
    """Whether something says when ketamine sessions were: sessions, a stated first one, or days counted from it."""
    guesses = [guess for one in drafts for guess in one.guesses]
    if any(guess.role == "day" or guess.said.get("of") == "time_zero" or "day" in guess.said for guess in guesses):
        return True
    return lists_sessions(drafts)


def lists_sessions(drafts: list[Drafted]) -> bool:
    """Whether any table has a row for each session, with its date."""
    dated = [one for one in drafts if dates_sessions(one.guesses)]
    return any({"sessions.kind", "sessions.dose_mg", "sessions.route"} & one.roles() for one in dated)


def times_sessions(drafts: list[Drafted]) -> bool:
    """Whether the sessions are told with their time of day."""
    listed = [one for one in drafts if dates_sessions(one.guesses)]
    dated = [(one, g) for one in listed for g in one.guesses if g.role == "date"]
    return any("time" in one.roles() for one in listed) or any(
        ":" in text for one, guess in dated for text in pd.unique(one.table.cells[guess.column])
    )


def dates_sessions(guesses: Iterable[Guess]) -> bool:
    """Whether a column dates the sessions of its row, or all of it."""
    return any(g.role == "date" and g.said.get("of", "sessions") == "sessions" for g in guesses)
