"""The small study, written once and loaded once."""

from pathlib import Path

import pytest

from kap_analysis.study.load import load_study
from kap_analysis.study.study import Study
from tests.study.small_study import write_small_study


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_study(tmp_path_factory.mktemp("studies") / "small")


@pytest.fixture(scope="session")
def small_study(small_folder: Path) -> Study:
    return load_study(small_folder)
