"""What all results have in common: a paragraph in plain English, and JSON."""

import dataclasses
import math
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar

import numpy as np
import pandas as pd

from kap_analysis.columns import Progress as Progress
from kap_analysis.writing.escapes import markdown_text

WITHHELD_WHOLE: Final = "The numbers are withheld: the study is public, and they count too few patients."
R = TypeVar("R", bound="Result")


def told_of(*frames: str) -> Callable[[Callable[[R], str]], Callable[[R], str]]:
    """Mark the paragraph that is written of these frames; where the gate left one no row, it says only that."""

    def marked(write: Callable[[R], str]) -> Callable[[R], str]:
        @wraps(write)
        def told(result: R) -> str:
            is_lost = len(getattr(result, "withheld", ())) and any(getattr(result, name).empty for name in frames)
            return WITHHELD_WHOLE if is_lost else write(result)

        return told

    return marked


class Result:
    """Base of the frozen results of ``analysis/``.

    A result holds tidy frames, one per field. ``paragraph`` states the result in plain English for a Results section.
    It is written from the frames, so it changes with the data. ``withheld`` lists what the disclosure gate held back
    (columns ``frame``, ``row``, ``column``, ``why``); it is empty for a private or a simulated study.
    """

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        """Results are compared as one value each: the comparison that `dataclass` writes raises on frames."""
        cls.__eq__ = Result.__eq__  # type: ignore[method-assign]

    def __eq__(self, other: object) -> bool:
        return self is other or (type(self) is type(other) and self.to_dict() == other.to_dict())

    @property
    def paragraph(self) -> str:
        """The result in sentences, with its numbers."""
        raise AttributeError(f"{type(self).__name__} has no paragraph")

    def __str__(self) -> str:
        return self.paragraph

    def _repr_markdown_(self) -> str:
        return markdown_text(self.paragraph)

    def to_dict(self) -> dict[str, Any]:
        """Fields as plain values: frames as lists of rows, missing and infinite numbers as None."""
        fields = {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self)}  # type: ignore[arg-type]
        return {**fields, "paragraph": self.paragraph}


def empty_withheld() -> pd.DataFrame:
    """The frame for ``withheld`` when nothing was withheld."""
    return pd.DataFrame({name: pd.Series(dtype="str") for name in ("frame", "row", "column", "why")})


def _plain(value: Any) -> Any:
    if isinstance(value, pd.DataFrame):
        return [{str(k): _plain(v) for k, v in row.items()} for row in value.to_dict(orient="records")]
    if isinstance(value, pd.Series):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bool | int | str):
        return value
    if hasattr(value, "to_dict"):
        return value.to_dict()
    return str(value)
