"""Gather what each notebook of a run produced, in the order of the notebooks."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from kap_analysis.errors import ReportError
from kap_analysis.report.results_folder import CONTENTS, read_contents, write_contents


def gather_parts(parts: Path, names: Iterable[str], folder: Path) -> None:
    """Move what notebooks wrote to folders of their own into one results folder, and remove those folders.

    Parameters
    ----------
    parts : path
        Holds one folder per notebook that produced anything.
    names : iterable of str
        The notebooks in their order.
    folder : path
        Its ``contents.json`` names the notebook that made each figure and table.

    Raises
    ------
    ReportError
        If two notebooks made a figure, or a table, of the same name.
    """
    gathered = read_contents(folder)
    for name in names:
        found = read_contents(parts / name)
        for kind in ("figures", "tables"):
            for key, entry in found[kind].items():
                if key in gathered[kind]:
                    first = gathered[kind][key]["notebook"]
                    raise ReportError(f"{first} and {name} both produce {kind} named {key!r}; rename one.")
                gathered[kind][key] = {**entry, "notebook": name}
        gathered["facts"] |= found["facts"]
        _move_files(parts / name, folder)
    if any(gathered.values()):
        write_contents(folder, gathered)
    shutil.rmtree(parts, ignore_errors=True)


def _move_files(part: Path, folder: Path) -> None:
    for path in sorted(p for p in part.rglob("*") if p.is_file() and p.name != CONTENTS):
        target = folder / path.relative_to(part)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
