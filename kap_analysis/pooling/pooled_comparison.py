"""The result of pooled sums: what pooled rows would have given, and the meta-analysis beside it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pandas as pd

from kap_analysis.analysis.model.ladder import DESCRIPTIVE
from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.columns import N_PATIENTS, VISIT
from kap_analysis.errors import AnalysisError
from kap_analysis.mixed.summed_fit import SummedFit
from kap_analysis.pooling.pooling_plan import PRIMARY
from kap_analysis.pooling.two_stage import two_stage_sentence
from kap_analysis.whole_folder import write_whole_folder
from kap_analysis.writing.sentences import estimate_sentence, plural

#: The folder of the result inside that of its exchange.
RESULT: Final = "result"
NO_COMPARISON: Final = "; this is a description, not a comparison"
OWN_INTERCEPTS: Final = "The description of pooled rows has no such intercepts, so its numbers are others."


@dataclass(frozen=True)
class PooledComparison(Result):
    """Group against individual format over several practices, from sums alone.

    Attributes
    ----------
    contrasts : DataFrame
        Differences of the formats: ``visit`` (or ``phase``), ``contrast``, ``n_patients``, the estimate columns with
        Kenward and Roger's df, ``is_primary``. Of the growth model also the slopes.
    coefficients : DataFrame
        ``term`` and the estimate columns, without the intercepts, which stay in the practices.
    covariance : DataFrame
        ``parameter estimate``: the covariance parameters.
    two_stage : DataFrame
        The practices' own estimates and their averages, as `combine_estimates`; empty where not planned.
    rounds : DataFrame
        ``round step answer_bytes``: what was exchanged; the bytes of the largest answer.
    model : DataFrame
        One row: ``instrument visit question rung formula why practices n_patients n_observations rounds``.
    notes : DataFrame
        ``note``.
    fit : SummedFit or None
    """

    contrasts: pd.DataFrame
    coefficients: pd.DataFrame
    covariance: pd.DataFrame
    two_stage: pd.DataFrame
    rounds: pd.DataFrame
    model: pd.DataFrame
    notes: pd.DataFrame
    fit: SummedFit | None = None
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def paragraph(self) -> str:
        told, first = self.model.iloc[0], self.contrasts[self.contrasts["is_primary"]].iloc[0]
        primary = told["question"] == PRIMARY
        where = f" at {first[VISIT]}" if primary else f" {first['phase']}"
        unit = "points" if primary else "points per month"
        what = "difference" if primary else "difference of the slopes"
        described = told["rung"] == DESCRIPTIVE
        parts = [
            f"{plural(told['practices'], 'practice')} exchanged sums over {plural(told[N_PATIENTS], 'patient')} "
            f"with what the model needs in {plural(told['rounds'], 'round')}; no row left a practice.",
            f"Descriptive only: {told['why']}." if described else "",
            f"On the {told['instrument']} the {what}{where}, group minus individual, is "
            f"{estimate_sentence(first, unit)}{NO_COMPARISON if described else ''}. It is the estimate of the "
            f"{told['rung']} model on the rows of all practices, each with its own intercept.",
            OWN_INTERCEPTS if described else "",
            two_stage_sentence(self.two_stage),
        ]
        return " ".join(filter(None, parts))


def save_result(result: PooledComparison, path: Path) -> Path:
    """Write every frame and the paragraph into the folder ``result`` of the exchange, as a whole."""
    target = (path / RESULT).absolute()
    with write_whole_folder(
        target, check=lambda _: None, is_ours=lambda one: (one / "paragraph.md").is_file(), error=AnalysisError
    ) as folder:
        for name in ("contrasts", "coefficients", "covariance", "two_stage", "rounds", "model", "notes"):
            getattr(result, name).to_csv(folder / f"{name}.csv", index=False)
        if len(result.withheld):
            result.withheld.to_csv(folder / "withheld.csv", index=False)
        (folder / "paragraph.md").write_text(f"{result.paragraph}\n", encoding="utf-8")
    return target
