"""Studies changed by a second mutator: no traceback, nothing accepted or passed over unsaid, nothing refused idly."""

from pathlib import Path

import pytest

from tests.study.wild_mutations import KINDS, judged_wrongly, write_sound_study


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sound_study(tmp_path_factory.mktemp("wild") / "sound")


@pytest.mark.slow
def test_each_kind_is_judged_rightly(sound, tmp_path):
    seeds = range(2 * len(KINDS))
    assert [said for seed in seeds if (said := judged_wrongly(sound, tmp_path / str(seed), seed))] == []
