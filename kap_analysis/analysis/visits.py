"""What is checked of a visit, and the sentence that goes with every change from baseline."""

from kap_analysis.columns import BASELINE_VISIT, FORMAT, N_PATIENTS
from kap_analysis.errors import AnalysisError
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.writing.sentences import join_words

NO_CONTROL = "There was no control arm, so change is not evidence of an effect."


def check_anybody(outcomes: Outcomes) -> None:
    """Raise an error that says what the last patients lacked, if the outcomes have no row."""
    ledger = outcomes.ledger
    if len(outcomes.frame) or ledger.empty:
        return
    last = ledger[(ledger[FORMAT] == "all") & (ledger["left_out_because"] != "") & (ledger[N_PATIENTS] > 0)].tail(1)
    for reason in last["left_out_because"]:
        raise AnalysisError(
            f"No patient has the {outcomes.instrument.name} scores that are analysed; the last were left out for: "
            f"{reason}. `study.outcomes(population='started')` keeps everybody who started."
        )


def check_visit(outcomes: Outcomes, visit: str) -> None:
    """Raise an error that lists the visits, if the outcomes do not have this one."""
    after = [v for v in outcomes.visits if v != BASELINE_VISIT]
    if visit not in after:
        raise AnalysisError(f"There is no visit {visit!r} after baseline; choose one of {join_words(after)}.")
