"""A layout summed by pattern has the likelihood of its subjects."""

import numpy as np
import pytest

from kap_analysis.mixed.diagnostics.influence import rows_of_design
from kap_analysis.mixed.likelihood.layout import make_layout
from kap_analysis.mixed.likelihood.pattern_sums import joined, summed_layout, turned
from kap_analysis.mixed.likelihood.scaling import AgreedColumns
from kap_analysis.mixed.likelihood.sums import Asked, sums_at
from kap_analysis.mixed.model import mixedlm
from tests.mixed.summed import made_up

CASES = {
    "visits": ("score ~ visit + base + us(visit | group/patient)", None),
    "intercept": ("score ~ visit + base + (1 | patient)", None),
    "two variances": ("score ~ visit + base + (1 | patient)", "group"),
}


def numbers(layout, fit):
    """Every sum at the estimates of a fit, at weights that are not 0."""
    g = np.random.default_rng(1)
    m, k = layout.n_elements, layout.k
    asked = Asked(*(a @ a.T for a in (g.normal(size=(k, k)), g.normal(size=(k, k)), g.normal(size=(m, m)))))
    return sums_at(layout, fit._elements, asked).numbers()


@pytest.mark.parametrize("name", CASES)
def test_sums_of_patterns_are_sums_of_subjects(name):
    formula, by = CASES[name]
    frame = made_up()
    fit = mixedlm(formula, frame, residual_by=by).fit()
    widths = [bar.z.shape[1] for bar in fit.design.bars]
    columns = AgreedColumns.as_they_are(fit.design.x.shape[1], widths)
    whole = make_layout(fit.design, columns)
    halves = [
        summed_layout(make_layout(rows_of_design(fit.design, half), columns))
        for half in ((frame["practice"] == "A").to_numpy(), (frame["practice"] != "A").to_numpy())
    ]
    together = joined(*halves)
    expected = numbers(whole, fit)
    assert numbers(together, fit) == pytest.approx(expected, rel=1e-8, abs=1e-8 * np.abs(expected).max())
    assert sum(len(batch.d) for batch in together.batches) == 0
    turn = np.random.default_rng(2).normal(size=(whole.k, whole.k - 1))
    asked = Asked.nothing(whole.k - 1, whole.n_elements)
    s = sums_at(whole, fit._elements, Asked.nothing(whole.k, whole.n_elements)).s
    assert sums_at(turned(together, turn), fit._elements, asked).s == pytest.approx(turn.T @ s @ turn, rel=1e-8)


def test_cohorts_and_patterns_as_many_as_patients_have_no_such_sums():
    frame = made_up(n=900)
    cohorts = mixedlm("score ~ visit + (0 + group | cohort) + us(visit | patient)", frame)
    assert summed_layout(cohorts.layout) is None
    slopes = mixedlm("score ~ month + (1 + month | patient)", frame)  # month to the day
    assert summed_layout(slopes.layout) is None
