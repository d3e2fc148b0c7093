"""Primary diagnoses in a few named groups, each with enough patients."""

from typing import Final

import pandas as pd

from kap_analysis.columns import PATIENT_ID
from kap_analysis.study.contract.dictionary import TABLES

DIAGNOSIS: Final = "primary_diagnosis"
#: Diagnoses with fewer patients, and those after the five most frequent, are one group.
FEWEST: Final = 10
MOST: Final = 5
OTHERS: Final = "Other diagnoses"
NOT_RECORDED: Final = "Not recorded"


def level_title(column: str, level: str) -> str:
    """A level as the data dictionary calls it: "Post-traumatic stress disorder" for ptsd."""
    known = {DIAGNOSIS: TABLES["diagnoses"].columns["diagnosis"], **TABLES["patients"].columns}
    titles = {one.name: one.title for one in known[column].levels} if column in known else {}
    return titles.get(level, level)


def group_diagnoses(frame: pd.DataFrame) -> pd.Series:
    """The primary diagnosis of each row by its title, the most frequent first.

    Parameters
    ----------
    frame : DataFrame
        ``patient_id`` and ``primary_diagnosis``.

    Returns
    -------
    Series
        Ordered category. Diagnoses with fewer than 10 patients, and those after the five most frequent, are "Other
        diagnoses"; a missing one is "Not recorded".
    """
    named = frame[DIAGNOSIS].astype("object")
    counts = named[~frame[PATIENT_ID].duplicated()].value_counts()
    kept = list(counts.index[counts >= FEWEST][:MOST])
    titles = {level: level_title(DIAGNOSIS, str(level)) if level in kept else OTHERS for level in counts.index}
    grouped = named.map(titles).astype("object").fillna(NOT_RECORDED)
    order = [*(titles[level] for level in kept), OTHERS, NOT_RECORDED]
    present = [title for title in order if (grouped == title).any()]
    return pd.Series(pd.Categorical(grouped, categories=present, ordered=True), index=frame.index)
