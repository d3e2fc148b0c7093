"""The cell of a notebook that sets its parameters: tagged ``parameters``, with plain assignments only."""

import ast
import copy
import json
from collections.abc import Mapping
from typing import Any, Final

from kap_analysis.errors import ReportError
from kap_analysis.report.notebook_libraries import NotebookNode

PARAMETERS: Final = "parameters"


def fill_parameters(notebook: NotebookNode, values: Mapping[str, Any], *, name: str) -> NotebookNode:
    """Return a copy whose one cell tagged ``parameters`` assigns the given values.

    Parameters
    ----------
    notebook : NotebookNode
    values : mapping
        Name -> value. Names that the cell does not assign are an error; names not given keep their value.
    name : str
        Name of the notebook, for the error.

    Raises
    ------
    ReportError
        If the notebook has no such cell or several, or the cell does not assign a name.
    """
    filled = copy.deepcopy(notebook)
    cells = _parameter_cells(filled)
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


def read_parameters(notebook: NotebookNode) -> dict[str, Any]:
    """Name -> value, for the assignments of the cell tagged ``parameters``."""
    texts: dict[str, str] = {}
    for cell in _parameter_cells(notebook):
        texts |= _assigned_values(cell.source)
    return {name: ast.literal_eval(text) for name, text in texts.items()}


def _parameter_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [c for c in notebook.cells if c.cell_type == "code" and PARAMETERS in c.metadata.get("tags", [])]


def _assigned_values(source: str) -> dict[str, str]:
    """Name -> text of its value, for each plain assignment, in order."""
    found: dict[str, str] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = ast.unparse(node.value)
    return found


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
