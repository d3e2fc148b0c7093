"""Who was treated: baseline characteristics by format, with standardised differences."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from kap_analysis.analysis.formats import formats_present, in_format
from kap_analysis.analysis.model.plan_file import study_plan
from kap_analysis.analysis.patients.diagnosis_groups import level_title
from kap_analysis.analysis.patients.standardised_difference import (
    standardised_mean_difference,
    standardised_share_difference,
)
from kap_analysis.analysis.patients.treated import treated_patients
from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.analysis.visits import check_anybody
from kap_analysis.columns import BASELINE, FORMAT, GROUP, INDIVIDUAL, PATIENT_ID, PRACTICE
from kap_analysis.disclosure.counts import Classes
from kap_analysis.disclosure.gate import release
from kap_analysis.errors import AnalysisError
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.outcome_frames.populations import ANALYSED
from kap_analysis.study.study import Study
from kap_analysis.writing.numbers import decimals_of
from kap_analysis.writing.sentences import count, join_words, number, plural, sentence_case, within_sentence

#: Balance is usually considered good below this (Austin 2009, doi 10.1002/sim.3697).
BALANCE_TARGET = 0.1

#: column -> (label, unit, kind)
CHARACTERISTICS: dict[str, tuple[str, str, str]] = {
    "age": ("Age", "years", "continuous"),
    "sex": ("Sex", "", "categorical"),
    "gender": ("Gender", "", "categorical"),
    "race_ethnicity": ("Race or ethnicity", "", "categorical"),
    PRACTICE: ("Practice", "", "categorical"),
    "primary_diagnosis": ("Primary diagnosis", "", "categorical"),
    BASELINE: ("{instrument} at baseline", "points", "continuous"),
    "ace_score": ("Adverse childhood experiences (ACE)", "0–10", "continuous"),
    "failed_treatments": ("Treatments that had failed", "number", "continuous"),
    "prior_hospitalisation": ("Psychiatric hospitalisation before", "", "categorical"),
    "prior_suicide_attempt": ("Suicide attempt before", "", "categorical"),
    "prior_ketamine": ("Ketamine before", "", "categorical"),
}

#: Of a public study the levels are counted of those who are analysed: of two populations a few would be left.
LEVELS_COUNTED = Classes(("n",), "n_patients", ANALYSED, rest="n_missing", second={"gender": "sex"})


@dataclass(frozen=True)
class BaselineCharacteristics(Result):
    """Characteristics at the start, by format.

    Attributes
    ----------
    characteristics : DataFrame
        One row per characteristic, level and format ("all" included, and "without a format"): ``characteristic``,
        ``label``, ``kind`` (continuous, categorical), ``unit``, ``level`` (empty for a number), ``format``,
        ``n_patients`` (in the format), ``n_missing``, ``mean``, ``sd``, ``median``, ``q1``, ``q3`` (numbers), ``n``,
        ``share`` (levels; of those known), ``smd`` (group minus individual, in standard deviations; the same in every
        row of a characteristic; missing values omitted).
    """

    characteristics: pd.DataFrame
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def paragraph(self) -> str:
        frame = self.characteristics
        counts = frame.drop_duplicates(FORMAT).set_index(FORMAT)["n_patients"]
        treated = join_words([f"{count(counts[f])} {in_format(f)}" for f in counts.index if f != "all"])
        smd = frame.drop_duplicates("characteristic").set_index("label")["smd"].dropna()
        are = "is" if counts.get("all") == 1 else "are"
        who = f"{sentence_case(plural(counts.get('all', np.nan), 'patient'))} {are} described"
        if smd.empty:
            return f"{who} ({treated})." if treated else f"{who}."
        apart = smd[smd.abs() > BALANCE_TARGET]
        worst = apart.abs().sort_values(ascending=False).index[:3]
        told = join_words([f"{within_sentence(label)} ({number(smd[label], decimals_of(smd))})" for label in worst])
        tail = f"{': ' if len(worst) == len(apart) else ', most on '}{told}" if len(worst) else ""
        return (
            f"{who} ({treated}). The formats differ by more than "
            f"{BALANCE_TARGET} standard deviations on {len(apart)} of {plural(len(smd), 'characteristic')}{tail}."
        )


@asked_of(Study, Outcomes)
def baseline_characteristics(
    source: Study | Outcomes, characteristics: dict[str, tuple[str, str, str]] | None = None
) -> BaselineCharacteristics:
    """Describe the patients at the start, by format.

    Parameters
    ----------
    source : Study or Outcomes
        For a study, all treated patients, scored or not; for outcomes, the patients in the frame.
    characteristics : mapping of column -> (label, unit, "continuous" or "categorical"), optional
        Columns to describe; those that the frame lacks are skipped. Default `CHARACTERISTICS`.

    Returns
    -------
    BaselineCharacteristics

    Raises
    ------
    AnalysisError
        If the frame has none of the columns, or one is not described as it is.
    """
    if isinstance(source, Study):
        outcomes = source.outcomes(study_plan(source).instrument, population="started")
        patients = _all_treated(source, outcomes)
    else:
        outcomes, patients = source, source.frame.drop_duplicates(PATIENT_ID)
    check_anybody(outcomes)
    wanted = CHARACTERISTICS if characteristics is None else characteristics
    present = [c for c in wanted if c in patients.columns and patients[c].notna().any()]
    if not present:
        raise AnalysisError(
            f"The outcome frame has none of the characteristics {join_words(list(wanted))}; "
            "name the columns to describe in `characteristics`."
        )
    for column in present:
        _check_described(column, wanted[column], patients[column])
    name = outcomes.instrument.name
    blocks = [
        describe_characteristic(patients, column, *_named(wanted[column], name)).assign(characteristic=column)
        for column in present
    ]
    frame = pd.concat(blocks, ignore_index=True)
    order = ["characteristic", *[c for c in frame.columns if c != "characteristic"]]
    return release(BaselineCharacteristics(frame[order]), outcomes, {"characteristics": LEVELS_COUNTED})


def _all_treated(study: Study, outcomes: Outcomes) -> pd.DataFrame:
    """Every treated patient once; patients never scored have no baseline."""
    scored = outcomes.frame.drop_duplicates(PATIENT_ID)
    treated = treated_patients(study)
    known = scored[[PATIENT_ID, *[c for c in scored.columns if c not in treated.columns]]]
    return treated.merge(known, on=PATIENT_ID, how="left")


def describe_characteristic(patients: pd.DataFrame, column: str, label: str, unit: str, kind: str) -> pd.DataFrame:
    """One characteristic by format: the rows of `BaselineCharacteristics.characteristics`."""
    values, formats = patients[column], patients[FORMAT].astype("str")
    pair = [values[formats == f] for f in (INDIVIDUAL, GROUP)]
    difference = standardised_mean_difference if kind == "continuous" else standardised_share_difference
    rows = []
    for shown in ["all", *formats_present(formats)]:
        part = values if shown == "all" else values[formats == shown]
        known = part.dropna()
        common = {
            "label": label, "kind": kind, "unit": unit, FORMAT: shown,
            "n_patients": len(part), "n_missing": len(part) - len(known), "smd": difference(*pair),
        }  # fmt: skip
        summaries = [_summary(known)] if kind == "continuous" else _shares(known, values, column)
        rows += [{**common, **summary} for summary in summaries]
    columns = ["label", "kind", "unit", "level", FORMAT, "n_patients", "n_missing"]
    statistics = ["mean", "sd", "median", "q1", "q3", "n", "share", "smd"]
    return pd.DataFrame(rows).reindex(columns=columns + statistics)


def _summary(known: pd.Series) -> dict[str, object]:
    numbers = known.astype(float)
    low, middle, high = numbers.quantile([0.25, 0.5, 0.75])
    return {"level": "", "mean": numbers.mean(), "sd": numbers.std(), "median": middle, "q1": low, "q3": high}


def _shares(known: pd.Series, everybody: pd.Series, column: str) -> list[dict[str, object]]:
    counts = known.astype("str").value_counts()
    levels = everybody.dropna().astype("str").value_counts()
    order = sorted(levels.index) if len(levels) == 2 else list(levels.index)
    return [
        {
            "level": level_title(column, level),
            "n": int(counts.get(level, 0)),
            "share": counts.get(level, 0) / max(len(known), 1),
        }
        for level in order
    ]


def _named(entry: tuple[str, str, str], instrument: str) -> tuple[str, str, str]:
    label, unit, kind = entry
    return label.format(instrument=instrument), unit, kind


def _check_described(column: str, entry: object, values: pd.Series) -> None:
    """Raise an error where a column is not described as (label, unit, kind), or its words are called numbers."""
    expected = "expected (label, unit, kind), where the kind is 'continuous' or 'categorical'"
    if not (isinstance(entry, tuple) and len(entry) == 3 and entry[2] in ("continuous", "categorical")):
        raise AnalysisError(f"The characteristic {column} is described by {entry!r}; {expected}.")
    if entry[2] == "continuous" and not pd.api.types.is_numeric_dtype(values):
        raise AnalysisError(f"The characteristic {column} is called continuous, but holds words: call it categorical.")
