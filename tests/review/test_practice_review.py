import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import kap_analysis as kap
from kap_analysis.errors import AnalysisError
from kap_analysis.review.other_practices import EXPECTED_COLUMNS
from kap_analysis.review.part_of_study import part_of
from kap_analysis.review.practice_charts import run_chart
from kap_analysis.review.practice_counts import changed_questionnaire
from kap_analysis.review.practice_page import render_practice
from kap_analysis.review.practice_review_result import NEWLY_YES, STILL_YES, class_counts, row_of
from tests.analysis.conftest import without_known_format
from tests.places import SHIPPED_STUDY
from tests.review.conftest import with_patients, with_tables


def test_the_counts_are_those_of_the_questions_asked_of_the_practice_alone(study, review):
    alone = part_of(study, "A", None)
    flow = kap.participant_flow(alone).steps
    whole = flow[(flow["practice"] == "all") & (flow["format"] == "all")].set_index("step")["n_patients"]
    started = row_of(review.started, "all")
    assert (started["n_patients"], started["n_started"]) == (whole["in the study"], whole["started treatment"])
    assert (started["n_baseline"], started["n_assessed"]) == (whole["baseline score"], whole["assessed at month 3"])
    changed = kap.clinical_change(alone.outcomes("BDI-II"), "month 3").shares
    pd.testing.assert_frame_equal(review.classes, changed)
    safety = kap.review_safety(alone)
    assert row_of(review.safety, "all")["n_events"] == safety.events["n_events_asked"].sum()
    minutes = kap.describe_exposure(alone).clinician_minutes.set_index("format")["mean"]
    assert row_of(review.hours, "group")["hours_per_patient"] == pytest.approx(minutes["group"] / 60)
    counts = class_counts(review.classes, "individual")
    hours = row_of(review.hours, "individual")
    assert hours["hours_per_better"] * counts["better"] == pytest.approx(
        hours["hours_per_patient"] * hours["n_patients"]
    )


def test_formats_add_up_to_all(review):
    for frame, columns in (
        (review.started, ["n_patients", "n_started", "n_baseline", "n_assessed"]),
        (review.safety, ["n_sessions", "n_asked", "n_events", "n_serious"]),
        (review.hours, ["n_patients", "n_better"]),
    ):
        whole = frame[frame["format"] == "all"][columns].sum()
        parts = frame[frame["format"] != "all"][columns].sum()
        assert whole.tolist() == parts.tolist()


@pytest.mark.slow
def test_one_page_has_the_formats_of_one_rule(study):
    plan = replace(kap.study_plan(study), format_rule="majority")
    found = kap.review_practice(study, practice="B", plan=plan)
    started = found.started.set_index("format")["n_started"]
    planned = kap.review_practice(study, practice="B").started.set_index("format")["n_started"]
    assert started.tolist() != planned.tolist()  # otherwise nothing is tested
    for frame, counted in ((found.hours, "n_patients"), (found.safety, "n_started")):
        of = frame.set_index("format")[counted]
        assert of.to_dict() == started[of.index].to_dict()
    assert found.quarters["n_patients"].sum() == row_of(found.started, "all")["n_assessed"]


def test_a_page_says_that_the_main_questionnaire_was_given_up_or_taken_up(study, review, tmp_path):
    assert "questionnaire" not in review.notes
    shutil.copytree(SHIPPED_STUDY, tmp_path / "study")
    scores = pd.read_csv(tmp_path / "study" / "assessments.csv", dtype=str)
    starts = study.patients.set_index("patient_id")["start_period"].astype("str")
    of_start = scores["patient_id"].map(starts)
    outside = (of_start < "2023-Q3") | (of_start > "2024-Q2")
    scores[~((scores["instrument"] == "BDI-II") & outside)].to_csv(tmp_path / "study" / "assessments.csv", index=False)
    changed = kap.review_practice(kap.load_study(tmp_path / "study"), practice="A")
    in_a = starts[study.patients.set_index("patient_id")["practice"] == "A"]
    told = changed.notes["questionnaire"]
    for n, words in (((in_a < "2023-Q3").sum(), "before 2023-Q3"), ((in_a > "2024-Q2").sum(), "after 2024-Q2")):
        assert f"Nobody of the {n} patients who started {words} was scored on BDI-II. " in told
    assert told in render_practice(changed)
    later = kap.review_practice(kap.load_study(tmp_path / "study"), practice="A", period="2024-Q4")
    page = render_practice(later)
    assert later.complete_enough.endswith("So nothing can be said of how these patients are then.")
    assert told in page
    for untrue in ("nobody better", "Filled: 2024-Q4", "averages below", "given: Found"):
        assert untrue not in page


def test_a_questionnaire_is_called_the_other_one_only_where_it_took_the_place_of_the_main_one(study):
    """Everybody always had HAM-A: it was named where BDI-II was left; the questionnaire taken up was not."""
    alone = part_of(study, "A", None)
    starts = alone.patients.set_index("patient_id")["start_period"].astype("str")
    scores = alone.assessments
    late = scores["patient_id"].map(starts) >= "2025"
    of_main = late & (scores["instrument"].astype(str) == "BDI-II")
    renamed = scores.assign(instrument=scores["instrument"].astype("object").mask(of_main, "BDI"))
    plan = kap.study_plan(study)
    told = changed_questionnaire(with_tables(alone, assessments=renamed), plan)
    n = scores.loc[of_main, "patient_id"].nunique()
    assert f"who started after 2024-Q4 was scored on BDI-II; {n} were on BDI." in told
    kept = scores[~(of_main & (scores["day"] > 0))].reset_index(drop=True)
    told = changed_questionnaire(with_tables(alone, assessments=kept), plan)
    assert "who started after 2024-Q4 was scored on BDI-II after the first session." in told
    not_due = alone.patients.assign(observed_until_day=alone.patients["observed_until_day"].where(starts < "2025", 20))
    assert changed_questionnaire(with_tables(alone, assessments=kept, patients=not_due), plan) is None


def test_a_quarter_in_which_nobody_started_has_its_place(study):
    alone = part_of(study, "A", None)
    gap = alone.patients["start_period"].astype("str").isin(["2024-Q1", "2024-Q2"])
    left = alone.of_patients(alone.patients.loc[~gap, "patient_id"])
    found = kap.review_practice(left).quarters.set_index("start_period")
    assert found.loc[["2024-Q1", "2024-Q2"], "n_patients"].tolist() == [0, 0]
    assert found.loc[["2024-Q1", "2024-Q2"], "mean_change"].isna().all()
    drawn = str(run_chart(found.reset_index(), pd.DataFrame(columns=EXPECTED_COLUMNS), higher_is_better=False))
    assert drawn.count('class="course whole"') == 2
    assert "mean change, points" in drawn


def test_the_list_for_chart_review_has_who_got_worse_who_answered_yes_and_who_is_overdue(study, review):
    listed = review.chart_list
    alone = part_of(study, "A", None)
    worse = set()
    for name, points in (("BDI-II", 9.35), ("PHQ-9", 6.76), ("GAD-7", 5.37)):
        frame = alone.outcomes(name, visits="all", population="started").frame
        worse |= set(frame.loc[(frame["day"] > 0) & (frame["score"] - frame["baseline"] >= points), "patient_id"])
    assert set(listed.loc[listed["why"] == "reliably worse", "patient_id"]) == worse
    answers = kap.review_safety(alone).for_review
    newly = set(answers.loc[answers["change"].isin(["rise", "first answer"]), "patient_id"])
    assert set(listed.loc[listed["why"] == NEWLY_YES, "patient_id"]) == newly
    assert set(listed.loc[listed["why"] == STILL_YES, "patient_id"]) == set(answers["patient_id"]) - newly
    assert not listed.duplicated(["patient_id", "why"]).any()
    yes = listed[listed["why"].isin([NEWLY_YES, STILL_YES])]
    told = yes["detail"].str.findall(r"(?:^answer|highest) (\d)").map(lambda found: max(map(int, found)))
    assert told.tolist() == answers.groupby("patient_id")["answer"].max()[yes["patient_id"]].tolist()
    assert set(listed["patient_id"]) <= set(alone.patients["patient_id"])


@pytest.mark.slow
def test_an_assessment_is_overdue_once_its_window_closed_and_until_follow_up_ends(study):
    alone = part_of(study, "A", None)
    ids = alone.patients["patient_id"]
    done = set(alone.outcomes("BDI-II", population="started").frame.query("visit == 'month 1'")["patient_id"])
    people = alone.patients.assign(observed_until_day=50.0, follow_up_end_day=np.nan)
    found = kap.review_practice(with_patients(alone, people)).chart_list
    overdue = set(found.loc[found["why"] == "assessment overdue", "patient_id"])
    assert overdue == set(ids[ids.isin(alone.at_time_zero().query("started")["patient_id"])]) - done != set()
    ended = with_patients(alone, people.assign(follow_up_end_day=40.0))
    assert "assessment overdue" not in set(kap.review_practice(ended).chart_list["why"])


@pytest.mark.slow
def test_a_period_beside_the_one_before(study):
    review = kap.review_practice(study, practice="B", period="2025-Q1", compare="previous")
    before = kap.review_practice(study, practice="B", period="2024-Q4")
    assert review.compared_with == "2024-Q4"
    row = review.earlier.iloc[0]
    assert row["of_before"] == row_of(before.started, "all")["n_started"]
    assert review.quarters["in_period"].sum() == 1


def test_a_period_without_anybody_says_so(study):
    review = kap.review_practice(study, practice="A", period="2019-Q1", compare="2018")
    assert review.paragraph.startswith("Nobody started treatment")
    assert review.chart_list.empty
    assert review.notes["earlier"] == "nobody started treatment in 2018"


@pytest.mark.slow
def test_three_patients_in_one_format(study):
    started = study.at_time_zero().query("started")
    ids = started[started["format"] == "group"]["patient_id"].head(3)
    alone = study.of_patients(ids)
    alone = with_patients(alone, alone.patients.assign(practice="A"))
    review = kap.review_practice(alone)
    assert row_of(review.started, "all")["n_started"] == 3
    assert set(review.started["format"]) == {"all", "group"}
    assert review.difference.empty
    assert "difference" in review.notes
    assert "do not compare these" not in render_practice(review)


@pytest.mark.slow
def test_a_difference_is_the_one_of_the_comparison(study):
    alone = with_patients(study, study.patients.assign(practice="A"))
    review = kap.review_practice(alone)
    compared = kap.compare_formats(alone, secondary=False).contrasts.query("is_primary")
    assert review.difference["estimate"].iloc[0] == compared["estimate"].iloc[0]


def test_a_public_study_of_real_patients_is_refused(study):
    public = replace(study, settings=replace(study.settings, visibility="public", provenance="real"))
    with pytest.raises(AnalysisError, match="private study only"):
        kap.review_practice(public, practice="A")


def test_what_to_do_next_follows_from_the_numbers(review):
    started = row_of(review.started, "all")
    lost = started["n_started"] - started["n_assessed"] - started["n_no_baseline"]
    assert any(f"Ask the {lost} patients" in step for step in review.next_steps)
    newly = (review.chart_list["why"] == NEWLY_YES).sum()
    assert any(f"Look at the charts of the {newly} patients" in step for step in review.next_steps)
    assert len(review.cannot_say) == 3


def test_who_was_never_scored_is_missing(study, review):
    """91 started in practice A and one was never scored: 90 were called due."""
    rows = review.completeness.query("instrument == 'BDI-II'").set_index("visit")
    assert rows.at["month 3", "n_due"] == row_of(review.started, "all")["n_started"]
    assert (rows["n_due"] == rows[["n_done", "n_late", "n_missing"]].sum(axis=1)).all()
    assert "was due" not in review.complete_enough


@pytest.mark.slow
def test_an_instrument_that_nobody_of_the_period_has_is_missing_of_everybody(study):
    """Where the questionnaire was changed, those who started later were called not due."""
    alone = study.of_patients(study.patients["patient_id"])
    kept = alone.assessments["instrument"].astype(str) != "BDI-II"
    late = set(alone.patients.loc[alone.patients["start_period"] >= "2025", "patient_id"])
    kept |= ~alone.assessments["patient_id"].isin(late)
    items = alone.items[(alone.items["instrument"].astype(str) != "BDI-II") | ~alone.items["patient_id"].isin(late)]
    tables = {**alone.tables, "assessments": alone.assessments[kept].reset_index(drop=True)}
    tables["items"] = items.reset_index(drop=True)
    changed = replace(alone, tables=tables, rows={})
    found = kap.review_practice(changed, practice="A", period="2025", compare="previous")
    row = found.completeness.query("instrument == 'BDI-II' and visit == 'month 3'").iloc[0]
    assert (row["n_due"], row["n_done"], row["n_missing"]) == (found.n_started, 0, found.n_started)
    assert found.n_lost == found.n_started > 5
    assert "PHQ-9" in set(found.completeness["instrument"])


@pytest.mark.parametrize(
    ("asked", "step"),
    [
        (np.nan, "Note at each session whether you asked about adverse events. It is not recorded."),
        (7.0, "Ask about adverse events at every session. At 3 of them nobody noted that they did."),
        (10.0, None),
    ],
)
def test_what_was_not_recorded_is_not_told_as_not_done(review, asked, step):
    counted = review.safety.assign(n_sessions=10, n_asked=asked)
    steps = [one for one in replace(review, safety=counted).next_steps if "adverse events" in one]
    assert steps == ([step] if step else [])


def test_patients_without_a_format_are_neither_lost_nor_without_events(study):
    """They were lost, although they were scored, and their events stood outside all counts."""
    before = kap.review_practice(study, practice="A")
    review = kap.review_practice(without_known_format(study, study.patients["patient_id"].iloc[:20]), practice="A")
    kept = ["n_started", "n_baseline", "n_assessed", "n_not_due", "n_lost"]
    assert row_of(review.started, "all")[kept].tolist() == row_of(before.started, "all")[kept].tolist()
    counted = ["n_sessions", "n_events", "n_elsewhere", "n_serious", "n_started"]
    assert row_of(review.safety, "all")[counted].tolist() == row_of(before.safety, "all")[counted].tolist()
