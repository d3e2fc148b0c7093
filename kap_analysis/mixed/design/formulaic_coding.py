"""Design columns by formulaic: transforms, splines, own contrasts.

formulaic is given columns that are read already, each under a name that the code of the formula has for it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from formulaic import SimpleFormula
from formulaic.errors import DataMismatchWarning, FormulaicError
from formulaic.parser.types import Factor as FormulaicFactor
from formulaic.parser.types import Term as FormulaicTerm
from numpy.typing import NDArray

from kap_analysis.mixed.design.columns import Rows
from kap_analysis.mixed.design.new_rows import new_values
from kap_analysis.mixed.design.term import Term
from kap_analysis.mixed.errors import MixedModelError, listed
from kap_analysis.mixed.formula.formula import Factor, Part, columns_of, placeholder
from kap_analysis.mixed.formula.functions import FUNCTIONS

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class FormulaicCoding:
    """Whatever formulaic can read: transforms, splines, own contrasts.

    Attributes
    ----------
    spec
        formulaic's record of the matrix: knots, centres, levels.
    inputs : mapping
        For each name that the code of the formula uses, the column and whether its levels are meant.
    """

    spec: Any
    inputs: Mapping[str, tuple[str, bool]]
    factors: Mapping[str, tuple[Any, ...]]
    names: tuple[str, ...]
    terms: tuple[Term, ...]
    shown: Mapping[str, str]

    def rows(self, frame: pd.DataFrame) -> Matrix:
        """The design rows of `frame` (m, p)."""
        made: dict[str, Any] = {}
        for key, (name, as_levels) in self.inputs.items():
            factors = {name: self.factors[name]} if as_levels else {}
            made[key] = _as_input(new_values(frame, [name], factors)[name], factors.get(name))
        return np.asarray(_materialise(self.spec, pd.DataFrame(made, frame.index), self.shown), dtype=float)


def code_by_formulaic(part: Part, rows: Rows, factors: dict[str, tuple[Any, ...]]) -> tuple[FormulaicCoding, Matrix]:
    """The coding by formulaic; a number under `C()` is a factor."""
    inputs = _inputs(part, rows)
    for name, as_levels in inputs.values():
        if as_levels:
            factors.setdefault(name, rows.labels(name).levels)
    _check_listed_levels(part, factors)
    frame = pd.DataFrame(
        {
            key: _as_input(rows.labels(name).codes, factors[name]) if as_levels else rows.numbers(name)
            for key, (name, as_levels) in inputs.items()
        },
        index=range(len(rows)),
    )
    shown = {_code(factor): factor.text for term in part.terms for factor in term if factor.kind != "number"}
    formula = SimpleFormula([_formulaic_term(term) for term in part.terms], _ordering="none")
    matrix = _materialise(formula, frame, shown)
    spec = matrix.model_spec
    terms = tuple(
        Term(
            ":".join(factor.text for factor in term) or "Intercept",
            tuple(spec.term_indices[found]),
            columns_of(term),
        )
        for term, found in zip(part.terms, spec.formula, strict=True)
    )
    names = tuple(_restored(str(name), shown) for name in matrix.columns)
    return FormulaicCoding(spec, inputs, factors, names, terms, shown), np.asarray(matrix, dtype=float)


def _check_listed_levels(part: Part, factors: Mapping[str, tuple[Any, ...]]) -> None:
    """Rows of a level that `C(x, levels=[...])` leaves out would count as the reference level."""
    for factor in (factor for term in part.terms for factor in term if factor.listed):
        left_out = [level for level in factors[str(factor.levels_of)] if level not in factor.listed]
        if left_out:
            raise MixedModelError(
                f"{factor.text} leaves out {listed([repr(level) for level in left_out])} of {factor.levels_of}. "
                "List every level."
            )


def _inputs(part: Part, rows: Rows) -> dict[str, tuple[str, bool]]:
    """The names in the code of a part: which column each is, and whether its levels are meant."""
    found: dict[str, tuple[str, bool]] = {}
    for factor in (factor for term in part.terms for factor in term):
        for name in factor.columns:
            for key, as_levels in (
                (placeholder(name), rows.is_factor(name)),
                (placeholder(name, as_levels=True), True),
            ):
                if key in _code(factor):
                    if key == placeholder(name):
                        rows.columns.check_stored(name)
                    found[key] = (name, as_levels)
    return found


def _code(factor: Factor) -> str:
    return placeholder(factor.columns[0]) if factor.kind == "column" else factor.code or factor.text


def _formulaic_term(term: tuple[Factor, ...]) -> FormulaicTerm:
    methods = {"column": "lookup", "number": "literal", "expression": "python"}
    factors = [FormulaicFactor(_code(factor), eval_method=methods[factor.kind]) for factor in term]
    return FormulaicTerm(factors or [FormulaicFactor("1", eval_method="literal")])


def _as_input(values: Any, levels: tuple[Any, ...] | None) -> Any:
    return values if levels is None else pd.Categorical.from_codes(values, pd.Index(levels, dtype=object))


def _materialise(spec: Any, frame: pd.DataFrame, shown: Mapping[str, str]) -> Any:
    functions = {name: function for name, (function, _) in FUNCTIONS.items()}
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():  # what is not finite is reported with its column
            # formulaic would count rows of a level that it does not know as rows of the reference level.
            warnings.simplefilter("error", DataMismatchWarning)
            return spec.get_model_matrix(frame, na_action="ignore", context=functions)
    except DataMismatchWarning as warning:
        found = re.search(r"\{(.*)\}", str(warning))
        which = ": " + re.sub(r"np\.\w+\((.*?)\)", r"\1", found.group(1)) if found else ""
        raise MixedModelError(f"A C(...) of the formula meets levels that it does not know{which}.") from None
    except (FormulaicError, ArithmeticError, AttributeError, LookupError, NameError, TypeError, ValueError) as error:
        text = _restored((str(error).strip() or type(error).__name__).splitlines()[0], shown)
        whys = {name: _why_not(text, _reads_words(code, frame)) for code, name in shown.items() if f"`{name}`" in text}
        said = [f"{name} cannot be computed, for {why}." for name, why in whys.items() if why]
        raise MixedModelError(said[0] if said else f"The columns of the formula cannot be computed: {text}") from error


def _why_not(text: str, reads_words: bool) -> str:
    """Why an expression cannot be computed, where the text of the error tells it; otherwise empty."""
    if "Unordered Categoricals" in text:
        return "words have no order here; compare them with == or !="
    if reads_words:
        return "it reads words where numbers are needed"
    return "it compares numbers with words" if "Invalid comparison" in text else ""


def _reads_words(code: str, frame: pd.DataFrame) -> bool:
    return any(name in code and isinstance(frame[name].dtype, pd.CategoricalDtype) for name in frame.columns)


def _restored(text: str, shown: Mapping[str, str]) -> str:
    """A text of formulaic with factors as they stand in the formula, the longest code first."""
    for code in sorted(shown, key=len, reverse=True):
        text = text.replace(code, shown[code])
    return text
