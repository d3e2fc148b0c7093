"""Vital signs and scales measured during sessions, by minute and format."""

import pandas as pd

from kap_analysis.columns import FORMAT, N_PATIENTS, PATIENT_ID
from kap_analysis.study.study import Study


def summarise_vital_signs(study: Study, arms: pd.Series) -> pd.DataFrame:
    """Mean, SD, quartiles, lowest and highest value of each measure by minute and format.

    Parameters
    ----------
    arms : Series
        patient_id -> format.

    Returns
    -------
    DataFrame, as `Safety.vitals`
    """
    names = ["measure", "unit", "minute", FORMAT, "n", N_PATIENTS, "mean", "sd", "q1", "q3", "minimum", "maximum"]
    measures = study.session_measures
    if len(measures):
        measures = measures[measures[PATIENT_ID].isin(arms.index) & measures["value"].notna()]
    if measures.empty:
        return pd.DataFrame(columns=names)
    measures = measures.assign(**{FORMAT: measures[PATIENT_ID].map(arms)})
    grouped = measures.groupby(["measure", "unit", "minute", FORMAT], observed=True, dropna=False)
    summary = grouped["value"].agg(
        n="size", mean="mean", sd="std", q1=lambda v: v.quantile(0.25), q3=lambda v: v.quantile(0.75), minimum="min",
        maximum="max",
    )  # fmt: skip
    summary[N_PATIENTS] = grouped[PATIENT_ID].nunique()
    return summary.reset_index()[names]
