"""How patients moved between severity bands from visit to visit, including patients who were not assessed."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import pandas as pd

from kap_analysis.analysis.formats import parts_by_format
from kap_analysis.analysis.patients.not_counted import not_due_yet, who_is_not_counted
from kap_analysis.analysis.proportion import BASELINE_STEP, count_started
from kap_analysis.analysis.result import Result, empty_withheld, told_of
from kap_analysis.columns import BASELINE_VISIT, FORMAT, FORMATS, N_PATIENTS, PATIENT_ID, SCORE, VISIT
from kap_analysis.disclosure.gate import release
from kap_analysis.errors import AnalysisError
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.writing.sentences import join_words, plural, sentence_case, share

NOT_ASSESSED: Final = "not assessed"


@dataclass(frozen=True)
class BandMovement(Result):
    """Severity bands by visit.

    Attributes
    ----------
    instrument, band_set : str
    movement : DataFrame
        One row per format ("all" first), visit and band ("not assessed" last): ``format``, ``visit``, ``band``
        (ordered), ``n_patients``, ``of_patients`` (all patients counted at the visit), ``share``.
    flows : DataFrame
        One row per format, pair of consecutive visits and pair of bands with at least one patient: ``format``,
        ``visit_from``, ``band_from``, ``visit_to``, ``band_to``, ``n_patients``.
    counted : DataFrame
        ``format``, ``n_started``, ``n_counted``, ``n_left_out``: patients who started and are not counted, because
        the outcomes leave out patients without a baseline or a later score. Outcomes made with
        ``population="started"`` include them.
    notes : tuple of str
        Who has no format and is not counted, and who is not due at the last visit yet.
    """

    instrument: str
    band_set: str
    movement: pd.DataFrame
    flows: pd.DataFrame
    counted: pd.DataFrame
    notes: tuple[str, ...] = ()
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    @told_of("movement", "counted")
    def paragraph(self) -> str:
        rows = self.movement[self.movement[FORMAT] == "all"]
        visits = list(rows[VISIT].cat.categories)
        told = [self._at(rows, visit) for visit in dict.fromkeys((visits[0], visits[-1]))]
        n_left_out = self.counted["n_left_out"].iloc[0]
        who = "1 patient who started is" if n_left_out == 1 else f"{plural(n_left_out, 'patient')} who started are"
        left = f" {sentence_case(who)} not counted, for want of a baseline or a later score."
        first = f"{self.instrument} bands ({self.band_set}): {'; '.join(told)}.{'' if n_left_out == 0 else left}"
        return " ".join([first, *self.notes])

    @staticmethod
    def _at(rows: pd.DataFrame, visit: str) -> str:
        part = rows[rows[VISIT].astype("str") == visit]
        words = [
            f"{row['band']} {'withheld' if pd.isna(row[N_PATIENTS]) else share(row[N_PATIENTS], row['of_patients'])}"
            for _, row in part.iterrows()
        ]
        return f"at {visit} {join_words(words)}"


@asked_of(Outcomes)
def band_movement(outcomes: Outcomes, *, band_set: str | None = None) -> BandMovement:
    """Count patients in each severity band at each visit, and between bands from visit to visit.

    Parameters
    ----------
    outcomes : Outcomes
        One row per patient and visit; with ``population="started"`` all patients who started are counted.
    band_set : str, optional
        A published set of bands; default: the instrument's.

    Raises
    ------
    InstrumentError, AnalysisError
        If the instrument has no established bands, or there is no score.
    """
    instrument = outcomes.instrument
    labels = [band.label for band in instrument.bands(band_set)]
    frame = outcomes.frame.dropna(subset=[SCORE, VISIT])
    if frame.empty:
        raise AnalysisError(f"There is no {instrument.name} score at any visit; no bands can be counted.")
    if frame.duplicated([PATIENT_ID, VISIT]).any():
        raise AnalysisError("Some patients have several rows at a visit; take outcomes with visits='windows'.")
    frame = frame.assign(band=instrument.band_of(frame[SCORE], band_set))
    wide = frame.pivot(index=PATIENT_ID, columns=VISIT, values="band").reindex(columns=list(outcomes.visits))
    wide = wide.astype("object").where(wide.notna(), NOT_ASSESSED)
    formats = frame.drop_duplicates(PATIENT_ID).set_index(PATIENT_ID)[FORMAT].reindex(wide.index)
    counted = _counted(outcomes, formats)
    never = dict(zip(counted[FORMAT], counted["n_counted"] - counted["n_present"], strict=True))
    parts = parts_by_format(wide, formats)
    counts = [_count(name, part, int(never.get(name, 0)), [*labels, NOT_ASSESSED]) for name, part in parts]
    result = BandMovement(
        instrument=instrument.name,
        band_set=band_set or str(instrument.default_band_set),
        movement=_ordered(pd.concat([movement for movement, _ in counts], ignore_index=True), outcomes, labels),
        flows=_ordered(pd.concat([flows for _, flows in counts], ignore_index=True), outcomes, labels),
        counted=counted.drop(columns="n_present"),
        notes=(*who_is_not_counted(outcomes), *_not_due_at_last(outcomes, wide)),
    )
    return release(result, outcomes)


def _not_due_at_last(outcomes: Outcomes, wide: pd.DataFrame) -> tuple[str, ...]:
    """Of those counted as not assessed at the last visit, who is not due yet."""
    last = outcomes.visits[-1]
    may_come = set(outcomes.not_due.get(last, ()))
    if _is_selected(outcomes):
        may_come &= set(wide.index)
    return not_due_yet(may_come, last, wide.index[wide[last] != NOT_ASSESSED], outcomes)


def _is_selected(outcomes: Outcomes) -> bool:
    """Whether the outcomes leave out some of those who started."""
    return bool((outcomes.ledger["step"] == BASELINE_STEP).any())


def _counted(outcomes: Outcomes, formats: pd.Series) -> pd.DataFrame:
    """Who is counted: all patients who started, unless the outcomes leave out some, whose bands are then unknown."""
    words = formats.astype("object").astype("str")
    is_selected = _is_selected(outcomes)
    rows = []
    for name, n_started in count_started(outcomes).items():
        n_present = len(formats) if name == "all" else int((words == name).sum())
        n_counted = n_present if is_selected else max(n_started, n_present)
        numbers = {"n_started": n_started, "n_present": n_present, "n_counted": n_counted}
        rows.append({FORMAT: name, **numbers, "n_left_out": max(n_started - n_counted, 0)})
    return pd.DataFrame(rows)


def _count(name: str, wide: pd.DataFrame, never: int, labels: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    movement, flows = [], []
    total = len(wide) + never
    for visit in wide.columns:
        counts = wide[visit].value_counts().reindex(labels, fill_value=0)
        counts[NOT_ASSESSED] += never
        for band, n in counts.items():
            row = {FORMAT: name, VISIT: visit, "band": band, N_PATIENTS: int(n)}
            movement.append({**row, "of_patients": total, "share": n / total})
    for before, after in pairwise(wide.columns):
        moved = Counter(zip(wide[before], wide[after], strict=True))
        moved.update({(NOT_ASSESSED, NOT_ASSESSED): never} if never else {})
        for (band_from, band_to), n in moved.items():
            row = {FORMAT: name, "visit_from": before, "band_from": band_from}
            flows.append({**row, "visit_to": after, "band_to": band_to, N_PATIENTS: n})
    return pd.DataFrame(movement), pd.DataFrame(flows)


def _ordered(counts: pd.DataFrame, outcomes: Outcomes, labels: list[str]) -> pd.DataFrame:
    """Visits in order, and bands from the lowest scores to "not assessed", as categories and as row order."""
    later = [visit for visit in outcomes.visits if visit != BASELINE_VISIT]
    order = {"visit": [BASELINE_VISIT, *later], "band": [*labels, NOT_ASSESSED]}
    columns = [c for c in counts.columns if c.split("_")[0] in order]
    kinds = {c: pd.CategoricalDtype(order[c.split("_")[0]], ordered=True) for c in columns}
    ordered = counts.astype(dict.fromkeys(columns, "str")).astype(kinds)
    ordered["_format"] = counts[FORMAT].map({name: place for place, name in enumerate(("all", *FORMATS))})
    by = ["_format", *sorted(columns, key=lambda c: (not c.startswith("visit"), not c.endswith("from")))]
    return ordered.sort_values(by, kind="stable").drop(columns="_format").reset_index(drop=True)
