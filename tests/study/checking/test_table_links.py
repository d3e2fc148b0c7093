"""Tables that disagree with each other: each rule is one sentence at its place."""

import pytest

from tests.study.small_study import FILES, lines_of


@pytest.mark.parametrize(
    ("file", "old", "new", "line"),
    [
        (
            "sessions.csv", "P06-1,G2,G2-1", "P06-1,G9,G9-1",
            "sessions.csv, row 12: cohort_id: found the cohort G9; expected a cohort of cohorts.csv.",
        ),
        (
            "sessions.csv", "P06-1,G2,G2-1", "P06-1,G1,G2-9",
            "sessions.csv, row 12: cohort_id: found cohort G1 with a patient of practice B; expected one practice per "
            "cohort: A.",
        ),
        (
            "sessions.csv", "P04,0,ketamine", "P04,1,ketamine",
            "sessions.csv, row 9: day: found the first ketamine session of P04 on day 1; expected day 0: days are "
            "counted from this session.",
        ),
        (
            "sessions.csv", "P04-1,,", "P04-1,G2,",
            "sessions.csv, row 9: cohort_id: found an individual session in the cohort G2; expected an empty cell, or "
            "the format group.",
        ),
        (
            "assessments.csv", "P04,140", "P04,210",
            "assessments.csv, row 15: day: found day 210; expected a day up to 200, the follow_up_end_day of the "
            "patient.",
        ),
        (
            "assessments.csv", "P03,93", "P03,89",
            "assessments.csv, row 13: patient_id: found the same patient_id, day, instrument, rater, hour, timing as "
            "in row 12; expected one row per patient, day, instrument and rater (and hour or timing, where several a "
            "day).",
        ),
        (
            "patients.csv", "220,200,no", "150,200,no",
            "patients.csv, row 4: follow_up_end_day: found follow_up_end_day 200; expected a day up to "
            "observed_until_day, 150.",
        ),
        (
            "diagnoses.csv", "ptsd,2", "ptsd,1",
            "diagnoses.csv, row 3: rank: found a second diagnosis of rank 1 for 007; expected one primary diagnosis "
            "per patient.",
        ),
        (
            "adverse_events.csv", "007-1", "P02-1",
            "adverse_events.csv, row 2: session_id: found the session P02-1 of another patient; expected a session of "
            "the same patient.",
        ),
        (
            "treatments.csv", "35,120", "135,120",
            "treatments.csv, row 3: start_day: found start_day 135; expected a day up to end_day, 120.",
        ),
    ],
)  # fmt: skip
def test_tables_that_disagree_are_one_sentence_at_its_place(tmp_path, file, old, new, line):
    text = FILES[file]
    if file == "patients.csv":
        text = text.replace("220,,no", "220,200,no")
    assert old in text
    assert lines_of(tmp_path, {file: text.replace(old, new, 1)}) == [line]
