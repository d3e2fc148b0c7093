"""Events after time zero that change how later scores are read (ICH E9(R1): intercurrent events)."""

from dataclasses import dataclass, field

import pandas as pd

from kap_analysis.analysis.formats import formats_present, in_format
from kap_analysis.analysis.model.plan_file import study_plan
from kap_analysis.analysis.patients.treated import held_sessions, treated_patients
from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.columns import DAY, FORMAT, MIXED, N_PATIENTS, NO_FORMAT, PATIENT_ID
from kap_analysis.disclosure.gate import release
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.study import Study
from kap_analysis.study.timing.time_zero import FormatRule
from kap_analysis.writing.sentences import join_words, share

SWITCHED = "switched format"
NEW_TREATMENT = ("started", "dose_increased")


@dataclass(frozen=True)
class IntercurrentEvents(Result):
    """Intercurrent events by the format at time zero.

    Attributes
    ----------
    events : DataFrame
        ``format`` (also "without a format"), ``event``, ``n_patients`` (with the event after day 0 and up to
        `until_day`), ``of_patients`` (treated), ``share``. An event that is not recorded in the study's tables has no
        row, and neither has a switch from mixed format or from none.
    """

    events: pd.DataFrame
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def paragraph(self) -> str:
        told = []
        for event, part in self.events.groupby("event", sort=False):
            counts = [f"{share(r[N_PATIENTS], r['of_patients'])} {in_format(r[FORMAT])}" for _, r in part.iterrows()]
            told.append(f"{event}: {join_words(counts)}")
        return f"Events after the start that change how later scores are read: {'; '.join(told)}."


@asked_of(Study)
def count_intercurrent_events(
    study: Study, *, until_day: int | None = None, format_rule: FormatRule | None = None
) -> IntercurrentEvents:
    """Count intercurrent events among treated patients.

    Parameters
    ----------
    until_day : int, optional
        Last day that counts; default the end of the window of the plan's primary visit.
    format_rule : str, optional
        As in `Study.outcomes`: the rule of the plan, unless another is named.
    """
    visits = {v.label: v.last_day for v in study.settings.visits}
    last = visits[study_plan(study).visit] if until_day is None else until_day
    patients = treated_patients(study, format_rule=format_rule)
    arms = patients[FORMAT].astype("str")
    rows = []
    for event, who in _patients_by_event(study, patients, last).items():
        for arm in formats_present(arms):
            if event == SWITCHED and arm in (MIXED, NO_FORMAT):
                continue
            of = patients.loc[arms == arm, PATIENT_ID]
            n = int(of.isin(who).sum())
            rows.append({FORMAT: arm, "event": event, N_PATIENTS: n, "of_patients": len(of), "share": n / len(of)})
    frame = pd.DataFrame(rows, columns=[FORMAT, "event", N_PATIENTS, "of_patients", "share"])
    return release(IntercurrentEvents(frame), study)


def _patients_by_event(study: Study, patients: pd.DataFrame, last: int) -> dict[str, set[str]]:
    sessions = held_sessions(study)
    later = sessions[(sessions[DAY] > 0) & (sessions[DAY] <= last) & (sessions["kind"] == "ketamine")]
    ketamine = sessions[(sessions["kind"] == "ketamine") & (sessions[DAY] <= last)]
    found: dict[str, set[str]] = {SWITCHED: _switched(later, patients)}
    if "phase" in sessions and sessions["phase"].notna().any():
        found["booster (maintenance ketamine)"] = set(later.loc[later["phase"] == "maintenance", PATIENT_ID])
    counts = ketamine[PATIENT_ID].value_counts()
    found["only one ketamine session"] = set(counts[counts == 1].index)
    if not study.treatments.empty:
        new = study.treatments[study.treatments["start_day"].between(1, last)]
        if "change" in new:
            new = new[new["change"].isin(NEW_TREATMENT)]
        found["new or increased medication"] = set(new.loc[new["kind"] == "medication", PATIENT_ID])
        found["new psychotherapy"] = set(new.loc[new["kind"] == "psychotherapy", PATIENT_ID])
    if not study.adverse_events.empty:
        events = study.adverse_events[study.adverse_events[DAY].between(1, last)]
        crisis = events["event"].isin(["hospitalisation", "suicide_attempt"])
        found["hospitalisation or suicide attempt"] = set(events.loc[crisis, PATIENT_ID])
        found["death"] = set(events.loc[events["event"] == "death", PATIENT_ID])
    return found


def _switched(later: pd.DataFrame, patients: pd.DataFrame) -> set[str]:
    """Patients with a clinic session in another format than the one at time zero."""
    at_home = later["setting"].astype("str").str.startswith("home") if "setting" in later else False
    clinic = later[~(at_home | pd.Series(False, index=later.index))]
    arms = patients.set_index(PATIENT_ID)[FORMAT].astype("str")
    other = clinic[FORMAT].astype("str") != clinic[PATIENT_ID].map(arms)
    return set(clinic.loc[other & clinic[PATIENT_ID].isin(arms.index), PATIENT_ID])
