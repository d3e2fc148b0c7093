"""The rows behind the means: each patient counted once, columns set to a value."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed.pairs import data_of, partial

FORMULA = "score ~ visit * format + baseline + practice + (1 | patient)"


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return data_of("partial.csv")


@pytest.fixture(scope="module")
def fit() -> MixedResults:
    return partial(FORMULA)


def test_averaged_over_the_patients_each_counts_once(fit: MixedResults, data: pd.DataFrame) -> None:
    """The mean over 1 row per patient of what is predicted with format and visit set; rows lost do not matter."""
    found = fit.means("format", by="visit", weights="patients")
    patients = data.drop_duplicates("patient")
    assert len(patients) < len(data)
    expected = [
        fit.predict(
            patients.assign(format=pd.Categorical([level] * len(patients), ["individual", "group"]), visit=visit)
        )
        for visit in "1236"
        for level in ("individual", "group")
    ]
    assert found["estimate"].to_numpy() == pytest.approx([one.mean() for one in expected], rel=1e-12)
    by_rows = fit.means("format", by="visit", weights="proportional")
    assert np.max(np.abs(found["estimate"] - by_rows["estimate"])) > 1e-3


def test_a_covariate_can_be_set_for_all_patients(fit: MixedResults) -> None:
    one = fit.means("format", weights="patients", at={"baseline": 20.0, "visit": "3"})["estimate"]
    rise = fit.means("format", weights="patients", at={"baseline": 30.0, "visit": "3"})["estimate"] - one
    assert rise.to_numpy() == pytest.approx(10 * fit.params["baseline"])
    with pytest.raises(MixedModelError, match="can be set to one value only; found 20, 30"):
        fit.means("format", weights="patients", at={"baseline": [20, 30]})


def test_means_over_patients_need_patients(data: pd.DataFrame) -> None:
    fit = mixedlm("score ~ format", data).fit()
    with pytest.raises(MixedModelError, match="need a term that names the patient"):
        fit.means("format", weights="patients")
