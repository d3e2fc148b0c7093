"""The registry: every data file is read, sound and sourced, and thresholds stand where the sources put them."""

import time
from importlib import resources

import numpy as np
import pandas as pd
import pytest

from kap_analysis.errors import InstrumentError
from kap_analysis.instruments import registry
from kap_analysis.instruments.facts import CERTAINTIES
from kap_analysis.instruments.registry import get_instrument, list_instruments, registry_names
from kap_analysis.instruments.scoring import score_items

NAMES = registry_names()
ALL = [get_instrument(name) for name in NAMES]


def test_every_data_file_is_read_and_listed():
    files = {file.name for file in resources.files("kap_analysis.instruments").joinpath("data").iterdir()}
    assert len(files) == len(NAMES) >= 21
    assert list_instruments()["name"].tolist() == list(NAMES)
    assert NAMES.index("BDI-II") < NAMES.index("BDI") < NAMES.index("ACE")


@pytest.mark.parametrize("instrument", [one for one in ALL if one.total_rule != "ordinal"], ids=lambda one: one.name)
def test_items_add_up_to_the_total(item_rows, instrument):
    """Least and most of an assessment without any answer are the ends of the total's range."""
    assert len(instrument.item_ranges) == instrument.n_items
    if instrument.total_rule == "percent of maximum":
        assert instrument.total_range == (0, 100)
        return
    rows = item_rows(instrument.name, [None] * instrument.n_items)
    ends = score_items(rows, instrument).scores[["lowest_possible", "highest_possible"]]
    assert ends.to_numpy().tolist() == [list(instrument.total_range)]


@pytest.mark.parametrize("instrument", ALL, ids=NAMES)
def test_every_fact_has_a_source_or_says_that_it_is_not_established(instrument):
    facts = instrument.facts()
    established = facts[facts["value"] != "not established"]
    decided = established["certainty"] == "decision"
    assert established["certainty"].isin(CERTAINTIES).all()
    assert established.loc[~decided, "source"].notna().all()
    assert set(facts.loc[facts["value"] == "not established", "fact"]) == set(instrument.not_established)
    assert facts["checked_on"].notna().all()


def test_roles():
    roles = list_instruments().set_index("name")["role"]
    assert roles[["C-SSRS", "EAT-26", "AUDIT"]].tolist() == ["screen"] * 3
    assert roles["ACE"] == "covariate"
    assert roles["BDI-II"] == "outcome"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "ACE",
            "ACE is a covariate and cannot be an outcome: it counts what happened before the age of 18 "
            "and cannot change with treatment.",
        ),
        (
            "EAT-26",
            "EAT-26 is a screen and cannot be an outcome: it screens for eating disorders; "
            "use EDE-QS to follow change.",
        ),
        (
            "AUDIT",
            "AUDIT is a screen and cannot be an outcome: it screens over the past year "
            "and was not made to show change.",
        ),
        (
            "C-SSRS",
            "C-SSRS is a screen and cannot be an outcome: its answers are ordinal and are never summed, averaged "
            "or prorated.",
        ),
    ],
)
def test_screens_and_covariates_are_refused_as_outcomes(name, sentence):
    with pytest.raises(InstrumentError) as error:
        get_instrument(name, for_outcome=True)
    assert str(error.value) == sentence


def test_well_being_is_better_when_higher_and_depression_when_lower():
    better = list_instruments().set_index("name")["higher_is_better"]
    assert better[["WHO-5", "MEQ-30", "BDI-II", "PCL-5"]].tolist() == [True, True, False, False]
    assert get_instrument("WHO-5").direction == 1
    assert get_instrument("BDI-II").direction == -1


@pytest.mark.parametrize(
    ("name", "band_set", "scores", "labels"),
    [
        (
            "BDI-II",
            None,
            [0, 13, 14, 19, 20, 28, 29, 63],
            ["minimal"] * 2 + ["mild"] * 2 + ["moderate"] * 2 + ["severe"] * 2,
        ),
        ("BDI", None, [9, 10, 18, 19, 29, 30], ["minimal", "mild", "mild", "moderate", "moderate", "severe"]),
        ("PHQ-9", None, [4, 5, 10, 15, 20], ["minimal", "mild", "moderate", "moderately severe", "severe"]),
        ("HAM-A", None, [7, 8, 14, 15, 23, 24], ["none", "mild", "mild", "moderate", "moderate", "severe"]),
        (
            "HAM-A",
            "traditional",
            [17, 18, 24, 25, 30],
            ["mild", "mild to moderate", "mild to moderate", "moderate to severe", "moderate to severe"],
        ),
        ("HAM-D17", None, [7, 8, 16, 17, 23, 24], ["none", "mild", "mild", "moderate", "moderate", "severe"]),
        ("MADRS", None, [6, 7, 19, 20, 34, 35], ["none", "mild", "mild", "moderate", "moderate", "severe"]),
        ("QIDS-SR16", None, [5, 6, 11, 16, 21], ["none", "mild", "moderate", "severe", "very severe"]),
        ("Y-BOCS", "Storch 2015", [13, 14, 26, 35], ["mild", "moderate", "moderate to severe", "severe"]),
        ("Y-BOCS", None, [7, 8, 16, 24, 32], ["subclinical", "mild", "moderate", "severe", "extreme"]),
    ],
)
def test_bands_at_their_edges(name, band_set, scores, labels):
    assert get_instrument(name).band_of(scores, band_set).tolist() == labels


def test_score_between_bands_belongs_to_the_lower_and_missing_to_none():
    bands = get_instrument("BDI-II").band_of(pd.Series([13.9, np.nan, 64, -1], index=[4, 5, 6, 7]))
    assert bands.astype(object).where(bands.notna(), None).tolist() == ["minimal", None, None, None]
    assert bands.index.tolist() == [4, 5, 6, 7]
    assert list(bands.cat.categories) == ["minimal", "mild", "moderate", "severe"]


def test_scores_above_the_traditional_bands_have_no_label():
    assert get_instrument("HAM-A").band_of([31], "traditional").isna().all()


def test_unknown_band_set_and_absent_bands_are_said():
    with pytest.raises(InstrumentError) as error:
        get_instrument("HAM-A").bands("Hamilton")
    assert str(error.value) == "HAM-A has no set of bands 'Hamilton'; its sets are 'Matza 2010', 'traditional'."
    with pytest.raises(InstrumentError) as error:
        get_instrument("PCL-5").bands()
    assert str(error.value) == (
        "No set of severity bands of PCL-5 is established in the registry. Scores can be shown without bands."
    )


def test_what_depends_on_an_empty_fact_says_so():
    with pytest.raises(InstrumentError) as error:
        get_instrument("B-IPF").reliability_for_change()
    assert str(error.value) == (
        "No reliability of B-IPF for reliable change is established in the registry. "
        "Pass reliability=... together with its source."
    )
    with pytest.raises(InstrumentError) as error:
        get_instrument("HAM-A").norm("normative")
    assert str(error.value) == (
        "No normative mean and SD of HAM-A is established in the registry as a default. "
        "Pass the norms together with their source, or take the clinical ones from the analysed pairs."
    )
    with pytest.raises(InstrumentError) as error:
        get_instrument("PHQ-8").require("response")
    assert str(error.value) == "No response rule of PHQ-8 is established in the registry."


def test_thresholds_of_the_primary_instrument():
    bdi = get_instrument("BDI-II")
    assert [(c.unit, c.value, c.of) for c in bdi.smallest_important_change] == [
        ("percent", 17.5, "patients"),
        ("percent", 32, "patients"),
    ]
    assert bdi.reliability_for_change().value == 0.93
    assert (bdi.norm("normative").mean, bdi.norm("normative").sd) == (9.14, 8.45)
    assert (bdi.norm("clinical").mean, bdi.norm("clinical").sd) == (22.45, 12.75)
    assert bdi.reliable_change == ()


def test_differences_between_groups_are_marked():
    marked = {one.name for one in ALL for change in one.smallest_important_change if change.of == "groups"}
    assert {"HAM-D17", "MADRS"} <= marked
    assert "BDI-II" not in marked


def test_past_week_and_past_month_are_two_instruments():
    month, week = get_instrument("PCL-5"), get_instrument("PCL-5", version="past week")
    assert (month.recall_days, week.recall_days) == (30, 7)
    assert week is get_instrument("PCL-5 past week")
    assert month.not_pooled_with == ("PCL-5 past week",) and week.not_pooled_with == ("PCL-5",)
    with pytest.raises(InstrumentError) as error:
        get_instrument("PCL-5", version="weekly")
    assert str(error.value) == (
        "PCL-5 of version 'weekly' is not in the registry, which knows 'past month', 'past week'. "
        "Scores of different versions are never mixed: declare yours as an [[instrument]] of study.toml."
    )


def test_original_and_second_edition_are_never_pooled():
    assert get_instrument("BDI").not_pooled_with == ("BDI-II",)
    assert get_instrument("BDI-II").not_pooled_with == ("BDI",)


def test_unknown_name_offers_the_nearest():
    with pytest.raises(InstrumentError) as error:
        get_instrument("phq9")
    assert str(error.value) == (
        "There is no instrument 'phq9' in the registry. Did you mean PHQ-9? "
        "An instrument of your own is declared as an [[instrument]] of study.toml."
    )
    with pytest.raises(InstrumentError, match="There is no instrument None in the registry"):
        get_instrument(None)


def test_registry_is_lazy_cached_and_fast():
    registry._read.cache_clear()
    start = time.process_time()
    get_instrument("BDI-II")
    assert registry._read.cache_info().currsize == 1
    assert get_instrument("BDI-II") is get_instrument("BDI-II")
    list_instruments()
    assert time.process_time() - start < 1


def test_names_compare_and_instruments_cannot_be_changed():
    with pytest.raises(AttributeError):
        get_instrument("BDI-II").recall_days = 7
    with pytest.raises(TypeError):
        get_instrument("BDI-II").sources["x"] = None
