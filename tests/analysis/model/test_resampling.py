"""Bootstrap samples keep cohorts together."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.analysis.model.resampling import bootstrap_samples, percentile_interval


def test_bootstrap_keeps_cohorts_whole_and_patients_single():
    rows = pd.DataFrame({"patient_id": list("abcdef"), "cohort_id": ["a", "b", "G", "G", "H", "H"]})
    rows["is_group"] = [0.0, 0.0, 1.0, 1.0, 1.0, 1.0]
    for drawn in bootstrap_samples(rows, 20, seed=1):
        counts = np.bincount(drawn, minlength=6)
        assert counts[:2].sum() == 2
        assert counts[2] == counts[3] and counts[4] == counts[5] and counts[2:].sum() == 4


def test_percentiles_of_too_few_samples_are_not_given():
    assert np.isnan(percentile_interval(np.arange(99.0))).all()
    assert percentile_interval(np.arange(1001.0)) == pytest.approx((25, 975))
