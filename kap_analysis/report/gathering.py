"""Gather what each notebook of a run produced, in the order of the notebooks; and take it apart again."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

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
        Its ``contents.json`` names the notebook that made each figure and table, and the facts of each notebook.

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
        if found["facts"]:
            gathered["facts"] |= found["facts"]
            gathered["facts_of"][name] = found["facts"]
        _move_files(parts / name, folder)
    if any(gathered.values()):
        write_contents(folder, gathered)
    shutil.rmtree(parts, ignore_errors=True)


def split_into_parts(folder: Path, names: Iterable[str], parts: Path) -> None:
    """Copy out of a results folder what some of its notebooks made, to folders of their own."""
    gathered = read_contents(folder)
    for name in names:
        part = {kind: _made_by(gathered[kind], name) for kind in ("figures", "tables")}
        for file in (file for entries in part.values() for entry in entries.values() for file in _files_of(entry)):
            target = parts / name / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / file, target)
        contents = {**part, "facts": gathered["facts_of"].get(name, {})}
        if any(contents.values()):
            (parts / name).mkdir(parents=True, exist_ok=True)
            write_contents(parts / name, contents)


def _made_by(entries: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, Any]:
    made = {key: entry for key, entry in entries.items() if entry["notebook"] == name}
    return {key: {field: value for field, value in entry.items() if field != "notebook"} for key, entry in made.items()}


def _files_of(entry: Mapping[str, Any]) -> list[str]:
    return [*entry["files"], *entry.get("pictures", {}).values()]


def _move_files(part: Path, folder: Path) -> None:
    for path in sorted(p for p in part.rglob("*") if p.is_file() and p.name != CONTENTS):
        target = folder / path.relative_to(part)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
