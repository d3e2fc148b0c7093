from dataclasses import replace

import pandas as pd
import pytest

import kap_analysis as kap
from tests.places import SHIPPED_STUDY


@pytest.fixture(scope="session")
def study():
    return kap.load_study(SHIPPED_STUDY)


@pytest.fixture(scope="session")
def review(study):
    return kap.review_practice(study, practice="A")


@pytest.fixture(scope="session")
def many(study):
    """The same patients spread over twelve practices."""
    people = study.patients
    names = [f"P{place % 12:02}" for place in range(len(people))]
    return with_patients(study, people.assign(practice=pd.Series(names, dtype=people["practice"].dtype)))


def with_patients(study, patients, **settings):
    tables = {**study.tables, "patients": patients}
    return replace(study, tables=tables, settings=replace(study.settings, **settings))


def with_tables(study, **tables):
    """The study with other tables; what was read of the old ones is forgotten."""
    return replace(study, tables={**study.tables, **tables}, rows={})
