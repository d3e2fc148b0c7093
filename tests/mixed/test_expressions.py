"""Formulas with expressions, written as R users write them, and what lme4 makes of them."""

import numpy as np
import pytest

from kap_analysis.mixed.model import mixedlm
from tests.mixed.reference_values import block, in_errors, read_data, read_json, relative
from tests.places import PAIRS

KNOWN = read_json(PAIRS, "expressions")["models"]
#: As tests/mixed/test_reference_pairs.py has them: lme4 stops at a step of 1e-9 in theta.
CRITERION, ESTIMATE, ERROR, DF = 1e-6, 1e-5, 1e-5, 1e-4


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known["formula"])
def test_the_fit_is_that_of_lme4(known):
    data = read_data(PAIRS, "partial.csv").assign(**{"day.in.study": lambda d: d["month"] * 30})
    found = mixedlm(known["formula"], data).fit(ddf="satterthwaite")
    expected = block(known["satterthwaite"], key="")
    assert found.nobs == known["n_observations"]
    assert found.criterion == pytest.approx(known["reml_criterion"], abs=CRITERION)
    assert in_errors(found.coefficients(), expected) < ESTIMATE
    assert relative(found.bse, expected["std_error"]) < ERROR
    if not known["singular"]:
        assert relative(found.df, expected["df"]) < DF


def test_a_computed_response_is_the_column_of_it():
    data = read_data(PAIRS, "partial.csv")
    found = mixedlm("score - baseline ~ month + (1 | patient)", data).fit()
    column = mixedlm("change ~ month + (1 | patient)", data.assign(change=data["score"] - data["baseline"])).fit()
    np.testing.assert_array_equal(found.params, column.params)
    assert found.design.response == "score - baseline"
