"""What a command says: text from data is text in a terminal, too."""

import json
from typing import Any

import typer

from kap_analysis.writing.escapes import visible


def say(text: object = "", *, err: bool = False) -> None:
    """Print a text in which nothing moves the cursor, changes colours or turns the direction of writing."""
    typer.echo(visible(str(text)), err=err)


def say_json(value: Any) -> None:
    """Print an object as JSON, whose unseen characters are written as JSON writes them."""
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    typer.echo("".join(one if one == "\n" or one.isprintable() else json.dumps(one)[1:-1] for one in text))
