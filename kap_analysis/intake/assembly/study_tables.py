"""`make_tables`: from placed rows to the tables of a study."""

from dataclasses import dataclass

import pandas as pd

from kap_analysis.intake.assembly.account import Account
from kap_analysis.intake.assembly.coded import Coded
from kap_analysis.intake.assembly.cohorts import with_cohorts, with_formats
from kap_analysis.intake.assembly.measures import with_sessions
from kap_analysis.intake.assembly.patients import patients_of
from kap_analysis.intake.assembly.scored import Scored
from kap_analysis.intake.assembly.time_zero import sessions_of, time_zero_of, with_days, with_time_zero
from kap_analysis.intake.crosswalk import Crosswalk
from kap_analysis.intake.mapping.map_content import StudyMap
from kap_analysis.intake.placement.placed import Placed
from kap_analysis.study.contract.problems import Problems


@dataclass(frozen=True)
class StudyTables:
    """The tables of a study, and what became of the rows of the source.

    Attributes
    ----------
    tables, origin : dict of str to pandas.DataFrame
        Table -> its rows as texts; table -> ``source`` and ``row`` of each of them.
    left_out : list of pandas.DataFrame
        ``source``, ``row``, ``reason``.
    disagreements : pandas.DataFrame
        Totals that differ from their items.
    n_without_time_zero, n_stated : int
        Patients who never had a ketamine session; patients whose first session is stated by a date or by days, not
        listed.
    """

    tables: dict[str, pd.DataFrame]
    origin: dict[str, pd.DataFrame]
    left_out: list[pd.DataFrame]
    disagreements: pd.DataFrame
    n_without_time_zero: int
    n_stated: int


def make_tables(placed: list[Placed], study: StudyMap, crosswalk: Crosswalk, problems: Problems) -> StudyTables:
    """Make the tables of a study from the rows that were placed; new keys get codes in the crosswalk."""
    account = Account(placed, problems)
    sessions = sessions_of(account)
    zero = time_zero_of(account, sessions)
    n_listed = len(account.frame("sessions"))
    sessions = with_formats(account, with_days(account, sessions, zero))
    ready = {"sessions": with_cohorts(account, sessions, study.study["cohorts"])}
    for name in ("adverse_events", "treatments", "scores", "answers"):
        if name in account.frames:
            day = "start_day" if name == "treatments" else "day"
            ready[name] = with_days(account, account.frame(name), zero, day)
    if "session_measures" in account.frames:
        measures = with_days(account, account.frame("session_measures"), zero)
        ready["session_measures"] = with_sessions(account, measures, ready["sessions"])
    diagnoses = with_time_zero(account, account.frame("diagnoses"), zero)
    ready["diagnoses"] = diagnoses.drop_duplicates(
        [c for c in ("pid", "diagnosis", "rank", "status") if c in diagnoses]
    )
    patients = patients_of(account, with_time_zero(account, account.frame("patients"), zero), zero)
    scored = Scored(account, study.study["duplicates"])
    assessments, items = scored.tables(ready.get("scores"), ready.get("answers"))
    coded = Coded(crosswalk, account.keys)
    coded.add({**ready, "patients": patients, "assessments": assessments, "items": items})
    return StudyTables(
        tables=coded.tables,
        origin=coded.origin,
        left_out=account.left_out,
        disagreements=scored.disagreements,
        n_without_time_zero=len(account.keys) - len(zero),
        n_stated=int((sessions.index >= n_listed).sum()),
    )
