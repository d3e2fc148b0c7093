"""Observed means, with what must stand beside them."""

import numpy as np
import pytest

from kap_analysis.analysis.change.observed import observed_scores, paired_scores
from kap_analysis.analysis.comparison.comparison import compare_formats
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


@pytest.mark.parametrize("population", ["analysed", "started"])
def test_pairs_are_of_all_with_a_baseline(study, population):
    """Those who were never scored again have a baseline, too: 118 of 230, not of 179."""
    found = paired_scores(study.outcomes(population=population), "month 3")
    assert found.change["n_started"].tolist() == [230]
    assert found.paragraph.startswith("118 of 230 patients with a baseline score have one at month 3 as well.")


def test_the_difference_beside_the_scores_is_that_of_the_plan(planned_otherwise):
    """It was adjusted for the default covariates where the plan of the study has others."""
    beside = observed_scores(planned_otherwise.outcomes("PHQ-9")).beside.iloc[0]
    primary = compare_formats(planned_otherwise, secondary=False).contrasts.query("is_primary").iloc[0]
    assert (beside["visit"], beside["estimate"]) == ("month 1", pytest.approx(primary["estimate"]))
