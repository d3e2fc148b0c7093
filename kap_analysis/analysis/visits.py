"""What is checked of a visit, and the sentence that goes with every change from baseline."""

from kap_analysis.columns import BASELINE_VISIT
from kap_analysis.errors import AnalysisError
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.writing.sentences import join_words

NO_CONTROL = "There was no control arm, so change is not evidence of an effect."


def check_visit(outcomes: Outcomes, visit: str) -> None:
    """Raise an error that lists the visits, if the outcomes do not have this one."""
    after = [v for v in outcomes.visits if v != BASELINE_VISIT]
    if visit not in after:
        raise AnalysisError(f"There is no visit {visit!r} after baseline; choose one of {join_words(after)}.")
