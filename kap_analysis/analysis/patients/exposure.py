"""What patients received: sessions, doses by route, cohort sizes, timely integration, clinician minutes."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from kap_analysis.analysis.formats import formats_present, in_format, in_format_order, recorded_words
from kap_analysis.analysis.patients.treated import clinician_minutes, held_sessions, treated_patients
from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.columns import COHORT_ID, DAY, FORMAT, N_PATIENTS, PATIENT_ID, PRACTICE
from kap_analysis.disclosure.gate import release
from kap_analysis.errors import AnalysisError
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.study import Study
from kap_analysis.study.timing.time_zero import FormatRule
from kap_analysis.writing.names import readable
from kap_analysis.writing.numbers import WITHHELD, decimals_of, is_missing
from kap_analysis.writing.sentences import count, join_words, number, plural, share

HOURS = (24.0, 48.0)
WITHIN_HOURS = "24–48 hours after the ketamine session"
NEXT_DAYS = "on the next or second day (hours not recorded)"
SOME_HOURS = f"{WITHIN_HOURS}, or where an hour is not recorded on the next or second day"


@dataclass(frozen=True)
class Exposure(Result):
    """Treatment received, by format at time zero; of those without a format in rows of their own.

    Attributes
    ----------
    sessions : DataFrame
        ``format``, ``kind``, ``setting``, ``phase``, ``n_sessions``, ``n_patients`` (with such a session),
        ``of_patients`` (treated patients of the format), ``mean_per_patient``, ``sd`` (over all of them; patients
        without such a session count as 0).
    doses : DataFrame
        ``format``, ``route``, ``unit`` (mg, mg/kg), ``n_sessions``, ``n_patients``, ``mean``, ``sd``, ``median``,
        ``q1``, ``q3``, ``minimum``, ``maximum``. Routes are never pooled, because their bioavailability differs.
    cohort_sizes : DataFrame
        ``cohort_id``, ``practice``, ``n_patients`` (who attended a ketamine session with the cohort).
    integration : DataFrame
        ``format``, ``within`` (the rule that could be applied), ``n_sessions`` (ketamine sessions), ``n_followed`` (of
        them followed by integration in time), ``n_patients`` (with at least one), ``share`` (of sessions). Empty if
        no integration session is recorded.
    clinician_minutes : DataFrame
        ``format``, ``n_patients``, ``mean``, ``sd``, ``median``: minutes of all clinicians divided by the patients
        who shared the session, of the patients of whom this is known for every session.
    """

    sessions: pd.DataFrame
    doses: pd.DataFrame
    cohort_sizes: pd.DataFrame
    integration: pd.DataFrame
    clinician_minutes: pd.DataFrame
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def paragraph(self) -> str:
        shown = [kind for kind in ("ketamine", "integration") if kind in set(self.sessions["kind"])]
        told = [
            f"{join_words(each)} sessions per patient {in_format(name)}"
            for name in formats_present(self.sessions[FORMAT])
            if (each := self._per_patient(name, shown))
        ]
        followed = [
            f"{share(row['n_followed'], row['n_sessions'])} {in_format(row[FORMAT])}"
            for _, row in in_format_order(self.integration).iterrows()
        ]
        parts = [f"There were {join_words(told)}."] if told else []
        if followed:
            within = self.integration["within"].iloc[0]
            parts.append(f"Of the ketamine sessions, integration followed {within} for {join_words(followed)}.")
        elif "integration" not in shown and WITHHELD not in self.sessions:
            parts.append("No integration session is recorded.")
        parts += [_dose_sentence(self.doses), _cohort_sentence(self.cohort_sizes)]
        minutes = [
            f"{_mean_of(row, N_PATIENTS, 'patient', 0)} {in_format(row[FORMAT])}"
            for _, row in in_format_order(self.clinician_minutes.dropna(subset="mean")).iterrows()
        ]
        if minutes:
            parts.append(f"Mean clinician minutes per patient were {join_words(minutes)}.")
        return " ".join(part for part in parts if part)

    def _per_patient(self, name: str, kinds: list[str]) -> list[str]:
        """Sessions per patient of a format; where some are withheld, each setting and phase alone and no sum."""
        rows = self.sessions[(self.sessions[FORMAT] == name) & self.sessions["mean_per_patient"].notna()]
        if WITHHELD not in self.sessions:
            means = rows.groupby("kind", observed=True)["mean_per_patient"].sum()
            return [f"{number(means.get(kind, 0.0))} {kind}" for kind in kinds]
        return [
            f"{number(row['mean_per_patient'])} {kind} ({', '.join(recorded)})"
            for kind in kinds
            for _, row in rows[rows["kind"] == kind].iterrows()
            if (recorded := [readable(row[c]) for c in ("setting", "phase") if not is_missing(row[c]) and row[c]])
        ]


def _dose_sentence(doses: pd.DataFrame) -> str:
    """Mean dose of each route in mg and mg/kg; routes are never pooled."""
    told = []
    for (route, unit), part in doses.groupby(["route", "unit"], sort=False):
        decimals = 0 if unit == "mg" else decimals_of([*part["mean"], *part["sd"]])
        values = [
            f"{_mean_of(row, 'n_sessions', 'session', decimals)} {in_format(row[FORMAT])}"
            for _, row in in_format_order(part[part["mean"].notna()]).iterrows()
        ]
        if not values:
            continue
        told.append(f"{route}, {unit}: {join_words(values)}")
    return f"Mean doses by route: {'; '.join(told)}." if told else ""


def _mean_of(row: pd.Series, counted: str, noun: str, decimals: int) -> str:
    """A mean with its SD, and of how many, unless that is withheld."""
    of = "" if pd.isna(row[counted]) else f"; {plural(row[counted], noun)}"
    return f"{number(row['mean'], decimals)} (SD {number(row['sd'], decimals)}{of})"


def _cohort_sentence(sizes: pd.DataFrame) -> str:
    if sizes.empty or sizes[N_PATIENTS].isna().all():
        return ""
    known = sizes[N_PATIENTS].dropna()
    each = plural(known.max(), "patient")
    if known.min() < known.max():
        each = f"{count(known.min())} to {each}"
    return f"{plural(len(sizes), 'cohort')} had {each} each."


@asked_of(Study)
def describe_exposure(study: Study, *, format_rule: FormatRule | None = None) -> Exposure:
    """Describe what the treated patients received.

    Missed and cancelled sessions are not counted; an empty status counts as attended.

    Parameters
    ----------
    format_rule : str, optional
        As in `Study.outcomes`: the rule of the plan, unless another is named.

    Raises
    ------
    AnalysisError
        If there was no ketamine session.
    """
    patients = treated_patients(study, format_rule=format_rule)
    held = held_sessions(study)
    time = clinician_minutes(held)
    sessions = held.assign(clinician_minutes=time["minutes"] / time["shared_by"]).merge(
        patients[[PATIENT_ID, FORMAT]].rename(columns={FORMAT: "arm"}), on=PATIENT_ID, how="inner"
    )
    ketamine = sessions[sessions["kind"] == "ketamine"]
    if ketamine.empty:
        raise AnalysisError("No ketamine session was held by a patient of this study; exposure cannot be described.")
    result = Exposure(
        sessions=_sessions_per_patient(sessions, patients),
        doses=_doses(ketamine),
        cohort_sizes=_cohort_sizes(study, ketamine),
        integration=_integration(sessions),
        clinician_minutes=_clinician_minutes(sessions, patients),
    )
    return release(result, study)


def hours_to_integration(sessions: pd.DataFrame) -> pd.DataFrame:
    """For each ketamine session, when the next integration session of the same patient began.

    Parameters
    ----------
    sessions : DataFrame
        Held sessions: ``patient_id``, ``day``, ``kind`` and, where known, ``hour``.

    Returns
    -------
    DataFrame
        One row per ketamine session: ``patient_id``, ``day``, ``days_after``, ``hours_after`` (NaN if an hour is
        not known), ``in_time``: within 24-48 hours, or, without hours, on the next or the second day.
    """
    columns = [PATIENT_ID, DAY, "hour"]
    table = sessions.reindex(columns=[*columns, "kind"]).astype({DAY: float, "hour": float})
    first = table.loc[table["kind"] == "ketamine", columns]
    after = table.loc[table["kind"] == "integration", columns]
    pairs = first.reset_index(names="session").merge(after, on=PATIENT_ID, suffixes=("", "_after"))
    pairs["days_after"] = pairs[f"{DAY}_after"] - pairs[DAY]
    pairs["hours_after"] = pairs["days_after"] * 24 + pairs["hour_after"] - pairs["hour"]
    by_day = pairs["days_after"].between(1, 2)
    pairs["in_time"] = pairs["hours_after"].between(*HOURS).where(pairs["hours_after"].notna(), by_day)
    later = pairs[(pairs["days_after"] > 0) | (pairs["hours_after"] > 0)]
    nearest = later.sort_values(["session", "days_after", "hours_after"]).drop_duplicates("session")
    found = first.join(nearest.set_index("session")[["days_after", "hours_after"]])
    found["in_time"] = found.index.isin(pairs.loc[pairs["in_time"].astype(bool), "session"])
    return found


def _sessions_per_patient(sessions: pd.DataFrame, patients: pd.DataFrame) -> pd.DataFrame:
    columns = ["arm", "kind", "setting", "phase"]
    table = sessions.reindex(columns=[PATIENT_ID, *columns])
    table[["setting", "phase"]] = table[["setting", "phase"]].apply(recorded_words)
    treated = patients[FORMAT].astype("str").value_counts()
    rows = []
    for key, part in table.astype({"arm": "str", "kind": "str"}).groupby(columns, observed=True):
        per_patient = part[PATIENT_ID].value_counts()
        total, squares, n = per_patient.sum(), (per_patient**2).sum(), int(treated[str(key[0])])
        variance = (squares - total**2 / n) / (n - 1) if n > 1 else np.nan
        rows.append([*key, int(total), len(per_patient), n, total / n, np.sqrt(variance)])
    names = [FORMAT, "kind", "setting", "phase", "n_sessions", N_PATIENTS, "of_patients", "mean_per_patient", "sd"]
    return pd.DataFrame(rows, columns=names)


def _doses(ketamine: pd.DataFrame) -> pd.DataFrame:
    names = [
        FORMAT,
        "route",
        "unit",
        "n_sessions",
        N_PATIENTS,
        "mean",
        "sd",
        "median",
        "q1",
        "q3",
        "minimum",
        "maximum",
    ]
    if not {"route", "dose_mg"} <= set(ketamine.columns):
        return pd.DataFrame(columns=names)
    weight = ketamine["weight_kg"].astype(float) if "weight_kg" in ketamine else np.nan
    mg = ketamine["dose_mg"].astype(float)
    table = pd.concat([ketamine.assign(unit=u, dose=d) for u, d in (("mg", mg), ("mg/kg", mg / weight))])
    table = table.dropna(subset=["dose", "route"])
    grouped = table.astype({"arm": "str", "route": "str"}).groupby(["arm", "route", "unit"], observed=True)
    doses = grouped["dose"].agg(
        n_sessions="size", mean="mean", sd="std", median="median",
        q1=lambda d: d.quantile(0.25), q3=lambda d: d.quantile(0.75), minimum="min", maximum="max",
    )  # fmt: skip
    doses[N_PATIENTS] = grouped[PATIENT_ID].nunique()
    return doses.reset_index().rename(columns={"arm": FORMAT})[names]


def _cohort_sizes(study: Study, ketamine: pd.DataFrame) -> pd.DataFrame:
    if COHORT_ID not in ketamine or ketamine[COHORT_ID].isna().all():
        return pd.DataFrame(columns=[COHORT_ID, PRACTICE, N_PATIENTS])
    sizes = (
        ketamine.dropna(subset=[COHORT_ID]).groupby(COHORT_ID)[PATIENT_ID].nunique().rename(N_PATIENTS).reset_index()
    )
    where = study.cohorts.reindex(columns=[COHORT_ID, PRACTICE]).drop_duplicates(COHORT_ID)
    return sizes.merge(where, on=COHORT_ID, how="left")[[COHORT_ID, PRACTICE, N_PATIENTS]]


def _integration(sessions: pd.DataFrame) -> pd.DataFrame:
    columns = [FORMAT, "within", "n_sessions", "n_followed", N_PATIENTS, "share"]
    if not (sessions["kind"] == "integration").any():
        return pd.DataFrame(columns=columns)
    clinic = sessions[sessions["kind"].isin(["ketamine", "integration"])]
    found = hours_to_integration(clinic).join(sessions["arm"].astype("str"))
    followed = found.loc[found["days_after"].notna(), "hours_after"].notna()
    within = WITHIN_HOURS if followed.all() else SOME_HOURS if followed.any() else NEXT_DAYS
    rows = [
        {
            FORMAT: arm, "within": within, "n_sessions": len(part), "n_followed": int(part["in_time"].sum()),
            N_PATIENTS: part.loc[part["in_time"], PATIENT_ID].nunique(), "share": part["in_time"].mean(),
        }
        for arm, part in found.groupby("arm")
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _clinician_minutes(sessions: pd.DataFrame, patients: pd.DataFrame) -> pd.DataFrame:
    names = [FORMAT, N_PATIENTS, "mean", "sd", "median"]
    each = sessions.groupby(PATIENT_ID)["clinician_minutes"]
    spent = each.sum().where(each.count() == each.size())
    by_patient = patients.set_index(PATIENT_ID)[FORMAT].astype("str").to_frame().join(spent.rename("spent"))
    summary = by_patient.dropna().groupby(FORMAT)["spent"].agg(["size", "mean", "std", "median"]).reset_index()
    return summary.set_axis(names, axis=1)
