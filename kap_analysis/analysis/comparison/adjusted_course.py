"""The course of both formats as the primary model sees it: adjusted means by visit, from one common baseline.

The baseline score is in the model, so both formats are compared as if they had started from the same score: the mean
of all analysed patients. Observed means start apart and can therefore lie the other way round.
"""

import numpy as np
import pandas as pd

from kap_analysis.analysis.model.model_frame import ModelFrame
from kap_analysis.columns import (
    BASELINE,
    BASELINE_VISIT,
    CI_HIGH,
    CI_LOW,
    ESTIMATE,
    FORMAT,
    INSTRUMENT,
    MONTH,
    N_PATIENTS,
    PATIENT_ID,
    VISIT,
)
from kap_analysis.study.outcome_frames.outcomes import Outcomes

_COLUMNS = [INSTRUMENT, FORMAT, VISIT, MONTH, ESTIMATE, CI_LOW, CI_HIGH, N_PATIENTS]


def trace_adjusted_course(means: pd.DataFrame, model: ModelFrame, outcomes: Outcomes) -> pd.DataFrame:
    """Adjusted means with the baseline that they share.

    Parameters
    ----------
    means : DataFrame
        Of `format_estimates`.
    model : ModelFrame
        The rows that were modelled.
    outcomes : Outcomes
        Where they came from, for the time of the baseline.

    Returns
    -------
    DataFrame
        One row per format and visit, the baseline first: ``instrument``, ``format``, ``visit``, ``month`` (mean of the
        analysed patients scored at the visit, the same for all formats), ``estimate``, ``ci_low``, ``ci_high``,
        ``n_patients`` (of the format, scored at the visit). At baseline the estimate is the mean score of all analysed
        patients, whatever their format; it was not estimated by the model and has no interval.
    """
    patients = model.patients
    analysed = outcomes.frame[PATIENT_ID].isin(patients[PATIENT_ID])
    at_start = outcomes.frame[analysed & (outcomes.frame[VISIT].astype("str") == BASELINE_VISIT)]
    months = model.frame.groupby(model.frame[VISIT].astype("str"))[MONTH].mean().astype(float)
    sizes = patients[FORMAT].astype("str").value_counts()
    start = pd.DataFrame({
        FORMAT: list(model.formats),
        VISIT: BASELINE_VISIT,
        MONTH: float(at_start[MONTH].mean()),
        ESTIMATE: float(patients[BASELINE].mean()),
        CI_LOW: np.nan,
        CI_HIGH: np.nan,
        N_PATIENTS: [int(sizes[name]) for name in model.formats],
    })  # fmt: skip
    later = means.assign(**{VISIT: means[VISIT].astype("str"), FORMAT: means[FORMAT].astype("str")})
    later[MONTH] = later[VISIT].map(months)
    course = pd.concat([start, later[start.columns]], ignore_index=True).assign(
        **{INSTRUMENT: outcomes.instrument.name}
    )
    course[VISIT] = pd.Categorical(course[VISIT], categories=[BASELINE_VISIT, *model.visits], ordered=True)
    return course[_COLUMNS]
