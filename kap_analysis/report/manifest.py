"""The manifest of a run: input and output files with hashes, versions, platform, seed and run times."""

import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from kap_analysis.analysis.model.plan_file import FILE_NAME as PLAN_FILE
from kap_analysis.report.staging import MADE_BY, MANIFEST, hash_file
from kap_analysis.report.versions import list_versions

#: What is read of a study folder beside its tables.
STUDY_FILES: Final = ("study.toml", PLAN_FILE)


def list_files(folder: Path, paths: Iterable[Path], *, under: str = "") -> list[dict[str, Any]]:
    """One entry per file, sorted by name: ``file`` (relative to the folder, with ``/``), ``bytes``, ``sha256``."""
    named = sorted((path.relative_to(folder).as_posix(), path) for path in paths)
    return [{"file": f"{under}{name}", "bytes": path.stat().st_size, "sha256": hash_file(path)} for name, path in named]


def list_inputs(study: Path | None, tables: Iterable[str], notebooks: Iterable[Path]) -> list[dict[str, Any]]:
    """The files that are read of a study folder, and the notebooks; a file that is not read may bear a name.

    Of a public study no folder is given: the size of a file tells its rows, and a hash confirms a guess at them.
    """
    found = []
    if study is not None:
        data = [study / name for name in (*STUDY_FILES, *tables) if (study / name).is_file()]
        found = list_files(study, data, under="study/")
    for path in notebooks:
        found += list_files(path.parent, [path], under="notebooks/")
    return found


def write_manifest(
    folder: Path,
    *,
    inputs: list[dict[str, Any]],
    seed: int | None,
    seconds: Mapping[str, float],
    about: Mapping[str, Any],
    plan: Mapping[str, Any],
    faults: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> dict[str, Any]:
    """Write ``manifest.json`` of a results folder, and return its content.

    Parameters
    ----------
    folder : path
        Every file in it is an output.
    inputs : list of dict
        From :func:`list_inputs`.
    seed : int or None
        The random seed of the notebooks.
    seconds : mapping
        Notebook -> seconds; the only part that differs between two runs.
    about : mapping
        The study: title, provenance, visibility, data cut, number of patients.
    plan : mapping
        The analysis plan: origin, hash, earlier hashes, and what has changed since.
    faults : mapping
        Notebook -> a line for each of its cells that failed.
    """
    outputs = [p for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST and not p.name.startswith(".")]
    manifest = {
        "made_by": MADE_BY,
        "study": dict(about),
        "plan": dict(plan),
        "seed": seed,
        "faults": {name: list(lines) for name, lines in faults.items() if lines},
        "versions": list_versions(),
        "platform": f"{platform.system()} {platform.machine()}",
        "inputs": inputs,
        "outputs": list_files(folder, outputs),
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8", newline="\n")
    return manifest
