"""Instruments of the user's own, and the sentence for every way to get them wrong."""

import pytest

from kap_analysis.errors import InstrumentError
from kap_analysis.instruments.registry import get_instrument, instrument_from_mapping

SMALLEST = {"name": "Wohlbefinden-ß", "total_range": [0, 40], "higher_is_better": True}
FULL = SMALLEST | {
    "title": "A scale",
    "version": "2",
    "measures": "well-being",
    "rater": "clinician",
    "recall_days": 7,
    "n_items": 10,
    "item_range": [0, 4],
    "max_missing": 1,
    "suicidality_item": 3,
    "bands": [{"label": "low", "low": 0, "high": 20}, {"label": "high", "low": 21, "high": 40}],
    "response_percent": 50,
    "remission": 30,
    "reliability": 0.9,
    "clinical_mean": 12.0,
    "clinical_sd": 6.0,
    "normative_mean": 30.0,
    "normative_sd": 5.0,
    "smallest_important_change": 4,
    "reliable_change": 6,
    "clinical_cutoff": 22,
    "source": "Handbook, 2020",
}


def test_smallest_declaration_loads_and_knows_what_it_lacks():
    own = instrument_from_mapping(SMALLEST)
    assert (own.name, own.total_range, own.direction, own.is_own) == ("Wohlbefinden-ß", (0, 40), 1, True)
    assert set(own.not_established) >= {"response", "remission", "reliability", "norms", "recall_days"}
    assert get_instrument("Wohlbefinden-ß", own=[own]) is own


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (
            lambda own: own.bands(),
            "study.toml states no set of severity bands of KAP-X: bands in its [[instrument]] would. Scores can be "
            "shown without bands.",
        ),
        (
            lambda own: own.require("response"),
            "study.toml states no response rule of KAP-X: response_percent in its [[instrument]] would.",
        ),
        (
            lambda own: own.reliability_for_change(),
            "study.toml states no reliability of KAP-X: reliability in its [[instrument]] would. Pass reliability=... "
            "together with its source.",
        ),
        (
            lambda own: own.norm("clinical"),
            "study.toml states no clinical mean and SD of KAP-X: clinical_mean and clinical_sd in its [[instrument]] "
            "would. Pass the norms together with their source, or take the clinical ones from the analysed pairs.",
        ),
    ],
)
def test_what_an_own_instrument_lacks_is_lacking_in_study_toml(ask, sentence):
    own = instrument_from_mapping({"name": "KAP-X", "total_range": [0, 40], "higher_is_better": False})
    with pytest.raises(InstrumentError) as error:
        ask(own)
    assert str(error.value) == sentence


def test_full_declaration_keeps_every_threshold():
    own = instrument_from_mapping(FULL)
    assert own.reliability_for_change().value == 0.9
    assert (own.norm("clinical").mean, own.norm("normative").sd) == (12, 5)
    assert own.band_of([20, 21]).tolist() == ["low", "high"]
    assert (own.response.value, own.remission.value, own.reliable_change[0].points) == (50, 30, 6)
    assert own.suicidality_item == 3
    assert own.not_established == ("licence",)
    assert set(own.facts()["source"].dropna()) == {"Handbook, 2020"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": "BDI-II"}, "has the name of an instrument of the registry; give yours a name of its own."),
        ({"name": " "}, "has an empty name."),
        ({"name": 3}, "name is 3; expected text."),
        ({"total_range": [40, 0]}, "total_range is [40, 0]; expected [lowest, highest]."),
        ({"total_range": [0]}, "total_range is [0]; expected [lowest, highest]."),
        ({"total_range": ["0", "40"]}, "total_range is ['0', '40']; expected [lowest, highest]."),
        ({"higher_is_better": 1}, "higher_is_better is 1; expected true or false."),
        ({"recall_days": -1}, "recall_days is -1; expected 0 or more."),
        ({"recall_days": True}, "recall_days is True; expected a whole number."),
        ({"recall_days": 7.5}, "recall_days is 7.5; expected a whole number."),
        ({"role": "main"}, "role is 'main'; expected one of outcome, screen, covariate."),
        ({"rater": "nurse"}, "rater is 'nurse'; expected self or clinician."),
        ({"n_items": 10**9, "item_range": [0, 4]}, "n_items is 1000000000; expected a number up to 1,000,000."),
        ({"n_items": 1001, "item_range": [0, 4]}, "n_items is 1001; expected 1 to 1000."),
        ({"n_items": -5, "item_range": [0, 4]}, "n_items is -5; expected 1 to 1000."),
        ({"n_items": 0, "item_range": [0, 4]}, "n_items is 0; expected 1 to 1000."),
        ({"n_items": 4, "item_range": [0, 4.5]}, "item_range is [0, 4.5]; expected whole numbers."),
        (
            {"n_items": 9, "item_range": [0, 4]},
            "9 items from 0 to 4 give totals from 0 to 36; expected to reach all of total_range, 0 to 40.",
        ),
        ({"n_items": 10, "item_range": [0, 4], "suicidality_item": 0}, "suicidality_item is 0; expected 1 or more."),
        ({"n_items": 10, "item_range": [0, 4], "suicidality_item": 11}, "suicidality_item is 11, and n_items is 10."),
        ({"n_items": 10, "item_range": [0, 4], "max_missing": -1}, "max_missing is -1; expected 0 or more."),
        ({"total_range": [0, float("inf")]}, "total_range is [0, inf]; expected [lowest, highest]."),
        ({"normative_sd": float("inf")}, "normative_sd is inf; expected a number up to 1,000,000."),
        ({"normative_mean": float("nan")}, "normative_mean is nan; expected a number up to 1,000,000."),
        ({"remission": 10**400}, f"remission is 1{'0' * 79}…; expected a number up to 1,000,000."),
        (
            {"recall_days": 16**5000},
            "recall_days is a number of thousands of digits; expected a number up to 1,000,000.",
        ),
        ({"response_percent": 900}, "response_percent is 900; expected 100 or less."),
        (
            {"bands": [{"label": "a", "low": "0", "high": 20}]},
            "the band 'a' runs from '0' to 20; expected inside 0 to 40.",
        ),
        (
            {"bands": [{"label": "a", "low": 0, "high": 20}, {"label": "a", "low": 21, "high": 40}]},
            "a band has the label 'a'; expected a text of its own.",
        ),
        ({"n_items": 10}, "has only one of n_items and item_range; give both or neither."),
        ({"remission": 41}, "remission is 41; expected 0 to 40."),
        ({"reliability": 1.0}, "reliability is 1; expected between 0 and 1."),
        ({"normative_sd": 0}, "normative_sd is 0; expected more than 0."),
        ({"suicidality_item": 3}, "suicidality_item is 3, and n_items is 0."),
        (
            {"bands": [{"label": "x", "low": 0}]},
            "a band is {'label': 'x', 'low': 0}; expected a table of label, low and high.",
        ),
        (
            {"bands": [{"label": "a", "low": 0, "high": 20}, {"label": "b", "low": 10, "high": 40}]},
            "the band 'b' runs from 10 to 40; expected inside 20 to 40.",
        ),
    ],
)
def test_faults_are_named(change, sentence):
    with pytest.raises(InstrumentError) as error:
        instrument_from_mapping(SMALLEST | change)
    assert str(error.value).endswith(sentence)


def test_unknown_and_missing_keys_are_named():
    with pytest.raises(InstrumentError, match="has 'recal_days'; expected one of bands"):
        instrument_from_mapping(SMALLEST | {"recal_days": 7})
    with pytest.raises(InstrumentError) as error:
        instrument_from_mapping({"name": "KAP-X"})
    assert str(error.value) == (
        "The [[instrument]] 'KAP-X' of study.toml has no 'total_range'; "
        "required are name, total_range, higher_is_better."
    )
