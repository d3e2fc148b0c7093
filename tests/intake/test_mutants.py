"""Damaged exports and maps: one error or a study whose ledger adds up, never a traceback or half a folder."""

import random
import re
from pathlib import Path

import pytest

from kap_analysis.errors import KapError
from kap_analysis.intake.draft import draft_map
from kap_analysis.intake.placement.placed import BLANK
from kap_analysis.intake.study_import import import_study
from tests.intake.mutants import mutate_export, mutate_map
from tests.intake.small_export import write_export

SEED = 20261127


def outcome(folder: Path, seed: int) -> str:
    """Import one mutant; return what came of it."""
    rng = random.Random(SEED + seed)
    plain = write_export(folder / "plain")
    source = folder / "export"
    text = draft_map(plain).text
    if seed % 2:
        mutate_export(source, rng)
        if rng.random() < 0.5:
            try:
                text = draft_map(source).text
            except KapError as error:
                return f"no draft: {type(error).__name__}"
    else:
        source = plain
        text = mutate_map(text, rng)
    (folder / "map.toml").write_text(text, encoding="utf-8", errors="surrogatepass")
    said: list[str] = []
    try:
        made = import_study(source, folder / "map.toml", folder / "study", progress=lambda *told: said.append(told[2]))
    except KapError as error:
        assert str(error) and "\x00" not in str(error)
        assert not (folder / "study").exists() and not (folder / "study.new").exists()
        return f"refused: {type(error).__name__}"
    read = [re.fullmatch(r"placing ([\d,]+) rows of (.+)", one) for one in said]
    n_read = sum(int(one[1].replace(",", "")) for one in read if one)
    blank = made.ledger.loc[made.ledger["reason"] == BLANK, "n_rows"].sum()
    assert made.ledger["n_rows"].sum() == n_read + blank and (made.ledger["n_rows"] > 0).all() and made.check.ok
    return "imported"


def outcomes(tmp_path: Path, seeds: range) -> dict[str, int]:
    counts: dict[str, int] = {}
    for seed in seeds:
        came = outcome(tmp_path / str(seed), seed)
        counts[came] = counts.get(came, 0) + 1
    return counts


def test_some_mutants(tmp_path):
    assert set(outcomes(tmp_path, range(4))) >= {"refused: IntakeError"}


@pytest.mark.slow
def test_fifty_mutants(tmp_path):
    counts = outcomes(tmp_path, range(10, 60))
    assert min(counts["imported"], counts["refused: IntakeError"]) > 5, counts


@pytest.mark.matrix
def test_a_thousand_mutants(tmp_path):
    counts = outcomes(tmp_path, range(1000))
    assert sum(counts.values()) == 1000, counts
