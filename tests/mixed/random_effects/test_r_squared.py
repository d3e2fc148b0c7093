"""R squared: the formulas of the papers, with the variances that R estimated."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.model import mixedlm
from tests.mixed.reference_values import read_data, read_json
from tests.places import PAIRS

R_STOPPED = 1e-4  # relative: lme4 stops where the criterion is flat in the variances


def test_random_intercepts_add_their_variances():
    expected = read_json(PAIRS, "crossed")["intercepts"]
    data = read_data(PAIRS, "crossed.csv")
    found = mixedlm("score ~ x + format + (1 | patient) + (1 | rater)", data).fit().r_squared()
    patient, rater, residual = (row["value"] for row in expected["variance_components"])
    beta = [row["estimate"] for row in expected["kenward_roger"]]
    fixed = np.var(beta[1] * data["x"] + beta[2] * (data["format"] == "group"), ddof=1)
    total = fixed + patient + rater + residual
    assert found.marginal == pytest.approx(fixed / total, rel=R_STOPPED)
    assert found.conditional == pytest.approx((fixed + patient + rater) / total, rel=R_STOPPED)
    assert found.random == pytest.approx(patient + rater, rel=R_STOPPED)


def test_a_random_slope_counts_at_the_rows_that_there_are():
    data = read_data(PAIRS, "partial.csv")
    fit = mixedlm("score ~ month*format + (month | patient)", data).fit()
    g = fit.units.matrices[0]
    month = data["month"]
    expected = g[0, 0] + 2 * g[0, 1] * month.mean() + g[1, 1] * (month**2).mean()
    found = fit.r_squared()
    assert found.random == pytest.approx(expected)
    total = found.fixed + found.random + found.residual
    assert found.conditional == pytest.approx(1 - found.residual / total)
    assert found.marginal == pytest.approx(found.fixed / total)


def test_centring_the_time_axis_changes_nothing():
    data = read_data(PAIRS, "partial.csv")
    formula = "score ~ month*format + baseline + (month | patient)"
    here = mixedlm(formula, data).fit().r_squared()
    there = mixedlm(formula, data.assign(month=data["month"] - 3, score=data["score"] * 2)).fit().r_squared()
    assert there.marginal == pytest.approx(here.marginal, rel=1e-5)
    assert there.conditional == pytest.approx(here.conditional, rel=1e-5)


@pytest.mark.parametrize(
    ("formula", "options", "sentence"),
    [
        (
            "score ~ visit + us(visit | patient)",
            {},
            "R squared is defined for models with bar terms such as (1 | patient); this one has none.",
        ),
        (
            "score ~ visit + (1 | cohort) + ar1(visit | patient)",
            {},
            "R squared is defined for models with one residual variance for all rows; this one has "
            "ar1(visit | patient). Report the variances themselves.",
        ),
        (
            "score ~ visit + (1 | patient)",
            {"residual_by": "format"},
            "R squared is defined for models with one residual variance for all rows; this one has "
            "2 residual variances. Report the variances themselves.",
        ),
        (
            "score ~ visit + (1 | patient)",
            {"weights": "weight"},
            "R squared is defined for models with one residual variance for all rows; this one has weights. "
            "Report the variances themselves.",
        ),
    ],
)
def test_other_models_have_none(formula, options, sentence):
    fit = mixedlm(formula, read_data(PAIRS, "partial.csv"), **options).fit()
    with pytest.raises(MixedModelError) as raised:
        fit.r_squared()
    assert str(raised.value) == sentence
