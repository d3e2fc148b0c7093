"""Who improved to a clinically meaningful degree, and who got worse: significant change, response, remission."""

from typing import Final, Literal

import pandas as pd

from kap_analysis.analysis.clinical_change.change_result import ClinicalChange
from kap_analysis.analysis.clinical_change.cutoffs import (
    Cutoff,
    CutoffChoice,
    Norms,
    choose_norms,
    cutoff_frame,
    pick_cutoff,
)
from kap_analysis.analysis.clinical_change.growth_method import GROWTH_MODEL, growth_index
from kap_analysis.analysis.clinical_change.reliable_change import (
    CLASSES,
    JACOBSON_TRUAX,
    METHODS,
    RECOVERED,
    classify_change,
    reliable_change_index,
    reliable_change_points,
)
from kap_analysis.analysis.clinical_change.response import BETTER, WORSE, list_criteria, meets, percent_change
from kap_analysis.analysis.patients.not_counted import not_due_yet, who_is_not_counted
from kap_analysis.analysis.proportion import by_format, count_started, share_columns, wilson_interval
from kap_analysis.analysis.visits import check_visit
from kap_analysis.columns import BASELINE, BASELINE_VISIT, CHANGE, CI_HIGH, CI_LOW, FORMAT, PATIENT_ID, SCORE, VISIT
from kap_analysis.disclosure.counts import Classes
from kap_analysis.disclosure.gate import release
from kap_analysis.errors import AnalysisError
from kap_analysis.run_memory import once_per_run
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.outcome_frames.populations import AT_PRIMARY_VISIT

#: Of a public study the usual classes at the primary visit are counted, and no others: two ways to divide the same
#: patients would differ by a few of them.
CLASSES_COUNTED: Final = Classes(("n",), "n_assessed", AT_PRIMARY_VISIT)


@asked_of(Outcomes)
@once_per_run
def clinical_change(
    outcomes: Outcomes,
    visit: str,
    *,
    method: str = JACOBSON_TRUAX,
    cutoff: CutoffChoice = "c",
    norms: Literal["registry", "pairs"] | Norms = "registry",
    reliability: float | None = None,
) -> ClinicalChange:
    """Classify each patient's change from baseline to `visit`.

    Parameters
    ----------
    outcomes : Outcomes
        With one row per patient and visit. Those who started and were never assessed are counted from its ledger.
    visit : str
        A visit after baseline.
    method : str
        Of the headline: "Jacobson-Truax" (default), "Edwards-Nunnally" or "Gulliksen-Lord-Novick". All of them
        stand in ``methods``.
    cutoff : "a", "b", "c" or "published"
        c unless said; where c cannot be formed, the published cut-off of the instrument, else none.
    norms : "registry", "pairs" or Norms
        Mean and SD before treatment from the registry, from the analysed pairs, or your own.
    reliability : float, optional
        Instead of the registry's.

    Raises
    ------
    AnalysisError, InstrumentError
        If nobody has both scores, the visit does not exist, or what the method needs is not established.
    """
    check_visit(outcomes, visit)
    if method not in METHODS:
        raise AnalysisError(f"The method {method!r} is not known; choose one of {', '.join(METHODS)}.")
    instrument = outcomes.instrument.require_outcome()
    patients = pair_scores(outcomes, visit)
    pairs = patients.dropna(subset=[BASELINE, "follow_up"])
    if pairs.empty:
        raise AnalysisError(
            f"No patient has {instrument.name} at baseline and at {visit}, so nothing can be classified."
        )
    held = choose_norms(instrument, norms, pairs[BASELINE], reliability)
    limit = pick_cutoff(instrument, held, cutoff)
    started = count_started(outcomes)
    patients = classify_patients(patients, held, limit, method, instrument.direction)
    indices, not_formed = _method_indices(outcomes, visit, patients, held)
    points = reliable_change_points(held.clinical_sd, held.reliability)
    result = ClinicalChange(
        instrument=instrument.name,
        visit=visit,
        method=method,
        reliable_change=points,
        basis=held.basis,
        cutoff=None if limit is None else limit.value,
        cutoff_name="none" if limit is None else limit.name,
        higher_is_better=instrument.higher_is_better,
        patients=patients,
        shares=_shares(patients, started, limit),
        eligible=_eligible(patients, started).iloc[: None if limit is not None else 0],
        methods=_methods(patients, indices, limit, started, instrument.direction),
        criteria=_criteria(outcomes, patients, started),
        cutoffs=cutoff_frame(instrument, held, limit, points),
        notes=(
            *who_is_not_counted(outcomes),
            *not_due_yet(outcomes.not_due.get(visit, ()), visit, pairs[PATIENT_ID], outcomes),
            *(() if limit is not None else (_no_cutoff(instrument.name),)),
            *not_formed,
        ),
    )
    is_usual = (method, cutoff, norms, reliability, visit) == (
        JACOBSON_TRUAX,
        "c",
        "registry",
        None,
        outcomes.primary_visit,
    )
    return release(result, outcomes, {"shares": CLASSES_COUNTED} if is_usual else None)


def pair_scores(outcomes: Outcomes, visit: str) -> pd.DataFrame:
    """One row per patient: ``patient_id``, ``format``, ``baseline``, ``follow_up`` (missing: not assessed)."""
    frame = outcomes.frame
    at_visit = frame[frame[VISIT].astype("str") == visit]
    if at_visit[PATIENT_ID].duplicated().any():
        raise AnalysisError(f"Some patients have several rows at {visit}; take outcomes with visits='windows'.")
    first = frame.sort_values(VISIT, key=lambda v: v.astype("str") != BASELINE_VISIT, kind="stable")
    patients = first.drop_duplicates(PATIENT_ID)[[PATIENT_ID, FORMAT, BASELINE]].sort_values(PATIENT_ID, kind="stable")
    scores = at_visit.set_index(PATIENT_ID)[SCORE]
    return patients.assign(follow_up=patients[PATIENT_ID].map(scores).astype(float)).reset_index(drop=True)


def classify_patients(
    patients: pd.DataFrame, norms: Norms, cutoff: Cutoff | None, method: str, direction: int
) -> pd.DataFrame:
    """Add change, per-cent change, index, class and the side of the cut-off at baseline to paired scores."""
    before, after = patients[BASELINE], patients["follow_up"]
    index = reliable_change_index(
        method, before, after, mean=norms.clinical_mean, sd=norms.clinical_sd, reliability=norms.reliability
    )
    return patients.assign(
        **{CHANGE: after - before},
        percent_change=percent_change(before, after),
        rci=index,
        **{"class": _classes(patients, index, cutoff, direction)},
        below_cut_at_baseline=_functional_before(patients, cutoff, direction),
    )


def _classes(patients: pd.DataFrame, index: pd.Series, cutoff: Cutoff | None, direction: int) -> pd.Series:
    before, after = patients[BASELINE], patients["follow_up"]
    if cutoff is None:
        nobody = pd.Series(False, index=patients.index)
        return classify_change(index, nobody, nobody, direction=direction)
    clinical_before = before.notna() & ~cutoff.is_functional(before, direction)
    return classify_change(index, clinical_before, cutoff.is_functional(after, direction), direction=direction)


def _functional_before(patients: pd.DataFrame, cutoff: Cutoff | None, direction: int) -> pd.Series:
    unknown = pd.Series(pd.NA, index=patients.index, dtype="boolean")
    if cutoff is None:
        return unknown
    side = cutoff.is_functional(patients[BASELINE], direction).astype("boolean")
    return side.where(patients[BASELINE].notna(), unknown)


def _possible(cutoff: Cutoff | None) -> tuple[str, ...]:
    """The classes that a patient can be in: nobody can be recovered without a cut-off."""
    return CLASSES if cutoff is not None else tuple(label for label in CLASSES if label != RECOVERED)


def _shares(patients: pd.DataFrame, started: dict[str, int], cutoff: Cutoff | None) -> pd.DataFrame:
    rows = []
    for name, part, n_started in by_format(patients, started):
        classes = part["class"].dropna()
        for label in _possible(cutoff):
            counts = share_columns(int((classes == label).sum()), len(classes), max(n_started, len(classes)))
            rows.append({FORMAT: name, "class": label, **counts})
    return pd.DataFrame(rows)


def _eligible(patients: pd.DataFrame, started: dict[str, int]) -> pd.DataFrame:
    rows = []
    for name, part, _ in by_format(patients, started):
        assessed = part[part["class"].notna()]
        below = int(assessed["below_cut_at_baseline"].fillna(False).sum())
        known = assessed["below_cut_at_baseline"].notna().any()
        eligible = len(assessed) - below if known else 0
        n = int((assessed["class"] == RECOVERED).sum())
        low, high = wilson_interval(n, eligible)
        counts = {"n_assessed": len(assessed), "n_below_cut_at_baseline": below, "n_eligible": eligible, "n": n}
        share = n / eligible if eligible else float("nan")
        rows.append({FORMAT: name, **counts, "share": share, CI_LOW: low, CI_HIGH: high})
    return pd.DataFrame(rows)


def _method_indices(
    outcomes: Outcomes, visit: str, patients: pd.DataFrame, norms: Norms
) -> tuple[dict[str, pd.Series], tuple[str, ...]]:
    """The index of each method for patients with both scores, and why a method could not be applied."""
    before, after = patients[BASELINE], patients["follow_up"]
    held = {"mean": norms.clinical_mean, "sd": norms.clinical_sd, "reliability": norms.reliability}
    indices = {name: reliable_change_index(name, before, after, **held) for name in METHODS}
    try:
        slopes = growth_index(outcomes, visit)
    except AnalysisError as error:
        return indices, (f"The method of the growth model could not be formed: {error}.",)
    own = patients[PATIENT_ID].astype("str").map(slopes)
    return {**indices, GROWTH_MODEL: own.where(before.notna() & after.notna())}, ()


def _methods(
    patients: pd.DataFrame,
    indices: dict[str, pd.Series],
    cutoff: Cutoff | None,
    started: dict[str, int],
    direction: int,
) -> pd.DataFrame:
    rows = []
    for method, index in indices.items():
        classes = _classes(patients, index, cutoff, direction)
        for name, part, _ in by_format(patients, started):
            found = classes.loc[part.index].dropna()
            for label in _possible(cutoff):
                n = int((found == label).sum())
                share = n / len(found) if len(found) else float("nan")
                rows.append((method, name, label, n, len(found), share))
    columns = ["method", FORMAT, "class", "n", "n_assessed", "share"]
    return pd.DataFrame(rows, columns=columns)


def _criteria(outcomes: Outcomes, patients: pd.DataFrame, started: dict[str, int]) -> pd.DataFrame:
    rows = []
    direction = outcomes.instrument.direction
    for criterion in list_criteria(outcomes.instrument):
        for side in (BETTER,) if criterion.unit == "score" else (BETTER, WORSE):
            for name, part, n_started in by_format(patients, started):
                pairs = part.dropna(subset=[BASELINE, "follow_up"])
                n = int(meets(criterion, pairs, direction, side).sum())
                counts = share_columns(n, len(pairs), max(n_started, len(pairs)))
                words = {"criterion": criterion.label, "kind": criterion.kind, "side": side}
                held_for = {"population": criterion.population, "source": criterion.source}
                rows.append({FORMAT: name, **words, **held_for, **counts})
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=[FORMAT, "criterion", "kind", "side", "n"])


def _no_cutoff(name: str) -> str:
    return (
        f"No cut-off for {name} is established, so nobody can be said to be past it: reliable change alone is reported."
    )
