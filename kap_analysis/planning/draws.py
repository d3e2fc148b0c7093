"""Studies drawn from a design and analysed as the real one will be: the primary model, down its ladder.

The studies of one task share the design of the largest of them, in which each has its own missing rows and baseline
scores. So those that the counts give the full model are fitted together; the others, and those in which it has no fit,
go down the ladder one by one.
"""

from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.analysis.model.estimates import difference_row, estimate_rows
from kap_analysis.analysis.model.model_frame import ModelFrame
from kap_analysis.analysis.model.plan import Ladder
from kap_analysis.analysis.model.primary_model import fit_down_the_ladder
from kap_analysis.columns import DF, ESTIMATE, STD_ERROR, Progress
from kap_analysis.errors import AnalysisError
from kap_analysis.planning.drawn_study import draw_study
from kap_analysis.planning.next_study import NextStudy
from kap_analysis.planning.shared_design import SharedDesign, allows_full, rung_of
from kap_analysis.planning.workers import do_tasks

#: Studies of one task: few enough that a task that is lost costs little, many enough that sending it costs less.
PER_TASK: Final = 250
#: Studies that are drawn to see which model their counts give, and the fewest of them where they are large.
COUNTED, FEWEST_COUNTED, PATIENTS_COUNTED = 1000, 10, 200_000
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
        Processes of joblib; with 1, as `joblib.parallel_config` says.
    progress : callable, optional
        Called with the studies done, their number and a word.

    Returns
    -------
    pandas.DataFrame
        One row per study: ``estimate``, ``std_error`` (points), ``df``, ``rung``. A study that no model of the ladder
        could analyse has missing numbers and the rung "none".
    """
    shared = SharedDesign.of(study, ladder)
    ranges = [range(first, min(first + PER_TASK, n_draws)) for first in range(0, n_draws, PER_TASK)]
    tasks = [(study, shared, one, seed, ladder) for one in ranges]
    done: list[pd.DataFrame] = []
    for found in do_tasks(_analyse, tasks, workers=workers):
        done.append(found)
        if progress is not None:
            progress(sum(map(len, done)), n_draws, "studies drawn")
    return pd.concat(done, ignore_index=True)


def shares_of_rungs(study: NextStudy, ladder: Ladder) -> dict[str, float]:
    """Share of drawn studies by the model of the ladder that their counts give; nothing is fitted."""
    n = min(COUNTED, max(FEWEST_COUNTED, int(PATIENTS_COUNTED / (study.group + study.individual))))
    rungs = [rung_of(draw_study(study, [at]), study, ladder) for at in range(n)]
    return {rung: rungs.count(rung) / n for rung in dict.fromkeys(rungs)}


def _analyse(study: NextStudy, shared: SharedDesign | None, task: range, seed: int, ladder: Ladder) -> pd.DataFrame:
    drawn = [draw_study(study, [seed, at]) for at in task]
    found: list[dict[str, object] | None] = [None] * len(drawn)
    full = [] if shared is None else [i for i, one in enumerate(drawn) if allows_full(one, study, ladder)]
    if shared is not None and full:
        for i, row in zip(full, shared.fitted([drawn[i] for i in full], study.ddf), strict=True):
            found[i] = row
    rows = [row or analyse_one(one.model_frame, study, ladder) for row, one in zip(found, drawn, strict=True)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def analyse_one(model: ModelFrame, study: NextStudy, ladder: Ladder) -> dict[str, object]:
    """One drawn study by itself, down the ladder: a row of `analyse_draws`."""
    try:
        rung, used, fit, _ = fit_down_the_ladder(model, ladder, study.visit, "the drawn scores", ddf=study.ddf)
    except AnalysisError:
        return {ESTIMATE: np.nan, STD_ERROR: np.nan, DF: np.nan, "rung": "none"}
    row = difference_row(fit, used.patients, study.visit)[None]
    found = estimate_rows(fit, row, pd.DataFrame(index=[0])).iloc[0]
    return {**{name: float(found[name]) for name in (ESTIMATE, STD_ERROR, DF)}, "rung": rung.name}
