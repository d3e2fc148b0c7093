"""``kap reproduce``: the notebooks against a study, and a folder of results."""

from pathlib import Path
from typing import Annotated

import typer


def reproduce(
    study: Annotated[
        Path | None, typer.Option(help="A study folder; the simulated study of the package when absent.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The results folder; an earlier one is replaced as a whole.")] = Path(
        "results"
    ),
    notebooks: Annotated[
        Path | None, typer.Option(help="A folder of numbered notebooks; those of the package when absent.")
    ] = None,
) -> None:
    """Run every notebook against a study; write figures, tables, pages and a manifest."""
    from kap_analysis.cli.progress import shown_progress
    from kap_analysis.report.pipeline import reproduce as run_notebooks

    try:
        with shown_progress("Running the notebooks") as progress:
            done = run_notebooks(study, out, notebooks=notebooks, progress=progress)
    except KeyboardInterrupt:
        typer.echo(f"kap: stopped; {out} is as it was.", err=True)
        raise typer.Exit(130) from None
    typer.echo(str(done.index))
    if done.faults:
        for line in done.faults:
            typer.echo(f"kap: {line}", err=True)
        raise typer.Exit(1)
