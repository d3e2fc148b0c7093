"""Between-within df: nlme's, and counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.coefficients.between_within import between_within_df, coefficient_df
from kap_analysis.mixed.model import mixedlm
from tests.mixed.pairs import data_of, pair
from tests.mixed.reference_values import r_term


@pytest.mark.parametrize("key", ["patients", "cohorts", "slopes"])
def test_between_within(key: str) -> None:
    known = pair("between_within")[key]
    fit = mixedlm(known["formula"], data_of("partial.csv")).fit(ddf="between-within")
    assert {r_term(term): df for term, df in fit.df.items()} == known["df"]
    terms = {row["term"]: row["df"] for row in known["anova"] if row["term"] != "(Intercept)"}
    assert fit.anova().set_index("term")["df_den"].to_dict() == terms
    assert fit.cov_params().equals(fit.cov_params("satterthwaite"))


def test_each_coefficient_counts_the_units_within_which_its_column_does_not_change() -> None:
    """60 rows of 12 patients in two arms of 6: arm 12 - 1 - 1, month and the interaction 60 - 12 - 2."""
    design = mixedlm("score ~ month * format + (1 | patient)", data_of("singular.csv")).design
    assert coefficient_df(design).tolist() == [46.0, 46.0, 10.0, 46.0]
    rows = np.array([[0, 0, 1, 0], [0, 0, 1, 2], [1, 0, 1, 0]], float)
    assert between_within_df(design, rows).tolist() == [10.0, 10.0, 10.0]
    rounded = np.array([[0, 1, 1e-14, 0]])
    assert between_within_df(design, rounded).tolist() == [46.0]
