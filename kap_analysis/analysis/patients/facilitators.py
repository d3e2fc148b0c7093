"""Who led the first ketamine session of each patient: one facilitator per patient, across both formats."""

import pandas as pd

from kap_analysis.columns import DAY, PATIENT_ID
from kap_analysis.study.study import Study
from kap_analysis.study.timing.attendance import ketamine_sessions


def first_facilitators(study: Study) -> pd.Series:
    """The first-named facilitator of each patient's first held ketamine session.

    Returns
    -------
    Series
        patient_id -> facilitator code; empty where facilitators are not recorded, or fewer than five are known.
    """
    sessions = ketamine_sessions(study.sessions)
    if "facilitator_ids" not in sessions or sessions["facilitator_ids"].isna().all():
        return pd.Series(dtype="object")
    first = sessions.dropna(subset=["facilitator_ids"]).sort_values([PATIENT_ID, DAY]).drop_duplicates(PATIENT_ID)
    named = first.set_index(PATIENT_ID)["facilitator_ids"].str.split(";").str[0].str.strip()
    return named if named.nunique() >= 5 else named.iloc[:0]
