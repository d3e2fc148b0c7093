"""Tables of pooled sums."""

from kap_analysis import tables
from tests.tables.pooled_frames import CONTRASTS, ROUNDS, SLOPES, TWO_STAGE


def test_differences_stand_by_visit_and_slopes_by_phase():
    table = tables.table_pooled(contrasts=CONTRASTS)
    assert table.cells["label"].tolist() == ["month 1: group - individual", "month 3: group - individual"]
    assert table.cells["p"].tolist() == ["—", "0.049"] or table.cells["p"].iloc[1] == "0.049"
    assert "no row left a practice" in " ".join(table.notes)
    assert tables.table_pooled(contrasts=SLOPES).heading.startswith("Slopes")


def test_rounds_say_what_was_asked_and_the_size_of_the_answers():
    table = tables.table_pooling_rounds(rounds=ROUNDS)
    assert table.cells["step"].tolist() == ["who takes part", "counts", "sums at given parameters"]
    assert table.cells["bytes"].tolist() == ["961", "1,512", "72,532"]


def test_a_practice_without_an_estimate_has_its_reason():
    table = tables.table_two_stage(two_stage=TWO_STAGE)
    assert table.cells["note"].tolist()[1].startswith("All 20 analysed patients")
    assert table.cells["weight"].tolist()[0] == "100%" or table.cells["weight"].tolist()[0].startswith("100")
    assert "SD of the true differences between practices: 2.20" in " ".join(table.notes)
