"""One term of a formula part, with the columns of the design matrix that are its own."""

from __future__ import annotations

from dataclasses import dataclass


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
