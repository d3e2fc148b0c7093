"""What must not matter does not: order and names of rows and patients, units, the zero of the scale, the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults

ESTIMATE = 1e-5  # in standard errors: two searches end at most this far from one maximum
ERROR = 1e-5  # relative
DF = 1e-4  # relative
CRITERION = 1e-7  # absolute

FORMULAS = (
    "score ~ month * format + (1 | patient)",
    "score ~ month * format + (month | patient)",
    "score ~ visit * format + (0 + is_group | cohort) + (1 | patient)",
    "score ~ visit * format + us(visit | patient)",
    "score ~ visit + format + (0 + is_group | cohort) + ar1h(visit | patient)",
    "score ~ visit * format + toep(visit | format/patient)",
)
quick = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
models = st.sampled_from(FORMULAS)
seeds = st.integers(0, 2**16)


def scores(seed: int) -> pd.DataFrame:
    """24 to 36 patients at up to 3 visits, uneven cohorts of 3 or 4 in one arm, a tenth of the scores lost."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(24, 37))
    patient = np.repeat(np.arange(n), 3)
    group = patient < n // 2
    cohort = np.minimum(patient // int(rng.integers(3, 5)), n)
    visit = np.tile([1, 2, 3], n)
    score = 20 + 3 * rng.standard_normal(n)[patient] + 2 * rng.standard_normal(n + 1)[cohort] * group
    score += (1 + 0.7 * rng.standard_normal(n)[patient]) * visit + 2 * rng.standard_normal(3 * n)
    frame = pd.DataFrame(
        {
            "score": score,
            "patient": [f"p{i:02d}" for i in patient],
            "cohort": [f"c{c:02d}" if g else None for c, g in zip(cohort, group, strict=True)],
            "is_group": group.astype(int),
            "format": pd.Categorical(np.where(group, "group", "individual"), ["individual", "group"]),
            "visit": pd.Categorical(visit.astype(str), ["1", "2", "3"]),
            "month": visit + 0.2 * rng.standard_normal(3 * n),
        }
    )
    return frame[rng.random(3 * n) > 0.1].reset_index(drop=True)


def fitted(formula: str, frame: pd.DataFrame) -> MixedResults:
    return mixedlm(formula, frame).fit()


def same(found: pd.DataFrame, expected: pd.DataFrame, scale: Any = 1.0, shift: Any = 0.0) -> None:
    """Estimates times `scale` plus `shift`, standard errors times `|scale|`, the same df."""
    gap = found["estimate"] - (expected["estimate"] * scale + shift)
    assert np.max(np.abs(gap) / found["std_error"]) < ESTIMATE
    assert found["std_error"].to_numpy() == pytest.approx((expected["std_error"] * np.abs(scale)).to_numpy(), rel=ERROR)
    assert found["df"].to_numpy() == pytest.approx(expected["df"].to_numpy(), rel=DF)


@quick
@given(seed=seeds, formula=models, order=seeds)
def test_order_of_the_rows(seed: int, formula: str, order: int) -> None:
    frame = scores(seed)
    one, other = fitted(formula, frame), fitted(formula, frame.sample(frac=1, random_state=order))
    assert other.criterion == pytest.approx(one.criterion, abs=CRITERION)
    same(other.coefficients(), one.coefficients())
    assert other.resid.sort_index().to_numpy() == pytest.approx(one.resid.to_numpy(), abs=1e-4)


@quick
@given(seed=seeds, formula=models, names=st.permutations(range(40)), text=st.booleans())
def test_names_of_patients_and_cohorts(seed: int, formula: str, names: list[int], text: bool) -> None:
    frame = scores(seed)

    def renamed(column: pd.Series) -> pd.Series:
        new = [f"{name} ö" if text else 7 * name - 100 for name in names]
        return column.map(dict(zip(sorted(column.dropna().unique()), new, strict=False)))

    one = fitted(formula, frame)
    other = fitted(formula, frame.assign(patient=renamed(frame["patient"]), cohort=renamed(frame["cohort"])))
    assert other.criterion == pytest.approx(one.criterion, abs=CRITERION)
    same(other.coefficients(), one.coefficients())


@quick
@given(seed=seeds, formula=models, constant=st.floats(-1e4, 1e4))
def test_a_constant_added_to_the_scores_moves_the_intercept_only(seed: int, formula: str, constant: float) -> None:
    frame = scores(seed)
    one, other = fitted(formula, frame), fitted(formula, frame.assign(score=frame["score"] + constant))
    assert other.criterion == pytest.approx(one.criterion, abs=1e-6)
    shift = np.where(one.params.index == "Intercept", constant, 0.0)
    same(other.coefficients(), one.coefficients(), shift=shift)


@pytest.mark.slow
@quick
@given(seed=seeds, formula=models, factor=st.floats(1e-3, 1e3), sign=st.sampled_from([-1, 1]))
def test_other_units_of_the_score(seed: int, formula: str, factor: float, sign: int) -> None:
    frame = scores(seed)
    one, other = fitted(formula, frame), fitted(formula, frame.assign(score=frame["score"] * factor * sign))
    n, p = one.model.design.x.shape
    assert other.criterion == pytest.approx(one.criterion + 2 * (n - p) * np.log(factor), abs=1e-6)
    same(other.coefficients(), one.coefficients(), scale=factor * sign)
    assert other.anova()["statistic"].to_numpy() == pytest.approx(one.anova()["statistic"].to_numpy(), rel=DF)


@quick
@given(seed=seeds, formula=st.sampled_from(FORMULAS[:2]), factor=st.floats(1e-2, 1e2))
def test_other_units_of_time(seed: int, formula: str, factor: float) -> None:
    frame = scores(seed)
    one, other = fitted(formula, frame), fitted(formula, frame.assign(month=frame["month"] * factor))
    slopes = one.params.index.str.contains("month")
    assert other.criterion == pytest.approx(one.criterion + 2 * slopes.sum() * np.log(factor), abs=1e-6)
    same(other.coefficients(), one.coefficients(), scale=np.where(slopes, 1 / factor, 1.0))
    assert other.aic == pytest.approx(one.aic, abs=1e-6)


@pytest.mark.slow
@quick
@given(seed=seeds, formula=models)
def test_the_reference_level(seed: int, formula: str) -> None:
    """Means, differences, tests of terms and predictions are the same; the sign of a difference turns."""
    frame = scores(seed)
    swapped = frame.assign(format=frame["format"].cat.reorder_categories(["group", "individual"]))
    one, other = fitted(formula, frame), fitted(formula, swapped)
    assert other.criterion == pytest.approx(one.criterion, abs=1e-6)
    place = {"by": "visit"} if "visit" in formula else {}
    keys = ["format", *place.values()]
    means = [fit.means("format", **place).astype(dict.fromkeys(keys, str)).sort_values(keys) for fit in (one, other)]
    same(means[1].reset_index(drop=True), means[0].reset_index(drop=True))
    same(other.contrasts("format", **place), one.contrasts("format", **place), scale=-1.0)
    assert other.anova()["df_den"].to_numpy() == pytest.approx(one.anova()["df_den"].to_numpy(), rel=DF)
    assert other.predict().to_numpy() == pytest.approx(one.predict().to_numpy(), abs=1e-4)
