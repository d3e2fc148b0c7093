"""Frames as `pool_practices` gives them."""

import numpy as np
import pandas as pd

CONTRASTS = pd.DataFrame({
    "visit": ["month 1", "month 3"], "contrast": ["group - individual"] * 2, "n_patients": [177, 118],
    "estimate": [1.76, 3.09], "std_error": [1.29, 1.55], "df": [70.6, 81.4], "statistic": [np.nan, 1.99],
    "p_value": [np.nan, 0.049], "ci_low": [-0.80, 0.01], "ci_high": [4.33, 6.16], "is_primary": [False, True],
})  # fmt: skip
SLOPES = CONTRASTS.rename(columns={"visit": "phase"}).assign(phase=["in months 0 to 2", "from month 2 on"])
ROUNDS = pd.DataFrame({"round": [1, 2, 3], "step": ["keys", "counts", "sums"], "answer_bytes": [961, 1512, 72532]})
TWO_STAGE = pd.DataFrame({
    "practice": ["A", "B", "fixed effect", "random effects"], "estimate": [1.8, np.nan, 1.8, 1.8],
    "std_error": [2.9, np.nan, 2.9, 3.1], "ci_low": [-3.9, np.nan, -3.9, -4.3], "ci_high": [7.5, np.nan, 7.5, 7.9],
    "weight": [1.0, np.nan, np.nan, np.nan], "tau": [np.nan, np.nan, 0.0, 2.2],
    "note": ["", "All 20 analysed patients were treated in individual format.", "", ""],
})  # fmt: skip
