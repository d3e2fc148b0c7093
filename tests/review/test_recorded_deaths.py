"""The dead are named, and are never among those to ask how they are."""

import pandas as pd
import pytest

import kap_analysis as kap
from kap_analysis.review.part_of_study import part_of
from kap_analysis.review.patient_page import render_patient
from kap_analysis.review.practice_page import render_practice
from kap_analysis.review.practice_review_result import DIED, OVERDUE, row_of
from kap_analysis.review.recorded_deaths import list_deaths
from tests.review.conftest import with_tables


@pytest.fixture(scope="module")
def mourned(study):
    """Of the patients of practice A who were lost, two died by the end of follow-up and one by an adverse event."""
    alone = part_of(study, "A", None)
    scored = alone.outcomes("BDI-II", population="started").frame
    at_visit = set(scored.loc[(scored["visit"].astype(str) == "month 3") & scored["score"].notna(), "patient_id"])
    dead = [one for one in alone.patients["patient_id"] if one not in at_visit][:3]
    reasons = alone.patients["follow_up_end_reason"].astype("object")
    people = alone.patients.assign(
        follow_up_end_reason=reasons.mask(alone.patients["patient_id"].isin(dead[:2]), "death")
    )
    event = alone.adverse_events.head(1).assign(patient_id=dead[2], day=20, event="death")
    events = pd.concat([alone.adverse_events, event.astype(alone.adverse_events.dtypes.to_dict())], ignore_index=True)
    return with_tables(alone, patients=people, adverse_events=events), dead


def test_deaths_are_read_from_reasons_and_from_events(mourned):
    made, dead = mourned
    found = list_deaths(made).set_index("patient_id")
    assert set(found.index) == set(dead)
    assert found.loc[dead[2], ["day", "where"]].tolist() == [20, "noted among the adverse events"]
    assert found.loc[dead[0], "where"] == "noted as the reason why follow-up ended"


def test_nobody_is_asked_to_ask_the_dead(mourned, review):
    made, dead = mourned
    found = kap.review_practice(made)
    row, before = row_of(found.started, "all"), row_of(review.started, "all")
    assert (row["n_died"], row["n_lost"]) == (3, before["n_lost"] - 3)
    groups = ["n_assessed", "n_no_baseline", "n_died", "n_not_due", "n_lost"]
    assert (found.started[groups].sum(axis=1) == found.started["n_started"]).all()
    assert found.next_steps[0].startswith(f"Ask the {row['n_lost']} patients")
    assert "Look at the charts of the 3 patients recorded as dead." in found.next_steps
    assert found.chart_list.loc[found.chart_list["why"] == DIED, "patient_id"].tolist() == sorted(dead)
    assert not set(found.chart_list.loc[found.chart_list["why"] == OVERDUE, "patient_id"]) & set(dead)
    assert "3 patients are recorded as dead." in render_practice(found)
    assert "recorded as dead" not in render_practice(review)


def test_the_page_of_a_patient_says_it_first(mourned):
    made, dead = mourned
    page = render_patient(kap.review_patient(made, dead[2]))
    assert "This patient is recorded as dead on day 20" in page.split("<main>", 1)[0]
