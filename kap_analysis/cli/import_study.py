"""``kap import``: a study folder from an export and its map."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final

import typer

from kap_analysis.cli.say import say, write_problems

SHOWN: Final = 100


def import_study(
    source: Annotated[Path, typer.Argument(help="The file or the folder that the map was drafted for.")],
    map: Annotated[Path, typer.Option("--map", help="The finished map.")],
    out: Annotated[Path, typer.Option("--out", help="The study folder: new, or one that kap import made.")],
    crosswalk: Annotated[
        Path | None, typer.Option(help="Which code stands for whom; by default OUT.crosswalk.csv beside the folder.")
    ] = None,
    problems: Annotated[
        Path | None,
        typer.Option(help="A CSV file for all problems; if there are none, for totals that differ from their items."),
    ] = None,
) -> None:
    """Make a study folder of an export, or bring one up to date; every row is accounted for.

    Exit 0 if the study was made, 1 if there are problems; then the study that was there stays as it was.
    """
    from kap_analysis.cli.progress import shown_progress
    from kap_analysis.errors import IntakeError
    from kap_analysis.intake.study_import import import_study as make_study
    from kap_analysis.study.answerable import answer_lines
    from kap_analysis.writing.numbers import plural

    try:
        with shown_progress("import") as progress:
            made = make_study(source, map, out, crosswalk=crosswalk, progress=progress)
    except IntakeError as error:
        if problems is not None and len(error.problems):
            with suppress(typer.Exit):  # the problems themselves are told all the same
                write_problems(error.problems, problems)
        raise
    say(made.paragraph)
    for file, fate, reason, n in made.ledger.to_numpy():
        say(f"{file}: {plural(n, 'row')} {fate}{f', {reason}' if reason else ''}")
    for row in made.disagreements.head(SHOWN).itertuples():
        say(f"{row.file}, row {row.row}: {row.instrument}, {row.what}")
    if len(made.disagreements) > SHOWN:
        say(f"{len(made.disagreements) - SHOWN:,} more totals like these; --problems FILE.csv writes every one")
    if problems is not None:
        write_problems(made.disagreements, problems)
    for patient, day, instrument, was, now in made.changed_scores.head(SHOWN).to_numpy():
        say(f"changed: {patient}, day {day}: {instrument} {was or 'none'}, now {now or 'none'}")
    if len(made.changed_scores) > SHOWN:
        say(f"{len(made.changed_scores) - SHOWN:,} more changed scores")
    if len(made.not_placed):
        for file, rows in made.not_placed.groupby("file", sort=False):
            names = ", ".join(filter(None, rows["column"])) or f"the whole file: {rows['why'].iloc[0]}"
            say(f"{file!s}: not placed: {names}")
    for line in answer_lines(made.check.answers):
        say(line)
