"""``kap reproduce``: the notebooks against a study, and a folder of results."""

import re
from pathlib import Path
from typing import Annotated, Final

import typer

from kap_analysis.cli.say import say
from kap_analysis.cli.stop import stopped_code

#: Two digits each, as the names of the notebooks begin.
NUMBERS: Final = re.compile(r"\d\d(,\d\d)*")


def reproduce(
    study: Annotated[
        Path | None, typer.Option(help="A study folder; the simulated study of the package when absent.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The results folder; an earlier one is replaced as a whole.")] = Path(
        "results"
    ),
    notebooks: Annotated[
        str | None,
        typer.Option(
            help="Numbers of the notebooks to run again, such as 03,05, while the other results in --out stay; or a "
            "folder of numbered notebooks. All of those of the package when absent."
        ),
    ] = None,
    replace_changed: Annotated[
        bool, typer.Option("--replace-changed", help="Lose what somebody changed in the results folder after the run.")
    ] = False,
) -> None:
    """Run every notebook against a study; write figures, tables, pages and a manifest."""
    from kap_analysis.cli.progress import shown_progress
    from kap_analysis.report.kernel_parent import copied_kernels

    with copied_kernels():  # loads libraries while this process does too
        from kap_analysis.report.pipeline import reproduce as run_notebooks

        try:
            asked = notebooks if notebooks and NUMBERS.fullmatch(notebooks) else None
            with shown_progress("Running the notebooks") as progress:
                done = run_notebooks(
                    study,
                    out,
                    notebooks=None if asked else notebooks,
                    only=asked.split(",") if asked else (),
                    replace_changed=replace_changed,
                    progress=progress,
                )
        except KeyboardInterrupt:
            say(f"kap: stopped; {out} is as it was.", err=True)
            raise typer.Exit(stopped_code()) from None
    say(str(done.index))
    if done.faults:
        for line in done.faults:
            say(f"kap: {line}", err=True)
        raise typer.Exit(1)
