"""The scores of one instrument in the visits of a study, and what of them was left out before."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.columns import BASELINE_VISIT, DAY, FORMAT, PATIENT_ID, SCORE, VISIT
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.instruments.recall import reaches_before_treatment
from kap_analysis.study.contract.problems import Problems
from kap_analysis.study.contract.settings import Settings
from kap_analysis.study.outcome_frames.ledger import Ledger
from kap_analysis.study.outcome_frames.scores import instrument_scores
from kap_analysis.study.timing.look_up import value_at
from kap_analysis.study.timing.time_zero import NO_FORMAT_BECAUSE
from kap_analysis.study.timing.visit_windows import CHOSEN, NOT_PLACED, place_in_windows

PLACE: Final = "place"


@dataclass(frozen=True, slots=True)
class PlacedScores:
    """What all outcome frames of one instrument have in common, whichever visits and patients they are of.

    Attributes
    ----------
    scores : DataFrame
        One row per score of a patient who started treatment in a known format: ``place`` (of the patient in the table
        of patients: looking up a place is quicker than a text), ``day``, ``score``, ``row`` and the columns of
        `place_in_windows`.
    ledger, problems
        So far; whoever goes on, goes on with a copy.
    """

    scores: pd.DataFrame
    ledger: Ledger
    problems: Problems
    instrument: Instrument
    notes: tuple[str, ...]


def place_scores(
    tables: Mapping[str, pd.DataFrame],
    settings: Settings,
    instrument: Instrument,
    at_zero: pd.DataFrame,
    *,
    format_rule: str,
    rater: str | None,
    version: str | None,
    missing_rule: str,
    file: str,
    rows: np.ndarray | None,
) -> PlacedScores:
    """Score an instrument, keep the scores of patients who were treated, and place them in the visits.

    ``at_zero`` is what `patients_at_time_zero` tells by ``format_rule``; ``file`` and ``rows`` are where the
    assessments were read from.
    """
    found = instrument_scores(tables, instrument, rater=rater, version=version, missing_rule=missing_rule, rows=rows)
    ledger, problems = Ledger(pd.Series(at_zero[FORMAT].to_numpy(dtype=object))), Problems()
    scores = _eligible(found.scores, at_zero, ledger, format_rule)
    windows = place_in_windows(scores.rename(columns={PLACE: PATIENT_ID}), settings)
    placed = scores[[PLACE, DAY, SCORE, "row"]].join(windows)
    _report_windows(placed, at_zero[PATIENT_ID], settings, instrument, file, problems)
    notes = (f"{found.n_from_items:,} totals were scored from items. {found.sentence}",) if found.n_from_items else ()
    return PlacedScores(placed, ledger, problems, instrument, notes)


def _eligible(scores: pd.DataFrame, at_zero: pd.DataFrame, ledger: Ledger, format_rule: str) -> pd.DataFrame:
    """Keep scores of patients who started treatment and whose format can be told; count every other patient."""
    everyone = pd.Series(range(len(at_zero)))
    place = value_at(scores[PATIENT_ID], pd.Series(everyone.to_numpy(), index=at_zero[PATIENT_ID]))
    known = ~np.isnan(place)
    scores = scores[known].drop(columns=PATIENT_ID).assign(**{PLACE: place[known].astype(int)})
    n_rows = pd.Series(np.bincount(scores[PLACE], minlength=len(at_zero)))

    def count(step: str, because: str, where: np.ndarray) -> None:
        if because:
            ledger.leave_out(step, because, everyone[where], n_rows[where])
        else:
            ledger.keep(step, everyone[where], n_rows[where])

    started = at_zero["started"].to_numpy()
    has_format = started & at_zero[FORMAT].notna().to_numpy()
    count("in the study", "", np.ones(len(at_zero), dtype=bool))
    count("started treatment", "no ketamine session", ~started)
    count("started treatment", "", started)
    count("format at time zero", NO_FORMAT_BECAUSE[format_rule], started & ~has_format)
    count("format at time zero", "", has_format)
    scored = has_format & (n_rows > 0).to_numpy()
    count("assessed", "no assessment with this instrument", has_format & ~scored)
    eligible = scores[has_format[scores[PLACE]]]
    empty = eligible[SCORE].isna()
    ledger.leave_out("assessed", "no total", eligible.loc[empty, PLACE])
    eligible = eligible[~empty].reset_index(drop=True)
    ledger.keep("assessed", eligible[PLACE])
    return eligible


def _report_windows(
    placed: pd.DataFrame, ids: pd.Series, settings: Settings, instrument: Instrument, file: str, problems: Problems
) -> None:
    target = {BASELINE_VISIT: 0, **{visit.label: visit.target_day for visit in settings.visits}}
    passed = placed[(placed[VISIT] != NOT_PLACED) & ~placed[CHOSEN]]
    found = [f"day {d}, one of {n} in the window of {v}"
             for d, n, v in zip(passed[DAY], passed["n_in_window"], passed[VISIT], strict=True)]  # fmt: skip
    expected = [
        f"one per window; the nearest to day {target[v]} counts, of two as near the earlier" for v in passed[VISIT]
    ]
    whose = ids.iloc[passed[PLACE]].to_numpy()
    problems.add_rows(file, passed["row"].to_numpy(), DAY, found, expected, patient_ids=whose)
    back = placed[placed[CHOSEN] & reaches_before_treatment(instrument, placed[DAY])]
    recall = instrument.recall_days
    found = [f"day {day}, from which {instrument.name} looks back {recall} days, before day 0" for day in back[DAY]]
    expected_day = f"day {recall} or later, for an answer about the time after day 0 only"
    whose = ids.iloc[back[PLACE]].to_numpy()
    problems.add_rows(file, back["row"].to_numpy(), DAY, found, expected_day, patient_ids=whose)
