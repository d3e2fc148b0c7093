"""Reading a saved fit: the model is built again and evaluated at the stored parameters, without a search."""

from __future__ import annotations

import io
import json
import os
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pyarrow import ArrowInvalid, ipc

from kap_analysis.mixed.design.build import build_design
from kap_analysis.mixed.design.design import Design
from kap_analysis.mixed.errors import MixedModelError, MixedModelWarning
from kap_analysis.mixed.estimation.solution import Solution
from kap_analysis.mixed.fitted_model import FitSettings
from kap_analysis.mixed.likelihood.criterion import criterion_at
from kap_analysis.mixed.model import MixedModel
from kap_analysis.mixed.output.saved_fit import FORMAT, VERSION, save_fit
from kap_analysis.mixed.results import MixedResults

__all__ = ["load_fit", "save_fit"]

#: How far the criterion may lie from the stored one, relative: other machines round otherwise.
AGREEMENT = 1e-9


def load_fit(path: str | os.PathLike[str]) -> MixedResults:
    """A fit as it was saved.

    Parameters
    ----------
    path : str or path
        A file that ``fit.save(path)`` wrote. Nothing in it can run code.

    Returns
    -------
    MixedResults
        With everything that the fit could do. The likelihood is evaluated once, at the stored parameters.

    Raises
    ------
    MixedModelError
        When there is no such file, it is not a saved fit, a newer version wrote it, it is damaged, or the likelihood of
        its rows at its parameters is not the one it states.
    """
    path = Path(path)
    stored, arrays, frame = _read(path)
    try:
        model = MixedModel(_design(stored, arrays, frame))
        settings = FitSettings(**stored["settings"])
        solution = _solution(model, settings, stored)
        names, value = tuple(stored["theta"]), float(stored["criterion"])
    except (KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error
    if names != model.parameters.names or solution is None:
        raise _damaged(path, "its parameters do not belong to its formula")
    found = solution.criterion.value
    if abs(found - value) > AGREEMENT * max(1.0, abs(value)):
        raise MixedModelError(
            f"{path} states a criterion of {value:.6f}, and its rows give {found:.6f} at its parameters: the file was "
            "changed, or another version computes otherwise. Fit the model again."
        )
    return MixedResults(model, settings, solution)


def _damaged(path: Path, why: str) -> MixedModelError:
    return MixedModelError(f"{path} is a saved fit that is damaged ({why}). Fit the model again.")


def _read(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray], pd.DataFrame]:
    """What stands in the file."""
    if not path.is_file():
        raise MixedModelError(f"There is no file {path}.")
    try:
        with zipfile.ZipFile(path) as archive:
            content = {name: archive.read(name) for name in archive.namelist()}
    except zipfile.BadZipFile as error:
        raise MixedModelError(f"{path} is not a saved fit: it is no zip file, or a part of it is lost.") from error
    try:
        stored = json.loads(content["fit.json"])
        found = stored["format"], stored["version"]
    except (KeyError, TypeError, ValueError) as error:
        raise MixedModelError(f"{path} is not a saved fit: it has no fit.json that says so.") from error
    if found[0] != FORMAT:
        raise MixedModelError(f"{path} is not a saved fit: it is a {found[0]!r}.")
    if found[1] != VERSION:
        raise MixedModelError(
            f"{path} has version {found[1]} of the format of saved fits, and this program reads version {VERSION}. "
            "Update the program, or fit the model again."
        )
    try:
        arrays = {
            name.removesuffix(".npy"): np.load(io.BytesIO(part), allow_pickle=False)
            for name, part in content.items()
            if name.endswith(".npy")
        }
        with ipc.open_file(io.BytesIO(content["rows.arrow"])) as reader:
            frame = reader.read_pandas()
    except (KeyError, ValueError, EOFError, ArrowInvalid) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error
    return stored, arrays, frame


def _design(stored: Mapping[str, Any], arrays: Mapping[str, np.ndarray], frame: pd.DataFrame) -> Design:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MixedModelWarning)  # they were given when the model was fitted
        design = build_design(
            stored["formula"], frame, residual_by=stored["residual_by"], weights=arrays.get("weights")
        )
    return replace(design, y=arrays["y"], kept=arrays["kept"], n_left_out=int(stored["n_left_out"]))


def _solution(model: MixedModel, settings: FitSettings, stored: Mapping[str, Any]) -> Solution | None:
    """The stored parameters with the likelihood there; None where they do not fit the model."""
    parameters, part = model.parameters_under(settings), stored["solution"]
    phi = np.asarray(part["phi"], float)
    if len(phi) != parameters.n:
        return None
    criterion = criterion_at(model.layout, parameters.elements(phi), settings.reml)
    if criterion is None:
        return None
    return Solution(
        parameters,
        phi,
        criterion,
        np.asarray(part["free"], bool),
        np.asarray(part["fixed"], bool),
        float(part["decrement"]),
        tuple(part["boundary"]),
        int(part["steps"]),
    )
