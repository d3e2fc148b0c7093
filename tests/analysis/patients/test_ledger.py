"""The ledger as it may be shown."""

from dataclasses import replace

from kap_analysis.analysis.patients.ledger import account_for_rows
from kap_analysis.study.load import load_study
from tests.places import SHIPPED_STUDY

STUDY = SHIPPED_STUDY


def test_a_simulated_study_shows_its_ledger_whole_and_a_public_one_no_small_count():
    outcomes = load_study(STUDY).outcomes()
    whole = account_for_rows(outcomes)
    assert whole.ledger["n_patients"].notna().all()
    assert f"{len(outcomes.frame)} are analysed" in whole.paragraph
    public = account_for_rows(replace(outcomes, visibility="public", is_simulated=False))
    shown = public.ledger["n_patients"].dropna()
    assert not shown.between(1, 10).any()
    assert len(public.withheld) > 0
