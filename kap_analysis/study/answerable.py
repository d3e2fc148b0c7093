"""What a study can answer, and what it cannot, and why: the last lines of a validation."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.columns import COHORT_ID, FORMAT, GROUP, INDIVIDUAL, PATIENT_ID, PRACTICE, SCORE
from kap_analysis.errors import InstrumentError
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.study.contract.settings import Settings
from kap_analysis.study.timing.time_zero import patients_at_time_zero

#: Formats are compared at a visit if at least this many patients of each were scored at it.
PATIENTS_PER_VISIT: Final = 2
#: Below as many patients of each format, or cohorts of two or more of them, they are described and not tested. A plan
#: may set other counts.
TESTED_PATIENTS: Final = 10
TESTED_COHORTS: Final = 5
DESCRIPTIVE: Final = "descriptive only, without a test"
#: Each practice is a level of a covariate. With 300 a comparison takes minutes, with 1,000 it would need 14 GB.
MOST_PRACTICES: Final = 300


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """What the rules look at: the tables, the settings, and the primary scores with format at time zero."""

    tables: Mapping[str, pd.DataFrame]
    settings: Settings
    instruments: Mapping[str, Instrument]
    at_zero: pd.DataFrame
    before: pd.Index
    after: pd.Index
    at_visit: pd.Index

    def has(self, table: str, *columns: str) -> bool:
        """Whether a table has rows, and a value in each of these columns."""
        frame = self.tables[table]
        return len(frame) > 0 and all(frame[column].notna().any() for column in columns)


def study_answers(
    tables: Mapping[str, pd.DataFrame],
    settings: Settings,
    instruments: Mapping[str, Instrument],
    *,
    with_counts: bool = True,
) -> pd.DataFrame:
    """Return what a study can and cannot answer.

    Parameters
    ----------
    with_counts : bool
        Whether patients may be counted in the reasons: not in those of a public study of real patients.

    Returns
    -------
    pandas.DataFrame
        question, can_answer (bool), why (what is missing; for what can be answered, on what it rests).
    """
    facts = _facts(tables, settings, instruments)
    rows = []
    for question, rule in QUESTIONS.items():
        lacking, rests_on = rule(facts)
        if not with_counts:
            lacking, rests_on = FEW.sub(TOO_FEW, lacking), "" if question in COUNTING else rests_on
        if not lacking and question in TESTED:
            rests_on = "; ".join(filter(None, (rests_on, _caution(facts))))
        rows.append({"question": question, "can_answer": not lacking, "why": lacking or rests_on})
    return pd.DataFrame(rows)


def answer_lines(answers: pd.DataFrame) -> tuple[str, ...]:
    """Return two lines: what can be answered; what cannot, each with its reason."""
    if len(answers) == 0:
        return ()
    can = answers[answers["can_answer"]]
    yes = can["question"] + np.where(can["why"].str.contains(DESCRIPTIVE), f" ({DESCRIPTIVE})", "")
    no = answers[~answers["can_answer"]]
    lines = [f"can answer: {', '.join(yes)}." if len(yes) else "can answer: nothing yet."]
    if len(no):
        alike = no.groupby("why", sort=False)["question"]
        reasons = "; ".join(f"{', '.join(questions)} ({why})" for why, questions in alike)
        lines.append(f"cannot answer: {reasons}.")
    return tuple(lines)


def too_many_practices(practices: pd.Series) -> str:
    """Why the formats cannot be compared in patients of so many practices; empty where they can."""
    n = practices.nunique()
    if n <= MOST_PRACTICES:
        return ""
    return f"there are {n:,} practices, and at most {MOST_PRACTICES} can be adjusted for"


def _facts(tables: Mapping[str, pd.DataFrame], settings: Settings, instruments: Mapping[str, Instrument]) -> StudyFacts:
    spec, items = instruments[settings.primary_instrument], tables["items"]
    n_answered = items.groupby([PATIENT_ID, "day", "instrument"], observed=True)["item"].transform("nunique")
    least = 1 if spec.skips else (spec.n_items or 1) - spec.project_missing_rule.max_missing
    ours = [
        table.loc[(table["instrument"] == settings.primary_instrument).to_numpy(), [PATIENT_ID, "day"]]
        for table in (tables["assessments"].dropna(subset=[SCORE]), items[n_answered >= least])
    ]
    scores = pd.concat(ours)
    first, last = settings.baseline_window
    before = scores[(scores["day"] >= first) & (scores["day"] <= last)]
    after = scores[scores["day"] > 0]
    primary = next(visit for visit in settings.visits if visit.label == settings.primary_visit)
    at_visit = scores[scores["day"].between(primary.first_day, primary.last_day)]
    return StudyFacts(
        tables,
        settings,
        instruments,
        patients_at_time_zero(tables["patients"], tables["sessions"]),
        pd.Index(before[PATIENT_ID].unique()),
        pd.Index(after[PATIENT_ID].unique()),
        pd.Index(at_visit[PATIENT_ID].unique()),
    )


Reply = tuple[str, str]


def _change(facts: StudyFacts) -> Reply:
    name = facts.settings.primary_instrument
    n = len(facts.before.intersection(facts.after))
    if len(facts.before) == 0:
        return f"there is no {name} score in the baseline window", ""
    if n == 0:
        return f"no patient has a {name} score at baseline and after day 0", ""
    return "", f"{n:,} patients with {name} at baseline and after day 0"


def _retention(facts: StudyFacts) -> Reply:
    started = int(facts.at_zero["started"].sum())
    return ("", f"{started:,} patients who started") if started else ("nobody has a ketamine session", "")


def _compared(facts: StudyFacts) -> pd.DataFrame:
    """Patients who started, with scores at baseline and at the primary visit."""
    scored = facts.at_zero[PATIENT_ID].isin(facts.before.intersection(facts.at_visit))
    return facts.at_zero[facts.at_zero["started"] & scored]


def _format_counts(compared: pd.DataFrame) -> dict[str, int]:
    counts = compared[FORMAT].value_counts()
    return {name: int(counts.get(name, 0)) for name in (INDIVIDUAL, GROUP)}


def _caution(facts: StudyFacts) -> str:
    """Why formats would be described and not tested, or an empty text."""
    compared = _compared(facts)
    short = [f"{TESTED_PATIENTS} patients of each format"] * (min(_format_counts(compared).values()) < TESTED_PATIENTS)
    if facts.has("sessions", COHORT_ID):
        shared = compared.loc[compared[FORMAT] == GROUP, COHORT_ID].value_counts()
        short += [f"{TESTED_COHORTS} cohorts of two or more"] * (int((shared > 1).sum()) < TESTED_COHORTS)
    return f"{DESCRIPTIVE}: that needs {' and '.join(short)} with these scores" if short else ""


def _group_effect(facts: StudyFacts) -> Reply:
    lacking, _ = _change(facts)
    if lacking:
        return lacking, ""
    compared = _compared(facts)
    patients = facts.tables["patients"]
    many = too_many_practices(patients.loc[patients[PATIENT_ID].isin(compared[PATIENT_ID]), PRACTICE])
    if many:
        return many, ""
    counts = _format_counts(compared)
    visit = facts.settings.primary_visit
    for name, n in counts.items():
        if n < PATIENTS_PER_VISIT:
            few = f"fewer than {PATIENTS_PER_VISIT} {name} patients have" if n else f"no {name} patient has"
            return f"{few} a score at baseline and at {visit}", ""
    rests = (
        f"{counts[GROUP]:,} group and {counts[INDIVIDUAL]:,} individual patients with scores at baseline and at {visit}"
    )
    if not facts.has("sessions", COHORT_ID):
        return "", f"{rests}; there is no cohort_id, so its degrees of freedom are those of patients"
    n_cohorts = compared.loc[compared[FORMAT] == GROUP, COHORT_ID].nunique()
    return "", f"{rests}, the group in {n_cohorts:,} cohort{'s' if n_cohorts != 1 else ''}"


def _adjusted(facts: StudyFacts) -> Reply:
    lacking, _ = _group_effect(facts)
    if lacking:
        return lacking, ""
    wanted = [PRACTICE, "age", "sex", "ace_score", "failed_treatments"]
    absent = [name for name in wanted if not facts.has("patients", name)]
    if not facts.has("diagnoses"):
        absent.append("diagnoses")
    known = [name for name in wanted if name not in absent]
    if not absent:
        return "", "the covariates of the plan"
    return (
        ("", f"{', '.join(known)}; not recorded: {', '.join(absent)}")
        if known
        else (f"not recorded: {', '.join(absent)}", "")
    )


def _practices(facts: StudyFacts) -> Reply:
    n = facts.tables["patients"][PRACTICE].nunique()
    if n == 0:
        return "there is no practice", ""
    return ("", f"{n} practices") if n > 1 else ("there is one practice", "")


def _non_inferiority(facts: StudyFacts) -> Reply:
    lacking, _ = _group_effect(facts)
    if lacking:
        return lacking, ""
    margin = facts.settings.margin
    return (
        ("study.toml has no margin", "")
        if margin is None
        else ("", f"margin of {margin.points:g} points: {margin.source}")
    )


def _reliable_change(facts: StudyFacts) -> Reply:
    lacking, _ = _change(facts)
    if lacking:
        return lacking, ""
    instrument = facts.instruments[facts.settings.primary_instrument]
    try:
        instrument.require_outcome()
        instrument.reliability_for_change()
        instrument.norm("clinical")
    except InstrumentError as error:
        return _as_called(error), ""
    return "", f"the {_by(instrument)} reliability of {instrument.name}"


def _durability(facts: StudyFacts) -> Reply:
    lacking, _ = _change(facts)
    if lacking:
        return lacking, ""
    instrument = facts.instruments[facts.settings.primary_instrument]
    try:
        instrument.require("response")
    except InstrumentError as error:
        return _as_called(error), ""
    return "", f"the {_by(instrument)} response rule of {instrument.name}"


def _as_called(error: InstrumentError) -> str:
    """The first sentence of what the call of this question would say, as a clause."""
    words = str(error).removesuffix(".").partition(". ")[0]
    return words if words.startswith("study.toml") else f"{words[:1].lower()}{words[1:]}"


def _by(instrument: Instrument) -> str:
    return "declared" if instrument.is_own else "published"


def _safety(facts: StudyFacts) -> Reply:
    if not facts.has("adverse_events"):
        return "there are no adverse_events", ""
    if not facts.has("sessions", "ae_asked"):
        return "there is no ae_asked, so that no event recorded is not no event", ""
    return "", "adverse_events, and sessions where patients were asked"


def _suicidality(facts: StudyFacts) -> Reply:
    if not facts.has("items"):
        return "there are no items", ""
    asked = set(facts.tables["items"]["instrument"].unique())
    names = [name for name in asked if name in facts.instruments and facts.instruments[name].suicidality_item]
    if not names:
        return "no instrument in items has an item on suicidality", ""
    return "", f"item answers of {', '.join(sorted(names))}"


def _dose(facts: StudyFacts) -> Reply:
    absent = [name for name in ("dose_mg", "route") if not facts.has("sessions", name)]
    return (f"there is no {' and no '.join(absent)}", "") if absent else ("", "dose_mg and route")


def _facilitators(facts: StudyFacts) -> Reply:
    there = facts.has("sessions", "facilitator_ids")
    return ("", "facilitator_ids of the sessions") if there else ("there are no facilitator_ids", "")


#: Questions whose answers rest on numbers of patients, and what says how few there are.
COUNTING: Final = frozenset({"change", "retention", "group effect", "practice differences"})
#: Questions that are answered by a test, if there are enough patients and cohorts for one.
TESTED: Final = frozenset({"group effect", "adjusted group effect", "non-inferiority"})
FEW: Final = re.compile(r"(fewer than \d+|no) (individual|group) patients? ha(s|ve)")
TOO_FEW: Final = r"too few \2 patients have"

Question = Callable[[StudyFacts], Reply]
QUESTIONS: Final[Mapping[str, Question]] = {
    "change": _change,
    "retention": _retention,
    "group effect": _group_effect,
    "adjusted group effect": _adjusted,
    "non-inferiority": _non_inferiority,
    "practice differences": _practices,
    "reliable change": _reliable_change,
    "durability": _durability,
    "dose": _dose,
    "facilitators": _facilitators,
    "safety": _safety,
    "suicidality": _suicidality,
}
