"""Made-up frames of a planned study."""

import pandas as pd

NAN = float("nan")
PRECISION = pd.DataFrame(
    {
        "icc": [0.06, 0.06], "method": ["formula", "simulated"], "rung": ["full", "full"], "n_draws": [0, 100],
        "std_error": [1.33, 1.34], "df": [80.3, 81.0], "power": [0.607, 0.58], "power_mc_error": [NAN, 0.049],
        "type_1_error": [0.05, 0.04], "type_1_mc_error": [NAN, 0.02], "coverage": [NAN, 0.95],
        "width": [5.27, 5.3], "width_mc_error": [NAN, 0.02], "width_80": [5.6, 5.6],
    }
)  # fmt: skip
ASSUMPTIONS = pd.DataFrame(
    {"assumption": ["ICC", "scores"], "value": ["0.06", "an SD of 9.5"], "source": ["published: a review", "assumed"]}
)
