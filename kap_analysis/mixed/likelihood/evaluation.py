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

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.likelihood.batch import BatchValue, Moments, inverse
from kap_analysis.mixed.likelihood.layout import Layout, UpperGroup

Array = NDArray[np.float64]


@dataclass
class UpperEffects:
    """The random effects above the subjects, for components of one shape, at given elements."""

    group: UpperGroup
    g: Array  # (Q, Q)
    f: Array  # (b, Q, Q)
    m: Array
    h: Array
    n: Array  # (b, Q, k)
    y: Array
    logdet: float
    e: Array | None = None  # (b, low, Q, k)
    a1: Array | None = None  # (b, low, Q, Q)


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
        for value, moments, plain in zip(self.values, self.moments, self.plain, strict=True):
            params = list(value.batch.params)
            logdet1[params] += value.logdet1
            s1[params] += moments.contract(value.omega1) + value.plain1[:, None, None] * plain
            if self.upper and value.batch.links is not None:
                logdet1[params] += self._through(value)
        for part in self.upper:
            own = list(part.group.params)
            logdet1[own] += np.einsum("jab,ab->j", part.group.directions, part.h.sum(axis=0))
            turned = part.group.directions @ part.n[:, None]
            s1[own] -= np.einsum("bqk,bjql->jkl", part.n, turned, optimize=True)
        return logdet1, s1

    def _through(self, value: BatchValue) -> Array:
        """sum over components of tr(M A_j)."""
        spread, plain = self._spread(value)
        return np.einsum("pjab,pab->j", value.omega1, spread) + value.plain1 * plain

    def _spread(self, value: BatchValue) -> tuple[Array, float]:
        """U M U' summed per pattern (P, r, r), and sum <M, U'U>."""
        links = value.batch.links
        assert links is not None
        cells = np.concatenate([part.m.ravel() for part in self.upper])[links.cells]
        per = value.batch.per_pattern(cells)
        return links.du @ per @ links.du.transpose(0, 2, 1), float(np.sum(per * links.uu))

    def _prepare(self) -> None:
        """e_j and A_j of every component, once."""
        if not self.upper or self.upper[0].e is not None:
            return
        k = len(self.s)
        low = self.layout.low
        at = {element: i for i, element in enumerate(low)}
        first = self.upper[0].group
        columns, cells = first.total_columns, first.total_cells
        e = np.zeros((columns, len(low), k))
        a1 = np.zeros((cells, len(low)))
        y = np.concatenate([part.y.reshape(-1, k) for part in self.upper])
        for value, moments in zip(self.values, self.moments, strict=True):
            batch, links = value.batch, value.batch.links
            if links is None:
                continue
            m, u = len(batch.params), links.u
            to = [at[p] for p in batch.params]
            turned = links.du.transpose(0, 2, 1)[:, None] @ value.omega1  # (P, m, u, r)
            cell1 = turned @ links.du[:, None] + value.plain1[:, None, None] * links.uu[:, None]
            a1[:, to] += links.to_cells @ cell1[batch.pattern].transpose(0, 2, 3, 1).reshape(-1, m)
            each = turned.reshape(-1, m * u, turned.shape[-1])[batch.pattern] @ moments.e
            each = each.reshape(-1, m, u, k)
            if value.plain1.any():
                left = links.uw - links.uu[batch.pattern] @ y[links.slots]
                each = each + value.plain1[None, :, None, None] * left[:, None]
            e[:, to] += (links.to_columns @ each.transpose(0, 2, 1, 3).reshape(-1, m * k)).reshape(-1, m, k)
        for part in self.upper:
            group, q = part.group, part.group.q
            part.e = e[group.columns].reshape(-1, q, len(low), k).transpose(0, 2, 1, 3)
            part.a1 = a1[group.cells].reshape(-1, q, q, len(low)).transpose(0, 3, 1, 2)

    def logdet2(self, curved: bool = True) -> Array:
        """Second derivatives of log|V| (m, m)."""
        out = np.zeros((self.layout.n_elements,) * 2)
        for value in self.values:
            grid = np.ix_(value.batch.params, value.batch.params)
            out[grid] += value.logdet2(curved)
            if self.upper and value.batch.links is not None:
                spread, plain = self._spread(value)
                out[grid] += value.second(spread, plain, curved)
        self._prepare()
        low = list(self.layout.low)
        for part in self.upper:
            own, directions = list(part.group.params), part.group.directions
            assert part.a1 is not None
            b, size = len(part.m), len(low)
            ma = (part.m[:, None] @ part.a1).transpose(1, 0, 2, 3)
            out[np.ix_(low, low)] -= ma.reshape(size, -1) @ ma.transpose(0, 1, 3, 2).reshape(size, -1).T
            gh = (directions @ part.h[:, None]).transpose(1, 0, 2, 3)
            out[np.ix_(own, own)] -= gh.reshape(len(own), -1) @ gh.transpose(0, 1, 3, 2).reshape(len(own), -1).T
            faf = (part.f[:, None] @ part.a1 @ part.f.transpose(0, 2, 1)[:, None]).reshape(b, size, -1).sum(axis=0)
            across = directions.reshape(len(own), -1) @ faf.T
            out[np.ix_(own, low)] += across
            out[np.ix_(low, own)] += across.T
        return out

    def second(self, xi: Array, curved: bool = True) -> Array:
        """sum(Xi * S_jk) for every pair of elements (m, m)."""
        out = np.zeros((self.layout.n_elements,) * 2)
        for value, moments, plain in zip(self.values, self.moments, self.plain, strict=True):
            grid = np.ix_(value.batch.params, value.batch.params)
            out[grid] += value.second(moments.functional(xi), float(np.sum(xi * plain)), curved)
        self._prepare()
        low = list(self.layout.low)
        for part in self.upper:
            own, directions = list(part.group.params), part.group.directions
            assert part.e is not None
            size = len(low)
            ex = (part.e @ xi).transpose(1, 0, 2, 3).reshape(size, -1)
            me = (part.m[:, None] @ part.e).transpose(1, 0, 2, 3).reshape(size, -1)
            lows = -2 * (ex @ me.T)
            out[np.ix_(low, low)] += (lows + lows.T) / 2
            gn = directions @ part.n[:, None]
            gnx = (gn @ xi).transpose(1, 0, 2, 3).reshape(len(own), -1)
            hgn = (part.h[:, None] @ gn).transpose(1, 0, 2, 3).reshape(len(own), -1)
            ups = 2 * (gnx @ hgn.T)
            out[np.ix_(own, own)] += (ups + ups.T) / 2
            fe = (part.f[:, None] @ part.e).transpose(1, 0, 2, 3).reshape(size, -1)
            across = -2 * (gnx @ fe.T)
            out[np.ix_(own, low)] += across
            out[np.ix_(low, own)] += across.T
        return out

    def weighted(self, w: Array) -> Array:
        """sum_jk w_jk S_jk (k, k) for symmetric w (m, m), V taken as linear in its elements."""
        k = len(self.s)
        out = np.zeros((k, k))
        for value, moments, plain in zip(self.values, self.moments, self.plain, strict=True):
            grid = np.ix_(value.batch.params, value.batch.params)
            omega, share = value.weighted(w[grid])
            out += moments.contract(omega[:, None])[0] + share * plain
        self._prepare()
        low = list(self.layout.low)
        for part in self.upper:
            own, directions = list(part.group.params), part.group.directions
            assert part.e is not None
            partner = np.einsum("jk,bkqc->bjqc", w[np.ix_(low, low)], part.e)
            out -= 2 * _products(part.e, part.m[:, None] @ partner)
            gn = directions @ part.n[:, None]
            mixed = np.einsum("jk,bkqc->bjqc", w[np.ix_(own, own)], gn)
            out += 2 * _products(gn, part.h[:, None] @ mixed)
            across = np.einsum("jk,bkqc->bjqc", w[np.ix_(own, low)], part.e)
            half = _products(gn, part.f[:, None] @ across)
            out -= 2 * (half + half.T)
        return (out + out.T) / 2


def _products(left: Array, right: Array) -> Array:
    """sum over components and parameters of left' right: (b, j, q, k) twice -> (k, k)."""
    k = left.shape[-1]
    return left.reshape(-1, k).T @ right.reshape(-1, k)


def evaluate(layout: Layout, eta: Array) -> Evaluation | None:
    """The sums at given elements; None where a V is not positive definite."""
    values: list[BatchValue] = []
    for batch in layout.batches:
        value = batch.at(eta)
        if value is None:
            return None
        values.append(value)
    upper = _upper_effects(layout, eta, values)
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
        s += np.einsum("bqk,qr,brl->kl", piece.n, piece.g, piece.n, optimize=True)
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
    cross = _products(links.uw, each)
    both = _products(each, links.uu[batch.pattern] @ each)
    return moments, batch.ww - cross - cross.T + both


def _upper_effects(layout: Layout, eta: Array, values: list[BatchValue]) -> list[UpperEffects] | None:
    """The random effects above the subjects; None where V is not positive definite."""
    if not layout.upper:
        return []
    first = layout.upper[0]
    a, b = np.zeros(first.total_cells), np.zeros((first.total_columns, layout.k))
    for value in values:
        batch, links = value.batch, value.batch.links
        if links is None:
            continue
        turned = links.du.transpose(0, 2, 1) @ value.omega
        cell = turned @ links.du + value.plain * links.uu
        a += links.to_cells @ cell[batch.pattern].ravel()
        each = turned[batch.pattern] @ batch.d
        if value.plain:
            each = each + value.plain * links.uw
        b += links.to_columns @ each.reshape(-1, layout.k)
    out = []
    for group in layout.upper:
        q = group.q
        g = np.tensordot(eta[list(group.params)], group.directions, axes=1)
        part_a, part_b = a[group.cells].reshape(-1, q, q), b[group.columns].reshape(-1, q, layout.k)
        f, logs, good = inverse(np.eye(q) + part_a @ g)
        if not good or not _definite(g, part_a):
            return None
        n = f @ part_b
        out.append(UpperEffects(group, g, f, g @ f, f @ part_a, n, g @ n, float(logs.sum())))
    return out


def _definite(g: Array, a: Array) -> bool:
    """Whether D + U G U' is positive definite, given that the determinant of I + A G is above 0."""
    if len(g) < 2 or np.linalg.eigvalsh(g)[0] >= -1e-14:
        return True
    return bool((np.linalg.eigvals(a @ g).real > -1).all())
