"""Replace a results folder as a whole: build it beside the old one, swap by two renames, repair after interruption.

A folder cannot be renamed over one that is not empty. So new results are built in ``results.new``; then ``results``
becomes ``results.old``, ``results.new`` becomes ``results``, and ``results.old`` is removed. If the run is interrupted,
one of the folders is complete, and the next run restores it before it begins.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from kap_analysis.errors import ReportError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

MANIFEST: Final = "manifest.json"
MADE_BY: Final = "kap_analysis"
IN_USE: Final = ".being-written"
#: Files that a desktop puts into folders that are opened.
OF_THE_DESKTOP: Final = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", ".directory"})


@contextmanager
def staged_folder(out: str | Path) -> Iterator[Path]:
    """Give a new folder to build results in, and replace `out` with it if the block succeeds.

    Parameters
    ----------
    out : path
        Absent, empty, or a results folder that this package wrote.

    Yields
    ------
    The folder to build in. If the block raises, it is removed and `out` stays unchanged.

    Raises
    ------
    ReportError
        If `out` was not written by this package, or another run is writing it.
    """
    target = Path(out).expanduser().resolve()
    if not target.name:
        raise ReportError(f"{out} cannot hold results; name a folder of its own, for example results.")
    _repair(target)
    check_replaceable(target)
    staging = _beside(target, "new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staging.mkdir()
    except OSError as error:
        raise ReportError(f"{staging} cannot be made ({error.strerror}); choose another place with --out.") from error
    lock = _hold(staging / IN_USE)
    try:
        yield staging
        lock.close()
        (staging / IN_USE).unlink()
        _swap(staging, target)
    finally:
        lock.close()
        shutil.rmtree(staging, ignore_errors=True)


def check_replaceable(target: Path) -> None:
    """Raise an error for a folder that this package did not write, or that holds other files.

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
    foreign = sorted(present - listed)
    if foreign:
        raise ReportError(
            f"{target} also holds {len(foreign)} {'file' if len(foreign) == 1 else 'files'} that kap reproduce did not "
            f"write ({', '.join(foreign[:3])}); move them away, or choose another folder with --out."
        )


def _listed_files(folder: Path) -> set[str] | None:
    """The files that the manifest of a results folder names, or None if this package did not write the folder."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {entry["file"] for entry in manifest["outputs"]} | {MANIFEST} if manifest["made_by"] == MADE_BY else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _beside(target: Path, what: str) -> Path:
    return target.with_name(f"{target.name}.{what}")


def _repair(target: Path) -> None:
    """Repair what an interrupted run left: restore the old results, remove unfinished ones."""
    old, staging = _beside(target, "old"), _beside(target, "new")
    if old.exists():
        if _listed_files(old) is None:
            raise ReportError(f"{old} is in the way and was not written by kap reproduce; move it away.")
        if target.exists():
            shutil.rmtree(old)
        else:
            old.rename(target)
    if staging.exists():
        ours = (staging / IN_USE).exists() or _listed_files(staging) is not None or not any(staging.iterdir())
        if not ours:
            raise ReportError(f"{staging} is in the way and was not written by kap reproduce; move it away.")
        if (staging / IN_USE).exists():
            _hold(staging / IN_USE).close()
        shutil.rmtree(staging)


def _swap(staging: Path, target: Path) -> None:
    old = _beside(target, "old")
    moved = False
    try:
        if target.exists():
            target.rename(old)
            moved = True
        staging.rename(target)
    except OSError as error:
        if moved:
            old.rename(target)
        raise ReportError(
            f"{target} could not be replaced ({error.strerror}): is a file in it open in another program? "
            "The results that were there are unchanged."
        ) from error
    shutil.rmtree(old, ignore_errors=True)


def _hold(path: Path) -> IO[str]:
    """Open a file and lock it; the system releases the lock when the process ends for any reason."""
    file = path.open("a", encoding="utf-8")
    try:
        if sys.platform == "win32":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise ReportError(f"Another run is writing {path.parent}; wait until it ends.") from error
    return file
