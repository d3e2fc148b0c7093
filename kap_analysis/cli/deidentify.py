"""``kap deidentify``: what in a file or a study looks like an identifier of a person."""

from pathlib import Path
from typing import Annotated

import typer

from kap_analysis.cli.say import say


def deidentify(
    source: Annotated[Path, typer.Argument(help="A study folder, an export, or a folder of exports.")],
    report: Annotated[bool, typer.Option("--report", help="Say it of every column.")] = False,
    k: Annotated[int, typer.Option(help="How many patients should at least be alike.", min=2)] = 5,
) -> None:
    """Look for the 18 kinds of identifiers of HIPAA's Safe Harbor; nothing is changed and no value is shown.

    Exit 0 if nothing looks like an identifier, 1 otherwise. What becomes of a column is said in the map of kap import.
    """
    from kap_analysis.intake.deidentification import check_identifiers

    checked = check_identifiers(source, k=k)
    say(checked.paragraph)
    for file, column, kind, _, _, why in checked.found.to_numpy().tolist():
        say(f"{f'{file}, {column}' if column else file}: {kind}; {why}")
    if report:
        for file, column, _, why in checked.trusted.to_numpy().tolist():
            say(f"{file}, {column}: trusted; {why}")
        for heading, frame in (
            ("The smallest classes of patients who are alike:", checked.classes),
            (f"What would make every class {k} patients or more, step by step:", checked.steps),
        ):
            if len(frame):
                say(f"\n{heading}\n{frame.to_string(index=False)}")
    raise typer.Exit(1 if len(checked.found) else 0)
