"""Drawn studies that are fitted together: all of one task by the full model, on the design of the largest of them."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from kap_analysis.analysis.model.estimates import difference_row
from kap_analysis.analysis.model.ladder import FULL, LadderCounts, choose_rungs, name_rung
from kap_analysis.analysis.model.plan import Ladder
from kap_analysis.columns import BASELINE, DF, ESTIMATE, GROUP, INDIVIDUAL, STD_ERROR
from kap_analysis.mixed.model import MixedModel, mixedlm
from kap_analysis.planning.drawn_study import DrawnStudy
from kap_analysis.planning.next_study import NextStudy


def allows_full(drawn: DrawnStudy, study: NextStudy, ladder: Ladder) -> bool:
    """Whether a drawn study gets the full model by the ladder, with all visits and the effect of the cohorts."""
    counts = _counts(drawn, study)
    if not counts.shared_cohorts or not all(np.diag(together).all() for together in counts.pairs.values()):
        return False
    return name_rung(counts, study.visit, ladder)[0] == FULL


def rung_of(drawn: DrawnStudy, study: NextStudy, ladder: Ladder) -> str:
    """The model that the counts of a drawn study give."""
    return name_rung(_counts(drawn, study), study.visit, ladder)[0]


def _counts(drawn: DrawnStudy, study: NextStudy) -> LadderCounts:
    seen, is_group = drawn.seen.astype(float), drawn.is_group
    pairs = {arm: seen[of].T @ seen[of] for arm, of in ((INDIVIDUAL, ~is_group), (GROUP, is_group))}
    shared = int(np.count_nonzero(np.bincount(drawn.cohort[is_group & drawn.seen.any(axis=1)], minlength=1) >= 2))
    return LadderCounts(study.visits, pairs, shared)


@dataclass(frozen=True)
class SharedDesign:
    """The full model on a study in which every patient is seen, with cohorts of the largest size.

    Attributes
    ----------
    model : MixedModel
        Its rows are the patients' visits, patient by patient.
    row : numpy.ndarray
        (p,): group minus individual at the primary visit.
    sizes : tuple of int
        Cohorts, patients who may start in each, patients in individual format, visits.
    """

    model: MixedModel
    row: NDArray[np.float64]
    sizes: tuple[int, int, int, int]

    @classmethod
    def of(cls, study: NextStudy, ladder: Ladder) -> Self | None:
        """The design of the largest study; None where the counts of such a study do not allow the full model."""
        size = max(study.sizes)
        cohort = np.concatenate([np.repeat(np.arange(study.cohorts), size), np.full(study.individual, -1)])
        shape = len(cohort), len(study.visits)
        noise = np.random.default_rng(0).standard_normal((shape[0], shape[1] + 1))  # each study has scores of its own
        whole = DrawnStudy(study.visits, cohort, noise[:, 0], noise[:, 1:], np.ones(shape, dtype=bool))
        if not allows_full(whole, study, ladder):
            return None
        frame = whole.model_frame
        rung = choose_rungs(frame, study.visit, ladder)[0]
        model = mixedlm(rung.formula, frame.frame, residual_by=rung.residual_by)
        row = difference_row(model, frame.patients, study.visit)
        return cls(model, row, (study.cohorts, size, study.individual, len(study.visits)))

    def fitted(self, drawn: list[DrawnStudy], ddf: str) -> list[dict[str, object] | None]:
        """Estimate, standard error, df and rung of each study; None where the full model has no fit."""
        baseline, score = self._on_rows(drawn)
        fits = self.model.fit_many(score, ddf=ddf, contrasts=self.row, covariates={BASELINE: baseline})
        there = fits.status["problem"].isna() & fits.status["converged"]
        rows = fits.contrasts[[ESTIMATE, STD_ERROR, DF]].assign(rung=FULL).to_dict("records")
        return [
            {str(name): value for name, value in row.items()} if fit else None
            for row, fit in zip(rows, there, strict=True)
        ]

    def _on_rows(self, drawn: list[DrawnStudy]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Baseline and score (rows, studies); the score is missing where a study has no such row."""
        cohorts, size, individual, visits = self.sizes
        baseline = np.zeros((cohorts * size + individual, len(drawn)))
        score = np.full((len(baseline), visits, len(drawn)), np.nan)
        for d, one in enumerate(drawn):
            inside = np.bincount(one.cohort[one.is_group], minlength=cohorts)
            free = np.arange(size) < inside[:, None]
            place = np.flatnonzero(np.r_[free.ravel(), np.ones(individual, dtype=bool)])
            baseline[place, d] = one.baseline
            score[place, :, d] = np.where(one.seen, one.score, np.nan)
        return np.repeat(baseline, visits, axis=0), score.reshape(-1, len(drawn))
