"""Studies that several tests ask: the simulated one that is shipped, and a small one that can be counted by hand."""

from dataclasses import replace

import pytest

from kap_analysis.analysis.model.plan import plan_to_toml
from kap_analysis.analysis.model.plan_file import study_plan
from kap_analysis.study.load import load_study
from tests.places import SHIPPED_STUDY
from tests.study.small_study import write_small_study


@pytest.fixture(scope="session")
def study():
    return load_study(SHIPPED_STUDY)


@pytest.fixture
def small(tmp_path):
    return load_study(write_small_study(tmp_path / "small"))


def without_known_format(study, patients):
    """The study where some patients have no planned format and were treated at home only."""
    people, sessions = study.patients.copy(), study.sessions.copy()
    people["planned_format"] = people["planned_format"].astype("object")
    people.loc[people["patient_id"].isin(patients), "planned_format"] = None
    sessions["setting"] = sessions["setting"].astype("object")
    theirs = sessions["patient_id"].isin(patients) & (sessions["kind"] == "ketamine")
    sessions.loc[theirs, "setting"] = "home_supervised"
    return replace(study, tables={**study.tables, "patients": people, "sessions": sessions})


@pytest.fixture(scope="session")
def unknown_format(study):
    """Of the first 20 patients nobody knows the format."""
    return without_known_format(study, study.patients["patient_id"].iloc[:20])


@pytest.fixture(scope="session")
def month_3_not_over(study):
    """Patients scored at every visit up to month 3, the last visit; half of them were observed until day 70 only."""
    frame = study.outcomes().frame
    scores = frame.pivot(index="patient_id", columns="visit", values="score").drop(columns="month 6")
    kept = study.of_patients(scores.index[scores.notna().all(axis=1)])
    recent = kept.patients["patient_id"].iloc[::2]
    people = kept.patients.copy()
    people.loc[people["patient_id"].isin(recent), "observed_until_day"] = 70
    tables = {**kept.tables, "patients": people}
    for name, table in tables.items():
        if {"patient_id", "day"} <= set(table):
            tables[name] = table[~(table["patient_id"].isin(recent) & (table["day"] > 70))].reset_index(drop=True)
    settings = replace(kept.settings, visits=tuple(v for v in kept.settings.visits if v.label != "month 6"))
    return replace(kept, settings=settings, tables=tables, rows={})


@pytest.fixture(scope="session")
def planned_otherwise(study, tmp_path_factory):
    """A plan with another instrument and visit than those of study.toml, and with one covariate."""
    folder = tmp_path_factory.mktemp("planned")
    plan = replace(study_plan(study), instrument="PHQ-9", visit="month 1", secondary=(), covariates=("age",))
    (folder / "plan.toml").write_text(plan_to_toml(plan), encoding="utf-8")
    return replace(study, path=folder)
