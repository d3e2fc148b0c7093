"""Random datasets for the sweep: small, unbalanced, singular, badly scaled, strongly correlated."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

Rng = np.random.Generator


@dataclass(frozen=True)
class Case:
    """One random dataset and the model to fit to it.

    Attributes
    ----------
    seed : int
    family : str
        Which kind of model.
    traits : tuple of str
        What is hard about the data.
    formula, peer_formula : str
        For us, and for lme4 or (family "unstructured") mmrm and nlme.
    frame : pandas.DataFrame
    """

    seed: int
    family: str
    traits: tuple[str, ...]
    formula: str
    peer_formula: str
    frame: pd.DataFrame


def draw_case(seed: int) -> Case:
    """The dataset of a seed; the same on every machine."""
    rng = np.random.default_rng([4711, seed])
    names = tuple(FAMILIES)
    family = names[seed % len(names)]
    traits = tuple(name for name in ("singular", "correlated", "noisy", "badly scaled") if rng.random() < 0.25)
    formula, peer, frame = FAMILIES[family](rng, traits)
    if rng.random() < 0.5:
        traits += ("rows lost",)
        frame = frame[rng.random(len(frame)) > rng.uniform(0.05, 0.4)]
    frame = frame.assign(y=_scaled(frame["y"].to_numpy(), rng, traits))
    return Case(seed, family, traits, formula, peer, frame.reset_index(drop=True))


def _scaled(y: np.ndarray, rng: Rng, traits: tuple[str, ...]) -> np.ndarray:
    """The response in other units: from millionths to millions, sometimes far from zero."""
    if "badly scaled" not in traits:
        return y
    y = y * 10 ** rng.uniform(-6, 6)
    return y + (rng.choice([0, 100, 1000]) * y.std() if len(y) else 0)


def _covariance(rng: Rng, size: int, traits: tuple[str, ...]) -> np.ndarray:
    """A Cholesky factor for random effects; singular ones lack a direction or everything."""
    factor = np.tril(rng.standard_normal((size, size))) * rng.uniform(0.2, 3, size)[:, None]
    if "correlated" in traits and size > 1:
        factor[1:, 1:] *= 0.01
    if "singular" in traits:
        factor[rng.integers(0, size) :] *= 0.0
    return factor


def _noise(rng: Rng, n: int, traits: tuple[str, ...]) -> np.ndarray:
    return rng.standard_normal(n) * (rng.uniform(5, 30) if "noisy" in traits else rng.uniform(0.3, 3))


def _sizes(rng: Rng, groups: int, most: int) -> np.ndarray:
    """Sizes of groups: even or very uneven."""
    if rng.random() < 0.3:
        return np.full(groups, rng.integers(2, most + 1))
    return rng.integers(1, most + 1, groups)


def _time(rng: Rng, at: np.ndarray, traits: tuple[str, ...]) -> np.ndarray:
    """Times of measurement: regular or not; badly scaled ones in other units and far from zero."""
    time = at + (rng.uniform(-0.4, 0.4, len(at)) if rng.random() < 0.5 else 0.0)
    if "badly scaled" in traits:
        time = time * 10 ** rng.uniform(-3, 3) + rng.choice([0.0, 50.0, 2000.0]) * rng.choice([0, 1])
    return time


def _fixed(rng: Rng, x: np.ndarray) -> np.ndarray:
    return x @ rng.standard_normal(x.shape[1])


def _slopes(rng: Rng, traits: tuple[str, ...], bars: str) -> tuple[str, str, pd.DataFrame]:
    groups = int(rng.integers(4, 41))
    group = np.repeat(np.arange(groups), _sizes(rng, groups, 7))
    at = np.concatenate([np.arange(n) for n in np.unique(group, return_counts=True)[1]]).astype(float)
    arm = rng.integers(0, 2, groups)[group].astype(float)
    effects = rng.standard_normal((groups, 2)) @ _covariance(rng, 2, traits).T
    y = effects[group, 0] + effects[group, 1] * at / 3 + _fixed(rng, np.column_stack([arm, at, arm * at]))
    frame = pd.DataFrame({"y": y + _noise(rng, len(y), traits), "time": _time(rng, at, traits), "arm": arm, "g": group})
    return f"y ~ time*arm + {bars}", f"y ~ time*arm + {bars}", frame


def _crossed(rng: Rng, traits: tuple[str, ...]) -> tuple[str, str, pd.DataFrame]:
    n, a, b = int(rng.integers(25, 150)), int(rng.integers(3, 15)), int(rng.integers(3, 15))
    first, second = rng.integers(0, a, n), rng.integers(0, b, n)
    sd = np.abs(np.diag(_covariance(rng, 2, traits)))
    x = rng.standard_normal(n)
    y = sd[0] * rng.standard_normal(a)[first] + sd[1] * rng.standard_normal(b)[second] + x + _noise(rng, n, traits)
    frame = pd.DataFrame({"y": y, "x": x, "a": first, "b": second})
    return "y ~ x + (1 | a) + (1 | b)", "y ~ x + (1 | a) + (1 | b)", frame


def _nested(rng: Rng, traits: tuple[str, ...]) -> tuple[str, str, pd.DataFrame]:
    outer = int(rng.integers(4, 16))
    inner = _sizes(rng, outer, 5)
    practice = np.repeat(np.arange(outer), inner)
    rows = np.repeat(np.arange(len(practice)), _sizes(rng, len(practice), 5))
    sd = np.abs(np.diag(_covariance(rng, 2, traits)))
    x = rng.standard_normal(len(rows))
    y = sd[0] * rng.standard_normal(outer)[practice[rows]] + sd[1] * rng.standard_normal(len(practice))[rows] + x
    frame = pd.DataFrame({"y": y + _noise(rng, len(y), traits), "x": x, "a": practice[rows], "b": rows})
    return "y ~ x + (1 | a/b)", "y ~ x + (1 | a/b)", frame


def _partially_nested(rng: Rng, traits: tuple[str, ...]) -> tuple[str, str, pd.DataFrame]:
    cohorts = int(rng.integers(4, 16))
    sizes = rng.integers(2, 6, cohorts)
    n_group = int(sizes.sum())
    n = n_group + int(rng.integers(8, 60))
    cohort = np.full(n, cohorts)
    cohort[:n_group] = np.repeat(np.arange(cohorts), sizes)
    patient = np.repeat(np.arange(n), rng.integers(1, 6) if rng.random() < 0.3 else rng.integers(1, 6, n))
    at = np.concatenate([np.arange(m) for m in np.unique(patient, return_counts=True)[1]]).astype(float)
    is_group = (patient < n_group).astype(float)
    own = rng.standard_normal((n, 2)) @ _covariance(rng, 2, traits).T
    shared = np.append(abs(_covariance(rng, 1, traits)[0, 0]) * rng.standard_normal(cohorts), 0.0)
    y = own[patient, 0] + own[patient, 1] * at / 3 + shared[cohort[patient]] - at + 0.3 * is_group
    frame = pd.DataFrame(
        {"y": y + _noise(rng, len(y), traits), "time": _time(rng, at, traits), "g": patient, "arm": is_group}
    ).assign(cohort=cohort[patient])
    formula = "y ~ time*arm + (1 + time | g) + (0 + arm | cohort)"
    return formula, formula, frame


def _unstructured(rng: Rng, traits: tuple[str, ...]) -> tuple[str, str, pd.DataFrame]:
    n, visits = int(rng.integers(10, 60)), int(rng.integers(2, 6))
    patient, visit = np.repeat(np.arange(n), visits), np.tile(np.arange(visits), n)
    factor = np.tril(rng.standard_normal((visits, visits)))
    if "correlated" in traits:
        factor = np.ones((visits, 1)) * rng.uniform(1, 3) @ np.eye(1, visits) + 0.05 * factor
    np.fill_diagonal(factor, np.abs(np.diag(factor)) + (1e-3 if "singular" in traits else 0.3))
    y = (rng.standard_normal((n, visits)) @ factor.T).ravel() + visit
    arm = rng.integers(0, 2, n)[patient].astype(float)
    frame = pd.DataFrame({"y": y, "visit": [f"v{v}" for v in visit], "arm": arm, "g": patient})
    return "y ~ visit*arm + us(visit | g)", "y ~ visit*arm", frame


FAMILIES: dict[str, Callable[[Rng, tuple[str, ...]], tuple[str, str, pd.DataFrame]]] = {
    "correlated slope": lambda rng, traits: _slopes(rng, traits, "(1 + time | g)"),
    "uncorrelated slope": lambda rng, traits: _slopes(rng, traits, "(1 + time || g)"),
    "intercept": lambda rng, traits: _slopes(rng, traits, "(1 | g)"),
    "crossed": _crossed,
    "nested": _nested,
    "partially nested": _partially_nested,
    "unstructured": _unstructured,
}
