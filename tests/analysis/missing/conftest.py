"""Imputed data sets of a small study with dropout, made once."""

import pytest

from kap_analysis.analysis.missing.imputed_contrast import ImputedContrast
from kap_analysis.analysis.missing.imputed_outcomes import complete_scores
from kap_analysis.analysis.model.plan import Plan
from tests.analysis.trials import as_outcomes, lossy_scores

PLAN = Plan("BDI-II", "month 3", covariates=())


@pytest.fixture(scope="package")
def imputed():
    completed, covariates = complete_scores(as_outcomes(lossy_scores()), PLAN, "month 3", 5, 1)
    return completed, ImputedContrast(completed, covariates, "month 3")
