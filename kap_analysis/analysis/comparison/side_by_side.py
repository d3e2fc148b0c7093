"""Several estimates of one quantity in one frame, so that a reader sees where they agree."""

from collections.abc import Mapping

import pandas as pd

from kap_analysis.analysis.comparison.comparison_result import FormatComparison
from kap_analysis.analysis.comparison.statsmodels_check import StatsmodelsComparison
from kap_analysis.columns import ESTIMATE_COLUMNS, VISIT


def compare_estimates(comparisons: Mapping[str, FormatComparison | StatsmodelsComparison], visit: str) -> pd.DataFrame:
    """Group minus individual at a visit, one row per way of estimating it.

    Returns
    -------
    DataFrame
        ``by`` (the name given), then ``estimate std_error df statistic p_value ci_low ci_high``, in points; of a
        public study ``withheld`` where numbers of a comparison were.
    """
    rows = []
    for name, comparison in comparisons.items():
        found = comparison.contrasts[comparison.contrasts[VISIT].astype("str") == visit].iloc[0]
        told = [*ESTIMATE_COLUMNS, *(["withheld"] if "withheld" in found.index else [])]
        rows.append({"by": name, **{column: found[column] for column in told}})
    return pd.DataFrame(rows)
