"""A new structure is one function and one record in one file: the one of docs/extending.md, added to a copy.

The copy is the package as it is but for `structures.py`; everything else that the structure needs must follow from it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.covariance.families import InTime
from kap_analysis.mixed.design.build import build_design
from kap_analysis.mixed.model import MixedModel
from tests.docs_pages import BLOCK, ROOT
from tests.mixed import dense

#: The copy is fitted in a process of its own.
pytestmark = pytest.mark.slow
FITTED = """
import json, warnings
import pandas as pd
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.loaded_fit import load_fit
from kap_analysis.mixed.model import mixedlm

scores = pd.read_csv("scores.csv")
fit = mixedlm("score ~ month * format + ante1(visit | patient)", scores).fit()
again = mixedlm(fit.formula, scores).fit(start=fit.theta.to_dict())
held = mixedlm(fit.formula, scores).fit(fixed={"ante1(correlation 1, 2)": 0.5})
by_format = mixedlm("score ~ month * format + ante1(visit | format/patient)", scores).fit()
fit.save("saved.kapfit")
try:
    mixedlm("score ~ month + nothing(visit | patient)", scores)
except MixedModelError as error:
    unknown = str(error)
print(json.dumps({
    "theta": fit.theta.to_dict(), "criterion": fit.criterion, "beta": list(fit.params), "converged": fit.converged,
    "v": fit.units.covariance(0).tolist(), "rows": fit.units.rows[0].tolist(),
    "error": list(fit.bse), "df": list(fit.df), "steps": [fit.solution.steps, again.solution.steps],
    "held": held.theta.to_dict(), "by_format": list(by_format.theta.index),
    "loaded": load_fit("saved.kapfit").criterion, "unknown": unknown, "summary": str(fit.summary()),
}))
"""
ESTIMATE = 1e-5  # share of the largest second derivative: how near 0 the slope of the criterion is at its minimum


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    """Every third patient: 88 scores."""
    whole = pd.read_csv(ROOT / "tests" / "reference" / "partial.csv")
    return whole[whole["patient"].isin(whole["patient"].unique()[::3])].reset_index(drop=True)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, scores: pd.DataFrame) -> dict:
    """What a copy of the package says of its new structure."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "kap_analysis" / "mixed", folder / "kap_analysis" / "mixed")
    for name in ("__init__.py", "__init__.pyi", "version.py", "errors.py"):
        shutil.copy(ROOT / "kap_analysis" / name, folder / "kap_analysis")
    page = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    (added,) = (block["code"] for block in BLOCK.finditer(page) if "def antedependence" in block["code"])
    add_to_records(folder / "kap_analysis" / "mixed" / "covariance" / "structures.py", added)
    scores.to_csv(folder / "scores.csv", index=False)
    call = [sys.executable, "-c", FITTED]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run(call, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def add_to_records(file: Path, added: str) -> None:
    """The function before the records, and the record as the last of them."""
    text = file.read_text(encoding="utf-8")
    start, records, rest = re.split(r"^(?=_RECORDS: |\)  # fmt: skip)", text, flags=re.M)
    file.write_text(f"{start}{added}\n\n{records}    ANTE1,\n{rest}", encoding="utf-8")


def written_out(theta: np.ndarray, scores: pd.DataFrame) -> np.ndarray:
    """V of all rows: four log standard deviations, three correlations of neighbours, multiplied along the way."""
    visits = sorted(scores["visit"].unique())
    sd, rho = np.exp(theta[:4]), theta[4:]
    correlation = np.array([[np.prod(rho[min(i, j) : max(i, j)]) for j in range(4)] for i in range(4)])
    at = scores["visit"].map(visits.index).to_numpy()
    patient = scores["patient"].to_numpy()
    return (np.outer(sd, sd) * correlation)[np.ix_(at, at)] * (patient[:, None] == patient)


def columns(scores: pd.DataFrame) -> np.ndarray:
    group = (scores["format"] == "individual").to_numpy(float)
    month = scores["month"].to_numpy()
    return np.column_stack([np.ones(len(scores)), month, group, month * group])


def test_its_likelihood_is_the_density_written_out(found: dict, scores: pd.DataFrame) -> None:
    theta, y = np.array(list(found["theta"].values())), scores["score"].to_numpy()
    value = dense.criterion(written_out(theta, scores), columns(scores), y)
    assert found["criterion"] == pytest.approx(value.real, rel=1e-10)
    rows = np.array(found["rows"])
    assert np.array(found["v"]) == pytest.approx(written_out(theta, scores)[np.ix_(rows, rows)], rel=1e-10)


def test_its_estimates_are_the_minimum_of_the_density(found: dict, scores: pd.DataFrame) -> None:
    theta, y, x = np.array(list(found["theta"].values())), scores["score"].to_numpy(), columns(scores)

    def value(at: np.ndarray) -> complex:
        return dense.criterion(written_out(at, scores), x, y)

    slope = dense.complex_gradient(value, theta)
    steps = np.eye(len(theta)) * 1e-4
    curvature = np.array([(dense.complex_gradient(value, theta + e) - slope) / 1e-4 for e in steps])
    assert np.abs(slope).max() < ESTIMATE * np.abs(curvature).max()
    assert np.linalg.eigvalsh((curvature + curvature.T) / 2)[0] > 0 and found["converged"]


def test_its_parameters_have_names_that_start_and_fixed_take(found: dict) -> None:
    visits = ["1", "2", "3", "6"]
    names = [f"ante1(log sd {visit})" for visit in visits]
    names += [f"ante1(correlation {one}, {next_one})" for one, next_one in pairwise(visits)]
    assert list(found["theta"]) == names
    assert found["held"]["ante1(correlation 1, 2)"] == pytest.approx(0.5, abs=1e-12)
    assert found["steps"][1] < found["steps"][0]
    assert len(found["by_format"]) == 14 and found["by_format"][-1] == "ante1[individual](correlation 3, 6)"


def test_the_rest_of_the_package_knows_it(found: dict) -> None:
    assert found["loaded"] == pytest.approx(found["criterion"], rel=1e-12)
    assert "us, cs, " in found["unknown"] and ", ante1." in found["unknown"]
    assert "ante1(visit | patient)" in found["summary"]
    assert all(1 < df < 200 for df in found["df"]) and all(error > 0 for error in found["error"])


def test_a_correlation_in_time_of_another_shape(scores: pd.DataFrame) -> None:
    """exp(-(time / range)^2): its likelihood is the density written out, and the estimates are its minimum."""

    def gaussian(apart: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return -(apart**2), -2 * apart, np.full_like(apart, -2.0)

    structure = InTime("gaussian", "Gaussian in time", decay=gaussian)
    design = build_design("score ~ month * format + exponential(month | patient)", scores)
    fit = MixedModel(replace(design, residual=replace(design.residual, structure=structure))).fit()
    month, patient = scores["month"].to_numpy(), scores["patient"].to_numpy()
    apart, same = np.abs(month[:, None] - month), patient[:, None] == patient

    def value(at: np.ndarray) -> complex:
        v = np.exp(at[0] - (apart / np.exp(at[1])) ** 2) * same
        return dense.criterion(v, columns(scores), scores["score"].to_numpy())

    theta = fit.theta.to_numpy()
    assert list(fit.theta.index) == ["gaussian(log variance)", "gaussian(log range)"]
    assert fit.criterion == pytest.approx(value(theta).real, rel=1e-10)
    assert np.abs(dense.complex_gradient(value, theta)).max() < 1e-4
    assert fit.residual["range"][0] == pytest.approx(np.exp(theta[1]))
