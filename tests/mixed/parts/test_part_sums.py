"""What one part gives: sums that add up to those of all rows, however the first columns were chosen."""

from functools import reduce
from operator import add

import numpy as np
import pytest

from kap_analysis.mixed.formula.parser import read_formula
from kap_analysis.mixed.likelihood.sums import Asked
from kap_analysis.mixed.parts.agreed_coding import agree
from kap_analysis.mixed.parts.part_counts import count_part
from kap_analysis.mixed.parts.part_sums import LaterPass, first_columns, first_pass, later_pass
from kap_analysis.mixed.parts.parts_of_data import FramePart
from kap_analysis.mixed.parts.units import Units
from kap_analysis.mixed.parts.wanted import Wanted
from tests.mixed.summed import made_up

WANTED = Wanted(read_formula("score ~ visit + base + cs(visit | patient)"), None, None)
ALONE = Units((("patient",),), (np.zeros(0, dtype=np.uint64),))


@pytest.fixture
def passes():
    frame = made_up()
    coding = agree(WANTED, count_part(FramePart(frame), WANTED))
    parts = [FramePart(one) for _, one in frame.groupby("practice")]
    return coding, FramePart(frame), parts, first_columns(parts[0], coding, ALONE, ())


def test_first_passes_add_up(passes):
    coding, whole, parts, columns = passes
    added = reduce(add, [first_pass(part, coding, ALONE, columns) for part in parts])
    all_rows = first_pass(whole, coding, ALONE, columns)
    assert added.by_pattern and not added.astray
    assert added.first.numbers() == pytest.approx(all_rows.first.numbers(), rel=1e-10, abs=1e-9)
    assert sum(batch.n_patterns for batch in added.patterns.batches) == 7  # every visit or two of three, or one


def test_later_passes_add_up_and_a_part_without_rows_adds_nothing(passes):
    coding, whole, parts, columns = passes
    eta, asked = np.array([1.0, 0.3, 1.0, 0.3, 0.3, 1.0]), Asked.nothing(5, 6)
    ask = (coding, ALONE, [0, 1, 2, 3], columns, eta, asked)
    added = reduce(add, [later_pass(part, *ask) for part in parts])
    assert added.sums.numbers() == pytest.approx(later_pass(whole, *ask).sums.numbers(), rel=1e-9, abs=1e-9)
    nothing = later_pass(FramePart(made_up().iloc[:0]), *ask)
    assert (nothing + added).sums is added.sums is (added + nothing).sums
    assert not (added + LaterPass(None, definite=False)).definite
