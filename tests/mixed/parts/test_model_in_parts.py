"""The fit of parts is the fit of all rows, however the rows are divided."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.errors import MixedModelError, MixedModelWarning
from kap_analysis.mixed.model import mixedlm
from tests.mixed.parts.written import cut, write_parts
from tests.mixed.summed import MODELS, assert_same_fit, made_up

VISITS = "score ~ visit*base + us(visit | patient)"


@pytest.mark.parametrize("name", MODELS)
def test_a_fit_of_parquet_is_the_fit_of_all_rows(name, tmp_path):
    formula, by, weights = MODELS[name]
    frame = made_up()
    fit = mixedlm(formula, frame, residual_by=by, weights=weights).fit()
    folder = write_parts(tmp_path, cut(frame, every=37))  # patients and cohorts lie in two parts
    found = mixedlm(formula, folder, residual_by=by, weights=weights).fit()
    assert_same_fit(found, fit)
    assert found.theta.index.tolist() == fit.theta.index.tolist()


@pytest.mark.parametrize("ddf", ["kenward-roger", "satterthwaite"])
@pytest.mark.parametrize("seed", range(3))
def test_random_divisions_give_the_same_fit(seed, ddf, tmp_path):
    frame = made_up(seed=seed)
    g = np.random.default_rng(seed)
    place = g.integers(0, 5, frame["patient"].nunique())[pd.factorize(frame["patient"])[0]]
    frames = [frame[place == at].sample(frac=1, random_state=seed) for at in range(5)]
    fit = mixedlm(VISITS, frame).fit(ddf=ddf)
    assert_same_fit(mixedlm(VISITS, write_parts(tmp_path, frames)).fit(ddf=ddf), fit)


def test_one_patient_per_part_and_a_part_without_rows(tmp_path):
    frame = made_up(n=40)
    frames = [one for _, one in frame.groupby("patient")]
    frames.insert(3, frame.iloc[:0])
    fit = mixedlm(VISITS, frame).fit()
    assert_same_fit(mixedlm(VISITS, write_parts(tmp_path, frames)).fit(), fit)


@pytest.mark.slow
def test_nested_groups_of_which_each_part_has_one(tmp_path):
    frame = made_up(n=40).assign(ward=lambda f: "w" + (f["patient"].str[1:].astype(int) // 5).astype(str))
    formula = "score ~ visit + base + (1 | ward/patient)"
    frames = [one for _, one in frame.groupby("patient")]
    assert_same_fit(mixedlm(formula, write_parts(tmp_path, frames)).fit(), mixedlm(formula, frame).fit())


def test_rows_in_any_order_give_the_same_fit_while_few_patients_lie_in_several_parts(tmp_path):
    frame = made_up().sample(frac=1, random_state=4)
    fit = mixedlm(VISITS, frame.sort_index()).fit()
    assert_same_fit(mixedlm(VISITS, write_parts(tmp_path, cut(frame, every=60))).fit(), fit)


def test_row_groups_of_one_file_are_parts(tmp_path):
    frame = made_up()
    frame.to_parquet(tmp_path / "all.parquet", row_group_size=23)
    model = mixedlm(VISITS, tmp_path / "all.parquet")
    assert len(model.parts.parts) == -(-len(frame) // 23)
    assert_same_fit(model.fit(), mixedlm(VISITS, frame).fit())


def test_a_level_that_one_part_has_alone(tmp_path):
    frame = made_up().assign(place=lambda f: np.where(f["patient"] < "p010", "far", "near"))
    formula = "score ~ visit + place + us(visit | patient)"
    folder = write_parts(tmp_path, cut(frame, every=50))
    assert_same_fit(mixedlm(formula, folder).fit(), mixedlm(formula, frame).fit())


def test_categories_whose_dictionaries_differ(tmp_path):
    frame = made_up()
    order = ["v1", "v0", "v2"]
    frame = frame[(frame["visit"] != "v0") | (frame["patient"] > "p020")]
    frames = [
        one.assign(visit=pd.Categorical(one["visit"], order).remove_unused_categories())
        for one in (frame[frame["patient"] <= "p020"], *cut(frame[frame["patient"] > "p020"], every=50))
    ]
    fit = mixedlm(VISITS, frame.assign(visit=pd.Categorical(frame["visit"], order))).fit()
    found = mixedlm(VISITS, write_parts(tmp_path, frames)).fit()
    assert found.design.fixed.factors["visit"] == ("v1", "v0", "v2")
    assert_same_fit(found, fit)


def test_ids_as_text_and_missing_values(tmp_path):
    frame = made_up()
    frame.loc[frame.index % 11 == 3, "base"] = np.nan
    frame.loc[frame.index % 17 == 5, "patient"] = None
    frame.loc[:20, "base"] = np.nan  # the whole first part
    fit = mixedlm(VISITS, frame).fit()
    found = mixedlm(VISITS, write_parts(tmp_path, cut(frame, every=19))).fit()
    assert_same_fit(found, fit)
    assert found.n_left_out == fit.n_left_out > 0


@pytest.mark.slow
def test_a_group_may_be_missing_where_its_bar_is_0(tmp_path):
    frame = made_up()
    frame["cohort"] = frame["cohort"].where(frame["group"] == 1)
    formula = "score ~ visit*group + (0 + group | cohort) + us(visit | patient)"
    folder = write_parts(tmp_path, cut(frame, every=41))
    assert_same_fit(mixedlm(formula, folder).fit(), mixedlm(formula, frame).fit())


def test_columns_that_others_say_are_left_out_as_in_memory(tmp_path):
    frame = made_up().assign(twice=lambda f: 2 * f["base"] - 1)
    formula = "score ~ base + twice + visit + cs(visit | patient)"
    with pytest.warns(MixedModelWarning, match="combination"):
        fit = mixedlm(formula, frame).fit()
    with pytest.warns(MixedModelWarning, match="twice"):
        found = mixedlm(formula, write_parts(tmp_path, cut(frame, every=50))).fit()
    assert found.design.fixed.dropped == ("twice",)
    assert found.design.fixed.aliases == pytest.approx(fit.design.fixed.aliases)
    assert_same_fit(found, fit)


def test_large_means_lose_no_digits(tmp_path):
    frame = made_up()
    frame["score"] += 1e6
    frame["base"] += 1e5
    folder = write_parts(tmp_path, cut(frame, every=50))
    found = mixedlm(VISITS, folder).fit().coefficients().set_index("term")
    fit = mixedlm(VISITS, frame).fit().coefficients().set_index("term")
    assert np.abs((found["estimate"] - fit["estimate"]) / fit["std_error"]).max() < 1e-6


def test_too_many_patients_in_several_parts_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("kap_analysis.mixed.parts.units.FEW", 10)
    frame = made_up().sample(frac=1, random_state=1)
    model = mixedlm(VISITS, write_parts(tmp_path, cut(frame, every=60)))
    with pytest.raises(MixedModelError, match=r"patient have rows in several parts.*Sort.*by patient.*set_index"):
        model.fit()


def test_groupings_that_cross_are_refused(tmp_path):
    frame = made_up().assign(rater=lambda f: [f"r{i % 7}" for i in range(len(f))])
    model = mixedlm("score ~ visit + (1 | rater) + (1 | patient)", write_parts(tmp_path, cut(frame, every=40)))
    with pytest.raises(MixedModelError, match=r"cross each other.*into memory"):
        model.fit()


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ("log(score) ~ visit + (1 | patient)", r"found log\(score\).*Make a column"),
        ("score ~ poly(base, 2) + (1 | patient)", "Make a column"),
        ("score ~ base + exponential(month | patient)", "correlation in time"),
    ],
)
def test_a_formula_beyond_columns_is_refused_before_anything_is_read(formula, says, tmp_path):
    folder = write_parts(tmp_path, [made_up()])
    with pytest.raises(MixedModelError, match=says):
        mixedlm(formula, folder)


@pytest.mark.parametrize(
    ("formula", "change", "says"),
    [
        ("score ~ 0 + visit + (1 | patient)", {}, "write the terms out"),
        ("score ~ base + (0 + visit | patient)", {}, "holds words.*column of 0 and 1"),
        ("score ~ base + (1 | place)", {}, "one group"),
        ("score ~ place + (1 | patient)", {}, "one level"),
        ("score ~ base + (1 | patient)", {"base": np.nan}, "None of the .* rows of all parts.*missing are base"),
        ("score ~ base + (1 | patient)", {"score": np.inf}, "score is inf"),
        ("score ~ base + (1 | patient)", {"score": "x"}, "must be a number, found words"),
        ("score ~ base + (1 | patient)", {"score": 2.0}, "nothing left to explain"),
    ],
)
def test_what_does_not_suit_is_one_sentence(formula, change, says, tmp_path):
    frame = made_up(n=20).assign(**change)
    with pytest.raises(MixedModelError, match=says):
        mixedlm(formula, write_parts(tmp_path, cut(frame, every=20))).fit()


def test_two_rows_of_a_patient_at_one_visit_are_found_across_parts(tmp_path):
    frame = made_up()
    frames = [frame, frame.iloc[[0]]]
    with pytest.raises(MixedModelError, match="needs one row per patient and visit"):
        mixedlm(VISITS, write_parts(tmp_path, frames)).fit()


def test_a_pair_of_visits_without_patients_is_named(tmp_path):
    frame = made_up()
    alone = frame.drop_duplicates("patient")
    with pytest.raises(MixedModelError, match="finds no subject with rows at v0 and v1"):
        mixedlm("score ~ visit + us(visit | patient)", write_parts(tmp_path, cut(alone, every=30))).fit()


def test_maximum_likelihood_and_other_df_are_refused(tmp_path):
    model = mixedlm(VISITS, write_parts(tmp_path, [made_up()]))
    with pytest.raises(MixedModelError, match="fitted by REML"):
        model.fit(reml=False)
    with pytest.raises(MixedModelError, match="no df method of data in parts 'residual'"):
        model.fit(ddf="residual")


def test_where_visits_are_scheduled_the_rows_are_read_once_after_the_first_look(tmp_path, monkeypatch):
    folder = write_parts(tmp_path, [one for _, one in made_up(n=60).groupby("practice")])
    reads = []
    real = type(mixedlm(VISITS, folder).parts.parts[0]).read
    monkeypatch.setattr(
        "kap_analysis.mixed.parts.parts_of_data.ParquetPart.read",
        lambda part, columns: reads.append(part.path) or real(part, columns),
    )
    mixedlm("score ~ visit + base + us(visit | patient)", folder).fit()
    # the first look; the groups, since patients of practices lie among each other; columns to begin with; one pass
    assert len(reads) == 3 + 3 + 1 + 3
