"""What `fit_many` is given: shapes, names, missing rows, and covariates of the data sets' own."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.many.data_sets import design_of_data_set, read_data_sets
from kap_analysis.mixed.model import mixedlm
from tests.mixed.many.data_sets_drawn import VISITS, model, responses

ROWS = len(model(VISITS).design.y)


def test_covariates_of_their_own_give_the_design_of_a_frame_that_has_them() -> None:
    design = model(VISITS).design
    y = responses(VISITS, missing=True)
    baseline = y[:, :1] * 0 + np.random.default_rng(1).normal(20, 5, y.shape)
    baseline = np.where(np.isnan(baseline), 20.0, baseline)
    sets, numbers = read_data_sets(design, y, {"baseline": baseline})
    made = design_of_data_set(design, sets, numbers, 2)
    frame = design.frame.assign(score=y[:, 2], baseline=baseline[:, 2]).dropna(subset="score")
    np.testing.assert_allclose(made.x, mixedlm(VISITS, frame).design.x)
    assert made.frame["baseline"].tolist() == frame["baseline"].tolist()


@pytest.mark.parametrize(
    ("y", "covariates", "words"),
    [
        (np.zeros(3), None, "have the shape (3,); give"),
        (np.zeros((ROWS, 0)), None, ", 0); give"),
        (np.full(ROWS, np.inf), None, "hold an infinite value"),
        (["a"] * ROWS, None, "must be numbers"),
        (np.zeros((ROWS, 2)), {"baseline": np.zeros((ROWS, 3))}, "of 3 data sets, and the responses of 2"),
        (np.zeros((ROWS, 1)), {"baseline": np.full((ROWS, 1), np.nan)}, "must all be finite"),
        (np.zeros((ROWS, 1)), {"age": np.zeros((ROWS, 1))}, "no number in the fixed part 'age'"),
    ],
)
def test_what_does_not_suit_is_said(y: object, covariates: dict[str, np.ndarray] | None, words: str) -> None:
    design = model(VISITS).design
    with pytest.raises(MixedModelError) as caught:
        read_data_sets(design, y, covariates)
    assert words in str(caught.value)


def test_a_frame_of_responses_is_read_by_column() -> None:
    design = model(VISITS).design
    y = pd.DataFrame({"a": design.y, "b": design.y + 1})
    sets, _ = read_data_sets(design, y, None)
    assert sets.are_whole and sets.y.tolist() == [design.y.tolist(), (design.y + 1).tolist()]
    assert replace(sets, y=np.where(sets.y > 0, np.nan, sets.y)).are_whole is False
