"""Instruments: bands, recall, missing items and sources."""

import pytest

from kap_analysis import tables
from kap_analysis.instruments.own_instrument import instrument_from_mapping
from kap_analysis.instruments.registry import get_instrument


def test_instruments_show_bands_recall_and_sources(every_table):
    table = every_table["instruments"]
    bdi = table.row_groups()[0][1][0]
    assert bdi[3] == "Minimal 0 to 13, mild 14 to 19, moderate 20 to 28, severe 29 to 63"
    assert any(note.startswith("HAM-A, sources (checked ") for note in table.notes)
    assert not any(".." in note for note in table.notes)
    as_mapping = tables.table_instruments(instruments={"BDI-II": get_instrument("BDI-II")})
    assert len(as_mapping.cells) == 1


def test_missing_items_of_instruments_with_one_rule_stand_on_one_line(every_table):
    lines = [note for note in every_table["instruments"].notes if note.startswith("Missing items of ")]
    assert len(lines) < 3
    assert all("BDI-II" in line or "WHO-5" in line for line in lines)


@pytest.mark.parametrize("more", [{}, {"bands": [{"label": "calm", "low": 0, "high": 40}], "source": "our own scale"}])
def test_an_own_instrument_has_a_row_and_no_day_on_which_its_sources_were_checked(more):
    own = {"name": "KAP-X", "total_range": [0, 40], "higher_is_better": False, "recall_days": 7}
    table = tables.table_instruments(instruments=[instrument_from_mapping(own | more)])
    cited = more.get("source", "study.toml")
    assert table.notes[-1] == f"KAP-X, sources: {cited}."
