"""Columns by their names, and where those say nothing by their labels: of SPSS and Stata, or of a REDCap dictionary."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from kap_analysis.intake.recognition.guess import ANOTHER_DATE, NOT_RECOGNISED, Guess
from kap_analysis.intake.recognition.table_columns import recognise
from kap_analysis.intake.source_table import SourceTable


def recognise_with_labels(table: SourceTable) -> list[Guess]:
    """Say of every column what it is, by the name of its field first, then by its label."""
    if table.names:
        return _with_labels(_renamed(table, table.names), recognise(table))
    guesses = recognise(table)
    titles = _titles(table)
    if titles and any(_is_open(guess) for guess in guesses):
        return _with_labels(guesses, _renamed(table, titles))
    return guesses


def _titles(table: SourceTable) -> dict[str, str]:
    """Column -> its label, where no other column is called so."""
    counts = Counter([*table.columns, *table.headings.values()])
    return {name: title for name, title in table.headings.items() if counts[title] == 1 and name in table.cells}


def _renamed(table: SourceTable, names: Mapping[str, str]) -> list[Guess]:
    """What the columns are under other names."""
    headers = {names.get(column, column): column for column in table.columns}
    if len(headers) != len(table.columns):
        return recognise(table)
    labels = {name: table.labels[column] for name, column in headers.items() if column in table.labels}
    headings = {name: table.headings[column] for name, column in headers.items() if column in table.headings}
    cells = {name: table.cells[column] for name, column in headers.items()}
    fields = replace(
        table, cells=cells, labels={**table.labels, **labels}, headings={**table.headings, **headings}, names={}
    )
    guesses = []
    for guess in recognise(fields):
        said = guess.said
        if "column" in said:
            said = {**said, "column": headers.get(str(said["column"]), said["column"])}
        guesses.append(replace(guess, column=headers[guess.column], said=said))
    return guesses


def _is_open(guess: Guess) -> bool:
    return guess.role == "drop" and guess.why in (NOT_RECOGNISED, ANOTHER_DATE)


def _with_labels(guesses: list[Guess], by_label: list[Guess]) -> list[Guess]:
    used = {_thing(guess) for guess in guesses}
    out = []
    for guess, other in zip(guesses, by_label, strict=True):
        if _is_open(guess) and other.role not in ("drop", "same_as", "day") and _thing(other) not in used:
            used.add(_thing(other))
            guess = replace(other, why=f"{other.why} (of its label)")
        out.append(guess)
    return out


def _thing(guess: Guess) -> tuple[object, ...]:
    return guess.role, *(
        str(guess.said.get(key, "")) for key in ("instrument", "item", "at", "of", "measure", "minute")
    )
