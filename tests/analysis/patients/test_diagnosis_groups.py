"""Diagnoses by their titles; where none is recorded, that is said of everybody."""

import warnings

import pandas as pd

from kap_analysis.analysis.patients.diagnosis_groups import group_diagnoses


def test_diagnoses_that_nobody_recorded_are_one_level():
    frame = pd.DataFrame({"patient_id": ["1", "2"], "primary_diagnosis": pd.Categorical([None, None], ["ptsd"])})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        grouped = group_diagnoses(frame)
    assert grouped.tolist() == ["Not recorded", "Not recorded"]
    assert list(grouped.cat.categories) == ["Not recorded"]
