"""How well the covariance parameters are known, and what that adds to the covariance of the coefficients."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.design.design import Design
from kap_analysis.mixed.estimation.solution import Solution
from kap_analysis.mixed.likelihood.criterion import Criterion

Array = NDArray[np.float64]
KINDS = ("expected", "observed")
JOINT = "joint"


def usual_information(design: Design) -> str:
    """The kind that R's packages take: expected for models with bars (pbkrtest), observed for others (mmrm)."""
    return "expected" if design.bars else "observed"


def seen_information(solution: Solution, kind: str) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Information of the parameters as the user sees them, in the scale of the optimiser, for -log likelihood.

    Returns
    -------
    tuple
        The information (t, t), d elements / d parameters (m, t), and which parameters were not held by the user.
    """
    here = solution.criterion
    seen = solution.parameters.as_seen()
    phi = seen.from_elements(here.evaluation.eta)
    jacobian = seen.jacobian(phi)
    if kind == "expected":
        information = jacobian.T @ here.expected @ jacobian
    else:
        information = (jacobian.T @ here.hessian @ jacobian + seen.second_derivative(phi, here.gradient)) / 2
    return information, jacobian, ~solution.fixed


def element_covariance(solution: Solution, kind: str) -> Array:
    """Covariance of the elements of V (m, m), every variance and covariance kept, also one on the boundary."""
    information, jacobian, moved = seen_information(solution, kind)
    return spread(information[np.ix_(moved, moved)], jacobian[:, moved])


def interior_covariance(solution: Solution) -> Array:
    """Covariance of the elements by the observed information of the Cholesky factors, their zero diagonals held.

    Away from the boundary this is `element_covariance(solution, "observed")`.
    """
    if not solution.boundary:
        return element_covariance(solution, "observed")
    here, parameters = solution.criterion, solution.parameters
    jacobian = parameters.jacobian(solution.phi)
    information = (jacobian.T @ here.hessian @ jacobian + parameters.second_derivative(solution.phi, here.gradient)) / 2
    free = solution.free
    return spread(information[np.ix_(free, free)], jacobian[:, free])


def joint_addition(criterion: Criterion, w: Array) -> Array:
    """J W J' (p, p), inside scale, with J the derivatives of the coefficients along the elements of V.

    With W the inverse observed information of theta, the coefficients' block of the inverse of the observed information
    of coefficients and covariance parameters together is (X'V^-1 X)^-1 + J W J', for the likelihood and for the
    restricted one.
    """
    return np.asarray(criterion.beta_slope @ w @ criterion.beta_slope.T)


def spread(information: Array, jacobian: Array) -> Array:
    """J I^-1 J', without the directions in which the information is 0."""
    if not len(information):
        return np.zeros((len(jacobian), len(jacobian)))
    size = np.sqrt(np.maximum(np.abs(np.diag(information)), 1e-300))
    values, vectors = np.linalg.eigh(information / np.outer(size, size))
    known = values > 1e-10 * max(float(values.max()), 1e-300)
    root = (jacobian / size) @ (vectors[:, known] / np.sqrt(values[known]))
    return root @ root.T
