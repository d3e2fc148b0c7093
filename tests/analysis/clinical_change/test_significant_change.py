"""Clinically significant change: a hand-made frame, a real trial against R, other directions, and what is refused."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kap_analysis.analysis.clinical_change.cutoffs import Norms
from kap_analysis.analysis.clinical_change.significant_change import clinical_change
from kap_analysis.errors import AnalysisError, InstrumentError
from kap_analysis.instruments.registry import instrument_from_mapping
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from tests.places import SHARED

REFERENCE = SHARED
ROUNDED = 1e-9  # the reference prints eleven digits
#: With the registry's norms a change of 9.35 is reliable and the cut-off is 14.4.
SCORES = {
    "a": ("individual", 30, 10),  # recovered
    "b": ("individual", 40, 20),  # improved, still above the cut-off
    "c": ("individual", 14, 4),  # improved, but below the cut-off at baseline
    "d": ("individual", 30, 21),  # nine points: not reliable
    "e": ("group", 20, 30),  # deteriorated
    "f": ("group", 30, None),  # not assessed
    "g": ("group", 25, 14),  # recovered
}


@pytest.fixture
def outcomes():
    return make_outcomes(SCORES)


def make_outcomes(scores, instrument="BDI-II", **more):
    rows = []
    for patient, (care, before, after) in scores.items():
        rows.append({"patient_id": patient, "format": care, "visit": "baseline", "day": 0, "score": before})
        rows.append({"patient_id": patient, "format": care, "visit": "month 3", "day": 91, "score": after})
    return Outcomes.from_frame(pd.DataFrame(rows), instrument=instrument, **more)


def of_class(frame, care, name, column="n"):
    return frame.loc[(frame["format"] == care) & (frame["class"] == name), column].item()


def test_classes_worked_by_hand(outcomes):
    patients = clinical_change(outcomes, "month 3").patients.set_index("patient_id")
    assert patients["class"].astype(object).where(patients["class"].notna(), None).to_dict() == {
        "a": "recovered",
        "b": "improved",
        "c": "improved",
        "d": "unchanged",
        "e": "deteriorated",
        "f": None,
        "g": "recovered",
    }
    assert patients["below_cut_at_baseline"].to_dict() == {**dict.fromkeys("abdefg", False), "c": True}
    assert patients["change"].drop("f").tolist() == [-20, -20, -10, -9, 10, -11]
    assert patients.loc["d", "percent_change"] == -30


def test_shares_have_both_denominators(outcomes):
    shares = clinical_change(outcomes, "month 3").shares
    assert of_class(shares, "all", "recovered") == 2
    assert of_class(shares, "all", "recovered", "n_assessed") == 6
    assert of_class(shares, "all", "recovered", "n_started") == 7
    assert of_class(shares, "group", "deteriorated", "share_of_assessed") == 1 / 2
    assert of_class(shares, "group", "deteriorated", "share_of_started") == 1 / 3
    assert of_class(shares, "group", "recovered", "n_not_assessed") == 1
    assert of_class(shares, "individual", "recovered", "n_not_assessed") == 0
    totals = shares.groupby("format")["n"].sum()
    assert totals.to_dict() == {"all": 6, "individual": 4, "group": 2}


def test_those_below_the_cut_at_baseline_have_their_own_denominator(outcomes):
    row = clinical_change(outcomes, "month 3").eligible.iloc[0]
    assert (row["n_assessed"], row["n_below_cut_at_baseline"], row["n_eligible"], row["n"]) == (6, 1, 5, 2)
    assert row["share"] == 2 / 5


def test_criteria_are_counted_for_better_and_for_worse(outcomes):
    criteria = clinical_change(outcomes, "month 3").criteria
    counts = criteria[criteria["format"] == "all"].set_index(["kind", "side", "criterion"])["n"]
    assert counts.to_dict() == {
        ("response", "better", "response: 50% or more"): 3,  # a, b (exactly half), c
        ("response", "worse", "response: 50% or more"): 1,  # e (exactly half)
        ("remission", "better", "remission: score of 13 or better"): 2,  # a, c
        ("smallest important change", "better", "smallest important change: 17.5% or more"): 5,
        ("smallest important change", "worse", "smallest important change: 17.5% or more"): 1,
        ("smallest important change", "better", "smallest important change: 32% or more"): 4,  # not d, 30%
        ("smallest important change", "worse", "smallest important change: 32% or more"): 1,
    }


def test_paragraph_says_what_the_frames_say(outcomes):
    assert clinical_change(outcomes, "month 3").paragraph.startswith(
        "6 of 7 (86%) patients who started had BDI-II at baseline and at month 3. "
        "Of those assessed, 2 (33%, 95% interval 10% to 70%) were reliably better and now below the cut-off of "
        "14.45, 2 (33%, 95% interval 10% to 70%) were reliably better without that, and 1 (17%, 95% interval "
        "3% to 56%) was reliably worse. Of all who started, 4 of 7 (57%) are known to be reliably better and "
        "1 of 7 (14%) reliably worse. A change of 9.35 points or more is reliable (Jacobson-Truax; SD 12.75, "
        "psychiatric outpatients; reliability 0.93). 1 of those assessed was already below the cut-off at baseline "
        "and cannot pass it; reliably better and past it, of the others: 2 of 5 (40%) (95% interval 12% to 77%)."
    )


def test_paragraph_changes_with_the_data(outcomes):
    other = make_outcomes(SCORES | {"e": ("group", 20, 12)})
    assert clinical_change(outcomes, "month 3").paragraph != clinical_change(other, "month 3").paragraph


def test_order_of_rows_and_names_of_patients_do_not_matter(outcomes):
    renamed = {f"Ж-{name}": values for name, values in reversed(SCORES.items())}
    one, other = clinical_change(outcomes, "month 3"), clinical_change(make_outcomes(renamed), "month 3")
    pd.testing.assert_frame_equal(one.shares, other.shares)
    pd.testing.assert_frame_equal(one.methods, other.methods)


def test_higher_is_better_mirrors():
    norms = Norms(60.0, 20.0, 0.8, normative_mean=20.0, normative_sd=15.0)
    mirrored = Norms(40.0, 20.0, 0.8, normative_mean=80.0, normative_sd=15.0)
    scores = {"a": ("group", 80, 20), "b": ("group", 60, 84), "c": ("individual", 40, 32), "d": ("group", 20, 96)}
    turned = {name: (care, 100 - before, 100 - after) for name, (care, before, after) in scores.items()}
    own = {"name": "KAP-X", "total_range": [0, 100], "higher_is_better": False}
    from_own = instrument_from_mapping(own)
    down = clinical_change(make_outcomes(scores, from_own), "month 3", norms=norms)
    up = clinical_change(make_outcomes(turned, "WHO-5"), "month 3", norms=mirrored)
    assert down.patients["class"].tolist() == up.patients["class"].tolist()
    assert down.patients["below_cut_at_baseline"].tolist() == up.patients["below_cut_at_baseline"].tolist()
    assert up.cutoff == pytest.approx(100 - down.cutoff)
    assert "now above the cut-off" in up.paragraph and "now below the cut-off" in down.paragraph


def test_without_a_cutoff_nobody_recovers_and_the_result_says_so():
    scores = {str(i): ("group", 20 + i, 8 + i % 5) for i in range(12)}
    result = clinical_change(make_outcomes(scores, "HAM-A"), "month 3", norms="pairs")
    assert result.cutoff is None and result.cutoff_name == "none"
    assert all("recovered" not in set(frame["class"]) for frame in (result.shares, result.methods))
    assert result.eligible.empty
    assert result.patients["below_cut_at_baseline"].isna().all()
    assert (
        "No cut-off for HAM-A is established, so nobody can be said to be past it: reliable change alone is reported."
    ) in result.paragraph


def test_methods_stand_beside_each_other(outcomes):
    methods = clinical_change(outcomes, "month 3").methods
    whole = methods[methods["format"] == "all"]
    assert set(whole["method"]) >= {"Jacobson-Truax", "Edwards-Nunnally", "Gulliksen-Lord-Novick"}
    assert (whole.groupby("method")["n"].sum() == 6).all()
    assert whole.groupby("method")["share"].sum().to_numpy() == pytest.approx(1)


def test_result_becomes_plain_values(outcomes):
    plain = clinical_change(outcomes, "month 3").to_dict()
    assert json.loads(json.dumps(plain))["patients"][5]["class"] is None
    assert plain["paragraph"].startswith("6 of 7")


def test_public_study_withholds_patients_and_small_counts(outcomes):
    result = clinical_change(make_outcomes(SCORES, visibility="public"), "month 3")
    assert len(result.patients) == 0
    assert result.shares["n"].isna().any()
    assert len(result.withheld) > 0
    assert "a withheld number" in result.paragraph


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ({"visit": "month 9"}, "There is no visit 'month 9' after baseline; choose one of month 3."),
        ({"visit": "month 3", "method": "RCI"}, "The method 'RCI' is not known; choose one of Jacobson-Truax, "),
    ],
)
def test_what_is_unknown_is_refused(outcomes, call, sentence):
    with pytest.raises(AnalysisError) as error:
        clinical_change(outcomes, **call)
    assert str(error.value).startswith(sentence)


def test_nobody_with_both_scores_is_refused():
    frame = pd.DataFrame(
        {"patient_id": ["a", "b"], "visit": ["baseline", "month 3"], "score": [20, 10], "format": ["group", "group"]}
    )
    with pytest.raises(AnalysisError) as error:
        clinical_change(Outcomes.from_frame(frame, instrument="BDI-II"), "month 3")
    assert str(error.value) == "No patient has BDI-II at baseline and at month 3, so nothing can be classified."


def test_instrument_without_what_the_method_needs_is_refused():
    scores = {"a": ("group", 40, 20), "b": ("group", 50, 30)}
    with pytest.raises(InstrumentError, match="No reliability of B-IPF for reliable change is established"):
        clinical_change(make_outcomes(scores, "B-IPF"), "month 3", norms="pairs")
    result = clinical_change(make_outcomes(scores, "B-IPF"), "month 3", norms="pairs", reliability=0.9)
    assert result.reliable_change == pytest.approx(1.96 * np.sqrt(50) * np.sqrt(0.2), rel=1e-4)


@pytest.fixture(scope="module")
def reference():
    file = REFERENCE / "btheb_clinical_significance.json"
    if not file.exists():
        pytest.skip("The reference results of the R package clinicalsignificance are not beside this checkout.")
    return json.loads(file.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def trial(reference):
    frame = pd.read_csv(REFERENCE / "btheb_pre_post.csv").rename(columns={"id": "patient_id", "bdi": "score"})
    return Outcomes.from_frame(
        frame.assign(visit=frame["time"].map({0: "baseline", 8: "month 8"})), instrument="BDI-II"
    )


@pytest.mark.parametrize(
    ("block", "method"),
    [
        ("combined_JT", "Jacobson-Truax"),
        ("combined_EN", "Edwards-Nunnally"),
        ("combined_GLN", "Gulliksen-Lord-Novick"),
    ],
)
def test_real_trial_equals_the_r_package(reference, trial, block, method):
    result = clinical_change(trial, "month 8", norms="pairs", method=method)
    theirs = pd.DataFrame(reference[block]["patients"]).set_index("id").rename(index=str)
    ours = result.patients.set_index("patient_id").loc[theirs.index]
    # "Harmed" is a reliable worsening over the cut-off: a part of our class "deteriorated".
    expected = theirs["category"].replace("Harmed", "Deteriorated").str.lower()
    assert ours["class"].astype(str).tolist() == expected.tolist()
    assert ours["rci"].to_numpy() == pytest.approx(theirs["rci"].to_numpy(), abs=ROUNDED)
    assert result.cutoff == pytest.approx(reference[block]["cutoff"][0]["value"], abs=ROUNDED)
    worse = ours[ours["class"] == "deteriorated"]
    crossed = worse["below_cut_at_baseline"].astype(bool) & (worse["follow_up"] > result.cutoff)
    assert crossed.tolist() == (theirs.loc[worse.index, "category"] == "Harmed").tolist()
    assert result.shares[["n_assessed", "n_started"]].iloc[0].tolist() == [52, 100]


def test_real_trial_equals_the_r_package_in_percentage_change(reference, trial):
    result = clinical_change(trial, "month 8", norms="pairs")
    theirs = pd.DataFrame(reference["percentage"]["patients"]).set_index("id").rename(index=str)
    ours = result.patients.set_index("patient_id").loc[theirs.index]
    assert ours["percent_change"].to_numpy() == pytest.approx(100 * theirs["pct_change"].to_numpy(), abs=1e-7)
    response = result.criteria.query("kind == 'response' and side == 'better' and format == 'all'")
    assert response["n"].item() == theirs["improved"].sum()


def test_everybody_who_started_is_in_the_denominators(study):
    shares = clinical_change(study.outcomes("BDI-II"), "month 3").shares
    started = shares.drop_duplicates("format").set_index("format")["n_started"]
    assert started["all"] == study.at_time_zero()["started"].sum()
    assert started["all"] == started["individual"] + started["group"]


@pytest.mark.parametrize(
    ("instrument", "cutoff", "said"), [("PHQ-9", 9, "at or below the cut-off of 9"), ("WHO-5", 51, "at or above")]
)
def test_a_published_value_is_itself_functional_and_the_words_say_so(instrument, cutoff, said):
    """All scored exactly 9, and were "below the cut-off of 9"."""
    start = [20, 21, 22, 23] if cutoff == 9 else [4, 8, 12, 16]
    scores = make_outcomes({f"P{i}": ("individual", s, cutoff) for i, s in enumerate(start)}, instrument)
    found = clinical_change(scores, "month 3", norms="pairs", cutoff="published", reliability=0.9)
    assert found.patients["class"].eq("recovered").all()
    assert (
        f"reliably better and now {said}" in found.paragraph and f"already {said.split(' the')[0]}" in found.paragraph
    )
    assert "now below the cut-off of" in clinical_change(make_outcomes(SCORES), "month 3").paragraph


def test_who_has_no_format_and_who_is_not_due_is_told(unknown_format, month_3_not_over):
    """103 of 235 patients who started were told to have both scores, where 118 had."""
    found = clinical_change(unknown_format.outcomes(), "month 3")
    assert found.paragraph.startswith("105 of 215 (49%) patients who started had BDI-II")
    assert "Without a format, and not counted here: 20 patients who started (no planned format " in found.paragraph
    waiting = clinical_change(month_3_not_over.outcomes(), "month 3").paragraph
    assert "57 patients of those not assessed are not due yet: month 3 is not over for them." in waiting


def test_a_public_study_does_not_tell_how_many_are_not_due(month_3_not_over):
    open_to_all = replace(month_3_not_over.settings, visibility="public", provenance="real")
    said = clinical_change(replace(month_3_not_over, settings=open_to_all).outcomes(), "month 3").paragraph
    assert "57" not in said and "A note is withheld" in said
