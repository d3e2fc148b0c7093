"""Observed scores without a model: means by visit and format, and before and after in the same patients."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from kap_analysis.analysis.model.adjusted_difference import adjusted_beside, beside_sentence
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.patients.not_counted import who_is_not_counted
from kap_analysis.analysis.proportion import BASELINE_STEP
from kap_analysis.analysis.result import Result, empty_withheld, told_of
from kap_analysis.analysis.visits import NO_CONTROL, check_anybody, check_visit
from kap_analysis.columns import (
    BASELINE,
    BASELINE_VISIT,
    FORMAT,
    INSTRUMENT,
    MONTH,
    N_PATIENTS,
    PATIENT_ID,
    SCORE,
    VISIT,
)
from kap_analysis.disclosure.gate import release
from kap_analysis.errors import AnalysisError
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.writing.sentences import count, join_words, n_statement, number, plural, sentence_case
from kap_analysis.writing.small_numbers import interval_words


@dataclass(frozen=True)
class ObservedScores(Result):
    """Observed mean scores.

    Attributes
    ----------
    means : DataFrame
        One row per format ("all" included) and visit: ``instrument``, ``format``, ``visit``, ``month`` (mean, from
        the actual days), ``n_patients``, ``mean``, ``sd``, ``std_error``, ``ci_low``, ``ci_high`` (t interval).
    beside : DataFrame
        As `adjusted_beside`: shown wherever the formats are shown without adjustment.
    """

    means: pd.DataFrame
    beside: pd.DataFrame
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    @told_of("means")
    def paragraph(self) -> str:
        total = self.means[self.means[FORMAT] == "all"]
        name = total[INSTRUMENT].iloc[0]
        told = [f"{number(r['mean'])} ({r[VISIT]}, {n_statement(r[N_PATIENTS])})" for _, r in total.iterrows()]
        parts = [f"Mean {name} was {join_words(told)}. These are the patients who were assessed, not all who started."]
        if (total[VISIT].astype("str") != BASELINE_VISIT).any():
            parts.append(NO_CONTROL)
        return " ".join([*parts, *filter(None, [beside_sentence(self.beside)])])


@dataclass(frozen=True)
class PairedScores(Result):
    """Scores before and after, in patients who have both.

    Attributes
    ----------
    means : DataFrame
        Two rows: ``instrument``, ``time`` (baseline, follow-up), ``visit``, ``n_patients``, ``mean``, ``sd``,
        ``ci_low``, ``ci_high``.
    change : DataFrame
        One row: ``instrument``, ``visit``, ``n_patients``, ``n_started`` (patients with a baseline, scored later or
        not), ``mean_change`` (follow-up minus baseline), ``sd_change``, ``ci_low``, ``ci_high``.
    patients : DataFrame
        One row per patient of these: ``instrument``, ``patient_id``, ``baseline``, ``follow_up``.
    notes : tuple of str
        Who has no format and is not counted.
    """

    means: pd.DataFrame
    change: pd.DataFrame
    patients: pd.DataFrame
    notes: tuple[str, ...] = ()
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def paragraph(self) -> str:
        if self.means.empty or self.change.empty:
            return "Mean scores of patients who have both are withheld: they are too few."
        before, after = self.means["mean"]
        row = self.change.iloc[0]
        how_sure = "" if np.isnan(row["ci_low"]) else f" ({interval_words(row)})"
        first = (
            f"{sentence_case(count(row[N_PATIENTS]))} of {plural(row['n_started'], 'patient')} with a baseline score "
            f"have one at {row[VISIT]} as well. Their mean {row[INSTRUMENT]} went from {number(before)} to "
            f"{number(after)}, an observed mean change of {number(row['mean_change'])} points{how_sure}."
        )
        return " ".join([first, *self.notes, NO_CONTROL])


@asked_of(Outcomes)
def observed_scores(outcomes: Outcomes, *, plan: Plan | None = None) -> ObservedScores:
    """Mean observed score per format and visit, with the number of patients.

    Parameters
    ----------
    outcomes : Outcomes
        With one row per patient and visit.
    plan : Plan, optional
        For the adjusted difference that is shown with the formats.

    Returns
    -------
    ObservedScores
    """
    return release(ObservedScores(mean_scores(outcomes), adjusted_beside(outcomes, plan=plan)), outcomes)


def mean_scores(outcomes: Outcomes) -> pd.DataFrame:
    """`ObservedScores.means`, before the gate."""
    check_anybody(outcomes)
    frame = outcomes.frame.dropna(subset=[SCORE])
    if frame.empty:
        raise AnalysisError(f"There is no {outcomes.instrument.name} score at any visit; nothing can be described.")
    whole = frame.assign(**{FORMAT: "all"})
    parts = [_mean_by(part, [FORMAT, VISIT]) for part in (whole, frame.assign(**{FORMAT: frame[FORMAT].astype("str")}))]
    means = pd.concat(parts, ignore_index=True)
    means.insert(0, INSTRUMENT, outcomes.instrument.name)
    means[VISIT] = pd.Categorical(means[VISIT].astype("str"), categories=list(outcomes.visits), ordered=True)
    return means


@asked_of(Outcomes)
def paired_scores(outcomes: Outcomes, visit: str) -> PairedScores:
    """Mean scores at baseline and at a visit, in patients who have both.

    Parameters
    ----------
    outcomes : Outcomes
    visit : str
        A visit after baseline.

    Raises
    ------
    AnalysisError
        If the visit does not exist, or fewer than two patients have both scores.
    """
    check_visit(outcomes, visit)
    frame = outcomes.frame
    pairs = frame[(frame[VISIT].astype("str") == visit) & frame[SCORE].notna() & frame[BASELINE].notna()]
    if len(pairs) < 2:
        raise AnalysisError(
            f"Too few patients have {outcomes.instrument.name} at baseline and at {visit}; "
            "a mean with an interval needs two or more."
        )
    rows = [
        {"time": "baseline", VISIT: BASELINE_VISIT, **mean_interval(pairs[BASELINE])},
        {"time": "follow-up", VISIT: visit, **mean_interval(pairs[SCORE])},
    ]
    change = mean_interval(pairs[SCORE] - pairs[BASELINE])
    named = {
        INSTRUMENT: outcomes.instrument.name,
        VISIT: visit,
        N_PATIENTS: len(pairs),
        "n_started": _n_baseline(outcomes),
    }
    renamed = {"mean_change": change["mean"], "sd_change": change["sd"]}
    ends = {k: change[k] for k in ("ci_low", "ci_high")}
    result = PairedScores(
        means=pd.DataFrame(rows).assign(**{INSTRUMENT: outcomes.instrument.name}),
        change=pd.DataFrame([{**named, **renamed, **ends}]),
        patients=pairs[[PATIENT_ID, BASELINE, SCORE]]
        .rename(columns={SCORE: "follow_up"})
        .assign(**{INSTRUMENT: outcomes.instrument.name})
        .reset_index(drop=True),
        notes=who_is_not_counted(outcomes),
    )
    return release(result, outcomes)


def _n_baseline(outcomes: Outcomes) -> int:
    """Patients with a baseline; those never scored again are not in a frame of analysed patients, but in its ledger."""
    ledger, frame = outcomes.ledger, outcomes.frame
    kept = ledger[(ledger["step"] == BASELINE_STEP) & (ledger["left_out_because"] == "") & (ledger[FORMAT] == "all")]
    return int(kept[N_PATIENTS].iloc[0]) if len(kept) else frame.loc[frame[BASELINE].notna(), PATIENT_ID].nunique()


def mean_interval(values: pd.Series, level: float = 0.95) -> dict[str, float]:
    """Number, mean, standard deviation, standard error and t interval of a column; missing values left out."""
    known = values.dropna().to_numpy(float)
    n = len(known)
    sd = float(known.std(ddof=1)) if n > 1 else np.nan
    error = sd / np.sqrt(n) if n > 1 else np.nan
    half = float(stdtrit(n - 1, (1 + level) / 2)) * error if n > 1 else np.nan
    mean = float(known.mean()) if n else np.nan
    return {
        N_PATIENTS: n, "mean": mean, "sd": sd, "std_error": error, "ci_low": mean - half, "ci_high": mean + half,
    }  # fmt: skip


def _mean_by(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    rows = []
    for key, part in frame.groupby(keys, observed=True, sort=True):
        rows.append({**dict(zip(keys, key, strict=True)), MONTH: part[MONTH].mean(), **mean_interval(part[SCORE])})
    return pd.DataFrame(rows)
