"""Change of each patient on the instrument for the condition that the patient was treated for."""

from dataclasses import dataclass, field

import pandas as pd

from kap_analysis.analysis.clinical_change.cutoffs import choose_norms, pick_cutoff
from kap_analysis.analysis.clinical_change.reliable_change import (
    CLASSES,
    DETERIORATED,
    IMPROVED,
    JACOBSON_TRUAX,
    RECOVERED,
)
from kap_analysis.analysis.clinical_change.response import list_criteria, meets
from kap_analysis.analysis.clinical_change.significant_change import classify_patients, pair_scores
from kap_analysis.analysis.formats import parts_by_format
from kap_analysis.analysis.model.plan_file import study_plan
from kap_analysis.analysis.patients.not_counted import not_due_yet, without_format
from kap_analysis.analysis.patients.treated import treated_patients
from kap_analysis.analysis.proportion import by_format, share_columns
from kap_analysis.analysis.result import Result, empty_withheld, told_of
from kap_analysis.columns import BASELINE, FORMAT, NO_FORMAT, PATIENT_ID
from kap_analysis.disclosure.gate import release
from kap_analysis.errors import AnalysisError, KapError
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.study import Study
from kap_analysis.study.timing.time_zero import NO_FORMAT_BECAUSE, FormatRule
from kap_analysis.study.timing.visit_windows import not_yet_due
from kap_analysis.writing.numbers import WITHHELD
from kap_analysis.writing.sentences import count, join_words, sentence_case, share, within_sentence

NO_TARGET = "patients.csv names no target_instrument; the change on each patient's own instrument needs one."


@dataclass(frozen=True)
class TargetChange(Result):
    """Change on each patient's own target instrument.

    Attributes
    ----------
    visit : str
    patients : DataFrame
        ``patient_id``, ``format``, ``target_instrument``, ``baseline``, ``follow_up``, ``change``,
        ``percent_change``, ``rci``, ``class``, ``below_cut_at_baseline``, ``is_response`` (missing where not
        assessed, or the instrument has no established response rule).
    shares : DataFrame
        One row per format ("all" first) and class, over all instruments, with the columns of `ClinicalChange.shares`.
    instruments : DataFrame
        ``target_instrument``, ``n_started``, ``n_assessed``, ``n_reliably_better``, ``n_reliably_worse``,
        ``n_with_response_rule``, ``n_response``, ``norms`` (registry or the analysed pairs), ``cutoff``,
        ``cutoff_name``, ``not_judged_because`` (empty: judged).
    notes : tuple of str
        Who has no format and is not counted, and who is not due yet.
    """

    visit: str
    patients: pd.DataFrame
    shares: pd.DataFrame
    instruments: pd.DataFrame
    notes: tuple[str, ...] = ()
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    @told_of("shares", "instruments")
    def paragraph(self) -> str:
        rows = {str(row["class"]): row for _, row in self.shares[self.shares[FORMAT] == "all"].iterrows()}
        first, better, worse = rows[RECOVERED], rows[RECOVERED]["n"] + rows[IMPROVED]["n"], rows[DETERIORATED]["n"]
        counts = [count(n, missing=WITHHELD) for n in self.instruments["n_assessed"]]
        used = [f"{name} ({n})" for name, n in zip(self.instruments["target_instrument"], counts, strict=True)]
        unjudged = self.instruments[self.instruments["not_judged_because"] != ""]
        left = "".join(
            f" {r['target_instrument']} could not be judged: {within_sentence(r['not_judged_because'])}"
            for _, r in unjudged.iterrows()
        )
        said = (
            f"On the instrument for the condition that each patient was treated for, "
            f"{share(first['n_assessed'], first['n_started'])} patients who started were assessed at {self.visit}: "
            f"{join_words(used)}. {sentence_case(share(better, first['n_assessed']))} of those assessed were reliably "
            f"better and {share(worse, first['n_assessed'])} reliably worse; of those who started "
            f"{share(better, first['n_started'])} and {share(worse, first['n_started'])}.{left}"
        )
        return " ".join([said, *self.notes])


@asked_of(Study)
def target_change(study: Study, visit: str | None = None, *, format_rule: FormatRule | None = None) -> TargetChange:
    """Classify each patient on the patient's own target instrument, by Jacobson and Truax.

    Norms come from the registry if it has a clinical mean and SD, otherwise from all patients who have the instrument
    at both times.

    Parameters
    ----------
    visit : str, optional
        Default: the primary visit of the plan.
    format_rule : str, optional
        As in `Study.outcomes`: the rule of the plan, unless another is named.

    Raises
    ------
    AnalysisError
        If the study names no target instruments, or no patient was assessed on theirs.
    """
    plan = study_plan(study)
    visit = visit or plan.visit
    people = treated_patients(study, format_rule=format_rule)
    if people["target_instrument"].isna().all():
        raise AnalysisError(NO_TARGET)
    people = people.dropna(subset=["target_instrument"])
    is_counted = people[FORMAT] != NO_FORMAT
    because = NO_FORMAT_BECAUSE[format_rule or plan.format_rule]
    people, notes = people[is_counted], without_format(int((~is_counted).sum()), because, study)
    parts, rows = [], []
    for name, own in people.groupby(people["target_instrument"].astype("str"), sort=True):
        judged, row = _judge(study, str(name), set(own[PATIENT_ID]), visit, format_rule)
        parts.append(judged)
        rows.append({"target_instrument": name, "n_started": len(own), **row})
    patients = pd.concat([part for part in parts if len(part)], ignore_index=True) if any(map(len, parts)) else None
    if patients is None or patients["follow_up"].isna().all():
        raise AnalysisError(f"No patient was assessed on their target instrument at baseline and at {visit}.")
    patients["class"] = pd.Categorical(patients["class"], categories=list(CLASSES), ordered=True)
    started = {name: len(part) for name, part in parts_by_format(people, people[FORMAT])}
    shares = []
    for name, part, n_started in by_format(patients, started):
        classes = part["class"].dropna()
        for label in CLASSES:
            counts = share_columns(int((classes == label).sum()), len(classes), n_started)
            shares.append({FORMAT: name, "class": label, **counts})
    may_come = not_yet_due(people, study.settings).get(visit, ())
    notes += not_due_yet(may_come, visit, patients.loc[patients["class"].notna(), PATIENT_ID], study)
    result = TargetChange(visit, patients, pd.DataFrame(shares), pd.DataFrame(rows), notes)
    return release(result, study)


def _judge(
    study: Study, name: str, own: set[str], visit: str, format_rule: FormatRule | None
) -> tuple[pd.DataFrame, dict[str, object]]:
    """Patients of one target instrument, classified, with the norms and cut-off that were used."""
    row: dict[str, object] = {"n_assessed": 0, "n_reliably_better": 0, "n_reliably_worse": 0}
    row |= {"n_with_response_rule": 0, "n_response": 0}
    row |= {"norms": "none", "cutoff": float("nan"), "cutoff_name": "none", "not_judged_because": ""}
    try:
        outcomes = study.outcomes(name, format_rule=format_rule)
        everybody = pair_scores(outcomes, visit)
        pairs = everybody.dropna(subset=[BASELINE, "follow_up"])
        instrument = outcomes.instrument
        has_norm = any(norm.population == "clinical" and norm.default for norm in instrument.norms)
        norms = choose_norms(instrument, "registry" if has_norm else "pairs", pairs[BASELINE])
        cutoff = pick_cutoff(instrument, norms, "c")
    except KapError as error:
        return pd.DataFrame(), row | {"not_judged_because": str(error)}
    judged = classify_patients(everybody, norms, cutoff, JACOBSON_TRUAX, instrument.direction)
    judged = judged[judged[PATIENT_ID].isin(own)].reset_index(drop=True)
    judged.insert(2, "target_instrument", name)
    assessed = judged["class"].notna()
    judged["is_response"] = pd.Series(pd.NA, index=judged.index, dtype="boolean")
    if instrument.response:
        judged.loc[assessed, "is_response"] = meets(
            list_criteria(instrument)[0], judged[assessed], instrument.direction
        )
    judged["class"] = judged["class"].astype("object")
    return judged, row | {
        "n_assessed": int(assessed.sum()),
        "n_reliably_better": int(judged["class"].isin([RECOVERED, IMPROVED]).sum()),
        "n_reliably_worse": int((judged["class"] == DETERIORATED).sum()),
        "n_with_response_rule": int(judged["is_response"].notna().sum()),
        "n_response": int(judged["is_response"].fillna(False).sum()),
        "norms": "registry" if has_norm else "the analysed pairs",
        "cutoff": float("nan") if cutoff is None else cutoff.value,
        "cutoff_name": "none" if cutoff is None else cutoff.name,
    }
