"""MixedResults computes nothing: each of its methods hands the fit over to one function that takes a FittedModel."""

from __future__ import annotations

import ast
import inspect

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed import results
from kap_analysis.mixed.results import MixedResults
from tests.mixed.pairs import partial

FORMULA = "score ~ month * format + (0 + is_group | cohort) + (1 | patient)"
METHODS = [node for node in ast.walk(ast.parse(inspect.getsource(MixedResults))) if isinstance(node, ast.FunctionDef)]


@pytest.mark.parametrize("method", METHODS, ids=lambda node: node.name)
def test_a_method_is_one_call(method: ast.FunctionDef) -> None:
    *docstring, last = method.body
    assert len(docstring) <= 1
    assert isinstance(last, ast.Return) and isinstance(last.value, ast.Call)
    assert "self" in {node.id for node in ast.walk(last.value) if isinstance(node, ast.Name)}


def test_every_function_that_is_imported_is_handed_a_fit() -> None:
    """No question is imported and then forgotten."""
    called = {ast.unparse(node.func) for m in METHODS for node in ast.walk(m) if isinstance(node, ast.Call)}
    functions = {name for name, value in vars(results).items() if inspect.isfunction(value) and name.islower()}
    assert functions - {"dataclass"} <= called


def test_what_a_method_returns_is_what_its_function_returns() -> None:
    fit = partial(FORMULA)
    for method, function, options in [
        (fit.means, results.marginal_means, {"specs": "format", "at": {"month": 2.0}, "level": 0.9}),
        (fit.contrasts, results.contrast_means, {"specs": "format", "at": {"month": 2.0}, "ddf": "satterthwaite"}),
        (fit.within_margin, results.compare_with_margin, {"specs": "format", "margin": 4.0}),
        (fit.anova, results.anova_table, {"ddf": "satterthwaite"}),
        (fit.profile, results.profile_parameters, {"names": "residual", "level": 0.8}),
        (fit.predict, results.predict_rows, {"conditional": True, "interval": True, "level": 0.8}),
        (fit.simulate, results.simulate_responses, {"n_draws": 2, "seed": 5}),
        (fit.effects, results.estimated_effects, {}),
    ]:
        pd.testing.assert_frame_equal(method(**options), function(fit, **options))
    asked = {"grouping": "cohort", "at": {"is_group": 1}}
    assert fit.icc(**asked) == results.intraclass_correlation(fit, **asked)
    assert np.array_equal(fit.residuals("normalised"), results.marginal_residuals(fit, "normalised"))
