"""One level of random effects integrated out, with first and second derivatives.

Write V = R + Z g Z' for one level, K = Z'R^-1 Z and L = Z'R^-1 [U W], where U are the columns of the levels above and
W = [X y]. Then with N = (I + K g)^-1 L, H = (I + K g)^-1 K and Y = g N

    [U W]'V^-1 [U W] = [U W]'R^-1 [U W] - L'Y            log|V| = log|R| + log|I + K g|

and the derivatives along a direction of g, or along a parameter of R that K and L carry as K1, L1, K2, L2, are products of
these small matrices. What stands in the rows of U is handed to the block of the level above (`Message`), the part in W is
summed over all blocks (`Sums`). Every direction is linear: second derivatives leave out the curvature of V itself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(slots=True)
class Sums:
    """log|V| and W'V^-1 W (k, k) with derivatives along d directions; second ones along the first m of them."""

    logdet: float
    s: Array  # (k, k)
    logdet1: Array  # (d,)
    s1: Array  # (d, k, k)
    logdet2: Array  # (m, m)
    s2: Array  # (m, m, k, k)

    @classmethod
    def zeros(cls, d: int, m: int, k: int) -> "Sums":
        return cls(0.0, np.zeros((k, k)), np.zeros(d), np.zeros((d, k, k)), np.zeros((m, m)), np.zeros((m, m, k, k)))


@dataclass(slots=True)
class Message:
    """What the blocks below hand up: rows U of [U W]'V^-1 [U W] per block, with derivatives along `first` and `second`."""

    first: list[int]  # directions of m1; the first len(second) of them are `second`
    second: list[int]
    m0: Array  # (b, u, c)
    m1: Array  # (b, i, u, c)
    m2: Array  # (b, i, j, u, c)

    @classmethod
    def zeros(cls, first: list[int], second: list[int], b: int, u: int, c: int, order: int) -> "Message":
        i, j = (len(first) if order else 0), (len(second) if order > 1 else 0)
        return cls(first, second, np.zeros((b, u, c)), np.zeros((b, i, u, c)), np.zeros((b, j, j, u, c)))


@dataclass(frozen=True, slots=True)
class Slots:
    """Where a chunk of blocks sends its rows: the first `n` blocks have parents, in runs that begin at `starts`."""

    n: int
    starts: NDArray[np.intp]
    parents: NDArray[np.intp]

    @classmethod
    def of(cls, parent: NDArray[np.intp]) -> "Slots":
        n = int((parent >= 0).sum())
        starts = np.flatnonzero(np.r_[True, parent[1:n] != parent[: n - 1]]) if n else np.empty(0, dtype=np.intp)
        return cls(n, starts, parent[starts])


def _summed(x: Array, y: Array, u: int) -> Array:
    """Sum over blocks of x_i'y_j in the columns W: (b, i, q, c), (b, j, q, c) -> (i, j, k, k)."""
    b, i, q, c = x.shape
    j, k = y.shape[1], c - u
    left = x[..., u:].transpose(1, 3, 0, 2).reshape(i * k, b * q)
    right = y[..., u:].transpose(0, 2, 1, 3).reshape(b * q, j * k)
    return (left @ right).reshape(i, k, j, k).transpose(0, 2, 1, 3)


def _handed(x: Array, y: Array, u: int, slots: Slots) -> Array:
    """Sum over the blocks of one parent of x_i'y_j in the rows U: -> (parents, i, j, u, c)."""
    n = slots.n
    _, i, q, c = x.shape
    j = y.shape[1]
    left = x[:n, :, :, :u].transpose(0, 1, 3, 2).reshape(n, i * u, q)
    right = y[:n].transpose(0, 2, 1, 3).reshape(n, q, j * c)
    product = (left @ right).reshape(n, i, u, j, c).transpose(0, 1, 3, 2, 4)
    return np.add.reduceat(product, slots.starts, axis=0) if n > len(slots.starts) else product


class Emitter:
    """Adds products of block matrices to the sums and to the message of one chunk of blocks."""

    def __init__(self, sums: Sums, message: Message | None, slots: Slots, u: int) -> None:
        self.sums, self.u, self.slots = sums, u, slots
        self.message = message if message is not None and slots.n and u else None

    def value(self, x: Array, y: Array, sign: float) -> None:
        x, y = x[:, None], y[:, None]
        self.sums.s += sign * _summed(x, y, self.u)[0, 0]
        if self.message is not None:
            self.message.m0[self.slots.parents] += sign * _handed(x, y, self.u, self.slots)[:, 0, 0]

    def first(self, to: list[int], x: Array, y: Array, sign: float) -> None:
        """x (b, 1 or i, q, c) with y (b, i or 1, q, c): one derivative for each of `to`."""
        size = len(to)
        self.sums.s1[to] += sign * _summed(x, y, self.u).reshape(size, *self.sums.s.shape)
        if self.message is not None:
            at = [self.message.first.index(t) for t in to]
            part = _handed(x, y, self.u, self.slots)
            part = part.reshape(len(part), size, *part.shape[3:])
            self.message.m1[np.ix_(self.slots.parents, at)] += sign * part

    def second(self, rows: list[int], columns: list[int], x: Array, y: Array, sign: float, *, mirrored: bool = True) -> None:
        """x_i'y_j at (i, j), and also at (j, i) when mirrored."""
        part = sign * _summed(x, y, self.u)
        self.sums.s2[np.ix_(rows, columns)] += part
        if mirrored:
            self.sums.s2[np.ix_(columns, rows)] += part.transpose(1, 0, 2, 3)
        if self.message is None:
            return
        i, j = ([self.message.second.index(t) for t in side] for side in (rows, columns))
        handed = sign * _handed(x, y, self.u, self.slots)
        self.message.m2[np.ix_(self.slots.parents, i, j)] += handed
        if mirrored:
            self.message.m2[np.ix_(self.slots.parents, j, i)] += handed.transpose(0, 2, 1, 3, 4)


def own_derivatives(
    emit: Emitter, own: list[int], n_second: int, directions: Array, h: Array, n: Array, order: int
) -> Array:
    """Derivatives along directions of the level's own covariance: directions (i, q, q) or (b, i, q, q).

    Returns direction_i N (b, i, q, c), which mixed derivatives with inherited parameters need.
    """
    sums = emit.sums
    if directions.ndim == 3:
        i, q, _ = directions.shape
        gn = (directions.reshape(i * q, q) @ n).reshape(len(n), i, q, n.shape[2])
        sums.logdet1[own] += directions.reshape(i, q * q) @ h.sum(axis=0).reshape(q * q)
    else:
        gn = directions @ n[:, None]
        sums.logdet1[own] += np.einsum("bipq,bpq->i", directions, h)
    emit.first(own, n[:, None], gn, -1.0)
    if order > 1:
        natural = own[:n_second]
        hg = h[:, None] @ (directions[None, :n_second] if directions.ndim == 3 else directions[:, :n_second])
        swapped = hg.transpose(1, 0, 3, 2).reshape(n_second, -1)
        sums.logdet2[np.ix_(natural, natural)] -= hg.transpose(1, 0, 2, 3).reshape(n_second, -1) @ swapped.T
        emit.second(natural, natural, gn[:, :n_second], h[:, None] @ gn[:, :n_second], 1.0)
    return gn


def inverse_and_logdet(a: Array) -> tuple[Array, float, bool]:
    """Inverses (b, q, q) and summed log-determinant of a stack; False when a determinant is not positive."""
    q = a.shape[-1]
    if q == 1:
        det = a[:, 0, 0]
        inverse = 1.0 / np.where(det > 0, det, 1.0)[:, None, None]
    elif q == 2:
        det = a[:, 0, 0] * a[:, 1, 1] - a[:, 0, 1] * a[:, 1, 0]
        inverse = np.empty_like(a)
        inverse[:, 0, 0], inverse[:, 1, 1] = a[:, 1, 1], a[:, 0, 0]
        inverse[:, 0, 1], inverse[:, 1, 0] = -a[:, 0, 1], -a[:, 1, 0]
        inverse /= np.where(det > 0, det, 1.0)[:, None, None]
    else:
        sign, logs = np.linalg.slogdet(a)
        good = bool((sign > 0).all())
        return (np.linalg.inv(a) if good else a), float(logs.sum()), good
    good = bool((det > 0).all())
    return inverse, float(np.log(det).sum()) if good else np.inf, good


@dataclass(frozen=True, slots=True)
class Block:
    """The blocks of one level: cross-products with their inherited derivatives."""

    k0: Array  # (b, q, q)
    l0: Array  # (b, q, c)
    first: list[int]
    second: list[int]
    k1: Array  # (b, i, q, q)
    l1: Array  # (b, i, q, c)
    k2: Array  # (b, i, j, q, q)
    l2: Array  # (b, i, j, q, c)

    def chunk(self, rows: slice) -> "Block":
        parts = (a[rows] for a in (self.k1, self.l1, self.k2, self.l2))
        return Block(self.k0[rows], self.l0[rows], self.first, self.second, *parts)


def eliminate(emit: Emitter, block: Block, g: Array, own: list[int], directions: Array, order: int) -> bool:
    """Integrate one level out of a chunk of blocks; False when V is not positive definite there."""
    q = g.shape[0]
    f, logdet, good = inverse_and_logdet(np.eye(q) + block.k0 @ g)
    if not good:
        return False
    n = f @ block.l0
    y = g @ n
    emit.sums.logdet += logdet
    emit.value(block.l0, y, -1.0)
    if order == 0:
        return True
    h = f @ block.k0
    h = (h + h.transpose(0, 2, 1)) / 2
    gn = own_derivatives(emit, own, len(own), directions, h, n, order)
    if block.first:
        _inherited(emit, block, g, f, y, own, directions, gn, order)
    return True


def _inherited(
    emit: Emitter, block: Block, g: Array, f: Array, y: Array, own: list[int], directions: Array, gn: Array, order: int
) -> None:
    """Derivatives along parameters of the levels below, and mixed ones."""
    sums, first, second = emit.sums, block.first, block.second
    b = g @ f
    e = block.l1 - block.k1 @ y[:, None]
    sums.logdet1[first] += np.einsum("bpq,bipq->i", b, block.k1)
    emit.first(first, e, y[:, None], -1.0)
    emit.first(first, y[:, None], block.l1, -1.0)
    if order < 2 or not second:
        return
    m = len(second)
    size, q, c = y.shape
    e, k1 = e[:, :m], block.k1[:, :m]
    bk = b[:, None] @ k1
    grid = np.ix_(second, second)
    sums.logdet2[grid] += np.einsum("bpq,bijpq->ij", b, block.k2) - np.einsum("bipq,bjqp->ij", bk, bk)
    emit.second(second, second, e, b[:, None] @ e, -1.0)
    l2, k2 = block.l2.reshape(size, m * m, q, c), block.k2.reshape(size, m * m, q, q)
    pairs = [(i, j) for i in second for j in second]
    _second_flat(emit, pairs, l2 - k2 @ y[:, None], y[:, None])
    _second_flat(emit, pairs, y[:, None], l2)
    if own:
        fk = f[:, None] @ k1 @ f.transpose(0, 2, 1)[:, None]
        mixed = np.einsum("bjpq,iqp->ij", fk, directions)
        sums.logdet2[np.ix_(own, second)] += mixed
        sums.logdet2[np.ix_(second, own)] += mixed.T
        fe = f[:, None] @ e
        emit.second(own, second, gn, fe, -1.0)
        emit.second(second, own, fe, gn, -1.0)


def _second_flat(emit: Emitter, pairs: list[tuple[int, int]], x: Array, y: Array) -> None:
    """Products that already belong to one pair (i, j) each: subtracted there."""
    rows, columns = [p[0] for p in pairs], [p[1] for p in pairs]
    emit.sums.s2[rows, columns] -= _summed(x, y, emit.u).reshape(len(pairs), *emit.sums.s.shape)
    if emit.message is not None:
        i, j = ([emit.message.second.index(t) for t in side] for side in (rows, columns))
        part = _handed(x, y, emit.u, emit.slots)
        part = part.reshape(len(part), len(pairs), *part.shape[3:])
        m = int(len(pairs) ** 0.5)
        where = np.ix_(emit.slots.parents, i[::m], j[:m])
        emit.message.m2[where] -= part.reshape(len(part), m, m, *part.shape[2:])
