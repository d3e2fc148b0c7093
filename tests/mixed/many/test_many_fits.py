"""The frames of many fits."""

import numpy as np

from kap_analysis.mixed.many.estimates import ManyEstimates
from kap_analysis.mixed.many.many_fits import make_many_fits


def test_there_is_a_row_per_data_set_and_one_per_contrast() -> None:
    found = ManyEstimates.none(2, 3, 1, 2)
    found.contrasts[0][:] = [[1, 2], [3, 4]]
    found.problem[1] = "Why not."
    fits = make_many_fits(found, ["a", "b", "c"], ["sigma2"])
    assert len(fits) == 2 and list(fits.params.columns) == ["a", "b", "c"] and list(fits.theta.columns) == ["sigma2"]
    assert fits.contrasts["estimate"].tolist() == [1, 2, 3, 4]
    assert fits.contrasts["data_set"].tolist() == [0, 0, 1, 1] and fits.contrasts["contrast"].tolist() == [1, 2, 1, 2]
    assert fits.status["problem"].isna().tolist() == [True, False]
    assert np.isnan(fits.bse).all(axis=None)
