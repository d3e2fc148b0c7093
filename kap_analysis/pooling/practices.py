"""All parts in one process: the coordinator and every practice, as they exchange files."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model.study_or_outcomes import planned_outcomes
from kap_analysis.columns import BASELINE_VISIT, PRACTICE
from kap_analysis.disclosure.gate import release
from kap_analysis.errors import AnalysisError
from kap_analysis.pooling.answering import answer_request
from kap_analysis.pooling.coordination import coordinate
from kap_analysis.pooling.counts import Counts
from kap_analysis.pooling.masks import new_secret
from kap_analysis.pooling.messages import Answer, Request
from kap_analysis.pooling.pooled_comparison import PooledComparison
from kap_analysis.pooling.pooling_plan import PRIMARY, PoolingPlan
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study


class _InOneProcess:
    """Practices that answer at once."""

    def __init__(self, plan: PoolingPlan, sources: Mapping[str, Study | Outcomes]) -> None:
        self.plan, self.sources = plan, dict(sources)
        self.secrets = {name: new_secret() for name in sources}
        self.made: list[dict[str, Any]] = []

    def ask(self, step: str, content: Mapping[str, Any]) -> dict[str, Answer]:
        request = Request(self.plan.to_dict(), tuple(self.sources), len(self.made) + 1, step, dict(content))
        answers = {
            name: answer_request(request, source, practice=name, secret=self.secrets[name])
            for name, source in self.sources.items()
        }
        largest = max(len(answer.to_text()) for answer in answers.values())
        self.made.append({"round": request.round, "step": step, "answer_bytes": largest})
        return answers

    def rounds(self) -> pd.DataFrame:
        return pd.DataFrame(self.made)

    def released(self, result: PooledComparison, counts: Counts) -> PooledComparison:
        del counts  # the studies are here, and decide by all of their patients
        for source in {id(one): one for one in self.sources.values()}.values():
            result = release(result, source)
        return result


def make_pooling_plan(
    source: Study | Outcomes,
    plan: Plan | None = None,
    *,
    question: str = PRIMARY,
    visit: str | None = None,
    two_stage: bool = True,
) -> PoolingPlan:
    """What the practices agree on, from the plan of one study: every visit after baseline is modelled."""
    outcomes, plan, visit = planned_outcomes(source, plan, visit)
    if visit != plan.visit:
        raise AnalysisError(f"The plan's visit is {plan.visit}, and {visit} was asked for; change the plan.")
    return PoolingPlan(plan, tuple(v for v in outcomes.visits if v != BASELINE_VISIT), question, two_stage)


def pool_practices(
    sources: Mapping[str, Study | Outcomes] | Study | Outcomes,
    *,
    plan: Plan | None = None,
    question: str = PRIMARY,
    visit: str | None = None,
    two_stage: bool = True,
) -> PooledComparison:
    """Compare the formats over practices that do not pool their rows: all parts played in one process.

    It does what ``kap pool start``, ``answer`` and ``next`` do by files, with the same sums and masks.

    Parameters
    ----------
    sources : mapping, Study or Outcomes
        The practices by name, each with its own study or outcomes; or one of these that holds several practices.
    plan : Plan, optional
        Default: the plan of the first study.
    question : {"primary", "trajectory"}
        The primary model, or the growth model of `model_trajectories`.
    visit : str, optional
        Of outcomes without a plan: the visit to compare at.
    two_stage : bool
        Whether the practices' own estimates are averaged beside.

    Returns
    -------
    PooledComparison

    Raises
    ------
    AnalysisError
        With one practice, a practice that is too small, one format in all practices, or data that no model fits.

    Examples
    --------
    >>> pooled = kap.pool_practices(kap.load_study("data/three_practices"))
    >>> pooled.model[["practices", "n_patients"]].to_dict("records")
    [{'practices': 3, 'n_patients': 179}]
    """
    if isinstance(sources, (Study, Outcomes)):
        outcomes = planned_outcomes(sources, plan, visit)[0]
        names = set(outcomes.frame[PRACTICE].dropna().astype("str")) if PRACTICE in outcomes.frame else set()
        sources = dict.fromkeys(sorted(names), sources)
    if len(sources) < 2:
        raise AnalysisError(
            f"Found {len(sources)} {'practice' if len(sources) == 1 else 'practices'}; pooling without rows needs two "
            "or more. With the rows of one practice, use `compare_formats`."
        )
    agreed = make_pooling_plan(next(iter(sources.values())), plan, question=question, visit=visit, two_stage=two_stage)
    return coordinate(agreed, _InOneProcess(agreed, sources))
