"""A simulated study to a folder: built beside it, then renamed, so that an interruption leaves the old one whole."""

import hashlib
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kap_analysis.columns import Progress
from kap_analysis.errors import SimulationError
from kap_analysis.simulation.simulate import MADE_BY, SimulatedStudy
from kap_analysis.study.contract.dictionary import TABLES, ColumnSpec
from kap_analysis.study.contract.settings_file import SETTINGS_FILE
from kap_analysis.study.contract.toml_text import settings_text
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.timing.plan_rules import PLAN_FILE
from kap_analysis.whole_folder import mend, write_whole_folder

FileType = Literal["csv", "parquet"]
FILE_TYPES: Final = ("csv", "parquet")
TRUTH_FILE: Final = "truth.json"
_FILES: Final = "sha256"
ROWS_AT_A_TIME: Final = 500_000


@asked_of(SimulatedStudy, words="a simulated study", remedy="Make one: kap.simulate_study()")
def write_study(
    simulated: SimulatedStudy,
    folder: str | Path,
    *,
    file_type: FileType = "csv",
    progress: Progress | None = None,
) -> Path:
    """Write a simulated study as a study folder, with its truth beside it in ``truth.json``.

    The same study gives the same bytes: CSV with ``\\n`` and the shortest decimals, Parquet without the versions of
    pandas in it (the name of the Parquet library stays: bytes are equal for one version of pyarrow).

    Parameters
    ----------
    simulated : SimulatedStudy
    folder : path
        A new or empty folder, or one that this function wrote and nobody changed: that one is replaced. A ``plan.toml``
        in it is kept.
    file_type : {"csv", "parquet"}
    progress : callable, optional
        Called with (done, total, what).

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    SimulationError
        If the folder holds anything that is not of a simulated study, a file of it was changed, or the file type is
        unknown.
    """
    target = check_folder(folder, file_type)
    with write_whole_folder(target, check=_refuse_others, is_ours=_is_ours, error=SimulationError) as new:
        for done, (name, frame) in enumerate(simulated.tables.items()):
            if progress is not None:
                progress(done, len(simulated.tables), f"{name}.{file_type}")
            _WRITERS[file_type](name, frame, new / f"{name}.{file_type}")
        (new / SETTINGS_FILE).write_bytes(settings_text(simulated.settings).encode())
        truth = {**simulated.truth, _FILES: _hashes(new)}
        (new / TRUTH_FILE).write_bytes((json.dumps(truth, indent=2, allow_nan=False) + "\n").encode())
        if (target / PLAN_FILE).exists():
            shutil.copy2(target / PLAN_FILE, new / PLAN_FILE)
    return target


def check_folder(folder: str | Path, file_type: str = "csv") -> Path:
    """Refuse what :func:`write_study` would refuse, before the work is done; mend an interrupted replacement.

    Returns
    -------
    Path
        The folder, absolute.

    Raises
    ------
    SimulationError
        As :func:`write_study`.
    """
    target = Path(folder).absolute()
    if file_type not in FILE_TYPES:
        raise SimulationError(f"file_type is {file_type!r}; choose csv or parquet.")
    if not target.name:
        raise SimulationError(f"{target} is the root of the disk; name a folder of its own.")
    mend(target, _is_ours, SimulationError)
    _refuse_others(target)
    return target


def _is_ours(folder: Path) -> bool:
    return _truth(folder).get("made_by") == MADE_BY


def _refuse_others(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise SimulationError(f"{target.name} is a file; name a new folder.")
    entries = sorted(entry.name for entry in target.iterdir())
    if not entries:
        return
    ours = {SETTINGS_FILE, TRUTH_FILE, PLAN_FILE, *(f"{table}.{kind}" for table in TABLES for kind in FILE_TYPES)}
    others = [name for name in entries if name not in ours]
    if others:
        shown = ", ".join(others[:3]) + (f" and {len(others) - 3} more" if len(others) > 3 else "")
        raise SimulationError(
            f"The folder {target.name} holds {shown}, which no simulation wrote; name a new or empty folder."
        )
    if not _is_ours(target):
        raise SimulationError(
            f"The folder {target.name} holds a study without a {TRUTH_FILE} of the simulation, so it may be real; "
            "name a new or empty folder."
        )
    was = _truth(target).get(_FILES)
    if isinstance(was, dict) and (
        changed := [name for name, found in _hashes(target).items() if was.get(name) != found]
    ):
        raise SimulationError(
            f"{changed[0]} in the folder {target.name} is not as the simulation wrote it, and would be lost; "
            "name a new or empty folder."
        )


def _truth(folder: Path) -> dict[str, Any]:
    """What a folder says that is true of it; empty where it says nothing."""
    try:
        content = json.loads((folder / TRUTH_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _hashes(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file that was written but the truth and a plan."""
    hashes = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in (".csv", ".parquet") or path.name == SETTINGS_FILE:
            with path.open("rb") as file:
                hashes[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return hashes


def _write_csv(name: str, frame: pd.DataFrame, path: Path) -> None:
    texts = {column: _cells(frame[column], spec) for column, spec in TABLES[name].columns.items()}
    buffer = io.StringIO()
    pd.DataFrame(texts).to_csv(buffer, index=False, lineterminator="\n")
    path.write_bytes(buffer.getvalue().encode())


def _cells(values: pd.Series, spec: ColumnSpec) -> np.ndarray:
    """Cells as text: numbers in their shortest form (27, 10.25), missing as empty."""
    if not spec.is_number:
        return values.astype(object).where(values.notna(), "").to_numpy()
    unique, where = np.unique(values.to_numpy(dtype=np.float64) + 0.0, return_inverse=True)
    named = np.array(["" if np.isnan(number) else f"{number:.10g}" for number in unique], dtype=object)
    return named[where] if len(named) else np.zeros(0, dtype=object)


def _write_parquet(name: str, frame: pd.DataFrame, path: Path) -> None:
    """Write in pieces with a schema of our own, so that neither pandas' version nor its types stand in the file."""
    specs = TABLES[name].columns
    schema = pa.schema([(column, _arrow_type(spec)) for column, spec in specs.items()])
    with pq.ParquetWriter(path, schema, compression="zstd", store_schema=False) as writer:
        for piece in _pieces(frame):
            arrays = [_arrow_array(piece[column], spec) for column, spec in specs.items()]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _pieces(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for first in range(0, max(len(frame), 1), ROWS_AT_A_TIME):
        yield frame.iloc[first : first + ROWS_AT_A_TIME]


def _arrow_type(spec: ColumnSpec) -> pa.DataType:
    if not spec.is_number:
        return pa.string()
    return pa.int32() if spec.type == "integer" else pa.float64()


def _arrow_array(values: pd.Series, spec: ColumnSpec) -> pa.Array:
    kind = _arrow_type(spec)
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes = values.cat.codes.to_numpy()
        indices = pa.array(codes, type=pa.int32(), mask=codes < 0)
        return pa.DictionaryArray.from_arrays(indices, pa.array(list(values.cat.categories), kind)).dictionary_decode()
    if not spec.is_number:
        return pa.array(values.astype(object).to_numpy(), type=kind, from_pandas=True)
    numbers = values.to_numpy(dtype=np.float64)
    missing = np.isnan(numbers)
    whole: Any = np.where(missing, 0, numbers).astype(np.int32) if spec.type == "integer" else numbers
    return pa.array(whole, type=kind, mask=missing)


_WRITERS: Final = {"csv": _write_csv, "parquet": _write_parquet}
