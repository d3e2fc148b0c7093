"""What one run has computed is not computed again; what differs in anything is."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest

from kap_analysis.errors import AnalysisError
from kap_analysis.run_memory import keep_for_run, keeping, once_per_run

ran: list[object] = []


@dataclass(frozen=True)
class Held:
    frame: pd.DataFrame
    words: MappingProxyType


@once_per_run
def count_rows(held: Held, more: int = 0, progress=None) -> MappingProxyType:
    ran.append(more)
    warnings.warn("few rows", UserWarning, stacklevel=1)
    if more < 0:
        raise AnalysisError("fewer than none")
    return MappingProxyType({"n": len(held.frame) + more})


def held(score: object = 3.0, word: str = "a", levels: str = "xy") -> Held:
    frame = pd.DataFrame({"score": [1.0, score], "format": pd.Categorical(["x", "x"], categories=list(levels))})
    return Held(frame, MappingProxyType({"word": word}))


@pytest.fixture
def memory(tmp_path: Path):
    ran.clear()
    with keeping(tmp_path / "kept"):
        yield tmp_path / "kept"


@pytest.mark.filterwarnings("ignore:few rows")
def test_the_same_is_computed_once_and_what_differs_again(memory):
    for _ in range(2):
        assert count_rows(held()) == {"n": 2}
        assert count_rows(held(), more=0, progress=print) == {"n": 2}
    assert ran == [0]
    others = [held(4.0), held(np.nan), held(word="b"), held(levels="xz")]
    for other in others:
        count_rows(other)
    assert len(ran) == 1 + len(others)
    assert count_rows(held(), more=1) == {"n": 3}


@pytest.mark.filterwarnings("ignore:few rows")
def test_an_error_is_kept_too(memory):
    for _ in range(2):
        with pytest.raises(AnalysisError, match="fewer than none"):
            count_rows(held(), more=-1)
    assert ran == [-1]


def test_a_warning_is_given_each_time(memory):
    for _ in range(2):
        with pytest.warns(UserWarning, match="few rows"):
            count_rows(held())
    assert ran == [0]


@pytest.mark.filterwarnings("ignore:few rows")
def test_without_a_run_nothing_is_kept_and_after_it_nothing_is_left(tmp_path):
    ran.clear()
    with keeping(tmp_path / "kept"):
        count_rows(held())
    count_rows(held())
    assert ran == [0, 0]
    assert list(tmp_path.iterdir()) == []


def test_what_was_computed_before_is_handed_over(memory):
    keep_for_run(count_rows, MappingProxyType({"n": 99}), held())
    assert count_rows(held()) == {"n": 99}
    assert ran == []


@pytest.mark.filterwarnings("ignore:few rows")
def test_a_folder_is_what_is_in_it(memory, tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    found = once_per_run(list_names)
    assert found(folder) == []
    (folder / "plan.toml").write_text("x")
    assert found(folder) == ["plan.toml"]


def list_names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.mark.filterwarnings("ignore:few rows")
def test_what_cannot_be_compared_or_written_is_computed_each_time(memory):
    size = once_per_run(lambda of: ran.append(of) or len(str(of)))
    size(held)
    made = once_per_run(make_function)
    assert [made(1)(), made(1)()] == [1, 1]


def make_function(value: int):
    return lambda: value
