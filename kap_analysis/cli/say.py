"""What a command says: text from data is text in a terminal, too."""

import json
from pathlib import Path
from typing import Any

import typer

from kap_analysis.writing.escapes import visible


def say(text: object = "", *, err: bool = False) -> None:
    """Print a text in which nothing moves the cursor, changes colours or turns the direction of writing."""
    typer.echo(visible(str(text)), err=err)


def write_problems(problems: Any, table: Path) -> None:
    """Write a frame of problems to a CSV file; exit 2 with one line where it cannot be written."""
    from kap_analysis.whole_folder import write_whole_file

    try:
        write_whole_file(table, problems.to_csv(index=False, lineterminator="\n"))
    except OSError as error:
        say(f"kap: cannot write the problems to {table} ({error.strerror}).", err=True)
        raise typer.Exit(2) from None


def say_json(value: Any) -> None:
    """Print an object as JSON, whose unseen characters are written as JSON writes them."""
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    typer.echo("".join(one if one == "\n" or one.isprintable() else json.dumps(one)[1:-1] for one in text))
