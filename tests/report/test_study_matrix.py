"""Every shipped notebook runs on every study that validates: by `kap reproduce`, and by Run All."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kap_analysis.instruments.registry import get_instrument, registry_names
from kap_analysis.report.execution import read_notebook
from kap_analysis.report.parameters import fill_parameters
from kap_analysis.report.pipeline import reproduce
from kap_analysis.report.shipped import list_notebooks, shipped_notebooks
from kap_analysis.report.side_by_side import STUDY_FOLDER
from kap_analysis.simulation.simulate import simulate_study
from kap_analysis.simulation.write import write_study
from kap_analysis.study.load import load_study
from tests.report.test_run_by_hand import run_all

#: Hours, so by `make matrix` only.
pytestmark = pytest.mark.matrix

PRIMARY = "BDI-II"
OWN = """
[[instrument]]
name = "Calm today"
total_range = [0, 63]
higher_is_better = false
"""
BANDS = 'bands = [{ label = "calm", low = 0, high = 20 }, { label = "restless", low = 21, high = 63 }]\n'
OUTCOMES = [name for name in registry_names() if get_instrument(name).role == "outcome"]
Change = Callable[[Path], None]


def edit(folder: Path, table: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    path = folder / f"{table}.csv"
    change(pd.read_csv(path, dtype=str, keep_default_na=False)).to_csv(path, index=False)


def settings(folder: Path, change: Callable[[str], str]) -> None:
    path = folder / "study.toml"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def as_it_is(folder: Path) -> None:
    """Thirty patients."""


def one_arm(folder: Path) -> None:
    edit(folder, "patients", lambda rows: rows[rows["planned_format"] != "group"])
    kept = set(pd.read_csv(folder / "patients.csv", dtype=str)["patient_id"])
    for path in folder.glob("*.csv"):
        if path.stem not in ("patients", "cohorts"):
            edit(folder, path.stem, lambda rows: rows[rows["patient_id"].isin(kept)])
    edit(folder, "sessions", lambda rows: rows.assign(format="individual", cohort_id="", group_session_id=""))
    (folder / "cohorts.csv").unlink()


def no_cohorts(folder: Path) -> None:
    edit(folder, "sessions", lambda rows: rows.drop(columns=["cohort_id", "group_session_id"]))
    edit(folder, "patients", lambda rows: rows.drop(columns=["planned_cohort_id"], errors="ignore"))
    (folder / "cohorts.csv").unlink()


def no_facilitators(folder: Path) -> None:
    edit(folder, "sessions", lambda rows: rows.drop(columns=["facilitator_ids"]))


def required_columns_only(folder: Path) -> None:
    for path in folder.glob("*.csv"):
        if path.stem not in ("patients", "sessions", "assessments"):
            path.unlink()
    edit(folder, "patients", lambda rows: rows[["patient_id", "practice"]])
    edit(folder, "sessions", lambda rows: rows[["patient_id", "day", "kind", "format"]].drop_duplicates())
    edit(folder, "assessments", lambda rows: rows[rows["score"] != ""][["patient_id", "day", "instrument", "score"]])


def a_single_visit(folder: Path) -> None:
    settings(folder, lambda text: text[: text.index("[[visits]]")] + "[[visits]]" + text.split("[[visits]]")[3])


def baseline_only(folder: Path) -> None:
    edit(folder, "assessments", lambda rows: rows[rows["day"].astype(int) <= 0])
    edit(folder, "items", lambda rows: rows[rows["day"].astype(int) <= 0])


def primary(name: str) -> Change:
    """The scores of the primary instrument, moved to the range of another."""

    def change(folder: Path) -> None:
        low, high = get_instrument(name).total_range

        def moved(rows: pd.DataFrame) -> pd.DataFrame:
            rows = rows[rows["instrument"] != name].copy()
            here = (rows["instrument"] == PRIMARY) & (rows["score"] != "")
            scores = rows.loc[here, "score"].astype(float) / 63
            rows.loc[here, "score"] = np.rint(low + scores * (high - low)).astype(int).astype(str)
            rows.loc[rows["instrument"] == PRIMARY, "instrument"] = name
            return rows.drop(columns=["n_answered"], errors="ignore")

        edit(folder, "assessments", moved)
        (folder / "items.csv").unlink()
        settings(folder, lambda text: text.replace(f'"{PRIMARY}"', f'"{name}"'))

    return change


def own_instrument(more: str) -> Change:
    def change(folder: Path) -> None:
        edit(folder, "assessments", lambda rows: rows.replace({"instrument": {PRIMARY: "Calm today"}}))
        settings(folder, lambda text: text.replace(f'"{PRIMARY}"', '"Calm today"') + OWN + more)

    return change


STUDIES: dict[str, Change] = {
    "thirty patients": as_it_is,
    "one arm": one_arm,
    "no cohorts": no_cohorts,
    "no facilitators": no_facilitators,
    "required columns only": required_columns_only,
    "a single visit": a_single_visit,
    "baseline only": baseline_only,
    "own instrument": own_instrument(""),
    "own instrument with bands": own_instrument(BANDS),
}


@pytest.fixture
def study(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    write_study(simulate_study(30, seed=2019), folder)
    (folder / "truth.json").unlink()
    request.param(folder)
    load_study(folder)
    return folder


every_study = pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES, indirect=True)


@every_study
def test_a_run_has_no_cell_that_fails(study, tmp_path):
    assert reproduce(study, tmp_path / "results").faults == ()


@every_study
def test_run_all_reaches_the_end_of_every_notebook(study):
    for path in list_notebooks(shipped_notebooks()):
        run_all(fill_parameters(read_notebook(path), {STUDY_FOLDER: str(study)}, name=path.stem))


@pytest.mark.parametrize("study", [primary(name) for name in OUTCOMES if name != PRIMARY], indirect=True)
def test_every_outcome_instrument_can_be_the_primary_one(study, tmp_path):
    assert reproduce(study, tmp_path / "results").faults == ()
