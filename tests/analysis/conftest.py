"""Studies that several tests ask: the simulated one that is shipped, and a small one that can be counted by hand."""

import pytest

from kap_analysis.study.load import load_study
from tests.places import SHIPPED_STUDY
from tests.study.small_study import write_small_study


@pytest.fixture(scope="session")
def study():
    return load_study(SHIPPED_STUDY)


@pytest.fixture
def small(tmp_path):
    return load_study(write_small_study(tmp_path / "small"))
