"""Saved fits: equal in everything after reading, whole or not there, and clear about what is no saved fit."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.estimation import solution as fitting
from kap_analysis.mixed.loaded_fit import load_fit
from kap_analysis.mixed.model import mixedlm
from tests.mixed.reference_values import read_data
from tests.places import PAIRS

PARTIAL = read_data(PAIRS, "partial.csv")
FORMULA = "score ~ month*format + baseline + (0 + is_group | cohort) + (1 | patient)"
MODELS = [
    (FORMULA, {}, {}),
    ("score ~ month*format + baseline + (month | patient)", {}, {"ddf": "satterthwaite"}),
    ("score ~ month*format + (1 | patient)", {"residual_by": "format"}, {"reml": False}),
    ("score ~ month*format + (1 | patient)", {"weights": "weight"}, {"information": "observed"}),
    ("score ~ visit*format + (0 + is_group | cohort) + us(visit | format/patient)", {}, {}),
    ("score ~ visit*format + toeph(visit | patient)", {}, {"ddf": "between-within"}),
    ("score ~ np.log1p(month) + bs(baseline, df=4) + exponential(month | patient)", {}, {}),
    (FORMULA, {}, {"fixed": {"var(is_group | cohort)": 5.0}}),
    (FORMULA, {}, {"bounded": False}),
]


@pytest.mark.parametrize(("formula", "model", "how"), MODELS)
def test_what_is_loaded_says_the_same_without_a_search(formula, model, how, tmp_path, monkeypatch):
    fit = mixedlm(formula, PARTIAL, **model).fit(**how)
    path = fit.save(tmp_path / "primary.fit")
    monkeypatch.setattr(fitting.Search, "run", None)
    again = load_fit(path)
    assert again.criterion == pytest.approx(fit.criterion, rel=1e-12)
    assert again.settings == fit.settings
    assert (again.singular, again.boundary, again.converged) == (fit.singular, fit.boundary, fit.converged)
    pd.testing.assert_frame_equal(again.coefficients(), fit.coefficients(), rtol=1e-8)
    pd.testing.assert_frame_equal(again.variance_components, fit.variance_components, rtol=1e-8)
    pd.testing.assert_frame_equal(again.residual, fit.residual, rtol=1e-8)
    pd.testing.assert_series_equal(again.theta, fit.theta, rtol=1e-8)
    pd.testing.assert_series_equal(again.fittedvalues, fit.fittedvalues, rtol=1e-8)


def test_rows_that_were_left_out_and_the_index_of_the_data_are_remembered(tmp_path):
    data = PARTIAL.set_index(PARTIAL["row"].to_numpy())
    data.loc[["r0003", "r0007"], "score"] = np.nan
    fit = mixedlm(FORMULA, data).fit()
    again = load_fit(fit.save(tmp_path / "fit"))
    assert again.n_left_out == 2
    assert again.design.kept.tolist() == fit.design.kept.tolist()
    assert again.resid.index.equals(fit.resid.index)


def test_a_fit_to_drawn_responses_keeps_them(tmp_path):
    fit = mixedlm(FORMULA, PARTIAL).fit()
    drawn = fit.model.with_response(fit.simulate(1, seed=4)[0]).fit()
    assert load_fit(drawn.save(tmp_path / "fit")).criterion == pytest.approx(drawn.criterion, rel=1e-12)


def test_a_loaded_fit_can_be_saved_predicted_with_and_refitted(tmp_path):
    fit = mixedlm(FORMULA, PARTIAL).fit()
    again = load_fit(fit.save(tmp_path / "fit"))
    np.testing.assert_allclose(again.predict(PARTIAL.iloc[:3]), fit.predict(PARTIAL.iloc[:3]))
    assert again.model.fit().criterion == pytest.approx(fit.criterion, rel=1e-12)
    assert again.save(tmp_path / "other").read_bytes() == (tmp_path / "fit").read_bytes()


def test_collinear_columns_are_warned_of_once(tmp_path, recwarn):
    fit = mixedlm("score ~ month + twice + (1 | patient)", PARTIAL.assign(twice=PARTIAL["month"] * 2)).fit()
    assert len(recwarn) == 1
    assert load_fit(fit.save(tmp_path / "fit")).design.fixed.dropped == ("twice",)
    assert len(recwarn) == 1


def change(path: Path, **values: object) -> None:
    """The file with other values in its fit.json."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["fit.json"] = json.dumps(json.loads(parts["fit.json"]) | values).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)


def test_a_newer_a_foreign_and_a_changed_file_are_told_apart(tmp_path):
    fit = mixedlm(FORMULA, PARTIAL).fit()
    path = fit.save(tmp_path / "fit")
    for values, sentence in [
        (
            {"version": 2},
            f"{path} has version 2 of the format of saved fits, and this program reads version 1. "
            "Update the program, or fit the model again.",
        ),
        ({"format": "something else"}, f"{path} is not a saved fit: it is a 'something else'."),
        (
            {"criterion": fit.criterion + 1},
            f"{path} states a criterion of {fit.criterion + 1:.6f}, and its rows give {fit.criterion:.6f} at its "
            "parameters: the file was changed, or another version computes otherwise. Fit the model again.",
        ),
        (
            {"theta": {"var(month | patient)": 1.0}},
            f"{path} is a saved fit that is damaged (its parameters do not belong to its formula). "
            "Fit the model again.",
        ),
        ({"solution": {}}, f"{path} is a saved fit that is damaged (KeyError: 'phi'). Fit the model again."),
    ]:
        fit.save(tmp_path / "whole")
        path.write_bytes((tmp_path / "whole").read_bytes())
        change(path, **values)
        with pytest.raises(MixedModelError) as raised:
            load_fit(path)
        assert str(raised.value) == sentence


def test_what_is_no_saved_fit_is_said_to_be_none(tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("score")
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("fit.json", "[]")
    for path, sentence in [
        (tmp_path / "lost", f"There is no file {tmp_path / 'lost'}."),
        (text, f"{text} is not a saved fit: it is no zip file, or a part of it is lost."),
        (other, f"{other} is not a saved fit: it has no fit.json that says so."),
    ]:
        with pytest.raises(MixedModelError) as raised:
            load_fit(path)
        assert str(raised.value) == sentence
