"""``kap map``: the map of an export, drafted."""

from pathlib import Path
from typing import Annotated

import typer

from kap_analysis.cli.say import say


def map(
    source: Annotated[Path, typer.Argument(help="A file or a folder of files: CSV, Excel, SPSS, Stata, SAS, Parquet.")],
    out: Annotated[Path, typer.Option(help="Where the map is written; an existing one is never replaced.")] = Path(
        "map.toml"
    ),
) -> None:
    """Look at an export and draft its map: which column is what, and what a person must decide.

    It prints patterns and counts, never a patient's values. Fill the lines with "?" in a text editor, then: kap import.
    """
    from kap_analysis.cli.progress import shown_progress
    from kap_analysis.intake.draft import draft_map

    if out.exists():
        say(f"kap: {out} is there already; give --out another name. Nothing was written.", err=True)
        raise typer.Exit(2)
    with shown_progress("map") as progress:
        draft = draft_map(source, progress=progress)
    try:
        out.write_text(draft.text, encoding="utf-8", newline="\n")
    except OSError as error:
        say(f"kap: cannot write {out} ({error.strerror}).", err=True)
        raise typer.Exit(2) from None
    say(draft.paragraph)
    for number, asked in draft.open_lines:
        say(f"{out.name}, line {number}: {asked}")
    say(f"Read {out}, then: kap import {source} --map {out} --out STUDY")
