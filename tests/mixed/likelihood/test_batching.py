"""From rows to batches: which subjects share a pattern, and that nothing of the rows is lost on the way."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.likelihood import batching
from kap_analysis.mixed.likelihood.batching import make_batches
from kap_analysis.mixed.likelihood.dense import DenseBatch
from kap_analysis.mixed.likelihood.upper_effects import subject_shapes, upper_columns
from tests.mixed.likelihood.written_out import model, sorted_rows

MODELS = [
    ("score ~ month + (0 + is_group | cohort) + (month | patient)", {}),
    ("score ~ month + (month | rater) + (0 + is_group | cohort) + (1 | patient)", {}),
    ("score ~ month + (1 | rater) + (1 | patient)", {"residual_by": "half"}),
    ("score ~ visit + (0 + is_group | cohort) + us(visit | format/patient)", {}),
]


@pytest.mark.parametrize("many", [0, 10**6])
def test_cross_products_are_sums_over_the_rows_of_each_subject(many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "MANY", many)
    rng, starts = np.random.default_rng(4), np.array([0, 2, 3, 7])
    left, right = rng.standard_normal((10, 2)), rng.standard_normal((10, 3))
    parts = np.split(np.arange(10), starts[1:])
    expected = [left[rows].T @ right[rows] for rows in parts]
    np.testing.assert_allclose(batching._cross(left, right, starts), expected, atol=1e-12)


@pytest.mark.parametrize(("formula", "keywords"), MODELS)
def test_batches_hold_the_products_of_all_rows(formula: str, keywords: dict[str, str]) -> None:
    """U'U, U'W and W'W of the design, put together again from the pieces of each batch."""
    work = sorted_rows(model(formula, **keywords).design)
    batches, upper = make_batches(work)
    assert upper is not None
    places = upper_columns(work.upper, subject_shapes(work).touched, len(work.starts))
    u = np.zeros((len(work.w), upper.n_columns))
    for first, level in zip(places.first, work.upper, strict=True):
        rows = np.flatnonzero(level.codes >= 0)
        for j in range(level.z.shape[1]):
            u[rows, first[level.codes[rows]] + j] += level.z[rows, j]
    uu, uw = np.zeros(len(upper.cells)), np.zeros((upper.n_columns, work.k))
    dense = isinstance(batches[0], DenseBatch)
    for collector in upper.collectors:
        cells, columns = [], []
        for batch in (batches[number] for number in collector.members):
            links = batch.links
            assert links is not None and batch.params == collector.params
            du = links.du[batch.pattern]
            cells.append((du.transpose(0, 2, 1) @ du if dense else links.uu[batch.pattern]).ravel())
            columns.append((du.transpose(0, 2, 1) @ batch.d if dense else links.uw).reshape(-1, work.k))
        uu += collector.to_cells @ np.concatenate(cells)
        uw += collector.to_columns @ np.concatenate(columns)
    ww = sum(np.einsum("brk,brl->kl", batch.d, batch.d) if dense else batch.ww for batch in batches)
    np.testing.assert_allclose(ww, work.w.T @ work.w, atol=1e-8)
    np.testing.assert_allclose(uw, u.T @ work.w, atol=1e-8)
    for group, cells in zip(upper.groups, upper.touched, strict=True):
        for at, found in enumerate(cells.full(uu[cells.among])):
            own = slice(group.columns.start + at * group.q, group.columns.start + (at + 1) * group.q)
            np.testing.assert_allclose(found, u[:, own].T @ u[:, own], atol=1e-8)
