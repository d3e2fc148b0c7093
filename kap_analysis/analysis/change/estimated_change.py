"""Did the patients change: change from baseline by a mixed model of all observed scores.

All scores of the outcomes are used: the baseline is a row, not a covariate, and the visits have an unstructured
covariance. The formats may change differently, and each patient counts once in the mean. Patients who were assessed
only once count if the outcomes have them (``population="started"``). Change may be correlated within a cohort. There is
no control arm, so change is not evidence of an effect.
"""

from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd
from scipy.special import ndtri

from kap_analysis.analysis.change.published import published_changes, published_sentence
from kap_analysis.analysis.formats import recorded_words
from kap_analysis.analysis.model.estimates import (
    averaged_rows,
    engine_notes,
    estimate_rows,
    first_or_refuse,
    fit_formula,
)
from kap_analysis.analysis.model.model_frame import cohort_of_one
from kap_analysis.analysis.model.plan import Ladder
from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.analysis.visits import NO_CONTROL, check_anybody
from kap_analysis.columns import (
    BASELINE,
    BASELINE_VISIT,
    COHORT_ID,
    FORMAT,
    GROUP,
    INSTRUMENT,
    N_PATIENTS,
    PATIENT_ID,
    PRACTICE,
    SCORE,
    VISIT,
)
from kap_analysis.disclosure.gate import release
from kap_analysis.errors import AnalysisError
from kap_analysis.mixed.results import MixedResults
from kap_analysis.run_memory import once_per_run
from kap_analysis.study.answerable import too_many_practices
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.writing.sentences import estimate_words, join_words, n_statement, number, p_statement, plural
from kap_analysis.writing.small_numbers import interval_words, limits_words

BY_BASELINE_SD = "model change / SD of the baseline score; interval by the delta method, SD estimated from n"
BY_CHANGE_SD = "mean of the observed changes / their SD; interval by the delta method"


@dataclass(frozen=True)
class EstimatedChange(Result):
    """Change from baseline.

    Attributes
    ----------
    means : DataFrame
        Model means: ``instrument``, ``visit`` (baseline first), the estimate columns, ``n_patients`` (scored).
    change : DataFrame
        Visit minus baseline: ``instrument``, ``visit``, the estimate columns, ``n_patients`` (scored at the visit),
        ``n_paired`` (of them with a baseline).
    effect_sizes : DataFrame
        ``instrument``, ``visit``, ``effect_size``, ``formula``, ``estimate``, ``ci_low``, ``ci_high``, ``n_patients``.
    published : DataFrame
        As `published_changes`: for context, not as a comparator.
    model : DataFrame
        One row: ``formula``, ``n_patients``, ``n_observations``, ``ddf``, ``note`` (why practice is not in the
        model; empty where nothing is to be said).
    fit : MixedResults or None
    """

    means: pd.DataFrame
    change: pd.DataFrame
    effect_sizes: pd.DataFrame
    published: pd.DataFrame
    model: pd.DataFrame
    fit: MixedResults | None = None
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def paragraph(self) -> str:
        name = self.change[INSTRUMENT].iloc[0]
        told = [_at_visit(row) for _, row in self.change.iterrows()]
        model = self.model.iloc[0]
        parts = [
            f"Estimated from {plural(model['n_observations'], 'score')} of {plural(model[N_PATIENTS], 'patient')}, "
            f"mean {name} changed from baseline by {join_words(told)}.",
            *_effect_size_sentences(self.effect_sizes),
            NO_CONTROL,
            model["note"],
            published_sentence(self.published),
        ]
        return " ".join(part for part in parts if part)


def _at_visit(row: pd.Series) -> str:
    sure = interval_words(row, f"df {number(row['df'])}; {p_statement(row['p_value'])}")
    return f"{estimate_words(row)} points at {row[VISIT]} ({sure}; {n_statement(row[N_PATIENTS])})"


@asked_of(Outcomes)
@once_per_run
def estimate_change(outcomes: Outcomes) -> EstimatedChange:
    """Estimate the change from baseline at every visit.

    Raises
    ------
    AnalysisError
        If fewer than two patients have a baseline score or a score after it, if all changed by the same number of
        points, or if no model fits the scores.
    """
    frame, visits = _rows(outcomes)
    _check_varies(frame, outcomes.instrument.name)
    formulas = _formulas(frame, len(visits))
    with engine_notes():
        position, fit, _ = first_or_refuse(
            [partial(fit_formula, formula, frame) for formula in formulas], f"Change of {outcomes.instrument.name}"
        )
    patients = frame.drop_duplicates(PATIENT_ID)
    grid = pd.DataFrame({VISIT: list(visits)})
    rows = averaged_rows(fit, patients, grid.assign(group_after=0.0) if "group_after" in patients else grid)
    means = estimate_rows(fit, rows.matrix, grid, test=False)
    change = estimate_rows(fit, rows.matrix[1:] - rows.matrix[0], grid.iloc[1:])
    observed = frame.groupby(VISIT, observed=True)[PATIENT_ID].nunique()
    means[N_PATIENTS] = means[VISIT].astype("str").map(observed.rename(index=str)).to_numpy()
    change[N_PATIENTS] = means[N_PATIENTS].to_numpy()[1:]
    pairs = frame[frame[BASELINE].notna()].groupby(VISIT, observed=True)[PATIENT_ID].nunique()
    change["n_paired"] = [int(pairs.get(v, 0)) for v in change[VISIT]]
    described = {
        "formula": formulas[position], N_PATIENTS: len(patients), "n_observations": len(frame), "ddf": fit.settings.ddf,
        "note": _note(frame),
    }  # fmt: skip
    name = outcomes.instrument.name
    result = EstimatedChange(
        means=_named(means, name, visits),
        change=_named(change, name, visits),
        effect_sizes=_named(_effect_sizes(frame, change), name, visits),
        published=published_changes(name),
        model=pd.DataFrame([described]),
        fit=fit,
    )
    return release(result, outcomes)


def _rows(outcomes: Outcomes) -> tuple[pd.DataFrame, tuple[str, ...]]:
    check_anybody(outcomes)
    frame = outcomes.frame[outcomes.frame[SCORE].notna() & outcomes.frame[VISIT].notna()].copy()
    label = frame[VISIT].astype("str")
    counts = label.value_counts()
    visits = tuple(v for v in outcomes.visits if counts.get(v, 0) >= 2)
    name = outcomes.instrument.name
    if BASELINE_VISIT not in visits:
        raise AnalysisError(
            f"Fewer than two patients have a baseline {name}; change from baseline cannot be estimated."
        )
    if len(visits) < 2:
        raise AnalysisError(
            f"Fewer than two patients have a {name} score after baseline; there is no change to estimate."
        )
    frame = frame[label.isin(visits)]
    frame[VISIT] = pd.Categorical(frame[VISIT].astype("str"), categories=list(visits))
    for name in (PRACTICE, FORMAT):
        if name in frame:
            frame[name] = recorded_words(frame[name])
    if COHORT_ID in frame and FORMAT in frame:
        nested = frame[COHORT_ID].notna() & (frame[FORMAT].astype("object") == GROUP)
        sizes = frame[nested].groupby(COHORT_ID)[PATIENT_ID].nunique()
        if (sizes >= 2).sum() >= 2:
            frame["group_after"] = (nested & (frame[VISIT] != BASELINE_VISIT)).astype(float)
            frame[COHORT_ID] = frame[COHORT_ID].astype("object").where(nested, cohort_of_one(frame[PATIENT_ID]))
    return frame, visits


def _check_varies(frame: pd.DataFrame, name: str) -> None:
    """Raise an error if all patients of a format have changed alike: no model has anything to estimate from then."""
    by = [VISIT, FORMAT] if FORMAT in frame else [VISIT]
    change = (frame[SCORE] - frame[BASELINE]).groupby([frame[column] for column in by], observed=True)
    if (change.nunique() <= 1).all() and change.count().max() > 1:
        raise AnalysisError(
            f"Every patient's {name} changed by the same number of points: there is no variation from which an "
            "interval could be estimated. What was observed is told by `observed_scores`."
        )


def _formulas(frame: pd.DataFrame, n_visits: int) -> list[str]:
    """The planned model first, then simpler models of the same means; unstructured only where the counts allow it.

    A difference between the formats must not become one between cohorts: these would then weigh less than the others.
    """
    terms = [VISIT]
    if FORMAT in frame and frame[FORMAT].nunique() > 1:
        seen = pd.crosstab(frame[FORMAT], frame[VISIT]).to_numpy()
        terms = [f"{VISIT}*{FORMAT}" if seen.all() else f"{VISIT} + {FORMAT}"]
    if PRACTICE in frame and frame[PRACTICE].nunique() > 1 and not _why_without_practice(frame):
        terms.append(PRACTICE)
    cohort = [f"(0 + group_after | {COHORT_ID})"] if "group_after" in frame else []
    ends = [[f"csh({VISIT} | {PATIENT_ID})"], [f"(1 | {PATIENT_ID})"]]
    if _fewest_pairs(frame) >= Ladder().full_pairs:
        ends.insert(0, [f"us({VISIT} | {PATIENT_ID})"])
    with_cohort = [[*end, *cohort] for end in ends]
    return [f"{SCORE} ~ {' + '.join([*terms, *end])}" for end in (with_cohort if cohort else ends)]


def _note(frame: pd.DataFrame) -> str:
    why = _why_without_practice(frame) if PRACTICE in frame else ""
    return f"Practice is not in the model: {why}." if why else ""


def _why_without_practice(frame: pd.DataFrame) -> str:
    """Why practices cannot be adjusted for; empty where they can."""
    if 1 < frame[PRACTICE].nunique() == frame[PATIENT_ID].nunique():
        return "each patient is the only one of a practice"
    return too_many_practices(frame[PRACTICE])


def _fewest_pairs(frame: pd.DataFrame) -> int:
    """Patients with a score at both of two visits, of the two visits of which the fewest have."""
    seen = pd.crosstab(frame[PATIENT_ID], frame[VISIT]).clip(upper=1).to_numpy()
    return int((seen.T @ seen).min())


def _effect_size_sentences(sizes: pd.DataFrame) -> list[str]:
    """One sentence per kind of effect size, its formula named."""
    sentences = []
    for (kind, formula), part in sizes.groupby(["effect_size", "formula"], sort=False):
        told = [f"{number(r['estimate'], 2)} ({limits_words(r, 2)}) at {r[VISIT]}" for _, r in part.iterrows()]
        sentences.append(f"Effect size {kind} ({formula}), with 95% intervals: {join_words(told)}.")
    return sentences


def _effect_sizes(frame: pd.DataFrame, change: pd.DataFrame) -> pd.DataFrame:
    start = frame.loc[frame[VISIT] == BASELINE_VISIT, SCORE]
    spread, z = float(start.std()), float(ndtri(0.975))  # no effect size if the baseline does not vary
    rows: list[list[object]] = []
    columns = (change[name].tolist() for name in (VISIT, "estimate", "std_error", N_PATIENTS))
    for visit, estimate, std_error, n_patients in zip(*columns, strict=True):
        if spread > 0:
            size = float(estimate) / spread
            error = np.sqrt((float(std_error) / spread) ** 2 + size**2 / (2 * (len(start) - 1)))
            rows.append([visit, "by baseline SD", BY_BASELINE_SD, size, size - z * error, size + z * error, n_patients])
        at_visit = frame[frame[VISIT] == visit]
        changes = (at_visit[SCORE] - at_visit[BASELINE]).dropna()
        if len(changes) > 1 and changes.std() > 0:
            size = changes.mean() / changes.std()
            error = np.sqrt(1 / len(changes) + size**2 / (2 * (len(changes) - 1)))
            rows.append([visit, "by change SD", BY_CHANGE_SD, size, size - z * error, size + z * error, len(changes)])
    names = [VISIT, "effect_size", "formula", "estimate", "ci_low", "ci_high", N_PATIENTS]
    return pd.DataFrame(rows, columns=names)


def _named(frame: pd.DataFrame, instrument: str, visits: tuple[str, ...]) -> pd.DataFrame:
    frame = frame.reset_index(drop=True)
    frame[VISIT] = pd.Categorical(frame[VISIT].astype("str"), categories=list(visits), ordered=True)
    frame.insert(0, INSTRUMENT, instrument)
    return frame
