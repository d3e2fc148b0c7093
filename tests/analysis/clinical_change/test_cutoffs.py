"""Cut-offs a, b and c, and what stands in where norms are not established."""

import pandas as pd
import pytest

from kap_analysis.analysis.clinical_change.cutoffs import (
    Cutoff,
    Norms,
    choose_norms,
    cutoff_frame,
    cutoff_values,
    pick_cutoff,
)
from kap_analysis.errors import AnalysisError, InstrumentError
from kap_analysis.instruments.registry import get_instrument

BDI = get_instrument("BDI-II")
PAIRS = pd.Series([20.0, 30.0, 40.0])


def test_registry_norms_give_the_published_arithmetic():
    norms = choose_norms(BDI, "registry", PAIRS)
    values = cutoff_values(norms, -1)
    assert values["a"] == pytest.approx(22.45 - 2 * 12.75)
    assert values["b"] == pytest.approx(9.14 + 2 * 8.45)
    assert values["c"] == pytest.approx((8.45 * 22.45 + 12.75 * 9.14) / (8.45 + 12.75))
    assert values["c"] == pytest.approx(14.4, abs=0.05)


@pytest.mark.parametrize(("name", "c"), [("PHQ-9", 8.08), ("GAD-7", 7.76)])
def test_other_cutoffs_of_registry_norms(name, c):
    norms = choose_norms(get_instrument(name), "registry", PAIRS)
    assert cutoff_values(norms, -1)["c"] == pytest.approx(c, abs=0.01)


def test_norms_of_the_pairs():
    norms = choose_norms(BDI, "pairs", PAIRS)
    assert (norms.clinical_mean, norms.clinical_sd, norms.clinical_source) == (30, 10, "the analysed pairs")
    assert norms.normative_mean == 9.14
    assert choose_norms(BDI, "pairs", PAIRS, reliability=0.8).reliability == 0.8


def test_signs_turn_where_higher_is_better():
    norms = Norms(40.0, 10.0, 0.8, normative_mean=70.0, normative_sd=15.0)
    values = cutoff_values(norms, 1)
    assert (values["a"], values["b"]) == (40 + 20, 70 - 30)
    assert 40 < values["c"] < 70
    used = pick_cutoff(get_instrument("WHO-5"), norms, "c")
    assert used.is_functional(pd.Series([values["c"] - 1, values["c"] + 1]), 1).tolist() == [False, True]


def test_cutoff_outside_the_scale_is_refused():
    with pytest.raises(AnalysisError) as error:
        pick_cutoff(BDI, choose_norms(BDI, "registry", PAIRS), "a")
    assert str(error.value) == (
        "The cut-off a of BDI-II is −3.1, outside the scale (0 to 63): no score can be beyond it. Take c."
    )


def test_published_cutoff_stands_in_and_counts_its_own_value():
    pcl = get_instrument("PCL-5")
    used = pick_cutoff(pcl, choose_norms(pcl, "pairs", PAIRS), "c")
    assert used == Cutoff("published", 28, inclusive=True)
    assert used.is_functional(pd.Series([28.0, 29.0, None]), -1).tolist() == [True, False, False]


def test_where_nothing_is_established_there_is_no_cutoff():
    ham = get_instrument("HAM-A")
    norms = choose_norms(ham, "pairs", PAIRS)
    assert pick_cutoff(ham, norms, "c") is None
    with pytest.raises(AnalysisError, match="The cut-off b of HAM-A cannot be computed: no norms are established"):
        pick_cutoff(ham, norms, "b")
    with pytest.raises(InstrumentError, match="No clinical mean and SD of HAM-A is established"):
        choose_norms(ham, "registry", PAIRS)


def test_pairs_without_spread_and_unknown_words_are_refused():
    with pytest.raises(AnalysisError) as error:
        choose_norms(BDI, "pairs", pd.Series([20.0]))
    assert str(error.value) == (
        "The analysed pairs are too few, or have no spread of BDI-II at baseline; a mean and SD from elsewhere "
        "(norms=) would be needed."
    )
    with pytest.raises(AnalysisError, match="norms is 'manual'; expected 'registry', 'pairs' or Norms"):
        choose_norms(BDI, "manual", PAIRS)
    with pytest.raises(AnalysisError, match="The cut-off 'd' is not known; choose a, b, c or published"):
        pick_cutoff(BDI, choose_norms(BDI, "registry", PAIRS), "d")


def test_frame_names_every_cutoff_with_its_source():
    norms = choose_norms(BDI, "registry", PAIRS)
    frame = cutoff_frame(BDI, norms, pick_cutoff(BDI, norms, "c"), 9.35).set_index("cutoff")
    assert frame.index.tolist() == ["a", "b", "c", "reliable change"]
    assert frame["is_used"].tolist() == [False, False, True, True]
    assert frame.loc["a", "qualification"] == "outside the scale, 0 to 63"
    assert "Whisman" in frame.loc["c", "source"] and "Manual" in frame.loc["c", "source"]
