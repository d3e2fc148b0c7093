"""``kap simulate``: another draw of the simulated study, as large as one likes."""

from pathlib import Path
from typing import Annotated

import typer

from kap_analysis.cli.say import say


def simulate(
    out: Annotated[Path, typer.Option(help="A new or empty folder, or one that kap simulate wrote.")],
    patients: Annotated[int, typer.Option(min=1, help="Number of patients.")] = 235,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same files.")] = 2019,
    file_type: Annotated[str, typer.Option(help="csv or parquet.")] = "csv",
    allocation: Annotated[
        str, typer.Option(help="What kept the sicker out of groups: recorded (score) or latent (severity).")
    ] = "recorded",
    dropout: Annotated[
        str, typer.Option(help="What loss depends on: recorded (last score), unseen (next score) or none.")
    ] = "recorded",
    facilitator_share: Annotated[float, typer.Option(help="Share of variance between facilitators.")] = 0.0,
) -> None:
    """Simulate a study in three practices and write it with its truth."""
    from kap_analysis.cli.progress import shown_progress
    from kap_analysis.simulation.simulate import simulate_study
    from kap_analysis.simulation.write import TRUTH_FILE, check_folder, write_study
    from kap_analysis.writing.numbers import plural

    check_folder(out, file_type)
    with shown_progress("Simulating") as progress:
        simulated = simulate_study(
            patients,
            seed=seed,
            allocation=allocation,  # type: ignore[arg-type]
            dropout=dropout,  # type: ignore[arg-type]
            facilitator_share=facilitator_share,
            progress=progress,
        )
    with shown_progress("Writing") as progress:
        folder = write_study(simulated, out, file_type=file_type, progress=progress)  # type: ignore[arg-type]
    say(f"Simulated study of {plural(patients, 'patient')}: {folder}")
    say(f"What is true of it: {folder / TRUTH_FILE}")
