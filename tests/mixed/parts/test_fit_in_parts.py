"""What the fit of data in parts says of itself."""

import numpy as np
import pytest

from kap_analysis.mixed.model import mixedlm
from tests.mixed.parts.written import cut, write_parts
from tests.mixed.summed import made_up, to_the_last_digits

FORMULA = "score ~ visit*group + us(visit | patient)"


@pytest.fixture(scope="module")
def fits(tmp_path_factory):
    frame = made_up()
    folder = write_parts(tmp_path_factory.mktemp("scores"), cut(frame, every=50))
    return mixedlm(FORMULA, folder).fit(ddf="satterthwaite"), to_the_last_digits(
        mixedlm(FORMULA, frame).fit(ddf="satterthwaite")
    )


def test_it_has_the_estimates_errors_df_and_tests_of_the_fit_of_all_rows(fits):
    found, fit = fits
    for name in ("params", "bse", "df", "pvalues"):
        assert getattr(found, name).to_dict() == pytest.approx(getattr(fit, name).to_dict(), rel=1e-7), name
    assert found.cov_params().to_numpy() == pytest.approx(fit.cov_params().to_numpy(), rel=1e-7)
    assert found.llf == pytest.approx(fit.llf, abs=1e-8)
    rows = np.eye(6)[4:]
    assert found.f_test(rows).p_value == pytest.approx(fit.f_test(rows).p_value, rel=1e-6)
    assert found.coefficients(ddf="kenward-roger")["df"].to_numpy() == pytest.approx(
        fit.coefficients(ddf="kenward-roger")["df"].to_numpy(), rel=1e-7
    )


def test_it_says_what_it_is(fits):
    found, fit = fits
    assert repr(found) == f"<FitInParts '{FORMULA}', {fit.nobs} rows>"
    assert (found.formula, found.converged, found.singular) == (FORMULA, True, False)
