"""Why Kenward-Roger stands here without second derivatives of V: with them the answer depends on the parametrisation.

Paired scores under an unstructured matrix S, where the paired t-test is exact. The term -R_ij / 4 of equation (5) of
Kenward & Roger 1997, doi:10.2307/2533558, is 0 where S is linear in its parameters, and something else in each other
parametrisation of the same S, mmrm's among them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from kap_analysis.mixed.model import mixedlm

STEP = 1e-4
X = np.array([[1.0, 0.0], [1.0, 1.0]])  # one patient: a score before, a score after
Parametrisation = Callable[[np.ndarray], np.ndarray]


def elements(theta: np.ndarray) -> np.ndarray:
    return np.array([[theta[0], theta[1]], [theta[1], theta[2]]])


def cholesky_factor(theta: np.ndarray) -> np.ndarray:
    root = np.array([[theta[0], 0.0], [theta[1], theta[2]]])
    return root @ root.T


def log_deviations_and_factor(theta: np.ndarray) -> np.ndarray:
    """mmrm's: log standard deviations, and the factor of the correlation matrix with a diagonal of 1, rows scaled."""
    root = np.array([[1.0, 0.0], [theta[2], 1.0]])
    root /= np.linalg.norm(root, axis=1, keepdims=True)
    root = np.exp(theta[:2])[:, None] * root
    return root @ root.T


def at(matrix: np.ndarray) -> dict[str, tuple[Parametrisation, np.ndarray]]:
    """Three parametrisations of one matrix."""
    root, sd = np.linalg.cholesky(matrix), np.sqrt(np.diag(matrix))
    rho = matrix[0, 1] / sd.prod()
    return {
        "elements": (elements, matrix[np.tril_indices(2)]),
        "Cholesky factor": (cholesky_factor, root[np.tril_indices(2)]),
        "mmrm's": (log_deviations_and_factor, np.array([*np.log(sd), rho / np.sqrt(1 - rho**2)])),
    }


def slopes(sigma: Parametrisation, theta: np.ndarray) -> tuple[list[np.ndarray], list[list[np.ndarray]]]:
    """First and second derivatives of the matrix by central differences."""
    steps = np.eye(3) * STEP
    first = [(sigma(theta + e) - sigma(theta - e)) / (2 * STEP) for e in steps]
    second = [
        [
            (sigma(theta + e + f) - sigma(theta + e - f) - sigma(theta - e + f) + sigma(theta - e - f)) / (4 * STEP**2)
            for f in steps
        ]
        for e in steps
    ]
    return first, second


def adjusted_error(sigma: Parametrisation, theta: np.ndarray, n: int, second_derivatives: bool) -> float:
    """The standard error of the change by equation (5), for n patients with both scores."""
    first, second = slopes(sigma, theta)
    inverse = np.linalg.inv(sigma(theta))
    phi = np.linalg.inv(n * X.T @ inverse @ X)
    turned = [inverse @ one for one in first]
    information = np.array([[(n - 1) / 2 * np.trace(a @ b) for b in turned] for a in turned])
    w = np.linalg.inv(information)
    total = np.zeros((2, 2))
    for i in range(3):
        p_i = -n * X.T @ turned[i] @ inverse @ X
        for j in range(3):
            p_j = -n * X.T @ turned[j] @ inverse @ X
            q = n * X.T @ turned[i] @ turned[j] @ inverse @ X
            r = n * X.T @ inverse @ second[i][j] @ inverse @ X if second_derivatives else 0.0
            total += w[i, j] * (q - p_i @ phi @ p_j - r / 4)
    return float(np.sqrt((phi + 2 * phi @ total @ phi)[1, 1]))


@pytest.fixture(scope="module")
def pairs() -> np.ndarray:
    rng = np.random.default_rng(4)
    return 20 + 3 * rng.standard_normal((10, 1)) + rng.standard_normal((10, 2)) * [2.0, 3.0] - [0.0, 1.5]


def paired_error(pairs: np.ndarray) -> float:
    return float(stats.sem(pairs[:, 1] - pairs[:, 0]))


def test_without_second_derivatives_every_parametrisation_gives_the_paired_t_test(pairs: np.ndarray) -> None:
    for sigma, theta in at(np.cov(pairs.T)).values():
        assert sigma(theta) == pytest.approx(np.cov(pairs.T))
        assert adjusted_error(sigma, theta, len(pairs), False) == pytest.approx(paired_error(pairs), rel=1e-6)


def test_with_them_the_standard_error_shrinks_by_another_amount_in_each(pairs: np.ndarray) -> None:
    cases = at(np.cov(pairs.T))
    error = {name: adjusted_error(*case, len(pairs), True) / paired_error(pairs) for name, case in cases.items()}
    assert error["elements"] == pytest.approx(1.0, rel=1e-5)
    assert error["Cholesky factor"] < 0.99 and error["mmrm's"] < 0.99
    assert abs(error["Cholesky factor"] - error["mmrm's"]) > 0.005


def test_the_engine_gives_the_paired_t_test(pairs: np.ndarray) -> None:
    frame = pd.DataFrame({"score": pairs.ravel(), "patient": np.repeat(np.arange(10), 2), "visit": ["1", "2"] * 10})
    found = mixedlm("score ~ visit + us(visit | patient)", frame).fit().coefficients().iloc[1]
    known = stats.ttest_rel(pairs[:, 1], pairs[:, 0])
    assert found["std_error"] == pytest.approx(paired_error(pairs), rel=1e-6)
    assert (found["df"], found["p_value"]) == (pytest.approx(9, rel=1e-6), pytest.approx(known.pvalue, rel=1e-5))
