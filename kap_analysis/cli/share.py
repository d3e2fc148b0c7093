"""``kap share``: what everybody may see of a study, with a report on what was withheld."""

from pathlib import Path
from typing import Annotated

import typer

from kap_analysis.cli.say import say


def share(
    study: Annotated[Path, typer.Argument(help='The study folder; its study.toml says visibility = "public".')],
    out: Annotated[Path, typer.Option("--out", help="The folder to share; an earlier one is replaced as a whole.")],
    notebooks: Annotated[
        Path | None, typer.Option(help="A folder of numbered notebooks; those of the package when absent.")
    ] = None,
) -> None:
    """Run every notebook, withhold what could point at a patient, and report what was withheld.

    The folder holds sharing_report.html: which numbers are shown, and the attack that was tried on all of them. It does
    not know what was shared before: two folders between which few patients were added give these away.
    """
    from kap_analysis.cli.progress import shown_progress
    from kap_analysis.report.share import share_study

    with shown_progress("Running the notebooks") as progress:
        done = share_study(study, out, notebooks=notebooks, progress=progress)
    say(str(done.index))
    say(f"Read {done.folder / 'sharing_report.html'} before you share the folder.", err=True)
    if done.faults:
        for line in done.faults:
            say(f"kap: {line}", err=True)
        raise typer.Exit(1)
