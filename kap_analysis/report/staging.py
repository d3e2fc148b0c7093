"""A results folder is replaced as a whole, and only where it is ours and as it was written."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from kap_analysis.errors import ReportError
from kap_analysis.whole_folder import write_whole_folder

MANIFEST: Final = "manifest.json"
MADE_BY: Final = "kap_analysis"
#: Files that a desktop puts into folders that are opened.
OF_THE_DESKTOP: Final = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", ".directory"})


@contextmanager
def staged_folder(out: str | Path, *, replace_changed: bool = False) -> Iterator[Path]:
    """Give a new folder to build results in, and replace `out` with it if the block succeeds.

    Parameters
    ----------
    out : path
        Absent, empty, or a results folder that this package wrote.
    replace_changed : bool
        As in `check_replaceable`.

    Yields
    ------
    The folder to build in. If the block raises, it is removed and `out` stays unchanged.

    Raises
    ------
    ReportError
        If `out` was not written by this package, or another run is writing it.
    """
    target = Path(out).expanduser().resolve()
    check = partial(check_replaceable, replace_changed=replace_changed)
    with write_whole_folder(target, check=check, is_ours=_is_ours, error=ReportError) as staging:
        yield staging


def _is_ours(folder: Path) -> bool:
    return _listed_files(folder) is not None


def check_replaceable(target: Path, *, replace_changed: bool = False) -> None:
    """Raise an error for a folder that this package did not write, or that holds other files.

    Parameters
    ----------
    target : Path
    replace_changed : bool
        Whether files that somebody changed after the run, such as notebooks that were run again, may be lost.

    Raises
    ------
    ReportError
        With one sentence that names what was found.
    """
    if not target.exists():
        return
    if not target.is_dir():
        raise ReportError(f"{target} is a file; choose another folder with --out.")
    present = {p.relative_to(target).as_posix() for p in target.rglob("*") if not p.is_dir()}
    present = {p for p in present if p.rsplit("/", 1)[-1] not in OF_THE_DESKTOP and ".ipynb_checkpoints/" not in p}
    if not present:
        return
    listed = _listed_files(target)
    if listed is None:
        raise ReportError(
            f"{target} was not written by kap reproduce, so it is left alone; choose another folder with --out."
        )
    foreign = sorted(present - listed.keys())
    if foreign:
        raise ReportError(
            f"{target} also holds {len(foreign)} {'file' if len(foreign) == 1 else 'files'} that kap reproduce did not "
            f"write ({', '.join(foreign[:3])}); move them away, or choose another folder with --out."
        )

    changed = sorted(file for file in present & listed.keys() if listed[file] not in ("", hash_file(target / file)))
    if changed and not replace_changed:
        files, them = ("file", "it") if len(changed) == 1 else ("files", "them")
        raise ReportError(
            f"{target} holds {len(changed)} {files} that changed after kap reproduce wrote {them} "
            f"({', '.join(changed[:3])}); give --replace-changed (in Python replace_changed=True) to lose "
            "what changed, or choose another folder with --out."
        )


def hash_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _listed_files(folder: Path) -> dict[str, str] | None:
    """The files of a results folder with their hashes, or None if this package did not write the folder."""
    try:
        manifest: Any = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["made_by"] != MADE_BY:
            return None
        return {MANIFEST: "", **{str(entry["file"]): str(entry.get("sha256", "")) for entry in manifest["outputs"]}}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
