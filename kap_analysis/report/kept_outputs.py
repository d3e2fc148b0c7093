"""The outputs stored in the notebooks of a checkout: written by a fresh run, and checked against one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from kap_analysis.report.execution import read_notebook, run_notebook, write_notebook
from kap_analysis.report.kernel_parent import copied_kernels
from kap_analysis.report.notebook_libraries import NotebookNode
from kap_analysis.report.reasons_shown import UNANSWERED
from kap_analysis.report.shipped import list_notebooks

#: Cells with this tag show what differs between machines, such as versions.
OF_THIS_MACHINE: Final = "of-this-machine"
#: Pictures are not compared: single pixels differ between platforms, and tests check the data drawn.
COMPARED: Final = ("text/markdown", "text/html", "text/plain")


def refresh_notebooks(
    folder: Path, *, check: bool = False, progress: Callable[[int, int, str], None] | None = None
) -> list[str]:
    """Run the notebooks of a folder in place, without a results folder, and store their outputs.

    Parameters
    ----------
    folder : path
    check : bool
        Write nothing; only compare.
    progress : callable, optional
        Called with (notebooks done, notebooks, name).

    Returns
    -------
    list of str, one line per notebook that was written, or (with `check`) per cell that differs.
    """
    paths = list_notebooks(folder)
    lines: list[str] = []
    with copied_kernels():
        for done, path in enumerate(paths):
            if progress is not None:
                progress(done, len(paths), path.stem)
            kept = read_notebook(path)
            fresh = run_notebook(kept, name=path.stem, folder=path.parent)
            if check:
                lines += [f"{path.name}: {difference}" for difference in compare_outputs(kept, fresh)]
            else:
                write_notebook(fresh, path)
                lines.append(path.name)
    return lines


def compare_outputs(kept: NotebookNode, fresh: NotebookNode) -> list[str]:
    """The code cells whose text differs between two runs of a notebook, and those that printed a warning."""
    found = []
    pairs = zip(kept.cells, fresh.cells, strict=True)
    code = [pair for pair in pairs if pair[0].cell_type == "code"]
    for number, (before, after) in enumerate(code, start=1):
        if any(output.get("name") == "stderr" for output in after.outputs):
            found.append(f"code cell {number} prints to standard error")
        if UNANSWERED in after.metadata.get("tags", []):
            found.append(f"code cell {number} has no answer")
        if OF_THIS_MACHINE not in before.metadata.get("tags", []) and _words(before) != _words(after):
            found.append(f"code cell {number} gives other text than is stored")
    return found


def _words(cell: NotebookNode) -> list[Any]:
    words: list[Any] = []
    for output in cell.outputs:
        data = output.get("data", {})
        words += [output.get("text", "")] + [data[key] for key in COMPARED if key in data]
    return words
