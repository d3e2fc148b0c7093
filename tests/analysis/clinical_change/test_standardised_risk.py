"""Risks by format from a logistic GEE: R's geepack, Mancl and DeRouen's covariance by its definition, and by hand."""

import json

import numpy as np
import pandas as pd
import pytest

from kap_analysis.analysis.clinical_change.standardised_risk import standardised_risks
from tests.places import PAIRS

FOLDER = PAIRS
PAIR = json.loads((FOLDER / "gee_risks.json").read_text(encoding="utf-8"))
CONVERGED = 1e-6  # both sides iterate; the estimates agree to about 1e-8


@pytest.fixture(scope="module")
def people():
    frame = pd.read_csv(FOLDER / PAIR["data"]).drop_duplicates("patient")
    in_group = frame["format"] == "group"
    cluster = frame["cohort"].where(in_group, "patient " + frame["patient"])
    return frame.assign(event=(frame["score"] <= PAIR["median"]).astype(float), cluster=cluster)


@pytest.mark.parametrize(("block", "covariates"), [("adjusted", ["baseline"]), ("unadjusted", [])])
def test_equals_r(people, block, covariates):
    theirs = PAIR[block]["standardised"]
    ours = standardised_risks(
        people["event"].to_numpy(),
        people["is_group"].to_numpy(float),
        people[covariates].to_numpy(float).reshape(len(people), -1),
        people["cluster"].to_numpy(),
    )
    assert (ours.group, ours.individual) == pytest.approx((theirs["group"], theirs["individual"]), abs=CONVERGED)
    assert ours.difference() == pytest.approx((theirs["difference"], theirs["difference_se"]), abs=CONVERGED)
    assert ours.log_ratio() == pytest.approx((theirs["log_ratio"], theirs["log_ratio_se"]), abs=CONVERGED)


def test_without_covariates_the_risks_are_the_shares(people):
    group = people["is_group"].to_numpy(float)
    ours = standardised_risks(people["event"].to_numpy(), group, np.empty((len(people), 0)), people["cluster"])
    shares = people.groupby("is_group")["event"].mean()
    assert (ours.individual, ours.group) == pytest.approx((shares[0], shares[1]))


def test_patients_alone_by_hand():
    """Singletons: each residual over (1 - 1/n) squared and summed over n^2 is p(1 - p) n / (n - 1)^2 per format."""
    event = np.array([1.0] * 3 + [0] * 7 + [1] * 8 + [0] * 12)
    group = np.array([1.0] * 10 + [0.0] * 20)
    ours = standardised_risks(event, group, np.empty((30, 0)), np.arange(30))
    variance = 0.3 * 0.7 * 10 / 9**2 + 0.4 * 0.6 * 20 / 19**2
    assert ours.difference() == pytest.approx((-0.1, np.sqrt(variance)), abs=CONVERGED)
    assert ours.logit(0)[0] == pytest.approx(np.log(0.3 / 0.7))


def test_columns_that_tell_the_events_apart_give_nothing():
    event = np.repeat([0.0, 1.0], 20)
    group = np.tile([0.0, 1.0], 20)
    assert standardised_risks(event, group, event[:, None] + 0.0, np.arange(40)) is None
