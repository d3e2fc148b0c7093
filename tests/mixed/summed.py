"""Made-up patients of three practices, and fits from the sums of parts of them."""

from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import block_diag

from kap_analysis.mixed.likelihood.first_sums import first_sums_of
from kap_analysis.mixed.likelihood.layout import make_layout
from kap_analysis.mixed.likelihood.sums import sums_at
from kap_analysis.mixed.summed_fit import fit_from_sums

CLOSE = 1e-8


def made_up(seed=1, n=90):
    """Patients of three practices, half of them in cohorts of five, at three visits of which some are missed."""
    g = np.random.default_rng(seed)
    patient = np.repeat(np.arange(n), 3)
    in_group = (np.arange(n) % 2)[patient]
    cohort = np.where(in_group == 1, np.arange(n)[patient] // 10, -1)
    visit = np.tile(np.arange(3), n)
    effects = g.normal(size=n)[patient] * 4 + (g.normal(size=n) * 2)[cohort] * (cohort >= 0)
    frame = pd.DataFrame({
        "patient": [f"p{i:03}" for i in patient], "group": in_group.astype(float), "visit": [f"v{v}" for v in visit],
        "cohort": [f"c{c}" if c >= 0 else f"alone {p}" for c, p in zip(cohort, patient, strict=True)],
        "month": visit + g.uniform(0, 0.3, len(visit)), "base": g.normal(28, 7, n)[patient], "place": "",
    })  # fmt: skip
    frame["practice"] = np.array(["A", "B", "C"])[(patient // 10) % 3]
    frame["score"] = 5 + 0.6 * frame["base"] - visit + effects + g.normal(size=len(visit)) * 3
    frame["weight"] = g.uniform(0.5, 2, len(frame))
    return frame[g.uniform(size=len(frame)) > 0.15].reset_index(drop=True)


MODELS = {
    "cohort and visits": (
        "score ~ visit*(group + base) + (0 + group | cohort) + us(visit | group/patient)",
        None,
        None,
    ),
    "random slope": ("score ~ group*month + base + (1 + month | patient) + (0 + group | cohort)", "group", None),
    "weights": ("score ~ base + month + (1 | patient)", None, "weight"),
    "visits alone": ("score ~ visit + base + ar1(visit | patient)", None, None),
    "one variance": ("score ~ base + month", None, None),
}


def fit_of_parts(parts, names, design, own=0):
    """The fit from the sums of these parts."""
    layouts = {}

    def sums(agreed, eta, asked):
        if own:
            agreed = replace(agreed, centre=np.r_[np.zeros(own), agreed.centre], r=block_diag(np.eye(own), agreed.r))
        made = layouts.setdefault("made", [make_layout(part, agreed) for part in parts])
        return reduce(add, [sums_at(one, eta, asked, own=own) for one in made])

    return fit_from_sums(design, names, reduce(add, [first_sums_of(part, own=own) for part in parts]), sums)


def assert_same_fit(found, fit):
    table, usual = found.coefficients().set_index("term"), fit.coefficients().set_index("term").loc[list(found.names)]
    size = usual["std_error"]
    assert found.criterion == pytest.approx(fit.criterion, abs=CLOSE)
    assert np.abs((table["estimate"] - usual["estimate"]) / size).max() < CLOSE
    assert np.abs(table["std_error"] / size - 1).max() < CLOSE
    assert np.abs(table["df"] / usual["df"] - 1).max() < 10 * CLOSE  # of the size of the square of a variance
    assert found.nobs == fit.nobs
