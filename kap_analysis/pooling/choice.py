"""Which model the counts of all practices allow: as `analysis/model` decides it for pooled rows."""

from dataclasses import replace
from typing import Any

from kap_analysis.analysis.formats import NOT_RECORDED
from kap_analysis.analysis.model.covariates import EXPECTED, POOLED, TOO_FEW, pool_levels, share_columns
from kap_analysis.analysis.model.ladder import DESCRIPTIVE, LadderCounts, Rung, name_rung, write_rung
from kap_analysis.analysis.model.missing_covariates import MEAN
from kap_analysis.columns import (
    COHORT_ID,
    FORMAT,
    FORMATS,
    GROUP,
    IS_GROUP,
    MIXED,
    PATIENT_ID,
)
from kap_analysis.errors import AnalysisError
from kap_analysis.pooling.agreed_model import AgreedModel
from kap_analysis.pooling.counts import Counts, covariates, listed_words
from kap_analysis.pooling.filled_covariates import needed_regressions
from kap_analysis.pooling.pooling_plan import PRIMARY, PoolingPlan
from kap_analysis.study.answerable import PATIENTS_PER_VISIT
from kap_analysis.writing.names import readable
from kap_analysis.writing.sentences import join_words, sentence_case

#: Two slopes need this share of the later scores on each side of the knot (see `analysis/change/trajectories.py`).
FEWEST_ON_A_SIDE = 0.05


def choose_model(plan: PoolingPlan, counts: Counts, practices: int) -> tuple[AgreedModel, str, str, tuple[str, ...]]:
    """The model for so many practices, its rung of the ladder, why, and notes.

    Raises
    ------
    AnalysisError
        When the practices together have one format, a visit that too few attended, or nobody.
    """
    formats = tuple(name for name, n in zip(FORMATS, counts.formats, strict=True) if n > 0)
    if len(formats) < 2:
        who = f"in {formats[0]} format" if formats else "with scores that can be modelled"
        raise AnalysisError(
            f"All practices together have {counts.patients:.0f} patients, all {who}; a comparison needs both formats."
            if formats
            else f"No practice has patients {who}."
        )
    if plan.question != PRIMARY:
        return _growth(plan, counts, formats)
    _check_visits(plan, counts, formats)
    categories, numbers, incomplete, notes = _covariates(plan, counts)
    used = [name for name in covariates(plan) if name in categories or name in numbers]
    ordered = tuple(column for name in used for column in incomplete.get(name, (name,)))
    rung = _rung(plan, counts, formats, ordered)
    model = AgreedModel(PRIMARY, rung.formula, rung.residual_by, formats, plan.visits, categories, numbers, incomplete)
    if rung.name == DESCRIPTIVE:  # it has no covariates
        return replace(model, categories={}, numbers=(), incomplete={}), rung.name, rung.why, notes
    lacking = counts.patterns(tuple(incomplete), covariates(plan))
    regressions = needed_regressions(lacking, incomplete, *model.n_known, practices)
    told = [
        f"{sentence_case(readable(name))} was not recorded for everybody: "
        f"{TOO_FEW if any(one.of == name and one.kind == MEAN for one in regressions) else EXPECTED}."
        for name in incomplete
    ]
    return replace(model, regressions=regressions), rung.name, rung.why, (*notes, *told)


def _check_visits(plan: PoolingPlan, counts: Counts, formats: tuple[str, ...]) -> None:
    for at, visit in enumerate(plan.visits):
        few = [name for name in formats if counts.pairs[FORMATS.index(name), at, at] < PATIENTS_PER_VISIT]
        if few:
            raise AnalysisError(
                f"At {visit} all practices together have fewer than {PATIENTS_PER_VISIT} patients in "
                f"{join_words(few)} format. Start again without this visit."
            )


def _rung(plan: PoolingPlan, counts: Counts, formats: tuple[str, ...], covariates: tuple[str, ...]) -> Rung:
    pairs = {one: counts.pairs[FORMATS.index(one)] for one in formats}
    shared = counts.shared_cohorts if counts.in_cohort and GROUP in formats else None
    name, why = name_rung(LadderCounts(plan.visits, pairs, shared), plan.plan.visit, plan.plan.ladder)
    mixed = MIXED in formats
    cohort = "in_cohort" if mixed else IS_GROUP
    return write_rung(
        name,
        why,
        covariates,
        several_visits=len(plan.visits) > 1,
        arm="nesting" if mixed else FORMAT,
        cohort=cohort if counts.shared_cohorts else None,
    )


def _covariates(
    plan: PoolingPlan, counts: Counts
) -> tuple[dict[str, dict[str, Any]], tuple[str, ...], dict[str, dict[str, float]], tuple[str, ...]]:
    """Categories with their levels, numbers, and what was not recorded, as `prepare_covariates` has pooled rows."""
    categories, numbers, incomplete, notes = {}, [], {}, []
    for name, found in counts.numbers.items():
        have, missing, total, squares = found
        if not have:
            notes.append(f"The covariate {readable(name)} is not in the data and was not used.")
        elif squares - total**2 / have <= 1e-9 * max(squares, 1.0):
            notes.append(f"The covariate {readable(name)} is the same for everybody and was not used.")
        else:
            numbers.append(name)
            if missing:
                incomplete[name] = {name: total / have}
    for name, found in counts.words.items():
        words = dict(zip(listed_words(name), found, strict=True))
        missing = words.pop(NOT_RECORDED)
        if not sum(words.values()):
            notes.append(f"The covariate {readable(name)} is not in the data and was not used.")
            continue
        one, note = _category(name, words, plan.plan.ladder.pool_levels_below)
        notes += note
        if one is not None:
            categories[name] = one
            if missing:
                incomplete[name] = _shares(name, one, words)
    return categories, tuple(numbers), incomplete, tuple(notes)


def _shares(name: str, category: dict[str, Any], words: dict[str, float]) -> dict[str, float]:
    """The columns of a category that was not recorded for everybody, with the shares of the patients who have it."""
    counts = dict.fromkeys(category["levels"], 0.0)
    for word, n in words.items():
        counts[category["of"][word]] += n
    whole = sum(counts.values())
    return {column: counts[level] / whole for column, level in share_columns(name, category["levels"]).items()}


def _category(name: str, counts: dict[str, float], pool_below: int) -> tuple[dict[str, Any] | None, list[str]]:
    there = {word: n for word, n in counts.items() if n > 0}
    becomes, levels = pool_levels(there, pool_below)
    notes = []
    if any(n < pool_below for n in there.values()):
        # which levels are rare stays with the practices: only what is left of the list is said
        notes.append(f"Levels of {readable(name)} with fewer than {pool_below} patients in all were pooled.")
    if len(levels) < 2:
        return None, [*notes, f"The covariate {readable(name)} has one level left and was not used."]
    home = POOLED if POOLED in levels else levels[0]
    return {"levels": levels, "of": {word: becomes.get(word, home) for word in counts}}, notes


def _growth(
    plan: PoolingPlan, counts: Counts, formats: tuple[str, ...]
) -> tuple[AgreedModel, str, str, tuple[str, ...]]:
    later, early = counts.months
    share = early / later if later else 0.0
    if not later:
        raise AnalysisError(f"{plan.plan.instrument} was scored at one point in time only; there is no trajectory.")
    bends = FEWEST_ON_A_SIDE <= share <= 1 - FEWEST_ON_A_SIDE
    time = "early + late" if bends else "early"
    cohort = f" + (0 + group_early | {COHORT_ID})" if counts.in_cohort and GROUP in formats else ""
    formula = f"score ~ {FORMAT}*({time}) + (1 + early | {PATIENT_ID}){cohort}"
    model = AgreedModel(plan.question, formula, FORMAT, formats, plan.visits, {}, (), {})
    return model, "growth", "two slopes" if bends else "one slope", ()
