"""log|V| and W'V^-1 W of the whole model, W = [X y], with first and second derivatives.

With D the covariance of the subjects, G that of the random effects above them and U their columns, V = D + U G U'.
Write A = U'D^-1 U, B = U'D^-1 W, F = (I + A G)^-1, M = G F, Y = M B, N = F B, H = F A, and E = W - U Y, the data from
which the effects above are taken off. Then

    W'V^-1 W = E'D^-1 E + N'G N            log|V| = log|D| + log|I + A G|

and every derivative along a parameter of D is a quadratic form of E, corrected by e_j = U'(D^-1)_j E:

    S_j = E'(D^-1)_j E                      S_jk = E'(D^-1)_jk E - e_j'M e_k - e_k'M e_j

Along a direction G_j: S_j = -N'G_j N, S_jk = N'(G_j H G_k + G_k H G_j) N, and across S_jk = -N'G_j F e_k - (its
transpose). Second derivatives are asked for as sum(Xi * S_jk) for one matrix Xi, or as sum_jk w_jk S_jk: no array of
all of them exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.symmetric import grid
from kap_analysis.mixed.likelihood.batch import BatchValue, Moments
from kap_analysis.mixed.likelihood.layout import Layout
from kap_analysis.mixed.likelihood.upper_effects import Upper
from kap_analysis.mixed.likelihood.upper_sums import UpperEffects, UpperSlopes, products, upper_effects_at

Array = NDArray[np.float64]


@dataclass
class Evaluation:
    """The sums at one vector of elements.

    Attributes
    ----------
    logdet : float
        log|V|.
    s : numpy.ndarray
        (k, k): W'V^-1 W.
    """

    layout: Layout
    eta: Array
    values: list[BatchValue]
    moments: list[Moments]
    upper: list[UpperEffects]
    logdet: float
    s: Array
    plain: list[Array]  # (k, k) per batch: E'E

    def first(self) -> tuple[Array, Array]:
        """Derivatives of log|V| (m,) and of S (m, k, k)."""
        size, k = self.layout.n_elements, len(self.s)
        logdet1, s1 = np.zeros(size), np.zeros((size, k, k))
        for at, (value, moments, plain) in enumerate(zip(self.values, self.moments, self.plain, strict=True)):
            params = list(value.batch.params)
            logdet1[params] += value.logdet1
            s1[params] += moments.contract(value.omega1) + value.plain1[:, None, None] * plain
            if value.batch.links is not None:  # the sum over components of tr(M A_j)
                spread, share = self._spread[at]
                logdet1[params] += np.einsum("pjab,pab->j", value.omega1, spread) + value.plain1 * share
        for part in self.upper:
            own_logdet1, own_s1 = part.first()
            own = list(part.own)
            logdet1[own] += own_logdet1
            s1[own] += own_s1
        return logdet1, s1

    @cached_property
    def _spread(self) -> list[tuple[Array, float]]:
        """Per batch U M U' summed per pattern (P, r, r), and sum <M, U'U>; 0 where nothing is above."""
        if not self.upper:
            return []
        m = np.concatenate([part.m.ravel()[part.touched.where] for part in self.upper])
        out: list[tuple[Array, float]] = []
        for value in self.values:
            links = value.batch.links
            if links is None:
                out.append((np.zeros(0), 0.0))
                continue
            per = value.batch.per_pattern(m[links.cells])
            out.append((links.du @ per @ links.du.transpose(0, 2, 1), float(np.sum(per * links.uu))))
        return out

    @cached_property
    def _slopes(self) -> list[UpperSlopes]:
        """e_j and A_j of every component."""
        upper = self.layout.upper
        if upper is None:
            return []
        k, low = len(self.s), self.layout.low
        at = {element: i for i, element in enumerate(low)}
        e = np.zeros((upper.n_columns, len(low), k))
        a1 = np.zeros((len(upper.cells), len(low)))
        y = np.concatenate([part.y.reshape(-1, k) for part in self.upper])
        for collector in upper.collectors:
            to, m = _places([at[param] for param in collector.params]), len(collector.params)
            cells, columns = zip(*(self._slopes_of(number, y, m) for number in collector.members), strict=True)
            a1[:, to] += collector.to_cells @ _joined(cells)
            e[:, to] += (collector.to_columns @ _joined(columns)).reshape(-1, m, k)
        out = []
        for part in self.upper:
            own_e = e[part.group.columns].reshape(-1, part.group.q, len(low), k).transpose(0, 2, 1, 3)
            out.append(UpperSlopes(part, own_e, a1[part.touched.among]))
        return out

    def _slopes_of(self, number: int, y: Array, m: int) -> tuple[Array, Array]:
        """What the subjects of one batch give to the cells of A_j (b u u, m) and to the columns of e_j (b u, m k)."""
        value, moments = self.values[number], self.moments[number]
        batch, links = value.batch, value.batch.links
        assert links is not None
        turned = links.du.transpose(0, 2, 1)[:, None] @ value.omega1  # (P, m, u, r)
        cell1 = turned @ links.du[:, None] + value.plain1[:, None, None] * links.uu[:, None]
        each = turned.reshape(-1, m * links.u, turned.shape[-1])[batch.pattern] @ moments.e
        each = each.reshape(-1, m, links.u, each.shape[-1])
        if value.plain1.any():
            left = links.uw - links.uu[batch.pattern] @ y[links.slots]
            each = each + value.plain1[None, :, None, None] * left[:, None]
        cells = cell1[batch.pattern].transpose(0, 2, 3, 1).reshape(-1, m)
        return cells, each.transpose(0, 2, 1, 3).reshape(-1, m * each.shape[-1])

    def _add(self, out: Array, slopes: UpperSlopes, parts: tuple[Array, Array, Array]) -> None:
        """Add what is low by low, own by own and own by low to a matrix of all elements."""
        low, own = self.layout.low, slopes.effects.own
        lows, owns, across = parts
        out[grid(low, low)] += lows
        out[grid(own, own)] += owns
        out[grid(own, low)] += across
        out[grid(low, own)] += across.T

    def logdet2(self, curved: bool = True) -> Array:
        """Second derivatives of log|V| (m, m); `curved` with what the second derivatives of V itself add."""
        out = np.zeros((self.layout.n_elements,) * 2)
        for at, value in enumerate(self.values):
            own = grid(value.batch.params, value.batch.params)
            out[own] += value.logdet2(curved)
            if value.batch.links is not None:
                out[own] += value.second(*self._spread[at], curved)
        for slopes in self._slopes:
            self._add(out, slopes, slopes.logdet2)
        return out

    def second(self, xi: Array, curved: bool = True) -> Array:
        """sum(Xi * S_jk) for every pair of elements (m, m)."""
        out = np.zeros((self.layout.n_elements,) * 2)
        for value, moments, plain in zip(self.values, self.moments, self.plain, strict=True):
            own = grid(value.batch.params, value.batch.params)
            out[own] += value.second(moments.functional(xi), float(np.sum(xi * plain)), curved)
        for slopes in self._slopes:
            self._add(out, slopes, slopes.second(xi))
        return out

    def weighted(self, w: Array) -> Array:
        """sum_jk w_jk S_jk (k, k) for symmetric w (m, m), V taken as linear in its elements."""
        k = len(self.s)
        out = np.zeros((k, k))
        for value, moments, plain in zip(self.values, self.moments, self.plain, strict=True):
            omega, share = value.weighted(w[grid(value.batch.params, value.batch.params)])
            out += moments.contract(omega[:, None])[0] + share * plain
        low = self.layout.low
        for slopes in self._slopes:
            own = slopes.effects.own
            out += slopes.weighted(w[grid(low, low)], w[grid(own, own)], w[grid(own, low)])
        return (out + out.T) / 2


def _places(numbers: list[int]) -> slice | list[int]:
    """Neighbours as a slice, which is added to without a copy."""
    first, last = numbers[0], numbers[-1] + 1
    return slice(first, last) if numbers == list(range(first, last)) else numbers


def evaluate(layout: Layout, eta: Array) -> Evaluation | None:
    """The sums at given elements; None where a V is not positive definite."""
    values: list[BatchValue] = []
    for batch in layout.batches:
        value = batch.at(eta)
        if value is None:
            return None
        values.append(value)
    upper = _upper_effects(layout.upper, layout.k, eta, values) if layout.upper is not None else []
    if upper is None:
        return None
    effects = np.concatenate([part.y.reshape(-1, layout.k) for part in upper]) if upper else None
    s = np.zeros((layout.k, layout.k))
    moments: list[Moments] = []
    plain: list[Array] = []
    for value in values:
        part, ee = _without(value, effects)
        moments.append(part)
        plain.append(ee)
        s += part.contract(value.omega[:, None])[0] + value.plain * ee
    for piece in upper:
        s += products(piece.n, piece.y)  # N'G N
    logdet = float(sum(value.logdet for value in values) + sum(piece.logdet for piece in upper))
    return Evaluation(layout, eta, values, moments, upper, logdet, (s + s.T) / 2, plain)


def _without(value: BatchValue, effects: Array | None) -> tuple[Moments, Array]:
    """Moments of E, and E'E where the batch has plain cross-products."""
    batch, links = value.batch, value.batch.links
    if links is None or effects is None:
        return batch.own_moments, batch.ww
    each = effects[links.slots]  # (b, u, k)
    moments = Moments(batch, batch.d - links.du[batch.pattern] @ each)
    if not value.plain:
        return moments, batch.ww
    cross = products(links.uw, each)
    both = products(each, links.uu[batch.pattern] @ each)
    return moments, batch.ww - cross - cross.T + both


def _upper_effects(upper: Upper, k: int, eta: Array, values: list[BatchValue]) -> list[UpperEffects] | None:
    """The random effects above the subjects; None where V is not positive definite."""
    a, b = np.zeros(len(upper.cells)), np.zeros((upper.n_columns, k))
    for collector in upper.collectors:
        cells, columns = zip(*(_given(values[number]) for number in collector.members), strict=True)
        a += collector.to_cells @ _joined(cells)
        b += collector.to_columns @ _joined(columns)
    out = []
    for group, touched in zip(upper.groups, upper.touched, strict=True):
        own = b[group.columns].reshape(-1, group.q, k)
        found = upper_effects_at(group, touched, eta, a[touched.among], own)
        if found is None:
            return None
        out.append(found)
    return out


def _given(value: BatchValue) -> tuple[Array, Array]:
    """What the subjects of one batch give to the cells of A (b u u,) and to the columns of B (b u, k)."""
    batch, links = value.batch, value.batch.links
    assert links is not None
    turned = links.du.transpose(0, 2, 1) @ value.omega
    cell = turned @ links.du + value.plain * links.uu
    each = turned[batch.pattern] @ batch.d
    if value.plain:
        each = each + value.plain * links.uw
    return cell[batch.pattern].ravel(), each.reshape(-1, each.shape[-1])


def _joined(parts: Sequence[Array]) -> Array:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
