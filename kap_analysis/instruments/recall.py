"""How far back the questions of an instrument look, and whether that reaches into the time before treatment."""

import numpy as np
import pandas as pd

from kap_analysis.instruments.instrument import Instrument


def reaches_before_treatment(instrument: Instrument, days: pd.Series | np.ndarray | list[float] | float) -> np.ndarray:
    """Whether each assessment after day 0 asks about days before it.

    Day 0 is the first ketamine session. An assessment on day d asks about days d - recall_days to d, so that the
    window reaches back where 0 < d < recall_days. An assessment on or before day 0 asks about that time only, and
    one without a day, or of an instrument without an established recall period, is False.
    """
    values = np.atleast_1d(pd.to_numeric(pd.Series(np.atleast_1d(days))).to_numpy(dtype=float, na_value=np.nan))
    if instrument.recall_days is None:
        return np.zeros(values.shape, dtype=bool)
    return np.asarray((values > 0) & (values < instrument.recall_days))


def recall_warning(instrument: Instrument, day: float) -> str | None:
    """A sentence where the recall window of an assessment on `day` reaches back before day 0; None where not.

    Examples
    --------
    >>> from kap_analysis.instruments.registry import get_instrument
    >>> recall_warning(get_instrument("BDI-II"), 7)
    'BDI-II on day 7 asks about the last 14 days, 7 of them before the first ketamine session.'
    """
    if not reaches_before_treatment(instrument, day)[0]:
        return None
    recall = instrument.recall_days or 0
    return (
        f"{instrument.name} on day {day:g} asks about the last {recall} days, "
        f"{recall - day:g} of them before the first ketamine session."
    )
