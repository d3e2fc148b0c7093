"""A column that tells dose and route in one (60 mg SL): it is both."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from kap_analysis.intake.recognition.guess import Guess
from kap_analysis.intake.recognition.meanings import level_of
from kap_analysis.intake.recognition.withheld import without_withheld
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.values import names_amount, without_amounts

_DOSE: Final = "sessions.dose_mg"
_ROUTE: Final = "sessions.route"


def with_both(table: SourceTable, guesses: Sequence[Guess]) -> list[Guess]:
    """Add a guess of the route to a column of doses whose words are routes, and one of the dose to one of routes."""
    there = {(guess.role, guess.said.get("at", "")) for guess in guesses}
    out = []
    for guess in guesses:
        out.append(guess)
        other = {_DOSE: _ROUTE, _ROUTE: _DOSE}.get(guess.role, "")
        if not other or (other, guess.said.get("at", "")) in there:
            continue
        texts = [text for text in pd.unique(table.cells[guess.column]) if text]
        values = _routes(texts) if other == _ROUTE else _no_doses(texts)
        if values is not None:
            said = {"at": guess.said["at"]} if "at" in guess.said else {}
            asks = "the route of each ?, or nothing" if "?" in values.values() else ""
            said |= {"values": values} if values else {}
            second = without_withheld(table, Guess(guess.column, other, "dose and route in one", said, asks))
            out += [second] if second.role == other else []
    return out


def _routes(texts: Sequence[str]) -> dict[str, str] | None:
    """What is left of each text without its amount -> the route; None where no route is among them."""
    words = sorted({without_amounts(text) for text in texts} - {""})
    routes = {text: level_of(_ROUTE, text) or "?" for text in words}
    return routes if set(routes.values()) - {"?"} else None


def _no_doses(texts: Sequence[str]) -> dict[str, str] | None:
    """The texts without an amount, of which there is no dose; None where no text has one."""
    without = [text for text in texts if not names_amount(text)]
    return dict.fromkeys(sorted(without), "") if len(without) < len(texts) else None
