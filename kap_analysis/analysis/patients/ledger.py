"""What each step from the assessments to the analysed rows kept and left out, after the disclosure gate."""

from dataclasses import dataclass, field

import pandas as pd

from kap_analysis.analysis.result import Result, empty_withheld, told_of
from kap_analysis.columns import FORMAT, N_PATIENTS
from kap_analysis.disclosure.gate import release
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.writing.sentences import count, plural


@dataclass(frozen=True)
class AccountOfRows(Result):
    """The ledger of an outcome frame.

    Attributes
    ----------
    ledger : DataFrame
        ``step``, ``left_out_because`` (empty for what was kept), ``format`` ("all" included), ``n_patients``,
        ``n_rows``.
    """

    ledger: pd.DataFrame
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    @told_of("ledger")
    def paragraph(self) -> str:
        because = self.ledger["left_out_because"].fillna("").astype("str")
        kept = self.ledger[(because == "") & (self.ledger[FORMAT].astype("str") == "all")]
        first, last = kept.iloc[0], kept.iloc[-1]
        return (
            f"Of {plural(first[N_PATIENTS], 'patient')} with {plural(first['n_rows'], 'assessment')}, "
            f"{count(last[N_PATIENTS])} with {count(last['n_rows'])} are analysed."
        )


@asked_of(Outcomes)
def account_for_rows(outcomes: Outcomes) -> AccountOfRows:
    """The ledger of an outcome frame: what each step kept and left out, and why."""
    ledger = outcomes.ledger.reset_index(drop=True)
    return release(AccountOfRows(ledger), outcomes)
