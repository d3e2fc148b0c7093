"""Which patients are recorded as dead: among the adverse events, or as the reason why treatment or follow-up ended."""

from typing import Final

import pandas as pd

from kap_analysis.columns import DAY, PATIENT_ID
from kap_analysis.study.study import Study

DEATH: Final = "death"
DEATH_COLUMNS: Final = [PATIENT_ID, DAY, "where"]
#: What ended, in words and as the columns of the patients begin that say why and on which day.
ENDS: Final = {"follow-up": "follow_up", "treatment": "treatment"}


def list_deaths(study: Study) -> pd.DataFrame:
    """One row per patient recorded as dead: ``patient_id``, ``day`` (missing where not recorded), ``where``.

    An adverse event says the day best, then the end of follow-up, then the end of treatment.
    """
    events = study.adverse_events.reindex(columns=[PATIENT_ID, DAY, "event"])
    found = [events[events["event"].astype("object") == DEATH].assign(where="noted among the adverse events")]
    for ended, column in ENDS.items():
        reason, day = f"{column}_end_reason", f"{column}_end_day"
        people = study.patients.reindex(columns=[PATIENT_ID, reason, day])
        died = people[people[reason].astype("object") == DEATH].rename(columns={day: DAY})
        found.append(died.assign(where=f"noted as the reason why {ended} ended"))
    rows = pd.concat([one[DEATH_COLUMNS].astype({DAY: float}) for one in found], ignore_index=True)
    known_first = rows.sort_values(DAY, key=lambda days: days.isna(), kind="stable")
    return known_first.drop_duplicates(PATIENT_ID).sort_values(PATIENT_ID, ignore_index=True)
