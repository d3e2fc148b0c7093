"""Some of the rows of a design: what they must still tell."""

import numpy as np
import pytest

from kap_analysis.mixed.design.some_rows import check_rows, rows_of_design
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.model import mixedlm
from tests.mixed.dense_cases import patients

FORMULA = "score ~ visit + (0 + is_group | cohort) + us(visit | patient)"


def test_all_rows_suit_and_a_visit_that_nobody_has_does_not() -> None:
    design = mixedlm(FORMULA, patients()).design
    check_rows(design)
    lost = design.frame["visit"].astype(str).to_numpy() != "2"
    with pytest.raises(MixedModelError, match=r"they say nothing of visit\[T.2\]"):
        check_rows(rows_of_design(design, lost))


def test_one_cohort_has_no_variance() -> None:
    design = mixedlm(FORMULA, patients()).design
    cohort = design.frame["cohort"].astype(str).to_numpy()
    grouped = design.frame["is_group"].to_numpy() == 1
    first = cohort[np.flatnonzero(grouped)[0]]
    with pytest.raises(MixedModelError, match="has one group"):
        check_rows(rows_of_design(design, ~grouped | (cohort == first)))
