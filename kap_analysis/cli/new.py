"""``kap new``: an empty study folder to fill."""

from pathlib import Path
from typing import Annotated

import typer

from kap_analysis.cli.say import say


def new(folder: Annotated[Path, typer.Argument(help="A new or empty folder.")]) -> None:
    """Write an empty study folder: headers, two made-up rows per table, study.toml and the dictionary."""
    from kap_analysis.errors import StudyError
    from kap_analysis.study.contract.blank_study import write_blank_study

    try:
        written = write_blank_study(folder)
    except StudyError as error:
        say(f"kap: {error}", err=True)
        raise typer.Exit(2) from None
    say(f"{len(written)} files in {folder}. Fill the tables, then: kap validate {folder}")
