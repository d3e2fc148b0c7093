"""A folder that is written as a whole or not at all: built beside its place, then renamed, and mended after a stop.

A folder cannot be renamed over one that is not empty. So the new one is built in ``results.new``; then ``results``
becomes ``results.old``, ``results.new`` becomes ``results``, and ``results.old`` is removed. If the program is stopped,
one of the folders is complete, and the next run restores it before it begins.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from kap_analysis.errors import KapError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

IN_USE: Final = ".being-written"
_GOING: Final = ".being-removed"


@contextmanager
def write_whole_folder(
    target: Path, *, check: Callable[[Path], None], is_ours: Callable[[Path], bool], error: type[KapError]
) -> Iterator[Path]:
    """Give a new folder to build in, and put it in the place of ``target`` if the block succeeds.

    Parameters
    ----------
    target : Path
        Absolute. It may be absent, or what ``check`` allows.
    check : callable
        Raises an error for a folder that must not be replaced.
    is_ours : callable
        Whether a folder beside the target, left by a stop, was written by us and whole.
    error : type
        The error of the room.

    Yields
    ------
    Path
        The folder to build in. If the block raises, it is removed and ``target`` is as it was.

    Raises
    ------
    KapError
        Of the type ``error``: the place has no name, another run writes to it, or the disk is full or read-only.
    """
    if not target.name:
        raise error(f"{target} is the root of the disk; name a folder of its own.")
    try:
        mend(target, is_ours, error)
        check(target)
        staging = beside(target, "new")
        target.parent.mkdir(parents=True, exist_ok=True)
        staging.mkdir()
    except OSError as fault:
        raise error(f"{target} cannot be written ({fault.strerror}); choose another place.") from fault
    lock = _hold(staging / IN_USE, error)
    try:
        yield staging
        lock.close()
        (staging / IN_USE).unlink()
        _swap(staging, target, error)
    except OSError as fault:
        raise error(f"{target} cannot be written ({fault.strerror}); what was there is unchanged.") from fault
    finally:
        lock.close()
        with suppress(OSError):
            _remove(staging)


def beside(target: Path, what: str) -> Path:
    """Where the new folder is built ("new"), and where the old one is while the new one takes its place ("old")."""
    return target.with_name(f"{target.name}.{what}")


def mend(target: Path, is_ours: Callable[[Path], bool], error: type[KapError]) -> None:
    """Mend what a stop left: the old folder comes back, an unfinished one goes."""
    old, staging = beside(target, "old"), beside(target, "new")
    if old.exists():
        if not (_is_going(old) or is_ours(old)):
            raise error(f"{old} is in the way and was not written by kap; move it away.")
        if _is_going(old) or target.exists():
            _remove(old)
        else:
            old.rename(target)
    if staging.exists():
        if not ((staging / IN_USE).exists() or _is_going(staging) or is_ours(staging)):
            raise error(f"{staging} is in the way and was not written by kap; move it away.")
        if (staging / IN_USE).exists():
            _hold(staging / IN_USE, error).close()
        _remove(staging)


def _remove(folder: Path) -> None:
    """Remove a folder of ours; a stop in the middle leaves it marked, so that the next run goes on."""
    if not folder.exists():
        return
    with suppress(OSError):  # a full disk has no room for the mark, and what is there goes all the same
        (folder / _GOING).touch()
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != _GOING:
            path.unlink()
    (folder / _GOING).unlink(missing_ok=True)
    folder.rmdir()


def _is_going(folder: Path) -> bool:
    """Whether a stop left a folder while it was removed: it has the mark, or nothing any more."""
    return (folder / _GOING).exists() or not any(folder.iterdir())


def write_whole_file(path: Path, text: str, *, mode: int = 0o666) -> None:
    """Write a text to a temporary name, then rename it: a stop leaves the old file or the new one.

    ``mode`` is who may read and write it, less what the system takes away; it holds before the first byte is written.
    """
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        with open(
            partial, "x", encoding="utf-8", newline="\n", opener=lambda p, flags: os.open(p, flags, mode)
        ) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _swap(staging: Path, target: Path, error: type[KapError]) -> None:
    old = beside(target, "old")
    moved = False
    try:
        if target.exists():
            target.rename(old)
            moved = True
        staging.rename(target)
    except OSError as fault:
        if moved:
            old.rename(target)
        raise error(
            f"{target} could not be replaced ({fault.strerror}): is a file in it open in another program? "
            "What was there is unchanged."
        ) from fault
    with suppress(OSError):
        _remove(old)


def hold_file(path: Path) -> IO[str] | None:
    """Open a file and lock it, or None where another process has it; a lock goes when its process ends, however."""
    file = path.open("a", encoding="utf-8")
    try:
        if sys.platform == "win32":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def _hold(path: Path, error: type[KapError]) -> IO[str]:
    file = hold_file(path)
    if file is None:
        raise error(f"Another run is writing {path.parent}; wait until it ends.")
    return file
