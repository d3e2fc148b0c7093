"""What a study can and cannot answer."""

import pandas as pd

from kap_analysis import tables


def test_what_can_be_answered_stands_first(every_table):
    assert [group for group, _ in every_table["answers"].row_groups()] == ["Can answer", "Cannot answer"]


def test_names_of_the_study_folder_are_written_as_what_they_hold():
    whys = {
        "dose_mg and route": "Dose and route",
        "study.toml has no margin": "The study has no margin",
        "there are no adverse_events": "There are no adverse events",
        "there is no ae_asked, so that no event recorded is not no event": (
            "There is no record of being asked about events, so that no event recorded is not no event"
        ),
        "observed_until_day": "Last day of observation",
    }
    answers = pd.DataFrame({"question": list(whys), "can_answer": False, "why": list(whys)})
    assert list(tables.table_answers(answers=answers).cells["why"]) == list(whys.values())
