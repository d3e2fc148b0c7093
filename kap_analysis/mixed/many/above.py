"""The random effects above the subjects of each data set: `upper_sums.py` for one grouping and many elements.

Every array has the data sets d first, then the C groups; a group without a subject in a data set adds nothing there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.many.small_matrices import inverses
from kap_analysis.mixed.many.sums import BatchSums, ManySums
from kap_analysis.mixed.many.values import Values

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def given(sums: BatchSums, omega: Array, plain: Array) -> tuple[Array, Array]:
    """What subjects with Omega (d, j, P, r, r) and s (d, j) give to U'D^-1 U (d, j, C, u, u), U'D^-1 W (d, j, C, u, k).

    Derivatives of Omega and s give those of both.
    """
    links, own = sums.batch.links, sums.links
    assert links is not None and own is not None
    d, j, n, r, _ = omega.shape
    u, groups = links.u, own.n.shape[-1]
    turned = links.du.swapaxes(-1, -2) @ omega  # (d, j, P, u, r)
    cells = turned @ links.du + plain[:, :, None, None, None] * links.uu
    a = cells.transpose(0, 1, 3, 4, 2).reshape(d, j * u * u, n) @ own.n
    b = turned.transpose(0, 1, 3, 2, 4).reshape(d, j * u, n * r) @ own.w
    b = b.reshape(d, j, u, groups, -1)
    if plain.any():
        b = b + plain[:, :, None, None, None] * own.uw.reshape(d, 1, u, groups, -1)
    return a.reshape(d, j, u, u, groups).transpose(0, 1, 4, 2, 3), b.transpose(0, 1, 3, 2, 4)


@dataclass
class Above:
    """The effects at the elements of each data set, with A = U'D^-1 U and B = U'D^-1 W.

    F = (I + A G)^-1, M = G F, H = F A, N = F B, Y = M B.
    """

    own: list[int]  # the elements of G
    directions: Array  # (o, q, q)
    good: Mask
    logdet: Array  # (d,)
    b: Array  # (d, C, q, k)
    g: Array  # (d, 1, q, q)
    f: Array  # (d, C, q, q)
    m: Array
    h: Array
    n: Array  # (d, C, q, k)
    y: Array

    @cached_property
    def s(self) -> Array:
        """B'M B (d, k, k), which the effects take off W'D^-1 W."""
        return group_products(self.b[:, None], self.y[:, None])[:, 0]

    @cached_property
    def gn(self) -> Array:
        """G_j N (d, o, C, q, k)."""
        return small_product(self.directions[:, None], self.n[:, None])

    @cached_property
    def first(self) -> tuple[Array, Array]:
        """Derivatives along the elements of G of log|V| (d, o) and of S (d, o, k, k)."""
        traces = np.einsum("jab,dab->dj", self.directions, self.h.sum(axis=1))
        return traces, -group_products(self.n[:, None], self.gn)

    def slopes(self, e: Array, a1: Array) -> Slopes:
        return Slopes(self, e, a1)


@dataclass
class Slopes:
    """How A and E move along the elements below: e (d, low, C, q, k) and A_j (d, low, C, q, q)."""

    above: Above
    e: Array
    a1: Array

    @cached_property
    def logdet2(self) -> tuple[Array, Array, Array]:
        """Second derivatives of log|I + A G|: low by low, own by own, own by low."""
        up = self.above
        fa = small_product(up.f[:, None], self.a1)
        ma = small_product(up.g[:, None], fa)
        gh = small_product(up.directions[:, None], up.h[:, None])
        faf = small_product(fa, up.f[:, None].swapaxes(-1, -2)).sum(axis=2)
        return -pair_traces(ma, ma), -pair_traces(gh, gh), np.einsum("oab,dkba->dok", up.directions, faf)

    def second(self, xi: Array) -> tuple[Array, Array, Array]:
        """sum(Xi * S_jk) for Xi (d, k, k)."""
        up = self.above
        lows = -2 * pair_sums(on_columns(self.e, xi), small_product(up.m[:, None], self.e))
        gnx = on_columns(up.gn, xi)
        owns = 2 * pair_sums(gnx, small_product(up.h[:, None], up.gn))
        across = -2 * pair_sums(small_product(up.f[:, None].swapaxes(-1, -2), gnx), self.e)
        return (lows + lows.swapaxes(1, 2)) / 2, (owns + owns.swapaxes(1, 2)) / 2, across

    def weighted(self, low: Array, own: Array, across: Array) -> Array:
        """sum_jk w_jk S_jk (d, k, k), the weights (d, low, low), (d, own, own) and (d, own, low)."""
        up = self.above
        owns = group_products(up.gn, small_product(up.h[:, None], mixture(own, up.gn))).sum(axis=1)
        lows = group_products(self.e, small_product(up.m[:, None], mixture(low, self.e))).sum(axis=1)
        half = group_products(up.gn, small_product(up.f[:, None], mixture(across, self.e))).sum(axis=1)
        return 2 * (owns - lows - half - half.swapaxes(1, 2))


def above_at(sums: ManySums, eta: Array, values: Sequence[Values]) -> Above | None:
    """The effects above at the elements of each data set; None in a model without."""
    level = sums.upper
    if level is None:
        return None
    q = level.z.shape[1]
    a, b = np.zeros((len(eta), level.n_levels, q, q)), np.zeros((len(eta), level.n_levels, q, sums.k))
    for value in values:
        if value.sums.links is not None:
            more = given(value.sums, value.omega[:, None], value.plain[:, None])
            a, b = a + more[0][:, 0], b + more[1][:, 0]
    own = list(level.params)
    g = np.einsum("dj,jab->dab", eta[:, own], level.directions)[:, None]
    f, logs, fine = inverses(np.eye(q) + small_product(a, g))
    m, h, n = small_product(g, f), small_product(f, a), small_product(f, b)
    y = small_product(g, n)
    return Above(own, level.directions, np.asarray(fine.all(axis=1)), logs.sum(axis=1), b, g, f, m, h, n, y)


def small_product(left: Array, right: Array) -> Array:
    """L R for L (..., q, q); a product of numbers where q is 1, as for one effect per cohort."""
    return left * right if left.shape[-1] == 1 else left @ right


def on_columns(parts: Array, xi: Array) -> Array:
    """X_j Xi for X (d, ..., k) and Xi (d, k, k): one product per data set."""
    return (parts.reshape(len(parts), -1, parts.shape[-1]) @ xi).reshape(parts.shape)


def group_products(left: Array, right: Array) -> Array:
    """sum over groups of L_j' R_j for (d, j, C, q, k), j of one of them may be 1: (d, j, k, k)."""
    k = left.shape[-1]
    one, other = (side.reshape(*side.shape[:2], -1, k) for side in (left, right))
    return one.swapaxes(-1, -2) @ other


def pair_sums(left: Array, right: Array) -> Array:
    """<L_j, R_k> over all else, for (d, j, ...) and (d, k, ...): (d, j, k)."""
    return left.reshape(*left.shape[:2], -1) @ right.reshape(*right.shape[:2], -1).swapaxes(1, 2)


def pair_traces(left: Array, right: Array) -> Array:
    """sum over groups of tr(L_j R_k), for (d, j, C, q, q): (d, j, k)."""
    return pair_sums(left, right.swapaxes(-1, -2))


def mixture(weights: Array, parts: Array) -> Array:
    """sum_k w_jk X_k for w (d, j, k) and X (d, k, ...)."""
    flat = parts.reshape(*parts.shape[:2], -1)
    return (weights @ flat).reshape(len(parts), weights.shape[1], *parts.shape[2:])
