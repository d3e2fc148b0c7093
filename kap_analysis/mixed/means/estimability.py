"""What the data cannot tell: a mean outside the row space of the design is not estimable (emmeans: nonEst)."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from kap_analysis.mixed.coefficients.estimates import ESTIMATE_COLUMNS
from kap_analysis.mixed.errors import MixedModelWarning, listed
from kap_analysis.mixed.fitted_model import Answering

NOT_ESTIMABLE = "not estimable"


def without_what_is_not_estimable(frame: pd.DataFrame, estimable: np.ndarray, fit: Answering) -> pd.DataFrame:
    """The frame with missing numbers and a word in a column ``note`` where a row is not estimable.

    The column is there only where some row needs it. A warning names these rows.
    """
    if estimable.all():
        return frame
    labels = frame.drop(columns=[*ESTIMATE_COLUMNS]).astype(str)[~estimable]
    named = [", ".join(f"{column} {value}" for column, value in row.items()) for row in labels.to_dict("records")]
    dropped = fit.design.fixed.dropped
    warnings.warn(
        f"{len(named)} of {len(frame)} rows {'is' if len(named) == 1 else 'are'} {NOT_ESTIMABLE} "
        f"({listed(named, 3)}): the data cannot tell {listed(dropped, 3)} from the other columns, as where a "
        "combination of levels has no rows.",
        MixedModelWarning,
        stacklevel=4,  # where means or contrasts is called
    )
    told = frame.astype(dict.fromkeys(ESTIMATE_COLUMNS, float))
    told.loc[~estimable, list(ESTIMATE_COLUMNS)] = np.nan
    return told.assign(note=np.where(estimable, "", NOT_ESTIMABLE))
