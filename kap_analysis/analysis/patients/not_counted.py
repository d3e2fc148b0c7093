"""Whom a number of all who started leaves out or cannot know yet, in sentences that go with it."""

from collections.abc import Collection

from kap_analysis.analysis.model.model_frame import hide_few
from kap_analysis.columns import FORMAT, N_PATIENTS
from kap_analysis.disclosure.gate import Source
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.writing.sentences import sentence_case


def who_is_not_counted(outcomes: Outcomes) -> tuple[str, ...]:
    """Who started and is in no outcome frame for want of a format, and why; nothing where everybody has one."""
    ledger = outcomes.ledger
    left = ledger[(ledger["step"] == "format at time zero") & (ledger["left_out_because"] != "")]
    return tuple(
        sentence
        for _, row in left[left[FORMAT] == "all"].iterrows()
        for sentence in without_format(row[N_PATIENTS], row["left_out_because"], outcomes)
    )


def without_format(n: int, because: str, of: Source) -> tuple[str, ...]:
    """That so many who started are not counted for want of a format; nothing where there are none."""
    return (f"Without a format, and not counted here: {hide_few(of)(n)} who started ({because}).",) if n else ()


def not_due_yet(may_come: Collection[str], visit: str, assessed: Collection[str], of: Source) -> tuple[str, ...]:
    """How many of those not assessed at a visit are not due yet; nothing where there are none.

    Parameters
    ----------
    may_come : collection of str
        Those of the patients counted whose score at the visit may still come.
    """
    n = len(set(may_come) - set(assessed))
    if not n:
        return ()
    who = sentence_case(hide_few(of)(n))
    return (f"{who} of those not assessed {'is' if n == 1 else 'are'} not due yet: {visit} is not over for them.",)
