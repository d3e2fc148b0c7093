"""Running a copy of a notebook: its parameters filled, its cells run, what differs between two runs taken out."""

import ast
import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode

from kap_analysis.errors import ReportError
from kap_analysis.report.kernel import own_kernel

PARAMETERS: Final = "parameters"
KERNELSPEC: Final = {"display_name": "Python 3", "language": "python", "name": "python3"}


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook file."""
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.reader.NotJSONError) as error:
        raise ReportError(f"{path.name} cannot be read as a notebook: {error}") from error


def fill_parameters(notebook: NotebookNode, values: Mapping[str, Any], *, name: str) -> NotebookNode:
    """Return a copy whose one cell tagged ``parameters`` assigns the given values.

    Parameters
    ----------
    notebook : NotebookNode
    values : mapping
        Name to value; names that the cell does not assign are refused, names not given keep their own value.
    name : str
        Of the notebook, for the error.

    Raises
    ------
    ReportError
        If the notebook has no such cell or several, or the cell does not assign a name.
    """
    filled = copy.deepcopy(notebook)
    cells = [c for c in filled.cells if c.cell_type == "code" and PARAMETERS in c.metadata.get("tags", [])]
    if len(cells) != 1:
        raise ReportError(f"{name} has {len(cells)} cells tagged {PARAMETERS!r}; expected one.")
    assigned = _assigned_values(cells[0].source)
    unknown = sorted(set(values) - set(assigned))
    if unknown:
        raise ReportError(
            f"The parameters of {name} are {', '.join(assigned)}; {', '.join(unknown)} is not one of them."
        )
    shown = {key: _literal(values[key]) if key in values else text for key, text in assigned.items()}
    cells[0].source = "\n".join(f"{key} = {text}" for key, text in shown.items())
    return filled


def run_notebook(
    notebook: NotebookNode, *, name: str, folder: Path | None = None, progress: Callable[[int, int], None] | None = None
) -> NotebookNode:
    """Run a copy of a notebook from its first cell to its last in a fresh kernel of this interpreter.

    Parameters
    ----------
    notebook : NotebookNode
    name : str
        For the error.
    folder : path, optional
        Where the kernel runs; a temporary folder when absent.
    progress : callable, optional
        Called with (code cells done, code cells).

    Returns
    -------
    The copy with its outputs, without timings and without what only describes the machine.

    Raises
    ------
    ReportError
        If a cell fails: which, and with what.
    """
    running = copy.deepcopy(notebook)
    for cell in running.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    total = sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in running.cells)
    done = 0

    def count(*, execute_reply: Mapping[str, Any], **_: Any) -> None:
        nonlocal done
        done += execute_reply["content"]["status"] == "ok"
        if progress is not None:
            progress(done, total)

    with own_kernel() as kernel:
        client = NotebookClient(
            running,
            km=kernel.manager,
            timeout=None,
            record_timing=False,
            coalesce_streams=True,
            on_cell_executed=count,
            shutdown_kernel="immediate",
        )
        try:
            client.execute(cleanup_kc=True, cwd=str(folder or kernel.folder), env=kernel.environment)
        except CellExecutionError as error:
            raise ReportError(_failure(name, done, total, error)) from error
        except DeadKernelError as error:
            raise ReportError(
                f"{name}: the kernel died in code cell {done + 1} of {total}; was memory short?"
            ) from error
    return without_traces(running)


def without_traces(notebook: NotebookNode) -> NotebookNode:
    """Return a copy without timings, language details and widget state, so that two runs are equal byte by byte."""
    plain = copy.deepcopy(notebook)
    plain.metadata = NotebookNode({"kernelspec": NotebookNode(KERNELSPEC)})
    for cell in plain.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = NotebookNode({"tags": tags}) if tags else NotebookNode()
    return plain


def write_notebook(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook file, with Unix line ends on every platform."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        nbformat.write(notebook, file)


def read_parameters(notebook: NotebookNode) -> dict[str, Any]:
    """Name to value, for what the cell tagged ``parameters`` assigns as plain values."""
    texts: dict[str, str] = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and PARAMETERS in cell.metadata.get("tags", []):
            texts |= _assigned_values(cell.source)
    return {name: ast.literal_eval(text) for name, text in texts.items()}


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _assigned_values(source: str) -> dict[str, str]:
    """Name -> text of its value, for each plain assignment of a cell, in order."""
    found: dict[str, str] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = ast.unparse(node.value)
    return found


def _failure(name: str, done: int, total: int, error: CellExecutionError) -> str:
    reason = f"{error.ename}: {error.evalue}" if error.evalue else str(error.ename)
    return f"{name} stopped in code cell {done + 1} of {total}. {reason}"
