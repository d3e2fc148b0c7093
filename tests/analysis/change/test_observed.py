"""Observed means, with what must stand beside them."""

import numpy as np

from kap_analysis.analysis.change.observed import observed_scores, paired_scores
from tests.analysis.trials import as_outcomes, made_up_scores


def test_observed_formats_never_stand_unadjusted_alone():
    result = observed_scores(as_outcomes(made_up_scores()))
    row = result.beside.iloc[0]
    assert row["visit"] == "month 3" and np.isnan(row["p_value"]) and np.isfinite(row["estimate"])
    assert "those in groups had started" in str(result) and "Unless patients were randomised" in str(result)
    lone = observed_scores(as_outcomes(made_up_scores(cohorts=0)))
    assert lone.beside.empty and "Patients in groups" not in str(lone)


def test_means_of_too_few_patients_are_said_to_be_withheld():
    few = as_outcomes(made_up_scores(individual=5, cohorts=1, size=2), visibility="public")
    found = paired_scores(few, "month 3")
    assert found.means.empty and "withheld: they are too few" in found.paragraph
