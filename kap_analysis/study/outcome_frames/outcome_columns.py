"""The columns of an outcome frame, and how format becomes a number for the models."""

from typing import Final

import pandas as pd

from kap_analysis.columns import (
    BASELINE,
    CHANGE,
    COHORT_ID,
    DAY,
    FORMAT,
    GROUP,
    INDIVIDUAL,
    IS_GROUP,
    MIXED,
    MONTH,
    PATIENT_ID,
    PRACTICE,
    SCORE,
    VISIT,
)

OUTCOME_COLUMNS: Final = (
    PATIENT_ID,
    PRACTICE,
    FORMAT,
    IS_GROUP,
    COHORT_ID,
    VISIT,
    DAY,
    MONTH,
    SCORE,
    BASELINE,
    CHANGE,
)
COVARIATES: Final = (
    "age",
    "sex",
    "gender",
    "primary_diagnosis",
    "ace_score",
    "failed_treatments",
    "prior_hospitalisation",
    "prior_suicide_attempt",
    "prior_ketamine",
    "start_period",
)


def with_is_group(formats: pd.Series) -> pd.DataFrame:
    """Return format as an ordered categorical (mixed only where it occurs), and is_group as 0.0 or 1.0."""
    levels = [INDIVIDUAL, GROUP] + ([MIXED] if (formats == MIXED).any() else [])
    words = formats.astype(object)
    return pd.DataFrame(
        {
            FORMAT: pd.Categorical(words, categories=levels, ordered=True),
            IS_GROUP: (words == GROUP).astype(float).to_numpy(),
        },
        index=formats.index,
    )
