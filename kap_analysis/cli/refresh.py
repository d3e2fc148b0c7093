"""``python -m kap_analysis.cli.refresh``: run the notebooks of a checkout and keep, or check, their outputs."""

from pathlib import Path
from typing import Annotated

import typer

from kap_analysis.cli.say import say


def refresh(
    folder: Annotated[Path, typer.Argument(help="The folder of numbered notebooks.")],
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 where the kept outputs differ.")
    ] = False,
) -> None:
    """Run the notebooks of a folder in place, so that the outputs they keep come from one fresh run."""
    from kap_analysis.cli.progress import shown_progress
    from kap_analysis.errors import KapError
    from kap_analysis.report.kept_outputs import refresh_notebooks

    try:
        with shown_progress("Checking" if check else "Refreshing") as progress:
            differing = refresh_notebooks(folder, check=check, progress=progress)
    except KapError as error:
        say(str(error), err=True)
        raise typer.Exit(1) from None
    for line in differing:
        say(line)
    if check and differing:
        say("The outputs that the notebooks keep are not those of a fresh run; run `make notebooks`.", err=True)
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(refresh)
