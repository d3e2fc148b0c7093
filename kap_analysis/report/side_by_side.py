"""The notebooks of a run, side by side: each in a kernel of its own, with a folder of its own for its results."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kap_analysis.columns import Progress
from kap_analysis.report.execution import count_code_cells, execute_notebook
from kap_analysis.report.notebook_libraries import NotebookNode
from kap_analysis.report.parameters import fill_parameters

STUDY_FOLDER: Final = "study_folder"
RESULTS_FOLDER: Final = "results_folder"
#: Notebooks that run at the same time; more would need more memory for a large study.
AT_ONCE: Final = 2


@dataclass(frozen=True)
class Ran:
    """Notebook -> its run times in seconds, its executed copy, and a line for each of its cells that failed."""

    seconds: Mapping[str, float]
    executed: Mapping[str, NotebookNode]
    faults: Mapping[str, tuple[str, ...]]


def run_side_by_side(
    originals: Mapping[str, NotebookNode],
    study: Path,
    parts: Path,
    progress: Progress | None,
    *,
    is_public: bool = False,
) -> Ran:
    """Run notebooks, two at a time and in their order; the results of each go to a folder of its name in ``parts``.

    Of a public study of real patients neither the name of the folder is stored nor why a cell has no answer.
    """
    with asyncio.Runner(loop_factory=_loop) as runner:
        return runner.run(_run_all(originals, study, parts, progress, is_public))


def _loop() -> asyncio.AbstractEventLoop:
    """An event loop that leaves signals alone: the notebook client would take Ctrl-C and SIGTERM for itself.

    What fails while a run is being stopped is not told: what fails a run is raised by the task group.
    """
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)
    loop.add_signal_handler = lambda *_: None  # type: ignore
    loop.remove_signal_handler = lambda *_: False  # type: ignore
    return loop


async def _run_all(
    originals: Mapping[str, NotebookNode], study: Path, parts: Path, progress: Progress | None, is_public: bool
) -> Ran:
    told = _Told(progress, {name: count_code_cells(notebook) for name, notebook in originals.items()})
    faults: dict[str, list[str]] = {name: [] for name in originals}
    places = asyncio.Semaphore(min(AT_ONCE, os.cpu_count() or 1))

    async def run(name: str) -> tuple[float, NotebookNode]:
        async with places:
            began = time.perf_counter()
            folders = {STUDY_FOLDER: str(study), RESULTS_FOLDER: str(parts / name)}
            filled = fill_parameters(originals[name], folders, name=name)
            ran = await execute_notebook(
                filled, name=name, progress=told.of(name), faults=faults[name], tells_reasons=not is_public
            )
            # the stored copy shows the name of the study folder, not its path; of a public study not even that
            shown = "study" if is_public else study.name
            kept = fill_parameters(ran, {STUDY_FOLDER: shown, RESULTS_FOLDER: None}, name=name)
            return time.perf_counter() - began, kept

    try:
        async with asyncio.TaskGroup() as group:
            tasks = {name: group.create_task(run(name)) for name in originals}
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    done = {name: task.result() for name, task in tasks.items()}
    return Ran(
        {name: took for name, (took, _) in done.items()},
        {name: kept for name, (_, kept) in done.items()},
        {name: tuple(lines) for name, lines in faults.items()},
    )


class _Told:
    """Progress over several notebooks that run at the same time."""

    def __init__(self, progress: Progress | None, cells: dict[str, int]) -> None:
        self.progress, self.cells = progress, cells
        self.done = dict.fromkeys(cells, 0)

    def of(self, name: str) -> Callable[[int, int], None] | None:
        """The function that one notebook calls after each cell; it also reports that the notebook has started."""
        if self.progress is None:
            return None

        def tell(done: int, _: int) -> None:
            assert self.progress is not None
            self.done[name] = done
            self.progress(sum(self.done.values()), sum(self.cells.values()), name)

        tell(0, 0)
        return tell
