"""What a coding makes of a formula part: design columns, and which of them belong to each term."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Term:
    """One term of a formula part.

    Attributes
    ----------
    label : str
        As it stands in the formula, `visit:format`; "Intercept" for the constant.
    columns : tuple of int
        Which columns of the matrix are its own.
    variables : tuple of str
        The columns of the data that it is made of.
    """

    label: str
    columns: tuple[int, ...]
    variables: tuple[str, ...]


class Coding(Protocol):
    """What turns rows of a frame into rows of a design matrix."""

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def terms(self) -> tuple[Term, ...]: ...

    @property
    def factors(self) -> Mapping[str, tuple[Any, ...]]: ...

    def rows(self, frame: pd.DataFrame) -> Matrix: ...
