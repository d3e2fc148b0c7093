"""Change on each instrument of the plan: the same model for each, and the patients assessed at both times."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from kap_analysis.analysis.change.estimated_change import EstimatedChange, estimate_change
from kap_analysis.analysis.change.observed import PairedScores, paired_scores
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model.plan_file import study_plan
from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.analysis.visits import NO_CONTROL
from kap_analysis.columns import INSTRUMENT, N_PATIENTS, VISIT
from kap_analysis.errors import AnalysisError, KapError
from kap_analysis.run_memory import once_per_run
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.study import Study
from kap_analysis.writing.sentences import estimate_words, join_words, n_statement
from kap_analysis.writing.small_numbers import interval_words


@dataclass(frozen=True)
class ChangeByInstrument(Result):
    """Change from baseline on several instruments, the primary one first.

    Attributes
    ----------
    means, change, effect_sizes, published : DataFrame
        As in `EstimatedChange`, stacked by instrument.
    paired_means, paired_change : DataFrame
        As ``means`` and ``change`` in `PairedScores`, at the plan's primary visit.
    visit : str
    notes : DataFrame
        ``instrument``, ``note``: what could not be estimated, and why.
    """

    means: pd.DataFrame
    change: pd.DataFrame
    effect_sizes: pd.DataFrame
    published: pd.DataFrame
    paired_means: pd.DataFrame
    paired_change: pd.DataFrame
    visit: str
    notes: pd.DataFrame
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def paragraph(self) -> str:
        at_visit = self.change[self.change[VISIT].astype("str") == self.visit]
        rows, hidden = at_visit[at_visit["estimate"].notna()], at_visit[at_visit["estimate"].isna()]
        told = [
            f"{row[INSTRUMENT]} {estimate_words(row)} points ({interval_words(row)}; "
            f"{n_statement(row[N_PATIENTS])}{'' if pd.isna(row[N_PATIENTS]) else ' scored then'})"
            for _, row in rows.iterrows()
        ]
        how = f"Mean change from baseline to {self.visit}, estimated from all scores by a mixed model"
        parts = [f"{how}: {join_words(told)}."] if told else []
        if len(hidden):
            parts.append(f"Withheld to protect small groups of patients: {join_words(list(hidden[INSTRUMENT]))}.")
        parts += [f"{row[INSTRUMENT]}: {row['note']}" for _, row in self.notes.iterrows()]
        return " ".join([*parts, NO_CONTROL])


@asked_of(Study)
@once_per_run
def change_by_instrument(study: Study, *, plan: Plan | None = None) -> ChangeByInstrument:
    """Estimate the change from baseline on the primary instrument and on each secondary one.

    Parameters
    ----------
    study : Study
    plan : Plan, optional
        Names the instruments and the primary visit; the study's own when absent.

    Returns
    -------
    ChangeByInstrument

    Raises
    ------
    AnalysisError
        If change cannot be estimated on any instrument.
    """
    plan = plan or study_plan(study)
    modelled: list[EstimatedChange] = []
    paired: list[PairedScores] = []
    notes = []
    for name in (plan.instrument, *plan.secondary):
        try:
            outcomes = study.outcomes(name, format_rule=plan.format_rule, cohort_rule=plan.cohort_rule)
            modelled.append(estimate_change(outcomes))
            paired.append(paired_scores(outcomes, plan.visit))
        except KapError as error:
            notes.append([name, str(error)])
    if not modelled:
        raise AnalysisError(" ".join(note for _, note in notes))
    return ChangeByInstrument(
        **{name: _stacked(modelled, name) for name in ("means", "change", "effect_sizes", "published")},
        paired_means=_stacked(paired, "means"),
        paired_change=_stacked(paired, "change"),
        visit=plan.visit,
        notes=pd.DataFrame(notes, columns=[INSTRUMENT, "note"]),
        withheld=_stacked([*modelled, *paired], "withheld"),
    )


def _stacked(results: Sequence[Result], name: str) -> pd.DataFrame:
    frames = [getattr(result, name) for result in results]
    return pd.concat([frame for frame in frames if len(frame)] or frames[:1] or [empty_withheld()], ignore_index=True)
