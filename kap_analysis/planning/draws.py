"""Studies drawn from a design and analysed as the real one will be: the primary model, down its ladder."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray

from kap_analysis.analysis.model.estimates import difference_row, estimate_rows
from kap_analysis.analysis.model.model_frame import ModelFrame, cohort_of_one
from kap_analysis.analysis.model.plan import Ladder
from kap_analysis.analysis.model.primary_model import fit_down_the_ladder
from kap_analysis.columns import (
    BASELINE,
    COHORT_ID,
    DF,
    ESTIMATE,
    FORMAT,
    GROUP,
    INDIVIDUAL,
    PATIENT_ID,
    SCORE,
    STD_ERROR,
    VISIT,
    Progress,
)
from kap_analysis.errors import AnalysisError
from kap_analysis.planning.next_study import NextStudy

#: Studies of one task: few enough that a task that is lost costs little, many enough that sending it costs less.
PER_TASK: Final = 25
COLUMNS: Final = (ESTIMATE, STD_ERROR, DF, "rung")


def analyse_draws(
    study: NextStudy, n_draws: int, *, seed: int, ladder: Ladder, workers: int = 1, progress: Progress | None = None
) -> pd.DataFrame:
    """Draw studies and analyse each.

    Parameters
    ----------
    study : NextStudy
    n_draws : int
    seed : int
        Each study has random numbers of its own, so that the result does not depend on the number of workers.
    ladder : Ladder
        The counts that choose the model.
    workers : int
        Processes of joblib; under `joblib.parallel_config` its backend is used.
    progress : callable, optional
        Called with the studies done, their number and a word.

    Returns
    -------
    pandas.DataFrame
        One row per study: ``estimate``, ``std_error`` (points), ``df``, ``rung``. A study that no model of the ladder
        could analyse has missing numbers and the rung "none".
    """
    tasks = [range(first, min(first + PER_TASK, n_draws)) for first in range(0, n_draws, PER_TASK)]
    done: list[pd.DataFrame] = []
    for found in _run(study, tasks, seed, ladder, workers):
        done.append(found)
        if progress is not None:
            progress(sum(map(len, done)), n_draws, "studies drawn")
    return pd.concat(done, ignore_index=True)


def _run(study: NextStudy, tasks: list[range], seed: int, ladder: Ladder, workers: int) -> Iterator[pd.DataFrame]:
    if workers == 1:
        yield from (_analyse(study, task, seed, ladder) for task in tasks)
        return
    pool = Parallel(n_jobs=workers, return_as="generator")
    yield from pool(delayed(_analyse)(study, task, seed, ladder) for task in tasks)


def _analyse(study: NextStudy, draws: range, seed: int, ladder: Ladder) -> pd.DataFrame:
    return pd.DataFrame([_one(draw_study(study, [seed, at]), study, ladder) for at in draws], columns=list(COLUMNS))


def _one(model: ModelFrame, study: NextStudy, ladder: Ladder) -> dict[str, object]:
    try:
        rung, used, fit, _ = fit_down_the_ladder(model, ladder, study.visit, "the drawn scores", ddf=study.ddf)
    except AnalysisError:
        return {ESTIMATE: np.nan, STD_ERROR: np.nan, DF: np.nan, "rung": "none"}
    row = difference_row(fit, used.patients, study.visit)[None]
    found = estimate_rows(fit, row, pd.DataFrame(index=[0])).iloc[0]
    return {**{name: float(found[name]) for name in (ESTIMATE, STD_ERROR, DF)}, "rung": rung.name}


def draw_study(study: NextStudy, seed: int | list[int]) -> ModelFrame:
    """One study of the design, as the rows that the primary model is fitted to.

    Scores are normal and not rounded, the means of individual format are 0, and whom a visit loses is drawn at random.
    """
    rng = np.random.default_rng(seed)
    cohort = _cohorts(study, rng)
    is_group = cohort >= 0
    n = len(cohort)
    baseline = study.scores.baseline_sd * rng.standard_normal(n) + study.baseline_difference * is_group
    root = np.linalg.cholesky(study.scores.given_baseline)
    within = np.linalg.cholesky(study.within_cohorts)
    noise = rng.standard_normal((n, len(study.visits)))
    effect = np.sqrt(study.between_cohorts) * rng.standard_normal(study.cohorts)
    score = baseline[:, None] * study.scores.slopes
    score += np.where(is_group[:, None], noise @ within.T, noise @ root.T)
    score += np.where(is_group, study.difference + effect[cohort], 0.0)[:, None]
    return _model_frame(study, cohort, baseline, score, _seen(study, is_group, rng))


def _cohorts(study: NextStudy, rng: np.random.Generator) -> NDArray[np.intp]:
    """The cohort of each patient, -1 in individual format. Sizes are drawn, but two next to the mean are dealt out."""
    sizes, shares = np.array(list(study.sizes)), np.array(list(study.sizes.values()))
    if study.cohort_size_sd == 0:
        larger = int(np.floor(study.cohorts * shares[-1] + rng.random())) if len(sizes) > 1 else 0
        drawn = np.where(np.arange(study.cohorts) < larger, sizes[-1], sizes[0])
    else:
        drawn = rng.choice(sizes, study.cohorts, p=shares)
    return np.concatenate([np.repeat(np.arange(study.cohorts), drawn), np.full(study.individual, -1)])


def _seen(study: NextStudy, is_group: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which scores are there (n, visits)."""
    chance = rng.random(len(is_group))
    kept = {arm: 1 - np.cumsum(study.share_last_seen(arm))[:-1] for arm in (GROUP, INDIVIDUAL)}
    return np.asarray(chance[:, None] < np.where(is_group[:, None], kept[GROUP], kept[INDIVIDUAL]))


def _model_frame(
    study: NextStudy, cohort: NDArray[np.intp], baseline: np.ndarray, score: np.ndarray, seen: NDArray[np.bool_]
) -> ModelFrame:
    patient, visit = np.nonzero(seen)
    is_group = cohort[patient] >= 0
    frame = pd.DataFrame(
        {
            PATIENT_ID: patient.astype(str),
            VISIT: pd.Categorical(np.array(study.visits, object)[visit], categories=list(study.visits)),
            SCORE: score[patient, visit],
            BASELINE: baseline[patient],
            FORMAT: pd.Categorical(np.where(is_group, GROUP, INDIVIDUAL), categories=[INDIVIDUAL, GROUP]),
            "is_group": is_group.astype(float),
            "is_individual": (~is_group).astype(float),
            "in_cohort": is_group.astype(float),
        }
    )
    frame[COHORT_ID] = frame[PATIENT_ID].where(~is_group, pd.Series(cohort[patient]).astype(str))
    frame.loc[~is_group, COHORT_ID] = cohort_of_one(frame.loc[~is_group, PATIENT_ID])
    visits = tuple(name for at, name in enumerate(study.visits) if (visit == at).any())
    return ModelFrame(frame, visits, (INDIVIDUAL, GROUP), (), ())
