"""What patients answered to the items on suicidality: read from the raw item, whatever became of the total."""

from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.columns import DAY, INSTRUMENT, PATIENT_ID
from kap_analysis.errors import InstrumentError
from kap_analysis.instruments.answer_table import AnswerTable, tabulate_answers
from kap_analysis.instruments.facts import SuicidalityItems
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.instruments.registry import as_instrument

ENDORSED: Final = "endorsed"
NOT_ENDORSED: Final = "not endorsed"
NOT_ANSWERED: Final = "not answered"
NOT_IN_DATA: Final = "not in the data"
STATES: Final = (ENDORSED, NOT_ENDORSED, NOT_ANSWERED, NOT_IN_DATA)

#: What is said of every list and every figure of these states.
LOOKS_BACK: Final = (
    "looks back over data that may be weeks old; it is not an alarm. "
    "Every positive answer must be seen by a clinician when it is given."
)
SENTENCE: Final = f"This list {LOOKS_BACK}"


def suicidality_states(
    items: pd.DataFrame, instrument: Instrument | str, *, scheduled: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Read the raw item (or items) on suicidality of each assessment.

    Parameters
    ----------
    items : DataFrame
        As in `score_items`. Prorating and missing totals have no influence.
    instrument : Instrument or str
        A name is looked up in the registry.
    scheduled : DataFrame, optional
        The assessments to report, one row each: ``patient_id`` and ``day`` (missing for a visit that did not take
        place), ``rater`` and ``hour`` where the items have them and several were made a day, and any further columns
        (``visit``, ``format``), which are kept. Without it, each assessment in `items` is reported.

    Returns
    -------
    The rows of `scheduled` (or one row per assessment: ``patient_id``, ``day``, ``hour`` and ``rater`` where known)
    with ``instrument``, ``answer`` (the highest answer to these items, missing where none) and ``state``, an ordered
    categorical:

    - "endorsed": an item was answered with 1 or more (`Instrument.suicidality.endorsed_from`);
    - "not endorsed": every such item that is always asked was answered, none of them so;
    - "not answered": the assessment's items are there, the answer is not;
    - "not in the data": there are no items of this assessment, only a total or nothing.

    None of them means that there is no risk.

    Raises
    ------
    InstrumentError
        If the instrument has no item on suicidality, or an answer is wrong (see `score_items`).
    """
    instrument = as_instrument(instrument)
    suicidality: SuicidalityItems = instrument.require("suicidality")
    table = tabulate_answers(items, instrument)
    found = table.assessments.copy()
    found["answer"], found["state"] = _read_states(table, suicidality)
    states = found if scheduled is None else _at_scheduled(found, scheduled)
    states.insert(list(states.columns).index("answer"), INSTRUMENT, instrument.name)
    states["state"] = pd.Categorical(states["state"].fillna(NOT_IN_DATA), categories=STATES, ordered=True)
    return states


def _read_states(table: AnswerTable, suicidality: SuicidalityItems) -> tuple[np.ndarray, np.ndarray]:
    answers = table.points[:, np.array(suicidality.items) - 1]
    given = ~np.isnan(answers)
    highest = np.where(given.any(axis=1), np.where(given, answers, -np.inf).max(axis=1), np.nan)
    always_asked = table.points[:, np.array(suicidality.always_asked) - 1]
    all_answered = (~np.isnan(always_asked)).all(axis=1)
    endorsed = highest >= suicidality.endorsed_from
    return highest, np.select([endorsed, all_answered], [ENDORSED, NOT_ENDORSED], NOT_ANSWERED)


def _at_scheduled(found: pd.DataFrame, scheduled: pd.DataFrame) -> pd.DataFrame:
    absent = [column for column in (PATIENT_ID, DAY) if column not in scheduled.columns]
    if absent:
        raise InstrumentError(f"The scheduled assessments have no column {absent[0]!r}; expected patient_id and day.")
    keys = [column for column in (PATIENT_ID, DAY, "hour", "rater") if column in scheduled and column in found]
    # Two assessments of one day that the schedule cannot tell apart: the more serious answer is the one reported.
    order = found["state"].map({state: rank for rank, state in enumerate(STATES)})
    worst = found.assign(_order=order).sort_values(["_order", "answer"], ascending=[True, False], kind="stable")
    worst = worst.drop_duplicates(keys)[[*keys, "answer", "state"]]
    wanted = scheduled.reset_index(drop=True)
    wanted = wanted.drop(columns=[c for c in (INSTRUMENT, "answer", "state") if c in wanted])
    known = wanted.loc[wanted[DAY].notna()]
    merged = known.astype({DAY: float}).merge(worst.astype({DAY: float}), on=keys, how="left").set_axis(known.index)
    return wanted.join(merged[["answer", "state"]])
