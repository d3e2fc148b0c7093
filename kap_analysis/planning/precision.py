"""`plan_next_study`: what a study of group against individual format can show, by formula and by simulation."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from kap_analysis.analysis.model.ladder import COMPOUND, DESCRIPTIVE, FULL
from kap_analysis.analysis.model.plan import Ladder
from kap_analysis.columns import DF, ESTIMATE, GROUP, INDIVIDUAL, STD_ERROR, Progress
from kap_analysis.errors import PlanningError
from kap_analysis.planning.decision import Decision, claim_is_shown, decide, truth_to_reject
from kap_analysis.planning.draws import analyse_draws, shares_of_rungs
from kap_analysis.planning.expected_information import Expected, expect
from kap_analysis.planning.grid import check_grid, check_varied, designs, possible_iccs
from kap_analysis.planning.next_study import ICC, OTHER_ICCS, NextStudy
from kap_analysis.planning.plan_values import MOST_COHORTS, MOST_INDIVIDUAL, check_value
from kap_analysis.planning.planned_study import FORMULA, SIMULATED, PlannedStudy
from kap_analysis.planning.unit_sums import CannotEstimate
from kap_analysis.planning.workers import on_cluster
from kap_analysis.study.first_argument import asked_of

#: The search for the smallest design ends there.
MOST_SEARCHED = 4096


@asked_of(NextStudy, words="a NextStudy", remedy="Make one, or read its file: kap.read_next_study(...)")
def plan_next_study(
    study: NextStudy,
    *,
    iccs: Sequence[float] = OTHER_ICCS,
    vary: Mapping[str, Sequence[float]] | None = None,
    target_power: float | None = 0.8,
    target_width: float | None = None,
    n_draws: int = 200,
    seed: int = 1,
    workers: int = 1,
    cluster: Any = None,
    ladder: Ladder | None = None,
    progress: Progress | None = None,
) -> PlannedStudy:
    """What a study would show: power, type I error and the width of its interval, and what would make it better.

    Two ways check each other: the expected information of the primary model with its degrees of freedom, and studies
    that are drawn and analysed by the primary model down its ladder.

    Parameters
    ----------
    study : NextStudy
        The design and what is assumed of its patients.
    iccs : sequence of float
        Further ICCs of the cohorts, shown beside that of the study, by formula.
    vary : mapping, optional
        One or two fields of the design with the values of the grid, such as ``{"cohorts": [10, 20, 30]}``; if not given
        cohorts and individual patients from half to twice the design.
    target_power, target_width : float, optional
        What the smallest design is looked for: a power, and a width of the interval in points.
    n_draws : int
        Simulated studies; 0 for the formula alone.
    seed : int
    workers : int
        Processes. The result does not depend on their number. With 1, `joblib.parallel_config` decides.
    cluster : str or dask.distributed.Client, optional
        A Dask cluster on which the studies are drawn, by the address of its scheduler or a client; the result is the
        same (docs/scale.md).
    ladder : Ladder, optional
        The counts that choose the model; those of a drafted plan if not given.
    progress : callable, optional
        Called with the studies done, their number and a word.

    Returns
    -------
    PlannedStudy

    Raises
    ------
    PlanningError
        If the design cannot be judged: the message says why and what to change.

    Examples
    --------
    >>> days = (30, 61, 91)
    >>> scores = ScoreCovariance.from_correlations(days, 9.5, visit_correlation=0.7, baseline_correlation=0.5)
    >>> visits = ("month 1", "month 2", "month 3")
    >>> study = NextStudy(24, 90, scores, days, visits, "month 3", difference=3.0)
    >>> plan_next_study(study, n_draws=0).precision[["icc", "method"]].to_dict("list")
    {'icc': [0.06, 0.02, 0.12], 'method': ['formula', 'formula', 'formula']}
    """
    rules = Ladder() if ladder is None else ladder
    iccs = possible_iccs(study, iccs)
    _check(study, iccs, vary, target_power, target_width)
    for key, value in (("draws", n_draws), ("workers", workers)):
        check_value("run", key, value, "n_draws" if key == "draws" else key)
    if cluster is not None and workers > 1:
        raise PlanningError("workers and cluster were both given; the cluster has workers of its own. Give one.")
    shares = shares_of_rungs(study, rules)
    rows = [
        _by_formula(one, rules, shares)
        for one in (study, *(replace(study, icc=icc) for icc in iccs if icc != study.icc))
    ]
    smallest = _smallest(study, rules, target_power, target_width)  # before the draws: what cannot be judged is told
    grid, exchange = _grid(study, rules, vary or _around(study)), _exchange(study, rules)
    if n_draws:
        with on_cluster(cluster):
            drawn = analyse_draws(study, n_draws, seed=seed, ladder=rules, workers=workers, progress=progress)
        rows.insert(1, _by_simulation(study, drawn))
    return PlannedStudy(
        study=study,
        precision=pd.DataFrame(rows),
        smallest=smallest,
        grid=grid,
        exchange=exchange,
        assumptions=_assumptions(study),
    )


def expected_rung(study: NextStudy, ladder: Ladder) -> str:
    """The model that the expected counts allow, by the rules of the ladder."""
    scored = [study.scored(arm) for arm in (GROUP, INDIVIDUAL)]
    last = [
        (study.group if arm == GROUP else study.individual) * study.share_last_seen(arm)[-1]
        for arm in (GROUP, INDIVIDUAL)
    ]
    if min(scored) < ladder.descriptive_patients or _shared_cohorts(study) < ladder.cohorts:
        return DESCRIPTIVE
    if min(scored) < ladder.full_patients or (len(study.visits) > 1 and min(last) < ladder.full_pairs):
        return COMPOUND
    return FULL


def _shared_cohorts(study: NextStudy) -> float:
    """Expected number of cohorts with two or more patients who are seen after baseline."""
    seen = 1 - study.share_last_seen(GROUP)[0]
    two = [share * (1 - (1 - seen) ** n - n * seen * (1 - seen) ** (n - 1)) for n, share in study.sizes.items()]
    return float(study.cohorts * sum(two))


def _judge(study: NextStudy, ladder: Ladder) -> tuple[Expected, Decision]:
    found = expect(study, expected_rung(study, ladder))
    return found, decide(study, found.std_error, found.df, found.sd)


#: What is said of a design that cannot be estimated.
_NOT_JUDGED: Final[dict[str, Any]] = {"power": np.nan, "width": np.nan, "rung": "none"}


def _power_width(study: NextStudy, ladder: Ladder) -> dict[str, Any]:
    """Missing where a design beside the planned one cannot be estimated: it reaches nothing, and others may."""
    try:
        found, decision = _judge(study, ladder)
    except CannotEstimate:
        return _NOT_JUDGED
    power = np.nan if found.rung == DESCRIPTIVE else decision.power
    return {"power": power, "width": decision.width, "rung": found.rung}


def _by_formula(study: NextStudy, ladder: Ladder, shares: Mapping[str, float]) -> dict[str, object]:
    found, decision = _judge(study, ladder)
    tests = found.rung != DESCRIPTIVE
    return {
        "icc": study.icc, "level": 1 - study.alpha, "method": FORMULA, "rung": found.rung,
        "rung_share": shares.get(found.rung, 0.0), "n_draws": 0,
        STD_ERROR: found.std_error, "estimate_sd": found.sd, DF: found.df,
        "power": decision.power if tests else np.nan, "power_mc_error": np.nan,
        "type_1_error": decision.type_1_error if tests else np.nan, "type_1_mc_error": np.nan,
        "coverage": np.nan, "width": decision.width, "width_mc_error": np.nan, "width_80": decision.width_80,
    }  # fmt: skip


def _by_simulation(study: NextStudy, drawn: pd.DataFrame) -> dict[str, object]:
    n, found, rung = len(drawn), drawn.dropna(subset=[ESTIMATE]), drawn["rung"].mode().iloc[0]
    if found.empty:
        raise PlanningError("No model of the ladder could analyse any drawn study. Plan more patients or fewer visits.")
    estimate, error, df = (found[name].to_numpy(float) for name in (ESTIMATE, STD_ERROR, DF))
    tested = found["rung"].to_numpy() != DESCRIPTIVE
    power = float((claim_is_shown(study, estimate, error, df) & tested).sum() / n)
    wrong = estimate - study.difference + truth_to_reject(study)
    false = float((claim_is_shown(study, wrong, error, df) & tested).sum() / n)
    width = 2 * stdtrit(df, 1 - study.alpha / 2) * error
    return {
        "icc": study.icc, "level": 1 - study.alpha, "method": SIMULATED,
        "rung": rung, "rung_share": float(drawn["rung"].eq(rung).mean()), "n_draws": n,
        STD_ERROR: float(error.mean()), "estimate_sd": float(pd.Series(estimate).std()), DF: float(np.median(df)),
        "power": power, "power_mc_error": _mc_error(power, n),
        "type_1_error": false, "type_1_mc_error": _mc_error(false, n),
        "coverage": float((np.abs(estimate - study.difference) <= width / 2).mean()),
        "width": float(width.mean()),
        "width_mc_error": float(width.std(ddof=1) / np.sqrt(len(width))) if len(width) > 1 else np.nan,
        "width_80": float(np.quantile(width, 0.8)),
    }  # fmt: skip


def _mc_error(share: float, n: int) -> float:
    """Standard error of a share of draws; a share of 0 or 1 counts as one draw away from it."""
    inside = min(max(share, 1 / n), 1 - 1 / n) if n > 1 else 0.5
    return float(np.sqrt(inside * (1 - inside) / n))


def _smallest(study: NextStudy, ladder: Ladder, power: float | None, width: float | None) -> pd.DataFrame:
    rows = []
    for target, value in (("power", power), ("width", width)):
        if value is not None:
            rows.append({"target": target, "value": value, **_search(study, ladder, _reaches(target, value))})
    columns = ["target", "value", "reached", "cohorts", "individual", "n_patients", "power", "width"]
    return pd.DataFrame(rows, columns=columns)


def _reaches(target: str, value: float) -> Callable[[dict[str, Any]], bool]:
    return lambda found: found["power"] >= value if target == "power" else found["width"] <= value


def _search(study: NextStudy, ladder: Ladder, reaches: Callable[[dict[str, Any]], bool]) -> dict[str, object]:
    """The fewest cohorts that reach a target, individual patients in the same ratio.

    A change of the model may make the larger study the worse one. So each size below the full model is looked at;
    above, more is better, and they are halved.
    """

    def sized(cohorts: int) -> NextStudy:
        return replace(study, cohorts=cohorts, individual=max(2, round(study.individual * cohorts / study.cohorts)))

    def suffices(cohorts: int) -> bool:
        return reaches(_power_width(sized(cohorts), ladder))

    most = max(2, min(MOST_SEARCHED, MOST_INDIVIDUAL * study.cohorts // study.individual))
    sizes = range(2, most + 1)
    full = bisect_left(sizes, True, key=lambda cohorts: expected_rung(sized(cohorts), ladder) == FULL)
    found = next((cohorts for cohorts in sizes[:full] if suffices(cohorts)), None)
    if found is None:
        above = sizes[full:]
        at = bisect_left(above, True, key=suffices)
        found = above[at] if at < len(above) else None
    one = sized(most if found is None else found)
    n_patients = round(one.group) + one.individual
    return {
        "reached": found is not None, "cohorts": one.cohorts, "individual": one.individual, "n_patients": n_patients,
        **_power_width(one, ladder),
    }  # fmt: skip


def _around(study: NextStudy) -> dict[str, list[int]]:
    """Cohorts and individual patients from half to twice the design, the design among them."""
    shares = 2.0 ** np.linspace(-1, 1, 9)
    return {
        name: sorted({min(most, max(2, round(share * getattr(study, name)))) for share in shares})
        for name, most in (("cohorts", MOST_COHORTS), ("individual", MOST_INDIVIDUAL))
    }


def _grid(study: NextStudy, ladder: Ladder, vary: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    rows = [{**fields, **_power_width(one, ladder)} for fields, one in designs(study, vary)]
    return pd.DataFrame(rows).drop(columns="rung")  # the other columns are the fields that vary


def _exchange(study: NextStudy, ladder: Ladder) -> pd.DataFrame:
    """What one more cohort buys, and what as many more individual patients buy."""
    now = _power_width(study, ladder)["width"]
    size, one_more = max(1, round(study.cohort_size)), "one more individual patient"
    ways: dict[str, tuple[dict[str, Any], float]] = {
        "one more cohort": ({"cohorts": study.cohorts + 1}, study.cohort_size),
        (one_more if size == 1 else f"{size} more individual patients"): (
            {"individual": study.individual + size},
            float(size),
        ),
        one_more: ({"individual": study.individual + 1}, 1.0),
        "one more patient per cohort": ({"cohort_size": study.cohort_size + 1}, float(study.cohorts)),
    }
    rows = []
    for added, (more, patients) in ways.items():
        try:
            found = _power_width(replace(study, **more), ladder)
        except PlanningError:  # beyond what is planned, or beyond the formula
            found = _NOT_JUDGED
        saved = now - found["width"]
        rows.append(
            {
                "added": added,
                "n_patients": patients,
                **found,
                "width_saved": saved,
                "width_saved_per_patient": saved / patients,
            }
        )
    return pd.DataFrame(rows)


def _assumptions(study: NextStudy) -> pd.DataFrame:
    published = "published: mean of 37 studies of group therapy, Kivlighan 2020 (J Consult Clin Psychol 88:322)"
    rows = [
        (
            "ICC of the cohorts, given the baseline score",
            f"{study.icc:g}",
            published if study.icc == ICC else "assumed",
        ),
        ("scores", study.scores.words, study.scores.source),
        ("true difference, group minus individual (points)", f"{study.difference:g}", "assumed"),
        ("baseline, group minus individual (points)", f"{study.baseline_difference:g}", "assumed"),
        ("SD of the baseline scores (points)", f"{study.scores.baseline_sd:.4g}", study.scores.source),
    ]
    kept = possible_iccs(study, OTHER_ICCS)
    for icc in OTHER_ICCS:
        if icc not in kept:
            rows.append((f"ICC of {icc:g}", "not shown", "the assumed correlations of the visits do not allow it"))
    for arm in (INDIVIDUAL, GROUP):
        lost = study.lost.get(arm, (0.0,) * len(study.visits))
        rows.append((f"lost before each visit, {arm} format", ", ".join(f"{share:.2f}" for share in lost), "assumed"))
    return pd.DataFrame(rows, columns=["assumption", "value", "source"])


def _check(
    study: NextStudy,
    iccs: Sequence[float],
    vary: Mapping[str, Sequence[float]] | None,
    power: float | None,
    width: float | None,
) -> None:
    check_value("clustering", "also", iccs, "iccs")
    check_varied(study, "iccs", "icc", iccs)
    check_grid(study, {} if vary is None else vary, "vary")
    for key, target in (("power", power), ("width", width)):
        if target is not None:
            check_value("targets", key, target, f"target_{key}")
