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
    **{name: (getattr(np, name), 2) for name in ("minimum", "maximum", "logical_and", "logical_or")},
    "logical_not": (np.logical_not, 1),
    "where": (np.where, 3),
}  # fmt: skip
#: What formulaic adds: levels, splines, polynomials and columns that are centred at the mean of the analysed rows.
TRANSFORMS = ("C", "factor", "I", "center", "scale", "standardize", "poly", "bs", "cr", "cc", "cs")
CONTRASTS = ("treatment", "SAS", "sum", "helmert", "diff", "poly")
#: What R users write for some of them.
IN_R = {
    "ifelse": "where", "pmin": "minimum", "pmax": "maximum", "ceiling": "ceil", "asin": "arcsin", "acos": "arccos",
    "atan": "arctan", "ns": "cr, of one df more", "as.factor": "factor", "relevel": "C(x, levels=[...])",
}  # fmt: skip
OPERATORS_IN_R = {
    "%in%": "compare with ==, and join with logical_or(a, b)", "%/%": "write //", "%%": "write %",
    "&&": "write &, with parentheses around comparisons", "!": "write logical_not(a)",
}  # fmt: skip
KEYWORDS = (
    "df", "degree", "raw", "knots", "lower_bound", "upper_bound", "include_intercept", "extrapolation", "contrasts",
    "levels", "base", "scores", "reverse", "center", "scale", "rescale", "ddof",
)  # fmt: skip
