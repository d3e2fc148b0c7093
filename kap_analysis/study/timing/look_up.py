"""Looking values up by a code: once per distinct code, not once per row."""

import numpy as np
import pandas as pd


def value_at(keys: pd.Series, table: pd.Series) -> np.ndarray:
    """Return for each key the value that ``table`` has for it; missing where it has none.

    Parameters
    ----------
    keys : pandas.Series
        Categorical or text.
    table : pandas.Series
        Values by key; each key once.

    Returns
    -------
    numpy.ndarray
        float64 where the values are numbers, object otherwise.
    """
    numeric = pd.api.types.is_numeric_dtype(table.dtype)
    values = table.to_numpy(dtype=float) if numeric else table.astype(object).to_numpy()
    plain = pd.Series(values, index=table.index.astype(object))
    coded = keys if isinstance(keys.dtype, pd.CategoricalDtype) else keys.astype("category")
    found = plain.reindex(coded.cat.categories.astype(object)).to_numpy()
    with_missing = np.full(len(found) + 1, np.nan if numeric else None, dtype=found.dtype)
    with_missing[:-1] = found
    return with_missing[coded.cat.codes.to_numpy()]


def is_among(keys: pd.Series, values: pd.Series) -> np.ndarray:
    """Say for each key whether it is one of the values.

    ``Series.isin`` of Arrow texts walks the values one by one in Python; each distinct value is enough.
    """
    return keys.isin(list(values.dropna().unique())).to_numpy()
