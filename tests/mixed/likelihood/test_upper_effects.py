"""Which random effects stand above the subjects, in which components, and where."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components

from kap_analysis.mixed.likelihood.upper_effects import subject_shapes, upper_columns
from tests.mixed.likelihood.written_out import model, sorted_rows

COHORTS = "score ~ month + (0 + is_group | cohort) + (month | patient)"
RATERS = "score ~ month + (month | rater) + (0 + is_group | cohort) + (1 | patient)"
PRACTICES = "score ~ month + (1 | practice) + (0 + is_group | cohort) + (1 | patient)"


@pytest.mark.parametrize("formula", [COHORTS, RATERS, PRACTICES])
def test_subjects_of_one_shape_touch_equally_many_levels(formula: str) -> None:
    work = sorted_rows(model(formula).design)
    shapes = subject_shapes(work)
    assert sorted(np.concatenate([members for members, _ in shapes.groups])) == list(range(len(work.starts)))
    for members, columns in shapes.groups:
        for subject, *codes in zip(members, *columns, strict=True):
            rows = work.subject == subject
            for level, touched in zip(work.upper, codes, strict=True):
                assert touched.tolist() == sorted({*level.codes[rows].tolist()} - {-1})


@pytest.mark.parametrize("formula", [COHORTS, RATERS, PRACTICES])
def test_every_effect_has_a_column_and_those_that_share_a_subject_a_component(formula: str) -> None:
    work = sorted_rows(model(formula).design)
    places = upper_columns(work.upper, subject_shapes(work).touched, len(work.starts))
    component = np.full(places.groups[-1].columns.stop, -1)
    number = 0
    for group in places.groups:
        for at in range(group.n_components):
            component[group.columns.start + at * group.q : group.columns.start + (at + 1) * group.q] = number
            number += 1
    columns = [first + j for first, one in zip(places.first, work.upper, strict=True) for j in range(one.z.shape[1])]
    assert sorted(np.concatenate(columns)) == list(range(len(component)))
    u = np.zeros((len(work.w), len(component)))
    for first, one in zip(places.first, work.upper, strict=True):
        rows = np.flatnonzero(one.codes >= 0)
        for j in range(one.z.shape[1]):
            u[rows, first[one.codes[rows]] + j] = 1.0  # the whole level, also where its slope is 0
    by_subject = np.add.reduceat(u, work.starts) > 0
    known = connected_components(by_subject.T.astype(int) @ by_subject, directed=False)[1]
    assert len({(a, b) for a, b in zip(known, component, strict=True)}) == len(set(known)) == number


def test_cohorts_that_nothing_crosses_are_alone_and_raters_tie_everybody() -> None:
    alone, tied = model(COHORTS).layout.upper, model(RATERS).layout.upper
    assert alone is not None and tied is not None
    assert [group.q for group in alone.groups] == [1]
    assert tied.groups[-1].n_components == 1 and tied.groups[-1].q > 10


def test_without_bars_above_there_is_nothing_above() -> None:
    assert model("score ~ month + (month | patient)").layout.upper is None
