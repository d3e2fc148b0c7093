"""The residual part of a design."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.design.build import build_design
from kap_analysis.mixed.errors import MixedModelError


def error_of(formula: str, data: object, **keywords: object) -> str:
    with pytest.raises(MixedModelError) as caught:
        build_design(formula, data, **keywords)  # type: ignore[arg-type]
    return str(caught.value)


def test_a_residual_covariance_has_visits_subjects_and_strata(scores):
    residual = build_design("score ~ visit + us(visit | format/patient)", scores).residual
    assert (residual.structure.name, residual.strata, residual.visits) == (
        "us",
        ("individual", "group"),
        ("m1", "m2", "m3"),
    )
    np.testing.assert_array_equal(residual.stratum, 1 * (scores["format"] == "group"))
    np.testing.assert_array_equal(residual.visit, np.tile([0, 1, 2], 20))
    np.testing.assert_array_equal(residual.subject, np.repeat(np.arange(20), 3))
    assert residual.subjects[19] == "P19"


def test_times_of_an_exponential_are_numbers(scores):
    residual = build_design("score ~ month + exponential(month | patient)", scores).residual
    assert (residual.structure.name, residual.strata, residual.visits) == ("exponential", ("",), (1.0, 2.0, 3.0))
    np.testing.assert_array_equal(residual.visit, scores["month"])


def test_visits_and_strata_that_are_whole_numbers_are_shown_whole(scores):
    residual = build_design("score ~ month + us(month | is_group/patient)", scores).residual
    assert [str(visit) for visit in residual.visits] == ["1", "2", "3"]
    assert [str(stratum) for stratum in residual.strata] == ["0", "1"]


def test_a_residual_variance_per_level(scores):
    residual = build_design("score ~ month + (1 | patient)", scores, residual_by="format").residual
    assert (residual.structure.name, residual.strata) == ("residual", ("individual", "group"))
    plain = build_design("score ~ month + (1 | patient)", scores).residual
    assert (plain.structure.name, plain.strata, set(plain.stratum)) == ("residual", ("",), {0})


def test_a_residual_covariance_with_residual_by(scores):
    assert error_of("score ~ visit + us(visit | patient)", scores, residual_by="format") == (
        "residual_by='format' and us(visit | patient) both set the residual covariance. Take one of them away; "
        "us(visit | format/patient) gives each level of format a matrix of its own."
    )


def test_visits_that_are_measurements(scores):
    assert error_of("score ~ month + us(day | patient)", scores) == (
        f"day is continuous (60 distinct values, such as {scores['day'].min():g}) and cannot be the visit of "
        "us(day | patient). Take scheduled visits, or exponential() in time."
    )


def test_times_that_are_text(scores):
    kind = scores["visit"].dtype
    assert error_of("score ~ month + exponential(visit | patient)", scores) == (
        f"The time visit of exponential(visit | patient) must be a number, found 'm1' (type {kind})."
    )


def test_visits_whose_text_is_out_of_order(scores):
    scores["visit"] = scores["month"].map({1: "month 1", 2: "month 2", 3: "month 10"})
    assert error_of("score ~ visit + ar1(visit | patient)", scores) == (
        "ar1(visit | patient) needs its visits in order, and the text of visit has month 1, month 10, month 2. "
        "Make it an ordered categorical."
    )
    assert build_design("score ~ visit + us(visit | patient)", scores).residual.visits[1] == "month 10"
    scores["visit"] = pd.Categorical(scores["visit"], ["month 1", "month 2", "month 10"])
    assert build_design("score ~ visit + ar1(visit | patient)", scores).residual.visits[1] == "month 2"
