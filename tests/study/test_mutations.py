"""A valid folder changed a thousand ways: what breaks it is found at its place, what does not is let through."""

from pathlib import Path

import numpy as np
import pytest

from kap_analysis.study.load import check_study
from tests.study.mutations import BREAKING, HARMLESS, mutate
from tests.study.small_study import FILES
from tests.sweeps import few_fast

FOLDER = {name: text.encode("utf-8") for name, text in FILES.items()}
ONE_OF_EACH = len(BREAKING) + len(HARMLESS)


def _write(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def _complaint(folder: Path, seed: int) -> str:
    mutation = mutate(FOLDER, seed)
    problems = check_study(_write(folder / str(seed), mutation.files)).problems
    if mutation.place is None:
        return "" if len(problems) == 0 else f"{seed}: {mutation.what}: refused: {problems['message'].iloc[0]}"
    file, row, column = mutation.place
    there = problems["file"] == file
    there &= (problems["row"] == row) if row is not None else True
    there &= (problems["column"] == column) if column is not None else True
    return (
        "" if there.any() else f"{seed}: {mutation.what}: not found at {mutation.place}: {problems.to_dict('records')}"
    )


@pytest.mark.parametrize("part", few_fast(range(4), [0]))
def test_each_kind_of_mutation_is_judged_rightly(tmp_path, part):
    complaints = [complaint for seed in range(part, ONE_OF_EACH, 4) if (complaint := _complaint(tmp_path, seed))]
    assert complaints == []


@pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(ONE_OF_EACH, 4 * ONE_OF_EACH), marks=pytest.mark.slow, id="three more of each"),
        pytest.param(range(4 * ONE_OF_EACH, 1000), marks=pytest.mark.matrix, id="up to a thousand"),
    ],
)
def test_a_thousand_mutations_are_judged_rightly(tmp_path, seeds):
    assert len(seeds) > ONE_OF_EACH
    complaints = [complaint for seed in seeds if (complaint := _complaint(tmp_path, seed))]
    assert complaints == []


def _changed_bytes(seed: int) -> dict[str, bytes]:
    rng = np.random.default_rng(seed)
    name = str(rng.choice(list(FOLDER)))
    content = bytearray(FOLDER[name])
    for _ in range(int(rng.integers(1, 6))):
        content[int(rng.integers(len(content)))] = int(rng.integers(256))
    start = int(rng.integers(len(content)))
    if rng.random() < 0.3:
        del content[start : start + int(rng.integers(1, 40))]
    return {**FOLDER, name: bytes(content)}


@pytest.mark.parametrize(
    "seeds",
    [
        range(4),
        pytest.param(range(4, 60), marks=pytest.mark.slow),
        pytest.param(range(60, 300), marks=pytest.mark.matrix),
    ],
)
def test_random_bytes_never_raise(tmp_path, seeds):
    checks = [check_study(_write(tmp_path / str(seed), _changed_bytes(seed))) for seed in seeds]
    assert all(check.ok == (len(check.problems) == 0) for check in checks)
