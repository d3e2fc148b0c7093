"""Run a copy of a notebook from the first cell to the last, and remove what differs between two runs."""

import asyncio
import copy
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from kap_analysis.errors import ReportError
from kap_analysis.report.kernel import Kernel, own_kernel
from kap_analysis.report.notebook_libraries import NotebookNode, nbformat
from kap_analysis.report.reasons_shown import put_reasons
from kap_analysis.report.unanswered import Unanswered

# isort: split
from nbclient import NotebookClient  # imports nbformat too, so its door comes first
from nbclient.exceptions import DeadKernelError

KERNELSPEC: Final = {"display_name": "Python 3", "language": "python", "name": "python3"}
CellProgress = Callable[[int, int], None]


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook file."""
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.reader.NotJSONError) as error:
        raise ReportError(f"{path.name} cannot be read as a notebook: {error}") from error


def run_notebook(
    notebook: NotebookNode, *, name: str, folder: Path | None = None, progress: CellProgress | None = None
) -> NotebookNode:
    """Run a copy of a notebook in a fresh kernel of this interpreter and wait for it: see `execute_notebook`."""
    return asyncio.run(execute_notebook(notebook, name=name, folder=folder, progress=progress))


#: Where a warning was given: the file, which tells the machine, and the line.
PLACE_OF_WARNING: Final = re.compile(r"^\S.*?:\d+: (?=\w*Warning: )", re.MULTILINE)


async def execute_notebook(
    notebook: NotebookNode,
    *,
    name: str,
    folder: Path | None = None,
    progress: CellProgress | None = None,
    faults: list[str] | None = None,
    tells_reasons: bool = True,
) -> NotebookNode:
    """Run a copy of a notebook in a fresh kernel of this interpreter; several can run at once.

    Parameters
    ----------
    notebook : NotebookNode
    name : str
        For the error.
    folder : path, optional
        Where the kernel runs; a temporary folder when absent.
    progress : callable, optional
        Called with (code cells done, code cells).
    faults : list, optional
        Takes one line for each cell that fails for a reason that is not in the data; the cell shows it, and the
        notebook goes on. Without a list such a cell is an error.
    tells_reasons : bool
        Whether cells without an answer say why. Of a public study they do not: reasons count patients.

    Returns
    -------
    The copy with its outputs, without timings and without details of the machine. A cell that these data cannot answer
    holds the reason instead (see `unanswered`).

    Raises
    ------
    ReportError
        If the kernel ends, or, without `faults`, a cell fails; the error names the cell and the reason.
    """
    running = copy.deepcopy(notebook)
    for cell in running.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    run = _Run(name, count_code_cells(running), progress, faults, tells_reasons)
    with own_kernel() as kernel:
        try:
            await _client(running, kernel, run).async_execute(
                cleanup_kc=True, cwd=str(folder or kernel.folder), env=kernel.environment
            )
        except DeadKernelError as error:
            raise ReportError(
                f"{name}: the kernel ended in {run.where}: it was stopped, or memory was short."
            ) from error
    put_reasons(run.unanswered, running)
    return without_traces(running)


def count_code_cells(notebook: NotebookNode) -> int:
    """The number of code cells that are not empty."""
    return sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in notebook.cells)


def without_traces(notebook: NotebookNode) -> NotebookNode:
    """Return a copy without timings, language details, widget state and places of files: two runs are identical."""
    plain = copy.deepcopy(notebook)
    plain.metadata = NotebookNode({"kernelspec": NotebookNode(KERNELSPEC)})
    for cell in plain.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = NotebookNode({"tags": tags}) if tags else NotebookNode()
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                output.text = PLACE_OF_WARNING.sub("", output.text)
    return plain


def write_notebook(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook file, with Unix line endings on every platform."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        nbformat.write(notebook, file)


def _client(notebook: NotebookNode, kernel: Kernel, run: "_Run") -> NotebookClient:
    return NotebookClient(
        notebook,
        km=kernel.manager,
        timeout=None,
        allow_errors=True,
        record_timing=False,
        coalesce_streams=True,
        on_cell_executed=run.note,
        shutdown_kernel="immediate",
    )


class _Run:
    """Counts the cells of a run, and what becomes of an error."""

    def __init__(
        self, name: str, total: int, progress: CellProgress | None, faults: list[str] | None, tells_reasons: bool
    ) -> None:
        self.name, self.total, self.progress, self.faults = name, total, progress, faults
        self.done = 0
        self.tells_reasons = tells_reasons
        self.unanswered = Unanswered(tells_reasons)

    @property
    def where(self) -> str:
        return f"code cell {self.done + 1} of {self.total}"

    def note(self, cell: NotebookNode, cell_index: int, execute_reply: Mapping[str, Any]) -> None:
        reply = execute_reply["content"]
        if reply["status"] != "ok" and not self.unanswered.accept(cell_index, cell.source, reply):
            told = reply.get("evalue") if self.tells_reasons else ""
            reason = f"{reply['ename']}: {told}" if told else str(reply.get("ename"))
            if self.faults is None:
                raise ReportError(f"{self.name} stopped in {self.where}. {reason}")
            self.faults.append(f"{self.name}, {self.where}: {reason}")
            self.unanswered.accept_fault(cell_index, cell.source, reason)
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.total)
