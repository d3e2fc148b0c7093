"""A fit as a file: what stands in it, and writing it.

A saved fit is a zip of `fit.json` (formula, settings, covariance parameters, criterion), `rows.arrow` (the analysed
rows with the columns of the formula, Arrow IPC), and arrays as `.npy`: the response, the weights, which rows of the
data were used. Nothing in it is code, and nothing of it is run when it is read.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import ipc

from kap_analysis.mixed.design.labels import read_labels
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.fitted_model import FittedModel

FORMAT = "kap_analysis mixed model fit"
VERSION = 1
#: Zip files carry times; a fixed one makes equal fits equal files.
_MOMENT = (1980, 1, 1, 0, 0, 0)


def save_fit(fit: FittedModel, path: str | os.PathLike[str]) -> Path:
    """Write a fit to one file, whole or not at all.

    The file holds the analysed rows, one per observation, with the names of patients as they stand in the data: keep it
    where the data may be kept.

    Parameters
    ----------
    fit : FittedModel
        The fit.
    path : str or path
        The file; an earlier saved fit is replaced, any other file is left alone.

    Returns
    -------
    pathlib.Path
        The file that was written.

    Raises
    ------
    MixedModelError
        When the folder is not there, the path is a file of another kind, or a column cannot be stored.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise MixedModelError(f"There is no folder {path.parent} to save {path.name} in. Make it first.")
    if path.exists() and not is_saved_fit(path):
        raise MixedModelError(f"{path} is there already and is not a saved fit. Choose another name.")
    parts = {"fit.json": _as_json(fit), "rows.arrow": _as_arrow(fit.design.frame), "y.npy": _as_npy(fit.design.y)}
    parts["kept.npy"] = _as_npy(np.asarray(fit.design.kept))
    if fit.design.weights is not None:
        parts["weights.npy"] = _as_npy(fit.design.weights)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(beside, "w") as archive:
            for name, content in parts.items():
                archive.writestr(zipfile.ZipInfo(name, _MOMENT), content, zipfile.ZIP_DEFLATED)
        beside.replace(path)
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()
    return path


def is_saved_fit(path: Path) -> bool:
    """Whether a file is a saved fit of any version."""
    try:
        with zipfile.ZipFile(path) as archive:
            return bool(json.loads(archive.read("fit.json")).get("format") == FORMAT)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, AttributeError):
        return False


def _as_json(fit: FittedModel) -> bytes:
    solution = fit.solution
    content: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "formula": fit.formula,
        "residual_by": _residual_by(fit),
        "settings": asdict(fit.settings),
        "theta": fit.theta.to_dict(),
        "criterion": fit.criterion,
        "coefficients": fit.params.to_dict(),
        "n_left_out": fit.n_left_out,
        "solution": {
            "phi": solution.phi.tolist(),
            "free": solution.free.tolist(),
            "fixed": solution.fixed.tolist(),
            "decrement": float(solution.decrement),
            "boundary": list(solution.boundary),
            "steps": int(solution.steps),
        },
    }
    return json.dumps(content, indent=1, ensure_ascii=False).encode()


def _residual_by(fit: FittedModel) -> str | None:
    """The column whose levels are the strata of a plain residual; columns that agree in every row are equal here."""
    residual, frame = fit.design.residual, fit.design.frame
    if residual.subject is not None or len(residual.strata) == 1:
        return None
    for name in frame.columns:
        labels = read_labels(frame[name])
        if labels.levels == residual.strata and np.array_equal(labels.codes, residual.stratum):
            return str(name)
    raise MixedModelError("The column of the residual variances is not among the rows of the fit; it cannot be saved.")


def _as_arrow(frame: pd.DataFrame) -> bytes:
    try:
        table = pa.Table.from_pandas(frame, preserve_index=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise MixedModelError(
            f"A column of the data cannot be stored ({str(error).splitlines()[0]}). Make each column one type."
        ) from error
    sink = io.BytesIO()
    with ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _as_npy(values: np.ndarray) -> bytes:
    sink = io.BytesIO()
    np.save(sink, values, allow_pickle=False)
    return sink.getvalue()
