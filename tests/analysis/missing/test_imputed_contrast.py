"""The comparison repeated on imputed data sets."""

import pytest

from kap_analysis.analysis.missing.imputed_contrast import ImputedContrast
from kap_analysis.analysis.model.plan import Plan

PLAN = Plan("BDI-II", "month 3", covariates=())


def test_a_fit_begun_at_the_last_one_is_the_fit_begun_afresh(imputed):
    completed, contrast = imputed
    shifted = completed.scores + 3.0 * completed.after_dropout()
    contrast.pooled(completed.scores)
    fresh = ImputedContrast(completed, contrast.covariates, "month 3").pooled(shifted)
    assert contrast.pooled(shifted).estimate == pytest.approx(fresh.estimate, abs=1e-4)
    assert contrast.pooled(shifted).std_error == pytest.approx(fresh.std_error, rel=1e-4)
