"""What the practices agree on before anything is sent: the question, the model's rules, and the smallest practice."""

from dataclasses import asdict, dataclass, field
from typing import Any

from kap_analysis.analysis.model.plan import Ladder, Plan
from kap_analysis.disclosure.policy import MINIMUM_COUNT
from kap_analysis.errors import AnalysisError
from kap_analysis.pooling.messages import hash_of

PRIMARY, TRAJECTORY = "primary", "trajectory"
QUESTIONS = (PRIMARY, TRAJECTORY)
#: Counts of the ladder that may not be below their defaults here: sums of fewer patients say too much of each.
NOT_BELOW = ("descriptive_patients", "pool_levels_below")
#: Of a `Plan`, what the analysis of pooled sums depends on.
OF_PLAN = ("instrument", "visit", "covariates", "format_rule", "cohort_rule")


@dataclass(frozen=True)
class PoolingPlan:
    """What is asked of all practices alike.

    Attributes
    ----------
    plan : Plan
        Instrument, visit, covariates, rules of format and cohort, the ladder.
    visits : tuple of str
        The visits after baseline that are modelled.
    question : str
        "primary": the formats compared by the primary model. "trajectory": the growth model.
    two_stage : bool
        Whether each practice also gives its own estimate, for a meta-analysis beside the pooled result.
    smallest : int
        Patients that a practice must have to take part.
    """

    plan: Plan
    visits: tuple[str, ...]
    question: str = PRIMARY
    two_stage: bool = True
    smallest: int = field(default=MINIMUM_COUNT)

    def __post_init__(self) -> None:
        if self.question not in QUESTIONS:
            raise AnalysisError(f"The question is {self.question!r}; choose one of {', '.join(QUESTIONS)}.")
        if not self.visits or (self.question == PRIMARY and self.plan.visit not in self.visits):
            known = ", ".join(self.visits) or "none"
            raise AnalysisError(
                f"The primary visit {self.plan.visit!r} is not among the visits after baseline: {known}."
            )
        if self.smallest < MINIMUM_COUNT:
            raise AnalysisError(
                f"The smallest practice has {self.smallest} patients; at least {MINIMUM_COUNT} are needed, below which "
                "no count is shown either."
            )

        for name in NOT_BELOW:
            least, found = getattr(Ladder(), name), getattr(self.plan.ladder, name)
            if found < least:
                raise AnalysisError(
                    f"The plan has {name} = {found}; practices that do not pool rows need {least} or more, because "
                    "sums of fewer patients say too much of each."
                )

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a request."""
        plan = {name: getattr(self.plan, name) for name in OF_PLAN}
        return {
            "question": self.question,
            "visits": list(self.visits),
            "two_stage": self.two_stage,
            "smallest": self.smallest,
            **{**plan, "covariates": list(self.plan.covariates)},
            "ladder": asdict(self.plan.ladder),
        }

    @property
    def hash(self) -> str:
        """SHA-256 of all of it."""
        return hash_of(self.to_dict())


def _count(found: Any) -> int:
    if not isinstance(found, int) or not 0 < found < 1e6:
        raise ValueError(f"a count is {str(found)[:20]!r}")
    return found


def pooling_plan_of(found: dict[str, Any]) -> PoolingPlan:
    """The plan from a request; what is missing or of another kind is an error of the file."""
    try:
        plan = Plan(
            instrument=str(found["instrument"]),
            visit=str(found["visit"]),
            covariates=tuple(map(str, found["covariates"])),
            format_rule=found["format_rule"],
            cohort_rule=found["cohort_rule"],
            ladder=Ladder(**{name: _count(count) for name, count in found["ladder"].items()}),
        )
        visits = tuple(map(str, found["visits"]))
        " ".join([plan.instrument, *visits, *plan.covariates]).encode("utf-8")  # a lone surrogate is no text
        return PoolingPlan(plan, visits, found["question"], bool(found["two_stage"]), int(found["smallest"]))
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as fault:
        raise AnalysisError(
            f"The plan in the request cannot be read: {fault}. Ask the coordinator for it again."
        ) from fault
