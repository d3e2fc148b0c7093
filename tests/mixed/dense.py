"""Mixed models written out with dense matrices: slow, plain, and the oracle for what no other software computes.

The covariance of all scores is ``V = sum_k theta_k V_k`` with known matrices ``V_k`` (every variance and covariance
enters linearly), or any function of the parameters for the criterion and its complex-step derivatives. Nothing here is
shared with the engine. Kenward & Roger 1997, doi:10.2307/2533558, equation numbers as there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg, optimize
from scipy.special import fdtrc, stdtr

STEP = 1e-30


def log_determinant(matrix: np.ndarray) -> complex:
    """log|matrix| for a matrix whose determinant has a positive real part, complex steps included."""
    diagonal = np.diag(linalg.lu_factor(matrix)[0])
    return np.sum(np.log(diagonal * np.sign(diagonal.real)))


def criterion(v: np.ndarray, x: np.ndarray, y: np.ndarray, reml: bool = True) -> complex:
    """-2 log (restricted) likelihood of ``y ~ N(x b, v)`` with b at its maximum."""
    n, p = x.shape
    xv = np.linalg.solve(v, x).T
    information = xv @ x
    beta = np.linalg.solve(information, xv @ y)
    residual = y - x @ beta
    value = log_determinant(v) + residual @ np.linalg.solve(v, residual) + n * np.log(2 * np.pi)
    if reml:
        value = value + log_determinant(information) - p * np.log(2 * np.pi)
    return value


def complex_gradient(function: Callable[[np.ndarray], complex], theta: np.ndarray) -> np.ndarray:
    """The derivatives of an analytic function, exact to rounding."""
    steps = np.eye(len(theta)) * STEP * 1j
    return np.array([np.imag(function(theta + step)) / STEP for step in steps])


def bar_pieces(columns: np.ndarray, group: Sequence[object]) -> list[np.ndarray]:
    """The matrices of ``(columns | group)``: one per variance and covariance, lower triangle by rows."""
    columns = np.atleast_2d(np.asarray(columns, float).T).T
    labels = np.asarray(group, dtype=object)
    same = (labels[:, None] == labels[None, :]).astype(float)
    pieces = []
    for i in range(columns.shape[1]):
        for j in range(i + 1):
            outer = np.outer(columns[:, i], columns[:, j])
            pieces.append(same * (outer if i == j else outer + outer.T))
    return pieces


def unstructured_pieces(
    visit: Sequence[object], patient: Sequence[object], by: Sequence[object] | None = None
) -> list[np.ndarray]:
    """The matrices of ``us(visit | patient)``, one set per level of ``by``: lower triangle by rows, levels sorted."""
    visit, by = np.asarray(visit), np.zeros(len(visit)) if by is None else np.asarray(by)
    pieces = []
    for level in sorted(set(by)):
        inside = (by == level).astype(float)
        pieces += bar_pieces((visit[:, None] == np.unique(visit)[None, :]) * inside[:, None], patient)
    return pieces


def residual_pieces(n: int, by: Sequence[object] | None = None, weights: np.ndarray | None = None) -> list[np.ndarray]:
    """The residual variance, one per level of ``by`` (sorted), divided by the weights."""
    weights = np.ones(n) if weights is None else np.asarray(weights, float)
    if by is None:
        return [np.diag(1 / weights)]
    by = np.asarray(by)
    return [np.diag((by == level) / weights) for level in sorted(set(by))]


@dataclass(frozen=True)
class DenseTest:
    """A test of ``L b = 0``: statistic (t for one row, else F), both df, p, and the scaling of F."""

    statistic: float
    df1: int
    df2: float
    p_value: float
    scaling: float


@dataclass(frozen=True)
class DenseFit:
    """A fit: parameters (k), coefficients (p), their covariance (p, p), and the matrices that inference needs."""

    theta: np.ndarray
    criterion: float
    beta: np.ndarray
    covariance: np.ndarray
    pieces: list[np.ndarray]
    x: np.ndarray
    y: np.ndarray
    reml: bool

    @cached_property
    def v(self) -> np.ndarray:
        return np.tensordot(self.theta, np.array(self.pieces), axes=1)

    @cached_property
    def inverse(self) -> np.ndarray:
        return np.linalg.inv(self.v)

    @cached_property
    def informations(self) -> dict[str, np.ndarray]:
        """Expected and observed information of theta under REML."""
        w = self.inverse
        p = w - w @ self.x @ self.covariance @ self.x.T @ w
        products = [p @ piece for piece in self.pieces]
        expected = 0.5 * np.array([[np.sum(a * b.T) for b in products] for a in products])
        vectors = [piece @ (p @ self.y) for piece in self.pieces]
        observed = np.array([[a @ p @ b for b in vectors] for a in vectors]) - expected
        return {"expected": expected, "observed": observed}

    def information(self, kind: str) -> np.ndarray:
        return self.informations[kind]

    def kenward_roger_parts(self, kind: str) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
        """The adjusted covariance, the P_i of equation (3), and W, the inverse information."""
        w = np.linalg.inv(self.information(kind))
        vx = np.linalg.solve(self.v, self.x)
        first = [-vx.T @ piece @ vx for piece in self.pieces]
        left = [vx.T @ piece for piece in self.pieces]
        middle = [one @ self.inverse for one in left]
        total = np.zeros_like(self.covariance)
        for i, a in enumerate(middle):
            for j, b in enumerate(left):
                total += w[i, j] * (a @ b.T - first[i] @ self.covariance @ first[j])
        return self.covariance + 2 * self.covariance @ total @ self.covariance, first, w

    def satterthwaite_df(self, row: np.ndarray, kind: str = "observed") -> float:
        """2 var^2 / (g' W g) for one row of L."""
        vx = np.linalg.solve(self.v, self.x)
        side = vx @ self.covariance @ row
        gradient = np.array([side @ piece @ side for piece in self.pieces])
        w = np.linalg.inv(self.information(kind))
        return float(2 * (row @ self.covariance @ row) ** 2 / (gradient @ w @ gradient))

    def kenward_roger(self, rows: np.ndarray, kind: str = "expected") -> DenseTest:
        """The scaled F test of 1997 for any L of full row rank."""
        rows = np.atleast_2d(rows)
        q = rows.shape[0]
        adjusted, first, w = self.kenward_roger_parts(kind)
        phi = self.covariance
        theta = rows.T @ np.linalg.solve(rows @ phi @ rows.T, rows)
        products = [theta @ phi @ piece @ phi for piece in first]
        traces = np.array([np.trace(product) for product in products])
        a1 = traces @ w @ traces
        a2 = sum(w[i, j] * np.sum(a * b.T) for i, a in enumerate(products) for j, b in enumerate(products))
        df2, scaling = f_scaling(float(a1), float(a2), q)
        effect = rows @ self.beta
        f = scaling / q * float(effect @ np.linalg.solve(rows @ adjusted @ rows.T, effect))
        if q == 1:
            t = float(np.sign(effect[0]) * np.sqrt(f))
            return DenseTest(t, 1, df2, float(2 * stdtr(df2, -abs(t))), scaling)
        return DenseTest(f, q, df2, float(fdtrc(q, df2, f)), scaling)


def f_scaling(a1: float, a2: float, q: int) -> tuple[float, float]:
    """Denominator df and scaling of F, section 2.4 with the modified moments of section 3."""
    b = (a1 + 6 * a2) / (2 * q)
    g = ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2)
    bottom = 3 * q + 2 * (1 - g)
    c1, c2, c3 = g / bottom, (q - g) / bottom, (q + 2 - g) / bottom
    mean = 1 / (1 - a2 / q)
    variance = 2 / q * (1 + c1 * b) / ((1 - c2 * b) ** 2 * (1 - c3 * b))
    rho = variance / (2 * mean**2)
    df2 = 4 + (q + 2) / (q * rho - 1)
    return df2, df2 / (mean * (df2 - 2))


def evaluate_dense(
    pieces: list[np.ndarray], theta: np.ndarray, x: np.ndarray, y: np.ndarray, reml: bool = True
) -> DenseFit:
    """Everything at given parameters."""
    theta = np.asarray(theta, float)
    v = np.tensordot(theta, np.array(pieces), axes=1)
    xv = np.linalg.solve(v, x).T
    covariance = np.linalg.inv(xv @ x)
    value = float(np.real(criterion(v, x, y, reml)))
    return DenseFit(theta, value, covariance @ (xv @ y), covariance, pieces, x, y, reml)


def fit_dense(pieces: list[np.ndarray], start: np.ndarray, x: np.ndarray, y: np.ndarray, reml: bool = True) -> DenseFit:
    """The minimum inside the parameter space: Newton steps with the observed information, halved if they fail."""
    stack = np.array(pieces)

    def value(theta: np.ndarray) -> float:
        v = np.tensordot(theta, stack, axes=1)
        try:
            np.linalg.cholesky(v)
        except np.linalg.LinAlgError:
            return np.inf
        return float(np.real(criterion(v, x, y, reml)))

    def slope(theta: np.ndarray) -> np.ndarray:
        v = np.tensordot(theta, stack, axes=1)
        w = np.linalg.inv(v)
        phi = np.linalg.inv(x.T @ w @ x)
        p = w - w @ x @ phi @ x.T @ w
        py = p @ y
        inner = p if reml else w
        return np.array([np.sum(inner * piece) - py @ piece @ py for piece in pieces])

    found = optimize.minimize(
        value, np.asarray(start, float), jac=slope, method="BFGS", options={"gtol": 1e-7, "maxiter": 500}
    )
    theta, best = found.x, found.fun
    for _ in range(20):
        fit = evaluate_dense(pieces, theta, x, y, reml)
        gradient = slope(theta)
        step = np.linalg.solve(fit.information("observed") if reml else fit.information("expected"), gradient / 2)
        scale = 1.0
        while value(theta - scale * step) > best + 1e-12 and scale > 1e-6:
            scale /= 2
        theta, best = theta - scale * step, value(theta - scale * step)
        if np.max(np.abs(scale * step)) < 1e-9:
            break
    return evaluate_dense(pieces, theta, x, y, reml)
