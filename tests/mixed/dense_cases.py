"""Models of every kind, each with its covariance matrix written out, for tests of the engine against `dense.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from kap_analysis.mixed.model import MixedModel, mixedlm
from tests.mixed import dense
from tests.mixed.reference_values import read_data
from tests.places import PAIRS

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
