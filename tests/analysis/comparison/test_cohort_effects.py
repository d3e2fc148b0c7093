"""Effects of single cohorts: shrunken towards zero."""

import numpy as np
import pytest

from kap_analysis.analysis.comparison.cohort_effects import list_cohort_effects
from kap_analysis.analysis.comparison.comparison import compare_formats
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.errors import AnalysisError
from tests.analysis.trials import as_outcomes, balanced_layout, made_up_scores

PLAN = Plan("BDI-II", "month 3", covariates=())


def test_cohort_effects_are_drawn_towards_zero_and_add_up_to_nothing():
    result = compare_formats(as_outcomes(balanced_layout(3.0), visits=("month 3",)), plan=PLAN)
    effects = list_cohort_effects(result).effects
    scores = balanced_layout(3.0)
    at = scores[(scores["visit"] == "month 3") & (scores["format"] == "group")]
    raw = at.groupby("cohort_id")["score"].mean() - at["score"].mean()
    shrunk = effects.set_index("cohort_id")["estimate"]
    assert (shrunk.abs() < raw.loc[shrunk.index].abs() + 0.3).all() and np.corrcoef(shrunk, raw.loc[shrunk.index])[
        0, 1
    ] > 0.95
    assert (effects["n_patients"] == 4).all() and shrunk.sum() == pytest.approx(0.0, abs=0.5)


def test_effects_need_a_cohort_in_the_model():
    lone = compare_formats(as_outcomes(made_up_scores().assign(cohort_id=None)), visit="month 3")
    with pytest.raises(AnalysisError, match="no random effect of the cohort"):
        list_cohort_effects(lone)
