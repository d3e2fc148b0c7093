"""Where the rows lie: the parts of a folder of Parquet, of one Parquet file, or of a Dask DataFrame.

A function of one part gives something that can be added, and the sum over the parts is taken in their order: so it has
the same bytes however many processes work. joblib runs the parts of files, in one process unless
``joblib.parallel_config`` says otherwise; Dask runs its own. Nothing of Dask is imported unless a part of it is given.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kap_analysis.mixed.design.tables import as_table
from kap_analysis.mixed.errors import MixedModelError, nearest

TOGETHER = 16  # sums of parts that one task of Dask adds


class Part(Protocol):
    """Some of the rows."""

    def read(self, columns: tuple[str, ...]) -> pd.DataFrame: ...


@dataclass(frozen=True)
class FramePart:
    """Rows that are in memory."""

    frame: pd.DataFrame
    name: str = "the rows"

    def read(self, columns: tuple[str, ...]) -> pd.DataFrame:
        """The rows with these columns; an index that has the name of one counts as a column."""
        frame = as_table(self.frame)
        if not set(columns) <= set(frame.columns) and set(frame.index.names) & set(columns):
            frame = frame.reset_index()
        _require(columns, frame.columns, self.name)
        return frame.loc[:, list(columns)]


@dataclass(frozen=True)
class ParquetPart:
    """One row group of one Parquet file."""

    path: str
    group: int

    def read(self, columns: tuple[str, ...]) -> pd.DataFrame:
        """The rows of the group with these columns."""
        try:
            with pq.ParquetFile(self.path) as file:
                _require(columns, file.schema_arrow.names, self.path)
                rows = as_table(file.read_row_group(self.group, columns=list(columns)))
        except (OSError, pa.ArrowInvalid) as fault:
            raise MixedModelError(f"{self.path} cannot be read as Parquet: {fault}. Write the file again.") from fault
        return FramePart(rows, self.path).read(columns)


def _require(columns: tuple[str, ...], known: Iterable[str], where: str) -> None:
    known = list(known)
    for name in columns:
        if known.count(name) == 0:
            raise MixedModelError(f"There is no column {name!r} in {where}. {nearest(name, known)}")
        if known.count(name) > 1:
            raise MixedModelError(f"{where} has {known.count(name)} columns named {name!r}. Rename them.")


class Partitioned(Protocol):
    """What a Dask DataFrame is known by."""

    @property
    def npartitions(self) -> int: ...

    def to_delayed(self) -> list[Any]: ...


class Parts(Protocol):
    """All rows, part by part."""

    def total(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """The sum over the parts, in their order, of function(part, *arguments)."""
        ...

    def first(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What function(part, *arguments) gives of the first part of which it gives anything."""
        ...


@dataclass(frozen=True)
class FileParts:
    """The row groups of Parquet files."""

    parts: tuple[Part, ...]

    def total(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """The sum over the parts."""
        from joblib import Parallel, delayed

        run = Parallel(return_as="generator", pre_dispatch="n_jobs")
        return reduce(add, run(delayed(function)(part, *arguments) for part in self.parts))

    def first(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Of the first part that gives anything."""
        return next((found for part in self.parts if (found := function(part, *arguments)) is not None), None)


@dataclass(frozen=True)
class DaskParts:
    """The partitions of a Dask DataFrame."""

    frame: Any

    def total(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """The sum over the partitions, by the scheduler that Dask has; sums are added in fixed groups."""
        from dask import delayed as task

        shared = [task(argument) for argument in arguments]
        sums = [task(_of_frame)(one, at, function, *shared) for at, one in enumerate(self.frame.to_delayed())]
        while len(sums) > 1:
            sums = [task(_added)(sums[at : at + TOGETHER]) for at in range(0, len(sums), TOGETHER)]
        return sums[0].compute()

    def first(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Of the first partition that gives anything."""
        from dask import delayed as task

        found = (task(_of_frame)(one, 0, function, *arguments).compute() for one in self.frame.to_delayed())
        return next((one for one in found if one is not None), None)


def _of_frame(frame: pd.DataFrame, at: int, function: Callable[..., Any], *arguments: Any) -> Any:
    return function(FramePart(frame, f"partition {at}"), *arguments)


def _added(sums: list[Any]) -> Any:
    return reduce(add, sums)


def is_in_parts(data: Any) -> bool:
    """Whether data are a path or a Dask DataFrame, not a table in memory."""
    if isinstance(data, str | os.PathLike):
        return True
    return type(data).__module__.partition(".")[0] in ("dask", "dask_expr") and hasattr(data, "to_delayed")


def parts_of(data: Any, columns: tuple[str, ...]) -> Parts:
    """The parts of a path or of a Dask DataFrame.

    Raises
    ------
    MixedModelError
        When there is no such file, or no Parquet in the folder.
    """
    if isinstance(data, str | os.PathLike):
        return FileParts(_row_groups(Path(data)))
    if getattr(data, "ndim", 0) != 2:
        raise MixedModelError(f"Of Dask, a DataFrame is fitted; found a {type(data).__name__}, which has no columns.")
    _require(columns, [*data.columns, *({data.index.name} - {None, *data.columns})], "the Dask DataFrame")
    return DaskParts(_of_columns(data, [name for name in columns if name in data.columns]))


def _of_columns(data: Any, columns: list[str]) -> Any:
    """The columns that are read; all where Dask would lose its categories with the others, and end in a KeyError."""
    steps = {type(step).__name__ for step in data.expr.walk()} if hasattr(data, "expr") else set()
    return data if "Categorize" in steps else data[columns]


def _row_groups(path: Path) -> tuple[Part, ...]:
    if not path.exists():
        raise MixedModelError(
            f"There is no file or folder {path}. Give a table, a Dask DataFrame, or the path of Parquet data."
        )
    files = [path] if path.is_file() else sorted(path.rglob("*.parquet"), key=_natural)
    files = [one for one in files if one.is_file() and not one.name.startswith((".", "_"))]
    if not files:
        raise MixedModelError(f"{path} holds no file that ends in .parquet. Write the rows there as Parquet.")
    found: list[Part] = []
    for one in files:
        try:
            groups = pq.ParquetFile(one).metadata.num_row_groups
        except (OSError, pa.ArrowInvalid) as fault:
            raise MixedModelError(
                f"{one} cannot be read as Parquet: {fault}. Give the path of Parquet data, or read the file yourself "
                "and give the table."
            ) from fault
        found += [ParquetPart(str(one), group) for group in range(groups)]
    if not found:
        raise MixedModelError(f"The Parquet data in {path} have no rows.")
    return tuple(found)


def _natural(path: Path) -> list[tuple[int, str]]:
    """part.2 before part.10."""
    return [(int(piece), "") if piece.isdigit() else (-1, piece) for piece in re.split(r"(\d+)", str(path))]
