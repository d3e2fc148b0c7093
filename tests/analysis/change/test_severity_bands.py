"""Movement between severity bands, everybody counted once at each visit."""

import pandas as pd
import pytest

from kap_analysis.analysis.change.severity_bands import band_movement
from kap_analysis.errors import AnalysisError, InstrumentError
from kap_analysis.study.outcome_frames.outcomes import Outcomes

SCORES = {
    "a": ("group", 30, 15, 5),  # severe, mild, minimal
    "b": ("group", 25, None, 13.5),  # moderate, not assessed, minimal (prorated)
    "c": ("individual", 30, 29, None),  # severe, severe, not assessed
    "d": ("individual", None, None, None),  # started, never assessed
}


@pytest.fixture
def outcomes():
    rows = []
    for patient, (care, *scores) in SCORES.items():
        for visit, score in zip(("baseline", "month 1", "month 3"), scores, strict=True):
            rows.append((patient, care, visit, score))
    frame = pd.DataFrame(rows, columns=["patient_id", "format", "visit", "score"])
    return Outcomes.from_frame(frame, instrument="BDI-II", visits=["baseline", "month 1", "month 3"])


def counts(frame, **where):
    for column, value in where.items():
        frame = frame[frame[column].astype(str) == value]
    return frame


def test_bands_at_each_visit_add_up_to_everybody(outcomes):
    movement = band_movement(outcomes).movement
    whole = counts(movement, format="all", visit="month 1").set_index("band")["n_patients"]
    assert whole.to_dict() == {"minimal": 0, "mild": 1, "moderate": 0, "severe": 1, "not assessed": 2}
    assert (movement.groupby(["format", "visit"], observed=True)["share"].sum().round(12) == 1).all()
    assert counts(movement, format="group")["of_patients"].unique().tolist() == [2]
    assert counts(movement, format="all")["of_patients"].unique().tolist() == [4]


def test_bands_and_visits_stand_in_their_order(outcomes):
    movement = band_movement(outcomes).movement
    assert list(movement["band"].cat.categories) == ["minimal", "mild", "moderate", "severe", "not assessed"]
    assert list(movement["visit"].cat.categories) == ["baseline", "month 1", "month 3"]
    assert movement["format"].drop_duplicates().tolist() == ["all", "individual", "group"]


def test_flows_leave_and_arrive_where_the_bands_say(outcomes):
    result = band_movement(outcomes)
    flows = counts(result.flows, format="all", visit_from="baseline")
    found = {(r.band_from, r.band_to): r.n_patients for r in flows.itertuples()}
    assert found == {
        ("moderate", "not assessed"): 1,
        ("severe", "mild"): 1,
        ("severe", "severe"): 1,
        ("not assessed", "not assessed"): 1,
    }
    for visit, side in (("month 1", "to"), ("month 3", "to"), ("baseline", "from"), ("month 1", "from")):
        arrived = counts(result.flows, format="all", **{f"visit_{side}": visit}).groupby(f"band_{side}", observed=True)
        there = counts(result.movement, format="all", visit=visit).set_index("band")["n_patients"]
        assert arrived["n_patients"].sum().to_dict() == there[there > 0].to_dict()


def test_another_set_of_bands(outcomes):
    ham = Outcomes.from_frame(
        outcomes.frame[["patient_id", "format", "visit", "score"]],
        instrument="HAM-A",
        visits=["baseline", "month 1", "month 3"],
    )
    result = band_movement(ham, band_set="traditional")
    assert result.band_set == "traditional"
    assert "moderate to severe" in set(result.movement["band"].astype(str))


def test_paragraph(outcomes):
    assert band_movement(outcomes).paragraph == (
        "BDI-II bands (manual): at baseline minimal 0 of 4 (0%), mild 0 of 4 (0%), moderate 1 of 4 (25%), "
        "severe 2 of 4 (50%) and not assessed 1 of 4 (25%); at month 3 minimal 2 of 4 (50%), mild 0 of 4 (0%), "
        "moderate 0 of 4 (0%), severe 0 of 4 (0%) and not assessed 2 of 4 (50%)."
    )


def test_without_bands_or_scores_it_is_refused():
    frame = pd.DataFrame({"patient_id": ["a"], "format": ["group"], "visit": ["baseline"], "score": [30.0]})
    with pytest.raises(InstrumentError, match="No set of severity bands of PCL-5 is established"):
        band_movement(Outcomes.from_frame(frame, instrument="PCL-5"))
    empty = Outcomes.from_frame(frame, instrument="BDI-II")
    nobody = Outcomes(empty.frame.iloc[:0], empty.ledger, empty.problems, empty.instrument, empty.visits)
    with pytest.raises(AnalysisError) as error:
        band_movement(nobody)
    assert str(error.value) == "There is no BDI-II score at any visit; no bands can be counted."


def test_bands_count_everybody_who_started(study):
    result = band_movement(study.outcomes("BDI-II", population="started"))
    assert (result.movement.query("format == 'all'")["of_patients"] == study.at_time_zero()["started"].sum()).all()
    assert (result.counted["n_left_out"] == 0).all()
    assert (band_movement(study.outcomes("BDI-II")).counted["n_left_out"] > 0).all()


@pytest.mark.parametrize("population", ["analysed", "started"])
def test_who_is_not_due_at_the_last_visit_is_told(month_3_not_over, population):
    said = band_movement(month_3_not_over.outcomes(population=population)).paragraph
    assert said.endswith("57 patients of those not assessed are not due yet: month 3 is not over for them.")
