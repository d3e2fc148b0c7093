"""What one run has computed is not computed again, although each of its notebooks runs in a process of its own.

A run names a folder in the environment of its kernels. A function marked `once_per_run` leaves there what it returns,
or the error in which it ends; who asks the same again, in whichever notebook, is given that. The same is asked if the
function, the values of its arguments and the version of the package are the same. The folder goes when the run ends.
Where no folder is named, by hand or in a program, a marked function runs as if it were not marked.
"""

import hashlib
import inspect
import os
import pickle
import shutil
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from functools import wraps
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, ParamSpec, TypeVar

import numpy as np
import pandas as pd
from pandas.arrays import NumpyExtensionArray

from kap_analysis.errors import KapError
from kap_analysis.version import __version__
from kap_analysis.whole_folder import hold_file

#: Name of the environment variable that names the folder.
KEPT: Final = "KAP_ANALYSIS_KEPT"
#: An argument that does not change what is computed.
_TOLD: Final = "progress"
_WAIT_SECONDS: Final = 0.05
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a call gave: its value or its error, and the warnings on the way, which are given each time."""

    value: Any
    error: KapError | None
    warned: tuple[tuple[Warning, type[Warning], str, int], ...]


def once_per_run(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a function whose value depends on its arguments alone, and costs more than reading it from a file."""

    @wraps(function)
    def asked(*args: P.args, **options: P.kwargs) -> R:
        folder = os.environ.get(KEPT)
        if not folder:
            return function(*args, **options)
        place = _place(Path(folder), function, args, options)
        if place is None:
            return function(*args, **options)
        while (lock := hold_file(place.with_suffix(".lock"))) is None:
            time.sleep(_WAIT_SECONDS)
        with lock:
            if place.exists():
                kept: _Kept = pickle.loads(place.read_bytes())
            else:
                kept = _run(lambda: function(*args, **options))
                _keep(place, kept)
        for message, category, file, line in kept.warned:
            warnings.warn_explicit(message, category, file, line)
        if kept.error is not None:
            raise kept.error
        value: R = kept.value
        return value

    return asked


@contextmanager
def keeping(folder: Path) -> Iterator[None]:
    """While the block runs, marked functions keep what they compute in a new folder, here and in kernels."""
    before = os.environ.get(KEPT)
    folder.mkdir(mode=0o700)
    os.environ[KEPT] = str(folder)
    try:
        yield
    finally:
        os.environ.pop(KEPT)
        if before is not None:
            os.environ[KEPT] = before
        shutil.rmtree(folder, ignore_errors=True)


def keep_for_run(function: Callable[..., R], value: R, *args: Any) -> None:
    """Leave what a marked function gave for some arguments, computed before the folder was there."""
    place = _place(Path(os.environ[KEPT]), inspect.unwrap(function), args, {})
    if place is not None:
        _keep(place, _Kept(value, None, ()))


def _place(
    folder: Path, function: Callable[..., Any], args: tuple[Any, ...], options: Mapping[str, Any]
) -> Path | None:
    """The file of a call; None where it cannot be told what the arguments are."""
    try:
        bound = inspect.signature(function).bind(*args, **options)
        bound.apply_defaults()
        given = {key: value for key, value in bound.arguments.items() if key != _TOLD}
        return folder / _digest((function.__module__, function.__qualname__, __version__, given))
    except (TypeError, _NotComparable):
        return None


def _run(call: Callable[[], Any]) -> _Kept:
    value, error = None, None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        try:
            value = call()
        except KapError as raised:
            error = raised.with_traceback(None)
    told = tuple((one.message, one.category, one.filename, one.lineno) for one in caught)
    return _Kept(value, error, told)  # type: ignore[arg-type]


def _keep(place: Path, kept: _Kept) -> None:
    partial = place.with_suffix(".partial")
    try:
        with partial.open("wb") as file:
            _Pickler(file, protocol=pickle.HIGHEST_PROTOCOL).dump(kept)
    except (pickle.PicklingError, TypeError, AttributeError):  # what cannot be written is computed each time
        return
    partial.replace(place)


class _Pickler(pickle.Pickler):
    """Writes read-only mappings too, of which studies and instruments are full."""

    def reducer_override(self, value: Any) -> Any:
        return (_read_only, (dict(value),)) if isinstance(value, MappingProxyType) else NotImplemented


def _read_only(mapping: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(mapping)


class _NotComparable(Exception):
    """A value of which it cannot be told whether another is the same."""


def _digest(value: Any) -> str:
    hashed = hashlib.blake2b(digest_size=20)
    _add(value, hashed.update)
    return hashed.hexdigest()


def _add(value: Any, add: Callable[[bytes], None]) -> None:
    """Feed a value, whose parts are told apart by type and length, to a hash."""
    if isinstance(value, np.generic):
        value = value.item()
    add(f"<{type(value).__qualname__}>".encode())
    if value is None or isinstance(value, bool | int | float | str | bytes | date):
        add(f"{value!r}".encode())
    elif isinstance(value, pd.DataFrame | pd.Series | pd.Index | pd.api.extensions.ExtensionArray):
        _add_table(value, add)
    elif isinstance(value, np.ndarray) and value.dtype != object:
        add(f"{value.dtype}{value.shape}".encode())
        add(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, Path):
        _add_path(value, add)
    elif isinstance(value, Mapping):
        _add(list(value.items()), add)
    elif hasattr(value, "indptr"):  # a sparse matrix
        _add([value.shape, value.data, value.indices, value.indptr], add)
    elif isinstance(value, slice):
        _add([value.start, value.stop, value.step], add)
    elif isinstance(value, list | tuple | np.ndarray):
        add(f"{len(value)}".encode())
        for part in value:
            _add(part, add)
    elif isinstance(value, frozenset | set):
        _add(sorted(value, key=repr), add)
    elif is_dataclass(value) and not isinstance(value, type):
        add(type(value).__module__.encode())
        _add([(one.name, getattr(value, one.name)) for one in fields(value) if one.init], add)
    elif inspect.isfunction(value) and "<" not in value.__qualname__:
        add(f"{value.__module__}.{value.__qualname__}".encode())
    else:
        raise _NotComparable(type(value).__name__)


def _add_table(value: Any, add: Callable[[bytes], None]) -> None:
    if isinstance(value, pd.DataFrame):
        _add([list(value.columns), len(value)], add)
        _add(value.index, add)
        for place in range(value.shape[1]):
            _add(value.iloc[:, place].array, add)
        return
    array = value.array if isinstance(value, pd.Series | pd.Index) else value
    add(f"{array.dtype}{len(array)}".encode())
    if isinstance(array.dtype, pd.CategoricalDtype):
        _add([list(array.dtype.categories), array.dtype.ordered], add)
    add(pd.util.hash_array(array.to_numpy() if isinstance(array, NumpyExtensionArray) else array).tobytes())
    if isinstance(value, pd.Series):
        _add(value.index, add)
    if isinstance(value, pd.Series | pd.Index):
        _add(value.name, add)


def _add_path(path: Path, add: Callable[[bytes], None]) -> None:
    """A path is its name and, of a folder, what lies in it: a study that changes is another study."""
    add(f"{path}".encode())
    if path.is_dir():
        found = sorted((one.name, one.stat().st_size, one.stat().st_mtime_ns) for one in path.iterdir())
        _add([list(one) for one in found], add)
