"""The functions that an expression of a formula may call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

#: Functions of numbers with how many arguments they take: a further argument of a NumPy function would be written to.
FUNCTIONS: dict[str, tuple[Callable[..., Any], int]] = {
    **{
        name: (getattr(np, name), 1)
        for name in (
            "abs", "sqrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sign", "floor", "ceil", "round",
            "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh",
        )
    },
    "minimum": (np.minimum, 2),
    "maximum": (np.maximum, 2),
    "where": (np.where, 3),
}  # fmt: skip
#: What formulaic adds: levels, splines, polynomials and columns that are centred at the mean of the analysed rows.
TRANSFORMS = ("C", "factor", "I", "center", "scale", "standardize", "poly", "bs", "cr", "cc", "cs")
CONTRASTS = ("treatment", "SAS", "sum", "helmert", "diff", "poly")
KEYWORDS = (
    "df", "degree", "raw", "knots", "lower_bound", "upper_bound", "include_intercept", "extrapolation", "contrasts",
    "levels", "base", "scores", "reverse", "center", "scale", "rescale", "ddof",
)  # fmt: skip
