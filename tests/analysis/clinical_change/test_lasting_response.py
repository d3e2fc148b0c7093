"""Time from the first response to its loss, worked by hand; the median of the curve by R's survfit."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kap_analysis.analysis.clinical_change.lasting_response import durability
from kap_analysis.errors import AnalysisError, InstrumentError
from kap_analysis.study.outcome_frames.outcomes import Outcomes

DAYS = {"month 1": 30, "month 2": 60, "month 3": 90, "month 6": 180}
#: Baseline 40: a response is a score of 20 or less. Scores at months 1, 2, 3, 6.
SCORES = {
    "a": (20, 30, 10, 10),  # response on day 30, lost on day 60: 30 days
    "b": (30, 20, 20, 21),  # response on day 60, lost on day 180: 120 days
    "c": (30, 20, 15, None),  # response on day 60, last seen in response on day 90: 30 days, censored
    "d": (30, 30, 30, 20),  # response on the last day: nothing after it
    "e": (30, 30, 30, 30),  # no response
    "f": (10, 10, 10, 10),  # 150 days, censored
}

MEDIANS = json.loads((Path(__file__).parents[2] / "reference/survival_median.json").read_text(encoding="utf-8"))[
    "cases"
]


def make(scores=SCORES, instrument="BDI-II", baseline=40, **more):
    rows = []
    for patient, values in scores.items():
        care = "group" if patient in "ab" else "individual"
        rows.append((patient, care, "baseline", 0, baseline))
        rows += [(patient, care, v, DAYS[v], s) for v, s in zip(DAYS, values, strict=True)]
    frame = pd.DataFrame(rows, columns=["patient_id", "format", "visit", "day", "score"])
    return Outcomes.from_frame(frame, instrument=instrument, **more)


def test_curve_worked_by_hand():
    curve = durability(make()).survival.query("format == 'all'")
    assert curve[["day", "n_at_risk", "n_lost", "n_censored"]].to_numpy().tolist() == [
        [0, 5, 0, 1],
        [30, 4, 1, 1],
        [120, 2, 1, 0],
        [150, 1, 0, 1],
    ]
    assert curve["survival"].to_numpy() == pytest.approx([1, 3 / 4, 3 / 4 * 1 / 2, 3 / 8])


def test_interval_is_log_minus_log():
    row = durability(make()).survival.query("format == 'all' and day == 30").iloc[0]
    s, error = 3 / 4, 3 / 4 * np.sqrt(1 / (4 * 3))  # Greenwood
    width = 1.959964 * error / abs(s * np.log(s))
    assert row[["ci_low", "ci_high"]].tolist() == pytest.approx([s ** np.exp(width), s ** np.exp(-width)], abs=1e-6)


def test_summary_by_format():
    summary = durability(make()).summary.set_index("format")
    assert summary["n_assessed"].to_dict() == {"all": 6, "individual": 4, "group": 2}
    assert summary["n_responders"].to_dict() == {"all": 5, "individual": 3, "group": 2}
    assert summary["n_lost"].to_dict() == {"all": 2, "individual": 0, "group": 2}
    assert summary["n_single"].to_dict() == {"all": 1, "individual": 1, "group": 0}
    assert summary.loc["all", "median_days"] == 120
    assert np.isnan(summary.loc["individual", "median_days"])


@pytest.mark.parametrize("case", MEDIANS, ids=lambda case: str(len(case["days"])))
def test_median_where_the_curve_lies_at_one_half_is_that_of_survfit(case):
    rows = []
    for number, (days, is_lost) in enumerate(zip(case["days"], case["lost"], strict=True)):
        later = 30 + days
        rows += [(f"p{number}", "individual", day, score) for day, score in ((0, 40), (30, 10), (later, 39 * is_lost))]
    frame = pd.DataFrame(rows, columns=["patient_id", "format", "day", "score"])
    frame["visit"] = frame["day"].map(lambda day: "baseline" if day == 0 else f"day {day}")
    row = durability(Outcomes.from_frame(frame, instrument="BDI-II")).summary.set_index("format").loc["all"]
    expected = [np.nan if case[name] is None else case[name] for name in ("median", "low", "high")]
    assert row[["median_days", "ci_low", "ci_high"]].tolist() == pytest.approx(expected, nan_ok=True)


def test_curve_of_those_who_lose_nothing_stays_at_one():
    curve = durability(make({"c": SCORES["c"], "f": SCORES["f"]})).survival
    assert (curve["survival"] == 1).all() and (curve["ci_low"] == 1).all()


def test_curve_that_ends_at_zero_has_no_interval_there():
    last = durability(make({"a": SCORES["a"]})).survival.query("format == 'all'").iloc[-1]
    assert last["survival"] == 0
    assert np.isnan(last["ci_low"]) and np.isnan(last["ci_high"])


def test_paragraph_says_what_the_frames_say():
    assert durability(make()).paragraph.startswith(
        "Of 6 patients with BDI-II at baseline and later, 5 responded at some assessment (response: 50% or more); "
        "2 of these no longer did at a later one and 1 had no later one. "
        "The median time in response was not reached in individual format (3 responders) and 75 days in group format"
    )


def test_a_paragraph_of_frames_that_were_withheld_whole_says_so():
    found = durability(make())
    lost = pd.DataFrame([("summary", "all", "all", "few")], columns=["frame", "row", "column", "why"])
    kept_back = replace(found, summary=found.summary.iloc[:0], withheld=lost)
    assert kept_back.paragraph == "The numbers are withheld: the study is public, and they count too few patients."


def test_outcomes_mark_no_boosters_and_a_study_does():
    assert len(durability(make()).boosters) == 0


def test_without_response_or_responders_it_is_refused():
    with pytest.raises(InstrumentError) as error:
        durability(make({"a": (20, 30, 10, 10)}, "PCL-5"))
    assert str(error.value) == (
        "No response rule of PCL-5 is established in the registry. Time to loss of response needs one."
    )
    with pytest.raises(AnalysisError) as error:
        durability(make({"e": SCORES["e"]}))
    assert str(error.value) == (
        "None of 1 patient responded on BDI-II (response: 50% or more); no duration of response can be described."
    )


def test_boosters_lie_inside_the_response(study):
    result = durability(study)
    longest = result.survival.groupby("format")["day"].max()
    assert (result.boosters["day"] > 0).all()
    assert (result.boosters["day"] <= longest["all"]).all()
    assert result.summary.set_index("format").loc["all", "n_with_booster"] == result.boosters["patient_id"].nunique()
    later = result.survival.groupby("format")["survival"].apply(lambda s: (np.diff(s) <= 0).all())
    assert later.all()
