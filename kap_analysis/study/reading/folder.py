"""The files of a study folder: which tables are there, in which file type, and which files are not read."""

from pathlib import Path
from typing import Final

from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.contract.identifiers import mask, name_kind
from kap_analysis.study.contract.problems import Problems
from kap_analysis.study.contract.settings_file import SETTINGS_FILE
from kap_analysis.suggestions import nearest_name

FILE_TYPES: Final = (".csv", ".parquet")
_LEFT_UNSAID: Final = frozenset(
    {"dictionary.csv", "dictionary.md", "plan.toml", "readme.md", "readme.txt", "truth.json"}
)


def find_tables(folder: Path, problems: Problems) -> tuple[dict[str, Path], list[str]]:
    """Find the file of each table, in the order of the dictionary.

    Returns
    -------
    (dict, list)
        Table name -> file; and notes on files that are not read. A table that stands in two files is a problem and
        is not read, nor is one whose name belongs to something else than a file: passed over, it would silently be an
        absent table. A required table that is absent is a problem.
    """
    there = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    named = {entry: kind for entry in there if (kind := name_kind(entry.name))}
    for entry, kind in named.items():
        problems.add(
            "the folder", f"a file {mask(entry.name)} whose name looks like {kind}", "another name, or no file"
        )
    there = [entry for entry in there if entry not in named]
    for entry in (entry for entry in there if not entry.name.isprintable()):
        problems.add("the folder", f"the file {entry.name!r}, with an unprintable character", "a plain name")
    there = [entry for entry in there if entry.name.isprintable()]
    entries = [entry for entry in there if entry.is_file()]
    blocked = {entry.name: kind for entry in there if (kind := no_file(entry))}
    found: dict[str, Path] = {}
    for name, spec in TABLES.items():
        files = [entry for entry in entries if entry.name in {name + suffix for suffix in FILE_TYPES}]
        others = [name + suffix for suffix in FILE_TYPES if name + suffix in blocked]
        for other in others:
            problems.add(other, blocked[other], f"the table {name} as a file")
        if len(files) > 1:
            both = " and ".join(entry.name for entry in files)
            problems.add(files[0].name, f"the table {name} twice, as {both}", "one of the two files")
        elif files:
            found[name] = files[0]
        elif spec.required and not others:
            other = _misnamed(name, entries)
            expected = f"the table {name}, as CSV or Parquet" + (f" (is it {other}?)" if other else "")
            problems.add(f"{name}.csv", "no such file", expected)
    return found, _notes(entries)


def no_file(path: Path) -> str:
    """Say what stands in the place of a file ("a folder"), or return an empty text for a file and for nothing."""
    if path.is_file():
        return ""
    if path.is_symlink() and not path.exists():
        return "a link that leads nowhere"
    if path.is_dir():
        return "a folder"
    return "no file but a pipe, a socket or a device" if path.exists() else ""


def _misnamed(name: str, entries: list[Path]) -> str:
    stems = {entry.stem: entry.name for entry in entries if entry.stem not in TABLES and entry.name != SETTINGS_FILE}
    near = nearest_name(name, stems)
    return stems[near] if near else ""


def _notes(entries: list[Path]) -> list[str]:
    read = {table + suffix for table in TABLES for suffix in FILE_TYPES} | {SETTINGS_FILE}
    notes = []
    for entry in entries:
        if entry.name in read or entry.name.lower() in _LEFT_UNSAID:
            continue
        near = nearest_name(entry.stem, TABLES)
        hint = f" (did you mean {near}{entry.suffix if entry.suffix in FILE_TYPES else '.csv'}?)" if near else ""
        notes.append(f"{entry.name} is not a table of the dictionary and not read{hint}.")
    return notes
