"""``kap power``: what the next study of group against individual format could show."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kap_analysis.cli.say import say


def power(
    plan: Annotated[Path, typer.Argument(help="The planned study, a TOML file as --draft writes it.")],
    draft: Annotated[bool, typer.Option("--draft", help="Write such a file to fill in, and stop.")] = False,
    draws: Annotated[int, typer.Option("--draws", min=0, help="Simulated studies beside the formula; 0: none.")] = 200,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same numbers.")] = 1,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes; they do not change the result.")] = 1,
    cluster: Annotated[
        str | None, typer.Option("--cluster", help="Address of a Dask cluster: tcp://host:8786.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="A new folder for the tables and the figure.")] = None,
) -> None:
    """Power, and the expected width of the interval, of a study that is being planned.

    By the expected information of the primary model, and by simulated studies, each analysed as the real one will be.
    """
    from kap_analysis.cli.progress import shown_progress
    from kap_analysis.errors import PlanningError
    from kap_analysis.planning.precision import plan_next_study
    from kap_analysis.planning.study_file import DRAFT, read_next_study
    from kap_analysis.tables.planning.planned_study import table_planned_study
    from kap_analysis.whole_folder import write_whole_file

    if draft:
        if plan.exists():
            raise PlanningError(f"{plan} is there already; name a file that is not.")
        write_whole_file(plan, DRAFT)
        say(f"Wrote {plan}. Every number in it is an assumption: change them, then: kap power {plan}", err=True)
        return
    if out is not None:
        _check_free(out)
    read = read_next_study(plan)
    with shown_progress("Drawing studies") as progress:
        found = plan_next_study(
            read.study,
            iccs=read.iccs,
            vary=read.vary or None,
            target_power=read.target_power,
            target_width=read.target_width,
            n_draws=draws,
            seed=seed,
            workers=workers,
            cluster=cluster,
            progress=progress,
        )
    say(found.paragraph)
    say()
    say(table_planned_study(precision=found.precision).to_markdown())
    say(found.methods)
    if out is not None:
        _write(found, out)
        say(f"Wrote {out}.", err=True)


def _check_free(out: Path) -> None:
    """Raise for a place that holds something, before the draws and again before anything is written."""
    from kap_analysis.errors import PlanningError

    if out.is_dir() and any(out.iterdir()):
        raise PlanningError(f"{out} is not empty; name a new folder for --out.")
    if (out.exists() or out.is_symlink()) and not out.is_dir():
        raise PlanningError(f"{out} is a file; name a new folder for --out.")


def _write(found: Any, out: Path) -> None:
    """Write a `PlannedStudy`: every frame, the table, both figures and the two paragraphs."""
    from dataclasses import asdict

    from kap_analysis.errors import PlanningError
    from kap_analysis.figures.page.export import save_figure
    from kap_analysis.figures.planning.planned_study import plot_planned_study
    from kap_analysis.tables.planning.planned_study import table_planned_study
    from kap_analysis.whole_folder import write_whole_folder

    design = asdict(found.study)
    with write_whole_folder(out.absolute(), check=_check_free, is_ours=lambda _: False, error=PlanningError) as folder:
        for name in ("precision", "smallest", "grid", "exchange", "assumptions"):
            getattr(found, name).to_csv(folder / f"{name}.csv", index=False)
        table_planned_study(precision=found.precision).save(folder)
        for measure in ("power", "width"):
            if found.grid[measure].notna().any():
                figure = plot_planned_study(grid=found.grid, measure=measure, design=design, smallest=found.smallest)
                save_figure(figure, folder / measure)  # type: ignore[arg-type]
        (folder / "paragraphs.md").write_text(f"{found.paragraph}\n\n{found.methods}\n", encoding="utf-8")
