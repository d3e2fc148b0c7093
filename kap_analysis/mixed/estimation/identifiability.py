"""Covariance parameters about which the data say nothing, or which they cannot tell apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.estimation.newton import Search
from kap_analysis.mixed.estimation.parameters import Parameters
from kap_analysis.mixed.likelihood.criterion import Criterion

Array = NDArray[np.float64]
#: Information on the logarithm of a residual variance: half the number of rows that tell it, 0 where none does.
NO_RESIDUAL = 1e-5


def check_identified(search: Search, phi: Array) -> None:
    """An error that names the terms, where the expected information at `phi` is singular."""
    here = search.at(phi)
    if here is not None and not search.fixed.all():
        check_information(search.parameters, ~search.fixed, here)


def check_information(parameters: Parameters, free: NDArray[np.bool_], here: Criterion) -> None:
    """The same of a criterion, for the parameters that are free."""
    found = unidentified(parameters, free, here)
    if found is not None:
        raise MixedModelError(found)


def unidentified(parameters: Parameters, free: NDArray[np.bool_], here: Criterion) -> str | None:
    """A sentence that names the terms where the expected information is singular; None where it is not."""
    seen = parameters.as_seen()
    jacobian = seen.jacobian(seen.from_elements(here.evaluation.eta))[:, free]
    expected = jacobian.T @ here.expected @ jacobian
    names = [name for name, moves in zip(parameters.names, free, strict=True) if moves]
    texts = [text for text, moves in zip(_texts(parameters), free, strict=True) if moves]
    size = np.sqrt(np.abs(np.diag(expected)))
    for i in np.flatnonzero(~(size > 1e-7 * max(size.max(), 1e-300))):
        return (
            f"The data say nothing about {names[i]} of {texts[i]}: no rows show it once the fixed part is taken off. "
            "Leave the term out, or make its covariance simpler."
        )
    values, vectors = np.linalg.eigh(expected / np.outer(size, size))
    if values[0] < 1e-9:
        share = np.abs(vectors[:, 0])
        # Equal shares, which differ by rounding, stand in the order of the formula.
        guilty = sorted(np.flatnonzero(share > 0.1), key=lambda i: (-share[i].round(6), i))
        terms = list(dict.fromkeys(texts[i] for i in guilty))
        inside = " and ".join(names[i] for i in guilty[:3])
        what = " and ".join(terms[:3]) if len(terms) > 1 else f"{inside} of {terms[0]}"
        return f"The data cannot tell apart {what}: the same covariance is named twice. Leave one out."
    return None


def check_residual(search: Search, here: Criterion) -> None:
    """An error where the random effects fit every row, and the residual variance falls to 0 without a minimum.

    The criterion then hardly depends on it, and its digits are lost on the way: V^-1 is a difference of numbers of
    the size of one over that variance.
    """
    for part, at in search.parameters:
        if part.is_bar or part.size > 1 or search.fixed[at].any():
            continue
        variance = here.evaluation.eta[part.elements]
        if (np.diag(here.expected)[part.elements] * variance**2 < NO_RESIDUAL).any():
            where = f" in {part.stratum}" if part.stratum else ""
            raise MixedModelError(
                f"The random effects fit every row{where}, so that the residual variance falls to 0 and the likelihood "
                "has no maximum. Leave out a random effect: too few groups have more rows than the effects need."
            )


def _texts(parameters: Parameters) -> list[str]:
    """The term of each parameter."""
    return [
        part.text + (f" in {part.stratum}" if part.stratum else "") for part in parameters.parts for _ in part.names
    ]
