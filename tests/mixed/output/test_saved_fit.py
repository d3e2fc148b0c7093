"""Writing a fit: plain parts, equal files for equal fits, and no other file is touched."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.output.saved_fit import is_saved_fit, save_fit
from tests.mixed.pairs import data_of

PARTIAL = data_of("partial.csv")
FORMULA = "score ~ month*format + baseline + (0 + is_group | cohort) + (1 | patient)"


def test_what_stands_in_the_file(tmp_path):
    fit = mixedlm(FORMULA, PARTIAL, weights="weight").fit()
    path = save_fit(fit, tmp_path / "fit")
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == ["fit.json", "kept.npy", "rows.arrow", "weights.npy", "y.npy"]
        stored = json.loads(archive.read("fit.json"))
        with archive.open("y.npy") as part:
            assert np.array_equal(np.load(part), fit.design.y)
    assert stored["formula"] == FORMULA
    assert stored["theta"] == fit.theta.to_dict()
    assert stored["coefficients"] == fit.params.to_dict()
    assert (stored["criterion"], stored["residual_by"]) == (fit.criterion, None)


def test_equal_fits_are_equal_files(tmp_path):
    one, other = (mixedlm(FORMULA, PARTIAL).fit() for _ in range(2))
    assert save_fit(one, tmp_path / "one").read_bytes() == save_fit(other, tmp_path / "other").read_bytes()


def test_only_a_saved_fit_is_known_as_one(tmp_path):
    path = mixedlm(FORMULA, PARTIAL).fit().save(tmp_path / "fit")
    (tmp_path / "text").write_text("score")
    with zipfile.ZipFile(tmp_path / "zip", "w") as archive:
        archive.writestr("fit.json", "[]")
    found = {name: is_saved_fit(tmp_path / name) for name in (path.name, "text", "zip", "lost")}
    assert found == {"fit": True, "text": False, "zip": False, "lost": False}


def test_the_column_of_the_residual_variances_is_found_again(tmp_path):
    fit = mixedlm("score ~ month + (1 | patient)", PARTIAL, residual_by="format").fit()
    with zipfile.ZipFile(fit.save(tmp_path / "fit")) as archive:
        assert json.loads(archive.read("fit.json"))["residual_by"] == "format"


def test_another_file_is_never_replaced_and_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    fit = mixedlm(FORMULA, PARTIAL).fit()
    notes = tmp_path / "notes.txt"
    notes.write_text("score")
    with pytest.raises(MixedModelError) as raised:
        save_fit(fit, notes)
    assert str(raised.value) == f"{notes} is there already and is not a saved fit. Choose another name."
    assert notes.read_text() == "score"
    with pytest.raises(MixedModelError) as raised:
        save_fit(fit, tmp_path / "nowhere" / "fit")
    assert str(raised.value) == f"There is no folder {tmp_path / 'nowhere'} to save fit in. Make it first."
    path = fit.save(tmp_path / "fit")
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(OSError, match="No space"):
        fit.save(path)
    assert path.read_bytes() == before
    assert sorted(child.name for child in tmp_path.iterdir()) == ["fit", "notes.txt"]


def test_a_column_of_two_types_is_named(tmp_path):
    data = PARTIAL.assign(patient=PARTIAL["patient"].astype(object))
    fit = mixedlm("score ~ month + (1 | patient)", data).fit()
    mixed = fit.design.frame.astype({"patient": object})
    mixed.iloc[0, mixed.columns.get_loc("patient")] = 5
    with pytest.raises(MixedModelError, match=r"A column of the data cannot be stored \(.*patient.*\)\. Make each"):
        object.__setattr__(fit.design, "frame", mixed)
        fit.save(tmp_path / "fit")
