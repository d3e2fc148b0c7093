"""Negative controls: differences between the formats that the format cannot have made.

A negative control was measured before treatment, so the format cannot have changed it; a difference in it, given the
covariates of the primary model, is confounding that the model leaves in (Lipsitch, Tchetgen Tchetgen & Cohen 2010,
doi 10.1097/EDE.0b013e3181d61eeb).
"""

from collections.abc import Iterator
from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.analysis.model.covariates import columns_of
from kap_analysis.analysis.model.estimates import (
    difference_row,
    engine_notes,
    estimate_rows,
    first_or_refuse,
    fit_formula,
)
from kap_analysis.analysis.model.model_frame import ModelFrame
from kap_analysis.analysis.model.plan import Plan, other_outcomes
from kap_analysis.analysis.patients.characteristics import CHARACTERISTICS
from kap_analysis.columns import BASELINE, COHORT_ID, ESTIMATE, ESTIMATE_COLUMNS, FORMAT, N_PATIENTS, PATIENT_ID, VISIT
from kap_analysis.errors import AnalysisError, KapError
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study
from kap_analysis.writing.names import readable
from kap_analysis.writing.sentences import sentence_case

#: A control is compared if at least this many patients of each format have it.
FEWEST_PATIENTS: Final = 10
INSTRUMENTS, AT_START = "other instruments at baseline", "characteristics at the start"
ASSUMES: Final = "measured before treatment; 0 if the covariates account for every difference"


def compare_controls(source: Study | Outcomes, model: ModelFrame, plan: Plan, visit: str) -> pd.DataFrame:
    """The rows of `UnmeasuredConfounding.controls`: what the model does not adjust for, compared by its covariates."""
    rows = []
    for group, label, values in _measured_before(source, model, plan):
        named = {"group": group, "label": label, "is_primary": False}
        named["assumes"] = ASSUMES
        try:
            rows.append({**named, **_compare_control(model, values, visit), "note": ""})
        except AnalysisError as error:
            rows.append({**named, "note": str(error)})
    names = ["group", "label", *ESTIMATE_COLUMNS, "standardised", N_PATIENTS, "assumes", "is_primary", "note"]
    return pd.DataFrame(rows).reindex(columns=names)


def _measured_before(source: Study | Outcomes, model: ModelFrame, plan: Plan) -> Iterator[tuple[str, str, pd.Series]]:
    """Group, label and values by patient of what was measured before treatment and is not in the model."""
    if isinstance(source, Study):
        for name in dict.fromkeys([*plan.secondary, *other_outcomes(source, plan.instrument)]):
            try:
                frame = source.outcomes(name, format_rule=plan.format_rule, population="started").frame
            except KapError:
                continue
            values = frame.drop_duplicates(PATIENT_ID).set_index(PATIENT_ID)[BASELINE].astype(float)
            yield INSTRUMENTS, f"{name} at baseline", values
    people = model.patients.set_index(PATIENT_ID)
    for column in dict.fromkeys([*CHARACTERISTICS, *plan.covariates]):
        if column not in people or column == BASELINE or columns_of(model.covariates, column):
            continue
        label, unit, _ = CHARACTERISTICS.get(column, (sentence_case(readable(column)), "", ""))
        if pd.api.types.is_numeric_dtype(people[column]):
            named = f"{label} ({unit})" if unit == "years" else label
            yield AT_START, named, people[column].astype(float)
        elif set(people[column].dropna().astype("object")) == {"yes", "no"}:
            yield AT_START, f"{label} (%)", people[column].astype("object").map({"yes": 100.0, "no": 0.0}).astype(float)


def _compare_control(model: ModelFrame, values: pd.Series, visit: str) -> dict[str, object]:
    """Group minus individual in a control, by the primary model's covariates and cohorts, one row per patient."""
    people = model.patients.assign(control=model.patients[PATIENT_ID].map(values))
    people = people[people["control"].notna()].set_index(PATIENT_ID, drop=False).rename_axis(None)
    counts = people[FORMAT].value_counts()
    if len(counts) < 2 or counts.min() < FEWEST_PATIENTS:
        raise AnalysisError(f"fewer than {FEWEST_PATIENTS} patients of a format have it")
    spread = np.sqrt(people.groupby(FORMAT, observed=True)["control"].var().mean())
    if not spread > 0:
        raise AnalysisError("it does not vary")
    varying = [name for name in model.covariates if people[name].nunique() > 1]
    fixed = " + ".join([FORMAT, BASELINE, *varying])
    cohort = f" + (0 + {model.cohort_column} | {COHORT_ID})" if model.n_shared_cohorts else ""
    tries = [(f"control ~ {fixed}{cohort}", FORMAT), (f"control ~ {fixed}{cohort}", None), (f"control ~ {fixed}", None)]
    builders = [partial(fit_formula, formula, people, by) for formula, by in dict.fromkeys(tries)]
    with engine_notes():
        _, fit, _ = first_or_refuse(builders, "The control")
    contrast = difference_row(fit, people.drop(columns=VISIT), visit)[None]
    found = estimate_rows(fit, contrast, pd.DataFrame(index=[0]), test=False).iloc[0]
    told = {name: found[name] for name in ESTIMATE_COLUMNS}
    return {**told, "standardised": found[ESTIMATE] / spread, N_PATIENTS: len(people)}
