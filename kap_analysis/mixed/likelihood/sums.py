"""What a fit needs of a set of independent units at given covariance parameters, as sums that can be added.

A likelihood is a sum over independent units. So are log|V|, S = W'V^-1 W and all their derivatives: they are computed
where the data lie, and added. Of the second derivatives S_jk of S only what is asked for is kept, since all of them are
many: sum(Xi * S_jk) for Newton's step, sum(Phi * S_jk) for the expected information, and sum_jk w_jk S_jk for the
adjustment of Kenward and Roger, whose Q_ij are halves of S_ij.

Where a part has coefficients of its own (a practice its intercept), these are taken out where the data lie. With A, B
the blocks of S for the own columns and theirs by the others, T = (-A^-1 B, I), and v_j the own columns of T'S_j,

    S -> T'S T    S_j -> T'S_j T    S_jk -> T'S_jk T - v_j A^-1 v_k' - v_k A^-1 v_j'    log|V| -> log|V| + log|A|

are the sums of the other coefficients alone; V^-1 becomes P = V^-1 - V^-1 O A^-1 O'V^-1 for own columns O. Restricted
likelihood, generalised least squares and the formulas of Kenward and Roger hold for P as for V^-1.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.likelihood.evaluation import Evaluation, evaluate
from kap_analysis.mixed.likelihood.layout import Layout

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """What the second derivatives are multiplied with: k columns of W without the own ones, m elements of V.

    Attributes
    ----------
    xi : numpy.ndarray
        (k, k): c c' + Phi under REML, c = (-beta, 1).
    phi : numpy.ndarray
        (k, k): (X'V^-1 X)^-1, 0 in the column of y.
    w : numpy.ndarray
        (m, m): covariance of the elements of V.
    """

    xi: Array
    phi: Array
    w: Array

    @classmethod
    def nothing(cls, k: int, m: int) -> Asked:
        return cls(np.zeros((k, k)), np.zeros((k, k)), np.zeros((m, m)))


@dataclass(frozen=True, eq=False)
class Sums:
    """The sums over some independent units at one vector of elements; `+` joins those of different units.

    Attributes
    ----------
    eta : numpy.ndarray
        (m,): the elements of V.
    asked : Asked
        What the second derivatives were multiplied with.
    n, log_weights, logdet : float
        Rows, the sum of their log weights, and log|V|.
    s : numpy.ndarray
        (k, k): W'V^-1 W.
    logdet1, s1 : numpy.ndarray
        (m,) and (m, k, k): first derivatives.
    logdet2_curved, logdet2_flat : numpy.ndarray
        (m, m): second derivatives of log|V|, with and without what the second derivatives of V add.
    by_xi, by_phi : numpy.ndarray
        (m, m): sum(Xi * S_jk), and sum(Phi * S_jk) without the second derivatives of V.
    by_w : numpy.ndarray
        (k, k): sum_jk w_jk S_jk.
    """

    eta: Array
    asked: Asked
    n: float
    log_weights: float
    logdet: float
    s: Array
    logdet1: Array
    s1: Array
    logdet2_curved: Array
    logdet2_flat: Array
    by_xi: Array
    by_phi: Array
    by_w: Array

    def __add__(self, other: Sums) -> Sums:
        mine, theirs = (np.concatenate([one.eta, *map(np.ravel, _asked(one))]) for one in (self, other))
        if not np.array_equal(mine, theirs):
            raise MixedModelError("Sums at different covariance parameters were added; compute both at the same ones.")
        added = [getattr(self, name) + getattr(other, name) for name in _ADDED]
        return Sums(self.eta, self.asked, *added)

    # What `Criterion` asks of an evaluation

    def first(self) -> tuple[Array, Array]:
        """Derivatives of log|V| (m,) and of S (m, k, k)."""
        return self.logdet1, self.s1

    def logdet2(self, curved: bool = True) -> Array:
        """Second derivatives of log|V| (m, m)."""
        return self.logdet2_curved if curved else self.logdet2_flat

    def second(self, xi: Array, curved: bool = True) -> Array:
        """sum(Xi * S_jk) for the Xi, or the Phi, that was asked for: `off` says how far that is from `xi`."""
        return self.by_xi if curved else self.by_phi

    def weighted(self, w: Array) -> Array:
        """sum_jk w_jk S_jk for the w that was asked for."""
        return self.by_w

    # As one row of numbers

    def numbers(self) -> Array:
        """All sums in one row; of symmetric matrices the lower triangle."""
        return np.concatenate([np.ravel(packed(getattr(self, name))) for name in _ADDED])

    @classmethod
    def of_numbers(cls, eta: Array, asked: Asked, numbers: Array) -> Sums:
        """The sums from their row of numbers."""
        m, k = len(eta), len(asked.xi)
        shapes = [(), (), (), (k, k), (m,), (m, k, k), *[(m, m)] * 4, (k, k)]
        sizes = [packed(np.zeros(shape)).size for shape in shapes]
        if len(numbers) != sum(sizes):
            raise MixedModelError(
                f"Sums of {m} elements and {k} columns are {sum(sizes)} numbers; found {len(numbers)}."
            )
        parts = np.split(numbers, np.cumsum(sizes)[:-1])
        return cls(eta, asked, *(unpacked(part, shape) for part, shape in zip(parts, shapes, strict=True)))


_ADDED = tuple(field.name for field in fields(Sums) if field.name not in ("eta", "asked"))


def _asked(sums: Sums) -> tuple[Array, Array, Array]:
    return sums.asked.xi, sums.asked.phi, sums.asked.w


def packed(value: Array | float) -> Array:
    """Symmetric matrices (..., a, a) as their lower triangles; rows and numbers as one row."""
    array = np.asarray(value, dtype=float)
    return array[(..., *np.tril_indices(array.shape[-1]))] if array.ndim > 1 else array


def unpacked(numbers: Array, shape: tuple[int, ...]) -> Any:
    """A number, a row, or symmetric matrices, from what `packed` made of them."""
    if not shape:
        return float(numbers[0])
    if len(shape) == 1:
        return numbers
    rows, columns = np.tril_indices(shape[-1])
    out = np.zeros(shape)
    out[..., rows, columns] = out[..., columns, rows] = numbers.reshape(*shape[:-2], len(rows))
    return out


def sums_at(layout: Layout, eta: Array, asked: Asked, *, own: int = 0) -> Sums | None:
    """The sums of the units of a layout; None where a V is not positive definite.

    Parameters
    ----------
    layout : Layout
        The units.
    eta : numpy.ndarray
        (m,): the elements of V, as the likelihood works on them.
    asked : Asked
        Of the columns of W beyond the own ones.
    own : int
        How many of the first columns belong to these units alone; they are taken out (under REML).
    """
    evaluation = evaluate(layout, eta)
    if evaluation is None:
        return None
    return _summed(layout, evaluation, asked, own)


def _summed(layout: Layout, evaluation: Evaluation, asked: Asked, own: int) -> Sums:
    s = evaluation.s
    inverse = np.linalg.inv(s[:own, :own])
    t = np.vstack([-inverse @ s[:own, own:], np.eye(len(s) - own)])
    corner = np.zeros_like(s)
    corner[:own, :own] = inverse
    logdet1, s1 = evaluation.first()
    v = t.T @ s1[:, :, :own]  # (m, k, own)
    va = v @ inverse
    owns = inverse @ s1[:, :own, :own]
    twice = np.einsum("jab,kba->jk", owns, owns)

    def by(matrix: Array, curved: bool) -> Array:
        cross = 2 * np.einsum("jao,ab,kbo->jk", va, matrix, v, optimize=True)
        return evaluation.second(t @ matrix @ t.T, curved) - (cross + cross.T) / 2

    shared = np.einsum("jk,jao,kbo->ab", asked.w, va, v, optimize=True)
    constant = own * (np.log(2 * np.pi) + 2 * np.log(layout.scaling.scale))  # as `criterion_of` counts the others
    return Sums(
        eta=evaluation.eta,
        asked=asked,
        n=float(layout.n),
        log_weights=layout.scaling.log_weights,
        logdet=evaluation.logdet - np.linalg.slogdet(inverse)[1] - constant,
        s=_symmetric(t.T @ s @ t),
        logdet1=logdet1 + np.einsum("joo->j", owns),
        s1=_symmetric(t.T @ s1 @ t),
        logdet2_curved=_symmetric(evaluation.logdet2() + evaluation.second(corner) - twice),
        logdet2_flat=_symmetric(evaluation.logdet2(False) + evaluation.second(corner, False) - twice),
        by_xi=_symmetric(by(asked.xi, True)),
        by_phi=_symmetric(by(asked.phi, False)),
        by_w=_symmetric(t.T @ evaluation.weighted(asked.w) @ t - 2 * shared),
    )


def _symmetric(matrices: Array) -> Array:
    return np.asarray(matrices + matrices.swapaxes(-1, -2)) / 2
