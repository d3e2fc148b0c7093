"""What every answer at a visit says and checks first."""

from kap_analysis.columns import BASELINE_VISIT
from kap_analysis.errors import AnalysisError
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.writing.sentences import join_words

NO_CONTROL = "There was no control arm: change is not an effect."


def check_visit(outcomes: Outcomes, visit: str) -> None:
    """Refuse a visit that the outcomes do not have, naming those that they have."""
    after = [v for v in outcomes.visits if v != BASELINE_VISIT]
    if visit not in after:
        raise AnalysisError(f"There is no visit {visit!r} after baseline; choose one of {join_words(after)}.")
