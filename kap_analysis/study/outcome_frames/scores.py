"""The scores of one instrument: recorded totals, and totals scored from items where none is recorded."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kap_analysis.columns import DAY, INSTRUMENT, PATIENT_ID, SCORE
from kap_analysis.errors import StudyError
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.instruments.registry import get_instrument
from kap_analysis.instruments.scoring import score_items

FROM_ITEMS = 0
_COLUMNS = [PATIENT_ID, DAY, SCORE, "rater", "version", "hour", "timing"]


@dataclass(frozen=True, slots=True)
class InstrumentScores:
    """Scores of one instrument, rater and version.

    Attributes
    ----------
    scores : pandas.DataFrame
        patient_id, day, score (missing where there is no total), rater, version, hour, timing, and ``row``: the place
        in the file of assessments (0 where the total was scored from items that have no row there).
    n_from_items : int
        Totals scored here.
    sentence : str
        The rule for missing items, where totals were scored here.
    """

    scores: pd.DataFrame
    n_from_items: int
    sentence: str


def outcome_instrument(name: str, instruments: Mapping[str, Instrument]) -> Instrument:
    """Return the instrument, or say why it cannot be an outcome of this study.

    Raises
    ------
    InstrumentError
        If nobody knows the name (the nearest are offered), or it is a screen or a covariate.
    """
    if name in instruments:
        return instruments[name].require_outcome()
    return get_instrument(name, own=instruments.values(), for_outcome=True)


def instrument_scores(
    tables: Mapping[str, pd.DataFrame],
    instrument: Instrument,
    *,
    rater: str | None,
    version: str | None,
    missing_rule: str,
    rows: np.ndarray | None,
) -> InstrumentScores:
    """Return the scores of one instrument.

    Raises
    ------
    StudyError
        If there are none, or if rater or version must be chosen.
    """
    assessments = tables["assessments"]
    places = np.zeros(len(assessments), dtype=np.int64) if rows is None else rows
    ours = (assessments[INSTRUMENT] == instrument.name).to_numpy()
    recorded = assessments.loc[ours, _COLUMNS].assign(row=places[ours])
    items = tables["items"]
    answers = items[(items[INSTRUMENT] == instrument.name).to_numpy()]
    recorded = _one_of("rater", recorded, rater, instrument)
    answers = answers if rater is None else answers[(answers["rater"] == rater) | answers["rater"].isna()]
    recorded = _one_of("version", recorded, version, instrument)
    if version is not None:  # items carry no version: those of another version's assessment must not slip in
        answers = answers[_on_days_of(answers, recorded)]
    scored, sentence = _from_items(answers, recorded, instrument, missing_rule)
    n_from_items = int(scored[SCORE].notna().sum())
    have = recorded if len(scored) == 0 else _with_scored(recorded, scored)
    if not have[SCORE].notna().any():
        raise StudyError(
            f"Found no {instrument.name} score in assessments.csv and none to be made of items.csv; "
            f"there are {_held(assessments)}."
        )
    return InstrumentScores(have.reset_index(drop=True), n_from_items, sentence)


def _on_days_of(rows: pd.DataFrame, assessments: pd.DataFrame) -> np.ndarray:
    """Say for each row whether its patient has one of these assessments on its day."""
    key = [PATIENT_ID, DAY]
    return np.asarray(pd.MultiIndex.from_frame(rows[key]).isin(pd.MultiIndex.from_frame(assessments[key])))


def _with_scored(recorded: pd.DataFrame, scored: pd.DataFrame) -> pd.DataFrame:
    """Put the scored totals beside the recorded ones; a row without a total lends its hour, timing and place."""
    key = [PATIENT_ID, DAY]
    blank = recorded[recorded[SCORE].isna()]
    lent = blank.drop(columns=[SCORE, "rater"]).drop_duplicates(key)
    merged = scored.merge(lent, on=key, how="left")
    merged["row"] = merged["row"].fillna(FROM_ITEMS).astype("int64")
    rest = recorded.drop(index=blank.index[_on_days_of(blank, scored)])
    return pd.concat([rest, merged[rest.columns].astype(rest.dtypes)], ignore_index=True)


def _held(assessments: pd.DataFrame) -> str:
    counts = assessments[INSTRUMENT].value_counts()
    return ", ".join(f"{name} ({n:,})" for name, n in counts.items()) or "no assessments at all"


def _one_of(column: str, recorded: pd.DataFrame, chosen: str | None, instrument: Instrument) -> pd.DataFrame:
    counts = recorded[column].astype(object).value_counts()
    if chosen is not None:
        if chosen not in counts.index:
            found = ", ".join(map(str, counts.index)) or "none"
            raise StudyError(f"Found no {instrument.name} of {column} {chosen!r}; expected one of: {found}.")
        return recorded[(recorded[column].astype(object) == chosen).to_numpy()]
    if len(counts) > 1:
        found = " and ".join(f"{value} ({n:,})" for value, n in counts.items())
        raise StudyError(
            f"{instrument.name} has several values of {column}: {found}. They are not mixed; say {column}=... for one."
        )
    return recorded


def _from_items(
    answers: pd.DataFrame, recorded: pd.DataFrame, instrument: Instrument, missing_rule: str
) -> tuple[pd.DataFrame, str]:
    """Score the items of assessments that have no recorded total."""
    nothing = pd.DataFrame({PATIENT_ID: [], DAY: [], SCORE: [], "rater": []})
    if len(answers) == 0 or not instrument.item_ranges or instrument.total_rule == "ordinal":
        return nothing, ""
    lacking = answers[~_on_days_of(answers, recorded[recorded[SCORE].notna()])]
    if len(lacking) == 0:
        return nothing, ""
    given = [PATIENT_ID, DAY, INSTRUMENT, "item", "answer"] + (["rater"] if lacking["rater"].notna().any() else [])
    scored = score_items(lacking[given].assign(item=lacking["item"].astype(int)), instrument, missing_rule=missing_rule)
    scores = scored.scores.assign(rater=scored.scores.get("rater"))
    return scores[[PATIENT_ID, DAY, SCORE, "rater"]], scored.sentence
