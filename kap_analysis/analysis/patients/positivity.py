"""Positivity: were both formats given in every practice, and by the same facilitators?"""

from dataclasses import dataclass, field

import pandas as pd

from kap_analysis.analysis.formats import NOT_RECORDED, recorded_words
from kap_analysis.analysis.patients.treated import held_sessions, treated_patients
from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.columns import FORMAT, GROUP, INDIVIDUAL, N_PATIENTS, NO_FORMAT, PATIENT_ID, PRACTICE
from kap_analysis.disclosure.gate import release
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.study import Study
from kap_analysis.study.timing.time_zero import FormatRule
from kap_analysis.writing.sentences import count, first_of, join_words, plural

PRACTICES_SHOWN = 12
CANNOT_BE_TOLD_APART = "format and facilitators cannot be told apart here"


@dataclass(frozen=True)
class Positivity(Result):
    """Patients per practice and format, and facilitators per format.

    Attributes
    ----------
    patients : DataFrame
        ``practice``, ``format``, ``n_patients`` (with a format); combinations without patients have 0.
    facilitators : DataFrame
        ``facilitator_id``, ``practice``, ``n_individual``, ``n_group``: patients seen in ketamine sessions of
        each format. Empty if facilitators are not recorded.
    sentence : str
        What this means for the comparison.
    """

    patients: pd.DataFrame
    facilitators: pd.DataFrame
    sentence: str
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def paragraph(self) -> str:
        totals = self.patients.groupby(PRACTICE, sort=False)[N_PATIENTS].sum(min_count=1)
        group = self.patients[self.patients[FORMAT] == GROUP].set_index(PRACTICE)[N_PATIENTS]
        told = [
            f"{count(group.get(p, 0))} of {count(n)} "
            f"{'whose practice is not recorded' if p == NOT_RECORDED else f'in practice {p}'}"
            for p, n in totals.items()
        ]
        if not told:
            return "How many patients of each practice were treated in group format is withheld."
        shown = join_words(first_of(told, "further practice", PRACTICES_SHOWN))
        return f"Treated in group format: {shown}. {self.sentence}"


@asked_of(Study)
def describe_positivity(study: Study, *, format_rule: FormatRule | None = None) -> Positivity:
    """Count patients per practice and format, and patients per facilitator and format.

    Parameters
    ----------
    format_rule : str, optional
        As in `Study.outcomes`: the rule of the plan, unless another is named.
    """
    patients = treated_patients(study, format_rule=format_rule)
    patients = patients[patients[FORMAT] != NO_FORMAT]
    practice = recorded_words(patients[PRACTICE])
    counts = pd.crosstab(practice, patients[FORMAT].astype("str"))
    for arm in (INDIVIDUAL, GROUP):
        if arm not in counts:
            counts[arm] = 0
    cells = counts.rename_axis(columns=FORMAT).reset_index().melt(PRACTICE, value_name=N_PATIENTS)
    facilitators = _facilitators(study)
    present = [arm for arm in (INDIVIDUAL, GROUP) if counts[arm].sum()]
    if len(present) == 1:
        sentence = f"Only {present[0]} format was given: there is nothing to compare within a practice or facilitator."
    else:
        sentence = " ".join([_practice_sentence(cells), _facilitator_sentence(facilitators)])
    result = Positivity(cells, facilitators, sentence)
    return release(result, study)


def _facilitators(study: Study) -> pd.DataFrame:
    names = ["facilitator_id", PRACTICE, "n_individual", "n_group"]
    sessions = held_sessions(study)
    sessions = sessions[sessions["kind"] == "ketamine"]
    if "facilitator_ids" not in sessions or sessions["facilitator_ids"].isna().all():
        return pd.DataFrame(columns=names)
    where = study.patients.reindex(columns=[PATIENT_ID, PRACTICE])
    each = sessions[[PATIENT_ID, FORMAT, "facilitator_ids"]].dropna().merge(where, on=PATIENT_ID, how="left")
    each = each.assign(facilitator_id=each["facilitator_ids"].str.split(";")).explode("facilitator_id")
    each["facilitator_id"] = each["facilitator_id"].str.strip()
    each[PRACTICE] = recorded_words(each[PRACTICE])
    distinct = each.drop_duplicates([PATIENT_ID, FORMAT, "facilitator_id"])
    counts = pd.crosstab([distinct["facilitator_id"], distinct[PRACTICE]], distinct[FORMAT].astype("str"))
    counts = counts.reindex(columns=[INDIVIDUAL, GROUP], fill_value=0).reset_index()
    return counts.set_axis(names, axis=1)


def _practice_sentence(cells: pd.DataFrame) -> str:
    if set(cells[PRACTICE]) == {NOT_RECORDED}:
        return "Practices are not recorded: format and practice cannot be told apart here."
    empty = cells[(cells[N_PATIENTS] == 0) & cells[FORMAT].isin([INDIVIDUAL, GROUP])]
    if empty.empty:
        practices = list(dict.fromkeys(cells[PRACTICE]))
        who = "Every practice" if len(practices) > 1 else f"Practice {practices[0]}"
        return f"{who} has patients in both formats."
    told = [f"practice {r[PRACTICE]} has nobody in {r[FORMAT]} format" for _, r in empty.iterrows()]
    shown = join_words(first_of(told, "further such practice", PRACTICES_SHOWN))
    return f"Positivity fails: {shown}, so there format and practice cannot be told apart."


def _facilitator_sentence(facilitators: pd.DataFrame) -> str:
    if facilitators.empty:
        return f"Facilitators are not recorded: {CANNOT_BE_TOLD_APART}."
    both = facilitators[(facilitators["n_individual"] > 0) & (facilitators["n_group"] > 0)]
    if both.empty:
        return f"No facilitator saw patients in both formats: {CANNOT_BE_TOLD_APART}."
    return f"{len(both)} of {plural(len(facilitators), 'facilitator')} saw patients in both formats."
