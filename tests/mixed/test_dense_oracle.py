"""The engine against the multivariate normal density written out: values, derivatives, information, Kenward-Roger.

Everything is compared at parameters that are not the estimates, so that no derivative is 0. The density is that of
`dense.py`; its first derivatives are complex steps (exact to rounding), its second ones central differences of those.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.likelihood.criterion import criterion_at
from kap_analysis.mixed.model import MixedModel, mixedlm
from tests.mixed import dense
from tests.mixed.reference_values import read_data
from tests.places import PAIRS

VALUE = 1e-10  # relative: sums of some 100 terms in another order
SLOPE = 1e-8  # relative to the largest
BEND = 2e-6  # relative to the largest: central differences with steps of 1e-5, in two random directions
EXPECTED = 1e-8  # relative to the largest
INFERENCE = 1e-6  # relative, of adjusted covariances and df: inverses of information matrices
ESTIMATE = 1e-6  # in standard errors, between two optimisers

Pieces = Callable[[pd.DataFrame], Any]
Covariance = Callable[[np.ndarray, pd.DataFrame], np.ndarray]


@cache
def patients(whole: bool = False) -> pd.DataFrame:
    """26 patients of partial.csv, 16 of them in 4 cohorts, or 78; shuffled, with columns that the cases need."""
    data = read_data(PAIRS, "partial.csv")
    names = data.groupby("format", observed=True)["patient"].unique()
    some, more = (30, 48) if whole else (10, 16)
    data = data[data["patient"].isin([*names["individual"][:some], *names["group"][:more]])]
    data = data.sample(frac=1, random_state=3).reset_index(drop=True)
    data["half"] = np.where(data["visit"].isin(["1", "2"]), "early", "late")
    data["squared"] = data["month"] ** 2 / 10
    data["rater"] = [f"r{i % 5}" for i in range(len(data))]
    return data


def ones(data: pd.DataFrame) -> np.ndarray:
    return np.ones(len(data))


def bar(data: pd.DataFrame, columns: list[Any], group: str | list[str]) -> list[np.ndarray]:
    """The matrices of `(columns | group)`; columns are names, 1, or arrays."""
    made = [ones(data) if isinstance(c, int) else data[c].to_numpy() if isinstance(c, str) else c for c in columns]
    labels = data[group].astype(str) if isinstance(group, str) else data[group].astype(str).agg(":".join, axis=1)
    return dense.bar_pieces(np.column_stack(made), labels.to_numpy())


def us(data: pd.DataFrame, by: str | None = None, weights: np.ndarray | None = None) -> list[np.ndarray]:
    strata = None if by is None else data[by].map({"individual": 0, "group": 1}).astype(int).to_numpy()
    pieces = dense.unstructured_pieces(data["visit"].astype(str).to_numpy(), data["patient"].to_numpy(), strata)
    root = ones(data) if weights is None else 1 / np.sqrt(weights)
    return [piece * np.outer(root, root) for piece in pieces]


def arm(data: pd.DataFrame) -> np.ndarray:
    return np.where(data["format"] == "group", "1 group", "0 individual")


@dataclass(frozen=True)
class Case:
    """A model, the same written out, and parameters to compare at: V = sum theta pieces, or any function of theta."""

    formula: str
    theta: tuple[float, ...]
    pieces: Pieces | None = None
    covariance: Covariance | None = None
    keywords: dict[str, Any] = field(default_factory=dict)

    def v(self, theta: np.ndarray, data: pd.DataFrame) -> np.ndarray:
        if self.pieces is not None:
            return np.tensordot(theta, self.pieces(data), axes=1)
        assert self.covariance is not None
        return self.covariance(theta, data)


US4 = (60.0, 30, 80, 28, 45, 90, 20, 40, 50, 100)
SMALL_US4 = (40.0, 20, 55, 18, 25, 50, 12, 25, 30, 65)
LINEAR = {
    "patients": Case(
        "score ~ month * format + (1 | patient)",
        (40.0, 30.0),
        lambda d: [*bar(d, [1], "patient"), *dense.residual_pieces(len(d))],
    ),
    "slopes": Case(
        "score ~ month * format + (month | patient)",
        (40.0, 2.0, 1.5, 30.0),
        lambda d: [*bar(d, [1, "month"], "patient"), *dense.residual_pieces(len(d))],
    ),
    "three columns": Case(
        "score ~ month + (month + squared | patient)",
        (40.0, 2.0, 1.5, -1.0, 0.3, 0.8, 25.0),
        lambda d: [*bar(d, [1, "month", "squared"], "patient"), *dense.residual_pieces(len(d))],
    ),
    "nested": Case(
        "score ~ month + (1 | practice/patient)",
        (6.0, 40.0, 30.0),
        lambda d: [
            *bar(d, [1], "practice"),
            *bar(d, [1], ["practice", "patient"]),
            *dense.residual_pieces(len(d)),
        ],
    ),
    "crossed": Case(
        "score ~ month * format + (1 | patient) + (month || rater)",
        (40.0, 5.0, 1.2, 30.0),
        lambda d: [
            *bar(d, [1], "patient"),
            *bar(d, [1], "rater"),
            *bar(d, ["month"], "rater"),
            *dense.residual_pieces(len(d)),
        ],
    ),
    "crossed, correlated": Case(
        "score ~ month * format + (month | patient) + (month | rater)",
        (40.0, 2.0, 1.5, 5.0, -0.7, 1.2, 30.0),
        lambda d: [
            *bar(d, [1, "month"], "patient"),
            *bar(d, [1, "month"], "rater"),
            *dense.residual_pieces(len(d)),
        ],
    ),
    "one arm": Case(
        "score ~ month * format + (0 + is_group | cohort) + (month | patient)",
        (8.0, 40.0, 2.0, 1.5, 30.0),
        lambda d: [
            *bar(d, ["is_group"], "cohort"),
            *bar(d, [1, "month"], "patient"),
            *dense.residual_pieces(len(d)),
        ],
    ),
    "one arm with a slope": Case(
        "score ~ month * format + (0 + is_group + is_group:month | cohort) + (0 + is_group | patient) + (1 | patient)",
        (8.0, -1.0, 0.9, 10.0, 40.0, 30.0),
        lambda d: [
            *bar(d, ["is_group", (d["is_group"] * d["month"]).to_numpy()], "cohort"),
            *bar(d, ["is_group"], "patient"),
            *bar(d, [1], "patient"),
            *dense.residual_pieces(len(d)),
        ],
    ),
    "weights": Case(
        "score ~ month * format + (0 + is_group | cohort) + (1 | patient)",
        (8.0, 40.0, 30.0),
        lambda d: [
            *bar(d, ["is_group"], "cohort"),
            *bar(d, [1], "patient"),
            *dense.residual_pieces(len(d), weights=d["weight"].to_numpy()),
        ],
        keywords={"weights": "weight"},
    ),
    "residual by format": Case(
        "score ~ month * format + (0 + is_group | cohort) + (month | patient)",
        (8.0, 40.0, 2.0, 1.5, 22.0, 41.0),
        lambda d: [
            *bar(d, ["is_group"], "cohort"),
            *bar(d, [1, "month"], "patient"),
            *dense.residual_pieces(len(d), arm(d)),
        ],
        keywords={"residual_by": "format"},
    ),
    "residual that varies within patients": Case(
        "score ~ month * format + (0 + is_group | cohort) + (month | patient)",
        (8.0, 40.0, 2.0, 1.5, 22.0, 41.0),
        lambda d: [
            *bar(d, ["is_group"], "cohort"),
            *bar(d, [1, "month"], "patient"),
            *dense.residual_pieces(len(d), d["half"].to_numpy()),
        ],
        keywords={"residual_by": "half"},
    ),
    "residual that varies within patients, weights": Case(
        "score ~ month * format + (month | patient)",
        (40.0, 2.0, 1.5, 22.0, 41.0),
        lambda d: [
            *bar(d, [1, "month"], "patient"),
            *dense.residual_pieces(len(d), d["half"].to_numpy(), d["weight"].to_numpy()),
        ],
        keywords={"residual_by": "half", "weights": "weight"},
    ),
    "no random effects": Case(
        "score ~ month * format",
        (21.0, 43.0),
        lambda d: dense.residual_pieces(len(d), arm(d)),
        keywords={"residual_by": "format"},
    ),
    "us": Case("score ~ visit * format + us(visit | patient)", US4, us),
    "us, weights": Case(
        "score ~ visit * format + us(visit | patient)",
        US4,
        lambda d: us(d, weights=d["weight"].to_numpy()),
        keywords={"weights": "weight"},
    ),
    "us per arm": Case(
        "score ~ visit * format + us(visit | format/patient)", US4 + SMALL_US4, lambda d: us(d, "format")
    ),
    "cohorts and us": Case(
        "score ~ visit * format + (0 + is_group | cohort) + us(visit | patient)",
        (8.0, *US4),
        lambda d: [*bar(d, ["is_group"], "cohort"), *us(d)],
    ),
    "primary model": Case(
        "score ~ visit * format + baseline + (0 + is_group | cohort) + us(visit | format/patient)",
        (8.0, *US4, *SMALL_US4),
        lambda d: [*bar(d, ["is_group"], "cohort"), *us(d, "format")],
    ),
    "crossed raters and us": Case(
        "score ~ visit * format + (1 | rater) + us(visit | patient)",
        (5.0, *US4),
        lambda d: [*bar(d, [1], "rater"), *us(d)],
    ),
}


def visit_number(data: pd.DataFrame) -> np.ndarray:
    return data["visit"].cat.codes.to_numpy()


def structured(kind: str) -> Covariance:
    """Standard deviations times correlations, patients independent."""
    size = 4
    n_sd = size if kind.endswith("h") else 1

    def covariance(theta: np.ndarray, data: pd.DataFrame) -> np.ndarray:
        sd = np.exp(theta[:n_sd]) * np.ones(size)
        rho = theta[n_sd:]
        lag = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
        if kind.startswith("cs"):
            r = np.where(lag == 0, 1.0, rho[0])
        elif kind.startswith("ar1"):
            r = rho[0] ** lag
        else:
            r = np.concatenate([[1.0], rho])[lag]
        whole = r * np.outer(sd, sd)
        visit = visit_number(data)
        return whole[np.ix_(visit, visit)] * _same_patient(data)

    return covariance


def _same_patient(data: pd.DataFrame) -> np.ndarray:
    labels = data["patient"].to_numpy()
    return (labels[:, None] == labels).astype(float)


def exponential(theta: np.ndarray, data: pd.DataFrame) -> np.ndarray:
    """theta: log variance, log range."""
    months = data["month"].to_numpy()
    gap = np.abs(months[:, None] - months)
    return np.exp(theta[0]) * np.exp(-gap * np.exp(-theta[1])) * _same_patient(data)


def plus_bar(columns: list[Any], group: str, rest: Covariance) -> Covariance:
    def covariance(theta: np.ndarray, data: pd.DataFrame) -> np.ndarray:
        pieces = bar(data, columns, group)
        return np.tensordot(theta[: len(pieces)], np.array(pieces), axes=1) + rest(theta[len(pieces) :], data)

    return covariance


def by_arm(one: Covariance, n: int) -> Covariance:
    def covariance(theta: np.ndarray, data: pd.DataFrame) -> np.ndarray:
        group = data["format"].to_numpy() == "group"
        inside = np.outer(group, group)
        return np.where(inside, one(theta[n:], data), one(theta[:n], data))

    return covariance


SD = (2.1, 2.3, 2.4, 2.6)
CORRELATIONS = {"cs": (0.5,), "ar1": (0.7,), "toep": (0.6, 0.5, 0.3)}
BENT = {
    **{
        kind: Case(
            f"score ~ visit * format + {kind}(visit | patient)",
            (SD if kind.endswith("h") else SD[:1]) + CORRELATIONS[kind.removesuffix("h")],
            covariance=structured(kind),
        )
        for kind in ("cs", "csh", "ar1", "ar1h", "toep", "toeph")
    },
    **{
        f"cohorts and {kind}": Case(
            f"score ~ visit * format + (0 + is_group | cohort) + {kind}(visit | patient)",
            (8.0, *(SD if kind.endswith("h") else SD[:1]), *CORRELATIONS[kind.removesuffix("h")]),
            covariance=plus_bar(["is_group"], "cohort", structured(kind)),
        )
        for kind in ("csh", "ar1", "toeph")
    },
    "ar1 per arm": Case(
        "score ~ visit * format + ar1(visit | format/patient)",
        (2.1, 0.7, 2.4, 0.4),
        covariance=by_arm(structured("ar1"), 2),
    ),
    "ar1 and slopes of patients": Case(
        "score ~ visit * format + (month | patient) + ar1(visit | patient)",
        (20.0, 1.0, 1.5, 1.8, 0.4),
        covariance=plus_bar([1, "month"], "patient", structured("ar1")),
    ),
    "ar1 and raters": Case(
        "score ~ visit * format + (month | rater) + ar1(visit | patient)",
        (5.0, -0.5, 0.9, 2.0, 0.6),
        covariance=plus_bar([1, "month"], "rater", structured("ar1")),
    ),
    "exponential": Case("score ~ month * format + exponential(month | patient)", (4.2, 1.1), covariance=exponential),
    "exponential and patients": Case(
        "score ~ month * format + (1 | patient) + exponential(month | patient)",
        (20.0, 3.9, 0.6),
        covariance=plus_bar([1], "patient", exponential),
    ),
    "exponential and cohorts": Case(
        "score ~ month * format + (0 + is_group | cohort) + exponential(month | patient)",
        (8.0, 4.1, 1.0),
        covariance=plus_bar(["is_group"], "cohort", exponential),
    ),
    "exponential per arm": Case(
        "score ~ month * format + exponential(month | format/patient)",
        (4.2, 1.1, 3.9, 0.4),
        covariance=by_arm(exponential, 2),
    ),
}
CASES = {**LINEAR, **BENT}


@cache
def pieces_of(name: str, whole: bool = False) -> np.ndarray:
    pieces = LINEAR[name].pieces
    assert pieces is not None
    return np.array(pieces(patients(whole)))


def covariance_at(name: str) -> Callable[[np.ndarray], np.ndarray]:
    """V as a function of theta, known matrices made once."""
    case = CASES[name]
    if name in LINEAR:
        return lambda theta: np.tensordot(theta, pieces_of(name), axes=1)
    return lambda theta: case.v(theta, patients())


@cache
def model_of(name: str, whole: bool = False) -> MixedModel:
    return mixedlm(CASES[name].formula, patients(whole), **CASES[name].keywords)


@dataclass(frozen=True)
class Found:
    value: float
    gradient: np.ndarray
    hessian: np.ndarray
    expected: np.ndarray
    beta: np.ndarray
    unscaled_cov: np.ndarray


def engine_at(model: MixedModel, theta: np.ndarray, reml: bool) -> Found:
    """What the engine says at parameters in the user's units."""
    layout, parameters = model.layout, model.parameters
    scaling = layout.scaling
    here = criterion_at(layout, parameters.inside(theta, scaling), reml)
    assert here is not None
    seen = parameters.as_seen()
    phi = seen.from_elements(here.evaluation.eta)
    jacobian, back = seen.jacobian(phi), np.linalg.inv(parameters.seen_derivative(scaling))
    curvature = seen.second_derivative(phi, here.gradient)
    half = np.linalg.solve(scaling.r, here.unscaled_cov)
    return Found(
        here.value,
        back.T @ jacobian.T @ here.gradient,
        back.T @ (jacobian.T @ here.hessian @ jacobian + curvature) @ back,
        back.T @ jacobian.T @ here.expected @ jacobian @ back,
        scaling.coefficients(here.beta),
        scaling.scale**2 * np.linalg.solve(scaling.r, half.T),
    )


def dense_slopes(v: Callable[[np.ndarray], np.ndarray], theta: np.ndarray) -> list[np.ndarray]:
    """dV / d theta by complex steps."""
    steps = np.eye(len(theta)) * dense.STEP * 1j
    return [np.imag(v(theta + step)) / dense.STEP for step in steps]


@pytest.mark.parametrize("reml", [True, False], ids=["reml", "ml"])
@pytest.mark.parametrize("name", CASES)
def test_criterion_and_derivatives(name: str, reml: bool) -> None:
    v, model = covariance_at(name), model_of(name)
    theta = np.array(CASES[name].theta)
    assert len(theta) == model.parameters.n
    x, y = model.design.x, model.design.y

    def density(at: np.ndarray) -> complex:
        return dense.criterion(v(at), x, y, reml)

    found = engine_at(model, theta, reml)
    assert found.value == pytest.approx(float(np.real(density(theta))), rel=VALUE)
    gradient = dense.complex_gradient(density, theta)
    assert np.max(np.abs(found.gradient - gradient)) < SLOPE * np.max(np.abs(gradient))
    size = np.maximum(np.abs(theta), 0.1)
    for direction in np.random.default_rng(len(name)).standard_normal((2, len(theta))):
        step = 1e-5 * size * direction
        above, below = (dense.complex_gradient(density, theta + sign * step) for sign in (1, -1))
        along = size * (above - below) / 2e-5
        assert np.max(np.abs(size * (found.hessian @ (size * direction)) - along)) < BEND * np.max(np.abs(along))


@pytest.mark.parametrize("reml", [True, False], ids=["reml", "ml"])
@pytest.mark.parametrize("name", CASES)
def test_expected_information_and_coefficients(name: str, reml: bool) -> None:
    """tr(P V_j P V_k) / 2 under REML, tr(V^-1 V_j V^-1 V_k) / 2 under ML."""
    v, model = covariance_at(name), model_of(name)
    theta, x = np.array(CASES[name].theta), model.design.x
    found = engine_at(model, theta, reml)
    inverse = np.linalg.inv(v(theta))
    cov = np.linalg.inv(x.T @ inverse @ x)
    p = inverse - inverse @ x @ cov @ x.T @ inverse if reml else inverse
    products = [p @ slope for slope in dense_slopes(v, theta)]
    expected = np.array([[np.sum(a * b.T) for b in products] for a in products]) / 2
    size = np.sqrt(np.diag(expected))
    assert np.max(np.abs(found.expected - expected) / np.outer(size, size)) < EXPECTED
    assert np.max(np.abs(found.beta - cov @ x.T @ inverse @ model.design.y) / np.sqrt(np.diag(cov))) < VALUE * 1e3
    assert np.max(np.abs(found.unscaled_cov - cov) / np.sqrt(np.outer(np.diag(cov), np.diag(cov)))) < VALUE * 1e2


INTERIOR = [
    "slopes",
    "one arm",
    "weights",
    "residual by format",
    "residual that varies within patients",
    "residual that varies within patients, weights",
    "us",
    "us, weights",
    "cohorts and us",
    "primary model",
]


@cache
def oracle_of(name: str) -> dense.DenseFit:
    """78 patients, at the engine's estimates."""
    model = model_of(name, True)
    theta = model.fit().theta.to_numpy()
    return dense.evaluate_dense(list(pieces_of(name, True)), theta, model.design.x, model.design.y)


@pytest.mark.parametrize("kind", ["expected", "observed"])
@pytest.mark.parametrize("name", INTERIOR)
def test_kenward_roger_at_the_estimates(name: str, kind: str) -> None:
    """pbkrtest leaves weights out and knows no residual covariance: here every matrix is written out."""
    oracle = oracle_of(name)
    fit = model_of(name, True).fit(information=kind)
    assert not fit.singular
    assert fit.criterion == pytest.approx(oracle.criterion, rel=VALUE)
    adjusted = oracle.kenward_roger_parts(kind)[0]
    size = np.sqrt(np.diag(adjusted))
    assert np.max(np.abs(fit.cov_params().to_numpy() - adjusted) / np.outer(size, size)) < INFERENCE
    last = np.eye(len(size))[-3:]
    expected = [oracle.kenward_roger(row, kind) for row in last]
    assert fit.inference(last).df == pytest.approx([one.df2 for one in expected], rel=INFERENCE)
    assert [one.scaling for one in expected] == pytest.approx([1.0] * 3)
    joint, expected_joint = fit.f_test(last), oracle.kenward_roger(last, kind)
    assert joint.df_den == pytest.approx(expected_joint.df2, rel=INFERENCE)
    assert joint.statistic == pytest.approx(expected_joint.statistic, rel=INFERENCE)
    assert joint.p_value == pytest.approx(expected_joint.p_value, rel=1e-5)


@pytest.mark.parametrize("name", INTERIOR)
def test_satterthwaite_at_the_estimates(name: str) -> None:
    oracle = oracle_of(name)
    fit = model_of(name, True).fit()
    rows = np.eye(len(fit.params))[-3:]
    found = fit.inference(rows, "satterthwaite").df
    assert found == pytest.approx([oracle.satterthwaite_df(row) for row in rows], rel=INFERENCE)
    for kind in ("expected", "observed"):
        expected = oracle.information(kind)
        size = np.sqrt(np.diag(expected))
        assert np.max(np.abs(fit.information(kind).to_numpy() - expected) / np.outer(size, size)) < EXPECTED * 100


@pytest.mark.parametrize("name", ["slopes", "one arm", "residual that varies within patients", "us"])
def test_the_same_maximum_as_a_general_optimiser(name: str) -> None:
    model = model_of(name)
    fit = model.fit(bounded=False)
    oracle = dense.fit_dense(list(pieces_of(name)), fit.theta.to_numpy() * 1.1, model.design.x, model.design.y)
    assert fit.criterion == pytest.approx(oracle.criterion, abs=1e-7)
    errors = np.sqrt(np.diag(oracle.covariance))
    assert np.max(np.abs(fit.params.to_numpy() - oracle.beta) / errors) < ESTIMATE


# Variances below 0


def test_negative_variances_while_every_v_is_positive_definite() -> None:
    """Scores of a patient more apart than chance would have them: the covariance of two rows is below 0."""
    data = read_data(PAIRS, "singular.csv")
    model = mixedlm("score ~ month * format + (1 | patient)", data)
    fit = model.fit(bounded=False)
    assert fit.theta.iloc[0] < 0
    assert fit.converged and not fit.singular
    pieces = [*dense.bar_pieces(np.ones(60), data["patient"].to_numpy()), *dense.residual_pieces(60)]
    oracle = dense.fit_dense(pieces, np.array([-0.2, 6.0]), model.design.x, model.design.y)
    assert fit.theta.to_numpy() == pytest.approx(oracle.theta, rel=1e-6)
    assert fit.criterion == pytest.approx(oracle.criterion, abs=1e-8)
    assert fit.criterion < model.fit().criterion - 1
    assert fit.df.to_numpy() == pytest.approx([oracle.kenward_roger(row).df2 for row in np.eye(4)], rel=INFERENCE)


@pytest.mark.parametrize("theta", [(-6.0, 60.0), (-11.0, 60.0)])
def test_criterion_and_derivatives_with_a_negative_variance(theta: tuple[float, float]) -> None:
    model, v = model_of("patients"), covariance_at("patients")
    at = np.array(theta)
    x, y = model.design.x, model.design.y

    def density(where: np.ndarray) -> complex:
        return dense.criterion(v(where), x, y)

    found = engine_at(model, at, True)
    assert found.value == pytest.approx(float(np.real(density(at))), rel=VALUE)
    assert found.gradient == pytest.approx(dense.complex_gradient(density, at), rel=SLOPE)


@pytest.mark.parametrize(
    ("name", "theta"),
    [("patients", (-16.0, 60.0)), ("slopes", (-30.0, 0.0, -3.0, 60.0)), ("cohorts and us", (-12.0, *US4))],
)
def test_no_criterion_where_a_v_is_indefinite(name: str, theta: tuple[float, ...]) -> None:
    model = model_of(name)
    assert np.linalg.eigvalsh(covariance_at(name)(np.array(theta)))[0] < 0
    assert criterion_at(model.layout, model.parameters.inside(np.array(theta), model.layout.scaling), True) is None
