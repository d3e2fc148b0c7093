"""The parts of a fitted model, as frames for a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

import pandas as pd

from kap_analysis.analysis.change.estimated_change import EstimatedChange
from kap_analysis.analysis.change.trajectories import Trajectories
from kap_analysis.analysis.comparison.comparison_result import FormatComparison
from kap_analysis.analysis.result import Result
from kap_analysis.errors import AnalysisError
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.results import MixedResults
from kap_analysis.study.first_argument import asked_of
from kap_analysis.writing.sentences import plural

Modelled = FormatComparison | EstimatedChange | Trajectories


@dataclass(frozen=True)
class ModelParts(Result):
    """The parts of a fitted model.

    Attributes
    ----------
    coefficients : DataFrame
        The fixed part: ``term`` and the estimate columns.
    variance_components : DataFrame
        The random part: ``grouping``, ``term1``, ``term2``, ``variance``, ``sd``, ``correlation``.
    residual : DataFrame
        ``stratum``, ``visit1``, ``visit2``, ``variance``, ``sd``, ``correlation``.
    about : mapping
        ``formula``, ``ddf``, ``n_observations``, ``n_left_out``, ``criterion``, ``converged``, ``singular``, and
        ``n_patients``, ``why`` if the result has them; ``r2_marginal``, ``r2_conditional`` if they are defined.
    """

    coefficients: pd.DataFrame
    variance_components: pd.DataFrame
    residual: pd.DataFrame
    about: Mapping[str, Any]

    @property
    def paragraph(self) -> str:
        said = "converged" if self.about["converged"] else "did not converge"
        edge = "; a variance lies at its boundary (singular)" if self.about["singular"] else ""
        return f"The model {self.about['formula']} {said} on {plural(self.about['n_observations'], 'score')}{edge}."


@asked_of(*get_args(Modelled), words="a result of a model", remedy="Ask first, as in kap.compare_formats(study)")
def describe_model(result: Modelled) -> ModelParts:
    """The parts of the model behind a result.

    Parameters
    ----------
    result : FormatComparison, EstimatedChange or Trajectories

    Raises
    ------
    AnalysisError
        For a public study of real patients, because the model holds rows of single patients.
    """
    fit = fitted_model(result)
    said = result.model.iloc[0]
    about = {
        "formula": fit.formula, "ddf": fit.settings.ddf, "n_observations": fit.nobs, "n_left_out": fit.n_left_out,
        "criterion": fit.criterion, "converged": fit.converged, "singular": fit.singular,
        **{name: said[name] for name in ("n_patients", "why") if name in said},
    }  # fmt: skip
    return ModelParts(fit.coefficients(), fit.variance_components, fit.residual, {**about, **_r_squared(fit)})


def fitted_model(result: Modelled) -> MixedResults:
    """The fit behind a result, or an error that says why there is none."""
    if result.fit is None:
        raise AnalysisError(
            "The model holds the rows of single patients, which a public study of real patients does not show."
        )
    return result.fit


def _r_squared(fit: MixedResults) -> dict[str, float]:
    try:
        found = fit.r_squared()
    except MixedModelError:
        return {}  # not defined for this model: several residual variances, or no random part
    return {"r2_marginal": found.marginal, "r2_conditional": found.conditional}
