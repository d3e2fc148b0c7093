"""The comparison of the formats at one visit, repeated on many completed data sets and pooled."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from kap_analysis.analysis.estimates import first_that_fits
from kap_analysis.analysis.imputation import Completed
from kap_analysis.analysis.ladder import build_rung
from kap_analysis.analysis.model_frame import ModelFrame
from kap_analysis.analysis.rubin import Pooled, pool
from kap_analysis.columns import COHORT_ID, FORMAT, GROUP, INDIVIDUAL
from kap_analysis.mixed.model import MixedModel, mixedlm
from kap_analysis.mixed.results import MixedResults


@dataclass
class ImputedContrast:
    """Group minus individual at a visit, in each completed data set, by the comparison at that visit alone.

    The models are built once for each imputation; scores that are shifted afterwards (deltas) change the response only.

    Attributes
    ----------
    completed : Completed
    covariates : tuple of str
    visit : str
    """

    completed: Completed
    covariates: tuple[str, ...]
    visit: str
    _models: list[list[MixedModel]] = field(default_factory=list)

    def pooled(self, scores: np.ndarray) -> Pooled:
        """The contrast on scores (imputations, patients, visits), pooled by Rubin's rules."""
        if not self._models:
            self._models = [self._build(which) for which in range(len(scores))]
        at = self.completed.visits.index(self.visit)
        estimates, errors, dfs = [], [], []
        for which, values in enumerate(scores):
            fit = self._fit(which, values[:, at])
            term = np.array(fit.design.fixed.names) == f"{FORMAT}[T.{GROUP}]"
            found = fit.inference(term.astype(float)[None])
            estimates.append(found.estimate[0])
            errors.append(found.std_error[0])
            dfs.append(found.df[0])
        return pool(np.array(estimates), np.array(errors), float(np.mean(dfs)))

    def _build(self, which: int) -> list[MixedModel]:
        frame = self.completed.at_visit(which, self.visit)
        has_cohort = bool((frame["is_group"] * ~frame[COHORT_ID].str.startswith("patient ")).any())
        frame = frame.assign(in_cohort=frame["is_group"] * has_cohort)
        model = ModelFrame(frame, (self.visit,), (INDIVIDUAL, GROUP), self.covariates, ())
        rungs = [build_rung(model, "compound"), build_rung(model, "descriptive")]
        return [mixedlm(rung.formula, frame, residual_by=rung.residual_by) for rung in rungs]

    def _fit(self, which: int, response: np.ndarray) -> MixedResults:
        def builder(model: MixedModel) -> Callable[[], MixedResults]:
            return lambda: model.with_response(response).fit()

        _, fit, _ = first_that_fits([builder(model) for model in self._models[which]])
        return fit
