"""Whether a patient's ketamine sessions were followed by timely integration, as a column of the outcome frame."""

from dataclasses import replace

import pandas as pd

from kap_analysis.analysis.patients.exposure import hours_to_integration
from kap_analysis.analysis.patients.treated import held_sessions
from kap_analysis.columns import PATIENT_ID
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study

COLUMN = "integration_in_time"


@asked_of(Outcomes)
def add_integration_in_time(outcomes: Outcomes, study: Study) -> Outcomes:
    """Add ``integration_in_time`` to the outcome frame.

    It is 1 if more than half of a patient's ketamine sessions were followed by integration after 24 to 48 hours (on the
    next or second day if hours are not recorded), 0 if not, and missing for patients without a ketamine session. It is
    measured after treatment began, so it is not a baseline moderator, and the results say so.

    Returns
    -------
    Outcomes
        The same with one more column; unchanged where the study records no integration session.
    """
    held = held_sessions(study)
    if not (held["kind"] == "integration").any():
        return outcomes
    share = hours_to_integration(held).groupby(PATIENT_ID)["in_time"].mean()
    column = outcomes.frame[PATIENT_ID].map((share > 0.5).astype(float))
    return replace(outcomes, frame=outcomes.frame.assign(**{COLUMN: pd.to_numeric(column)}))
