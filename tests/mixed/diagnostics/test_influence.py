"""Leaving out one cohort: lme4 refitted, models of the smaller data, and what cannot be estimated without a level."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.diagnostics.influence import rows_of_design
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.model import mixedlm
from tests.mixed.pairs import ESTIMATE
from tests.mixed.reference_values import block, r_term, read_data, read_json
from tests.places import PAIRS
from tests.sweeps import few_fast

PARTIAL = read_data(PAIRS, "partial.csv")
FORMULA = "score ~ month*format + baseline + (0 + is_group | cohort) + (1 | patient)"
R_STOPPED = 2e-5  # in points: lme4 stops where the criterion is flat, twice for each difference
SAME = 1e-6  # in points: two searches for one maximum


def test_changes_and_distances_are_those_of_lme4_refitted():
    expected = block(read_json(PAIRS, "influence")["cohort"], "level")
    fit = mixedlm(FORMULA, PARTIAL).fit()
    found = fit.influence()
    assert found["problem"].isna().all()
    assert found["grouping"].value_counts().to_dict() == {"patient": 48, "cohort": 12}
    # In R's data an individual patient is a cohort of one.
    cohort_of = PARTIAL.drop_duplicates("patient").set_index("patient")["cohort"]
    found = found.set_index(found["level"].map(lambda level: cohort_of.get(level, level)))
    assert sorted(found.index) == sorted(expected.index)
    found = found.loc[expected.index]
    for term in fit.params.index:
        np.testing.assert_allclose(found[term], expected[r_term(term)], atol=R_STOPPED)
    np.testing.assert_allclose(found["distance"], expected["distance"], atol=R_STOPPED)


def test_labels_of_the_rows_may_be_given():
    expected = block(read_json(PAIRS, "influence")["practice"], "level")
    found = mixedlm(FORMULA, PARTIAL).fit().influence(PARTIAL["practice"]).set_index("level")
    np.testing.assert_allclose(found["distance"], expected["distance"].loc[found.index], atol=R_STOPPED)
    assert set(found["grouping"]) == {"label"}
    assert found["n_observations"].to_dict() == PARTIAL["practice"].value_counts().to_dict()


@pytest.mark.parametrize(
    ("formula", "grouping", "options"),
    [
        ("score ~ visit*format + baseline + (0 + is_group | cohort) + us(visit | format/patient)", "cohort", {}),
        pytest.param("score ~ month*format + exponential(month | patient)", "patient", {}, marks=pytest.mark.slow),
        ("score ~ month*format + (month | patient)", "patient", {"residual_by": "format"}),
        ("score ~ month*format + (1 | visit) + (1 | patient)", "visit", {}),
    ],
)
def test_each_change_is_that_of_a_model_of_the_smaller_data(formula, grouping, options):
    fit = mixedlm(formula, PARTIAL, **options).fit()
    along = np.arange(1.0, len(fit.params) + 1)
    found = fit.influence(grouping, row=along).set_index("level")
    for level in found.index[:2]:
        smaller = mixedlm(formula, PARTIAL[PARTIAL[grouping] != level], **options).fit()
        moved = smaller.params - fit.params
        np.testing.assert_allclose(found.loc[level, moved.index].astype(float), moved, atol=SAME)
        assert found.loc[level, "n_observations"] == (PARTIAL[grouping] == level).sum()
        assert found.loc[level, "change"] == pytest.approx(float(along @ moved), abs=1e-4)
        distance = moved @ np.linalg.solve(fit.unscaled_cov, moved) / len(moved)
        assert found.loc[level, "distance"] == pytest.approx(distance, abs=1e-6)


def test_leaving_out_what_carries_no_news_changes_nothing():
    """A patient in the middle of a balanced design whose scores are those of the mean of the others."""
    rng = np.random.default_rng(11)
    visits = pd.DataFrame([(p, v) for p in range(9) for v in range(3)], columns=["patient", "visit"])
    visits["visit"] = visits["visit"].astype(str)
    visits["score"] = rng.standard_normal(27) + rng.standard_normal(9)[visits["patient"]] * 3
    means = visits[visits["patient"] < 8].groupby("visit")["score"].mean()
    visits.loc[visits["patient"] == 8, "score"] = means.to_numpy()
    found = mixedlm("score ~ visit + (1 | patient)", visits).fit().influence("patient").set_index("level")
    assert found.loc[8, "distance"] == pytest.approx(0, abs=1e-12)
    assert (found["distance"].drop(8) > 1e-4).all()


def test_a_level_without_which_nothing_can_be_said_is_a_row_with_its_reason():
    data = PARTIAL[(PARTIAL["practice"] != "A") | (PARTIAL["patient"] == PARTIAL["patient"].iloc[0])]
    only = data.assign(practice=np.where(data["patient"] == "p01", "X", "Y"))
    found = mixedlm("score ~ month + practice + (1 | patient)", only).fit().influence("patient").set_index("level")
    assert found.loc["p01", "problem"] == "A coefficient cannot be estimated without it."
    assert np.isnan(found.loc["p01", "distance"])
    assert found["problem"].notna().sum() == 1


def test_progress_is_told():
    seen = []
    fit = mixedlm("score ~ month*format + (1 | patient)", PARTIAL).fit(ddf="satterthwaite")
    fit.influence("format", progress=lambda *said: seen.append(said))
    assert seen == [(1, 2, "without individual"), (2, 2, "without group")]


def test_rows_of_a_design_keep_the_basis_of_its_columns():
    fit = mixedlm("score ~ bs(baseline, df=4) + (1 | patient)", PARTIAL).fit()
    kept = (PARTIAL["baseline"] < PARTIAL["baseline"].quantile(0.8)).to_numpy()
    part = rows_of_design(fit.design, kept)
    np.testing.assert_array_equal(part.x, fit.design.x[kept])
    assert part.bars[0].codes.max() + 1 == len(part.bars[0].levels) == PARTIAL.loc[kept, "patient"].nunique()
    assert part.n_left_out == (~kept).sum()
    assert part.kept.tolist() == kept.tolist()


def test_what_cannot_be_left_out_is_said():
    fit = mixedlm("score ~ month + (1 | visit) + (1 | patient)", PARTIAL).fit()
    for arguments, sentence in [
        (
            {},
            "The model has one independent unit: its groupings tie all rows together. Name a grouping to leave out.",
        ),
        ({"grouping": "pateint"}, "There is no grouping 'pateint'. Did you mean 'patient'?"),
        ({"grouping": ["a", "b"]}, f"There must be one label per analysed row: {len(PARTIAL)} rows, 2 labels."),
        ({"grouping": ["a"] * len(PARTIAL)}, "label has one level, 'a': nothing is left without it."),
        (
            {"grouping": "visit", "row": [1.0]},
            "Each row of L must have 2 numbers, one per coefficient; found the shape (1,).",
        ),
    ]:
        with pytest.raises(MixedModelError) as raised:
            fit.influence(**arguments)
        assert str(raised.value) == sentence


@pytest.mark.parametrize("bounded", few_fast([True, False], [True]))
def test_refits_together_and_one_by_one_tell_the_same(bounded, monkeypatch):
    """Without a level that alone has a practice nothing can be estimated, either way."""
    frame = PARTIAL.assign(place=np.where(PARTIAL["cohort"] == PARTIAL["cohort"].iloc[0], "there", "here"))
    fit = mixedlm(f"{FORMULA} + place", frame).fit(bounded=bounded)
    steps = []
    found = fit.influence(progress=lambda *step: steps.append(step[:2]))
    monkeypatch.setattr("kap_analysis.mixed.diagnostics.influence._can_be_together", lambda fit: False)
    again = fit.influence()
    terms = list(fit.params.index)
    apart = (found[terms] - again[terms]).astype(float).abs().max() / fit.bse
    assert apart.max() < 2 * ESTIMATE  # each of the two searches may end that far from the maximum
    assert found.drop(columns=[*terms, "distance"]).equals(again.drop(columns=[*terms, "distance"]))
    assert found["problem"].notna().sum() == 1
    assert steps == [(at + 1, len(found)) for at in range(len(found))]
