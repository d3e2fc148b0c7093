"""The comparison of the formats at one visit, repeated on imputed data sets and pooled."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from kap_analysis.analysis.missing.imputation import Completed
from kap_analysis.analysis.missing.rubin import Pooled, pool
from kap_analysis.analysis.model.estimates import difference_row, first_or_refuse
from kap_analysis.analysis.model.ladder import build_rung
from kap_analysis.analysis.model.model_frame import ModelFrame
from kap_analysis.columns import GROUP, INDIVIDUAL
from kap_analysis.mixed.model import MixedModel, mixedlm
from kap_analysis.mixed.results import MixedResults


@dataclass
class ImputedContrast:
    """Group minus individual at a visit in each imputed data set, by a model of that visit alone.

    The models are built once per imputation. Shifting the scores (deltas) changes only the response.

    Attributes
    ----------
    completed : Completed
    covariates : tuple of str
    visit : str
    """

    completed: Completed
    covariates: tuple[str, ...]
    visit: str
    _models: list[MixedModel] = field(default_factory=list)
    _starts: dict[int, dict[str, float]] = field(default_factory=dict)
    #: The combination of fixed effects that is the contrast, by their names: the response does not change it.
    _rows: dict[tuple[str, ...], np.ndarray] = field(default_factory=dict)

    def pooled(self, scores: np.ndarray) -> Pooled:
        """The contrast on scores (imputations, patients, visits), pooled by Rubin's rules."""
        if not self._models:
            self._models = [self._build(which, "compound") for which in range(len(scores))]
        at = self.completed.visits.index(self.visit)
        estimates, errors, dfs = [], [], []
        for which, values in enumerate(scores):
            fit = self._fit(which, values[:, at])
            found = fit.inference(self._row(fit)[None])
            estimates.append(found.estimate[0])
            errors.append(found.std_error[0])
            dfs.append(found.df[0])
        return pool(np.array(estimates), np.array(errors), float(np.mean(dfs)))

    def _row(self, fit: MixedResults) -> np.ndarray:
        names = fit.design.fixed.names
        if names not in self._rows:
            self._rows[names] = difference_row(fit, fit.design.frame.iloc[:1], self.visit)
        return self._rows[names]

    def _build(self, which: int, rung: str) -> MixedModel:
        frame = self.completed.at_visit(which, self.visit)
        model = ModelFrame(frame, (self.visit,), (INDIVIDUAL, GROUP), self.covariates, ())
        built = build_rung(model, rung)
        return mixedlm(built.formula, frame, residual_by=built.residual_by)

    def _fit(self, which: int, response: np.ndarray) -> MixedResults:
        """The comparison in one data set, started at its last estimates; a simpler model if that fails."""
        model = self._models[which].with_response(response)
        builders: list[Callable[[], MixedResults]] = [
            model.fit,
            lambda: self._build(which, "descriptive").with_response(response).fit(),
        ]
        if which in self._starts:
            builders.insert(0, partial(model.fit, start=self._starts[which]))
        position, fit, _ = first_or_refuse(builders, f"The comparison at {self.visit} on imputed data")
        if position < len(builders) - 1:
            self._starts[which] = {str(name): float(value) for name, value in fit.theta.items()}
        return fit
