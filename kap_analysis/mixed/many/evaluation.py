"""log|V|, W'V^-1 W and their derivatives, each data set at elements of its own: `likelihood/evaluation.py` for many.

E = W - U Y are the data from which the effects above are taken off. A sum over subjects of E'Omega E is
W'Omega W - Y'B - B'Y + Y'A Y, with A and B the sums of U'Omega U and U'Omega W by group above.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.many.above import (
    Above,
    Slopes,
    above_at,
    given,
    group_products,
    on_columns,
    pair_sums,
    small_product,
)
from kap_analysis.mixed.many.sums import ManySums
from kap_analysis.mixed.many.values import Values, values_at

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Linked(NamedTuple):
    """Along each element j of one batch, for the C groups above."""

    a: Array  # (d, j, C, u, u)
    b: Array  # (d, j, C, u, k)
    left: Array  # B_j - A_j Y


@dataclass
class ManyEvaluation:
    """The sums of each data set at its elements.

    Attributes
    ----------
    good : numpy.ndarray
        (d,): whether every V is positive definite; where one is not, the other numbers mean nothing.
    logdet : numpy.ndarray
        (d,): log|V|.
    s : numpy.ndarray
        (d, k, k): W'V^-1 W.
    """

    sums: ManySums
    values: list[Values]
    above: Above | None
    good: Mask
    logdet: Array
    s: Array

    def _linked(self, value: Values, omega: Array, plain: Array) -> Linked | None:
        """A_j, B_j and B_j - A_j Y of a batch; None where nothing above acts on it."""
        if value.sums.links is None or self.above is None:
            return None
        a, b = given(value.sums, omega, plain)
        return Linked(a, b, b - small_product(a, self.above.y[:, None]))

    @cached_property
    def _slopes_of_each(self) -> list[Linked | None]:
        return [self._linked(value, value.omega1, value.plain1) for value in self.values]

    def _quadratic(self, value: Values, omega: Array, plain: Array, linked: Linked | None) -> Array:
        """Sums of E'Omega E + s E'E over the subjects of a batch, for Omega (d, j, P, r, r): (d, j, k, k)."""
        out = value.sums.contract(omega) + plain[:, :, None, None] * value.sums.ww[:, None]
        if linked is None or self.above is None:
            return out
        half = group_products(self.above.y[:, None], linked.b + linked.left) / 2
        return out - half - half.swapaxes(-1, -2)

    @cached_property
    def first(self) -> tuple[Array, Array]:
        """Derivatives of log|V| (d, m) and of S (d, m, k, k)."""
        size, k, d = self.sums.n_elements, self.sums.k, len(self.sums)
        logdet1, s1 = np.zeros((d, size)), np.zeros((d, size, k, k))
        for value, linked in zip(self.values, self._slopes_of_each, strict=True):
            logdet1[:, value.params] += value.logdet1
            s1[:, value.params] += self._quadratic(value, value.omega1, value.plain1, linked)
            if linked is not None and self.above is not None:
                logdet1[:, value.params] += pair_sums(linked.a, self.above.m[:, None])[:, :, 0]
        if self.above is not None:
            more = self.above.first
            logdet1[:, self.above.own] += more[0]
            s1[:, self.above.own] += more[1]
        return logdet1, s1

    @cached_property
    def _slopes(self) -> Slopes | None:
        """e_j and A_j along the elements below the effects above."""
        if self.above is None:
            return None
        low = self.sums.low
        all_linked = [linked for linked in self._slopes_of_each if linked is not None]
        if len(all_linked) == 1:
            return Slopes(self.above, all_linked[0].left, all_linked[0].a)
        at = {element: i for i, element in enumerate(low)}
        y = self.above.y
        e = np.zeros((len(y), len(low), *y.shape[1:]))
        a1 = np.zeros((len(y), len(low), *self.above.m.shape[1:]))
        for value, linked in zip(self.values, self._slopes_of_each, strict=True):
            if linked is not None:
                to = [at[param] for param in value.params]
                a1[:, to] += linked.a
                e[:, to] += linked.left
        return Slopes(self.above, e, a1)

    def _on_subjects(self, value: Values, xi: Array) -> tuple[Array, Array]:
        """sum E Xi E' per pattern (d, P, r, r), and the sum of Xi * E'E (d,)."""
        sums, above, links = value.sums, self.above, value.sums.links
        n = sums.functional(xi)
        plain = np.sum(xi * sums.ww, axis=(1, 2))
        shape = sums.batch.links
        if links is None or above is None or shape is None:
            return n, plain
        d, groups, u, k = above.y.shape
        yx = on_columns(above.y, xi)
        xy = yx.transpose(0, 1, 3, 2).reshape(d, groups * k, u)  # Xi Y'
        cross = (links.w @ xy).reshape(*n.shape[:3], u) @ shape.du.swapaxes(-1, -2)
        yxy = yx @ above.y.swapaxes(-1, -2)  # (d, C, u, u)
        per = (links.n @ yxy.reshape(d, groups, u * u)).reshape(d, -1, u, u)
        n = n - cross - cross.swapaxes(-1, -2) + shape.du @ per @ shape.du.swapaxes(-1, -2)
        if value.plain.any():
            uw = links.uw.reshape(d, u, groups, k).transpose(0, 2, 1, 3)
            plain = plain - 2 * np.sum(uw * yx, axis=(1, 2, 3)) + np.sum(per * shape.uu, axis=(1, 2, 3))
        return n, plain

    def _spread(self, value: Values) -> tuple[Array, Array]:
        """U M U' summed per pattern, and the sum of <M, U'U>."""
        links, shape, above = value.sums.links, value.sums.batch.links, self.above
        assert links is not None and shape is not None and above is not None
        d, groups, u = above.m.shape[:3]
        per = (links.n @ above.m.reshape(d, groups, u * u)).reshape(d, -1, u, u)
        return shape.du @ per @ shape.du.swapaxes(-1, -2), np.sum(per * shape.uu, axis=(1, 2, 3))

    @cached_property
    def logdet2(self) -> Array:
        """Second derivatives of log|V| (d, m, m)."""
        out = np.zeros((len(self.sums), *(self.sums.n_elements,) * 2))
        for value in self.values:
            grid = np.ix_(range(len(out)), value.params, value.params)
            out[grid] += value.logdet2
            if value.sums.links is not None:
                out[grid] += value.second(*self._spread(value))
        for slopes in self._all_slopes():
            self._add(out, slopes, slopes.logdet2)
        return out

    def second(self, xi: Array) -> Array:
        """sum(Xi * S_jk) for symmetric Xi (d, k, k): (d, m, m)."""
        out = np.zeros((len(self.sums), *(self.sums.n_elements,) * 2))
        for value in self.values:
            grid = np.ix_(range(len(out)), value.params, value.params)
            out[grid] += value.second(*self._on_subjects(value, xi))
        for slopes in self._all_slopes():
            self._add(out, slopes, slopes.second(xi))
        return out

    def weighted(self, w: Array) -> Array:
        """sum_jk w_jk S_jk (d, k, k) for symmetric w (d, m, m)."""
        out = np.zeros_like(self.s)
        for value in self.values:
            omega, share = value.weighted(w[:, value.params][:, :, value.params])
            omega, share = (omega + omega.swapaxes(-1, -2))[:, None] / 2, share[:, None]
            out += self._quadratic(value, omega, share, self._linked(value, omega, share))[:, 0]
        low = list(self.sums.low)
        for slopes in self._all_slopes():
            own = slopes.above.own
            out += slopes.weighted(w[:, low][:, :, low], w[:, own][:, :, own], w[:, own][:, :, low])
        return (out + out.swapaxes(1, 2)) / 2

    def _all_slopes(self) -> Iterator[Slopes]:
        if self._slopes is not None:
            yield self._slopes

    def _add(self, out: Array, slopes: Slopes, parts: tuple[Array, Array, Array]) -> None:
        sets, low, own = range(len(out)), list(self.sums.low), slopes.above.own
        lows, owns, across = parts
        out[np.ix_(sets, low, low)] += lows
        out[np.ix_(sets, own, own)] += owns
        out[np.ix_(sets, own, low)] += across
        out[np.ix_(sets, low, own)] += across.swapaxes(1, 2)


def evaluate_many(sums: ManySums, eta: Array) -> ManyEvaluation:
    """The sums at the elements (d, m) of each data set."""
    values = [values_at(batch, eta) for batch in sums.batches]
    above = above_at(sums, eta, values)
    good = np.logical_and.reduce([value.good for value in values])
    logdet = np.sum([value.logdet for value in values], axis=0)
    s = np.zeros((len(eta), sums.k, sums.k))
    for value in values:
        s += value.sums.contract(value.omega[:, None])[:, 0] + value.plain[:, None, None] * value.sums.ww
    if above is not None:
        good, logdet, s = good & above.good, logdet + above.logdet, s - above.s
    return ManyEvaluation(sums, values, above, good, logdet, (s + s.swapaxes(1, 2)) / 2)
