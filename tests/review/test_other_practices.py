import dataclasses

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from kap_analysis.review.other_practices import PRACTICES_FOR_FUNNEL, expected_elsewhere, funnel


def test_what_is_expected_is_the_regression_of_the_other_practices(study):
    outcomes = study.outcomes("BDI-II")
    ids = set(study.patients.loc[study.patients["practice"] == "A", "patient_id"])
    found, why = expected_elsewhere(outcomes, "month 3", "A", ids)
    frame = outcomes.frame[outcomes.frame["visit"].astype(str) == "month 3"].dropna(subset=["score", "baseline"])
    frame = frame.assign(format=frame["format"].astype(str))
    elsewhere, here = frame[frame["practice"] != "A"], frame[frame["practice"] == "A"]
    theirs = smf.ols("score ~ baseline + format", elsewhere).fit().predict(here).mean()
    assert why == ""
    row = found.iloc[0]
    assert row["estimate"] == pytest.approx(theirs, abs=1e-6)
    assert row["observed"] == pytest.approx(here["score"].mean())
    assert (row["n_patients"], row["n_elsewhere"], row["n_practices"]) == (len(here), len(elsewhere), 2)
    assert row["ci_low"] < row["estimate"] < row["ci_high"]


def test_too_few_elsewhere_is_said(study):
    outcomes = study.outcomes("EDE-QS")
    found, why = expected_elsewhere(outcomes, "month 3", "A", set(outcomes.frame["patient_id"]))
    assert found.empty
    assert why


def test_a_funnel_needs_ten_practices_and_names_none_of_the_others(study, many):
    none, why = funnel(study.outcomes("BDI-II"), "month 3", "A")
    assert none.empty and why == ""
    found, left_out = funnel(many.outcomes("BDI-II"), "month 3", "P03")
    assert left_out == ""
    assert len(found) >= PRACTICES_FOR_FUNNEL
    assert found["is_this_practice"].sum() == 1
    assert not any(pd.api.types.is_string_dtype(found[c]) for c in found)
    assert np.allclose(
        found["high"] * np.sqrt(found["n_patients"]), found["high"].iloc[0] * np.sqrt(found["n_patients"].iloc[0])
    )
    assert np.allclose(np.average(found["difference"], weights=found["n_patients"]), 0, atol=0.5)


def test_a_funnel_says_which_practices_are_not_in_it(many):
    outcomes = many.outcomes("BDI-II")
    frame = outcomes.frame
    names = frame["practice"].astype("object")
    scored = frame[(frame["visit"].astype(str) == "month 3") & frame["score"].notna() & frame["baseline"].notna()]
    alone = scored["patient_id"].drop_duplicates().head(1)
    own = names.mask(frame["patient_id"].isin(alone), "lonely")
    found, left_out = funnel(dataclasses.replace(outcomes, frame=frame.assign(practice=own)), "month 3", "P03")
    assert len(found) == 12
    assert left_out.startswith("12 of 13 practices are in it.")
    spread = frame["patient_id"].map(
        {one: f"S{place % 60:02}" for place, one in enumerate(many.patients["patient_id"])}
    )
    found, why = funnel(dataclasses.replace(outcomes, frame=frame.assign(practice=spread)), "month 3", "S03")
    assert found.empty
    assert "are not set side by side" in why and "and 10 are needed" in why
