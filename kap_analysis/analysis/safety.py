"""Safety: adverse events and whether they were asked about, vital signs, and a suicidality item at visits."""

from dataclasses import dataclass, field

import pandas as pd

from kap_analysis.analysis.formats import recorded_words
from kap_analysis.analysis.patients.treated import held_sessions, treated_patients
from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.columns import BASELINE_VISIT, DAY, FORMAT, INSTRUMENT, N_PATIENTS, PATIENT_ID, VISIT
from kap_analysis.disclosure.gate import release
from kap_analysis.instruments.registry import get_instrument
from kap_analysis.instruments.suicidality import ENDORSED, NOT_ENDORSED, SENTENCE, suicidality_states
from kap_analysis.study.study import Study
from kap_analysis.study.timing.time_zero import FormatRule
from kap_analysis.study.timing.visit_windows import place_in_windows
from kap_analysis.writing.sentences import join_words, plural, share


@dataclass(frozen=True)
class Safety(Result):
    """Adverse events, vital signs and a suicidality item.

    Attributes
    ----------
    events : DataFrame
        ``event``, ``format`` (at time zero), ``route`` (of the session; "not in a session"), ``severity``,
        ``n_events``, ``n_patients``, ``n_sessions_asked`` and ``n_sessions`` (ketamine sessions of the format and
        route at which events were asked about, of all), ``per_session`` (events per session asked; NaN if no
        patient was asked or the event belongs to no session).
    asked : DataFrame
        ``format``, ``route``, ``n_sessions_asked``, ``n_sessions``: all ketamine sessions held, with an event or not.
    serious : DataFrame
        Events that are serious, with their relatedness: ``patient_id``, ``day``, ``format``, ``event``,
        ``severity``, ``relatedness``.
    vitals : DataFrame
        ``measure``, ``unit``, ``minute``, ``format``, ``n`` (measurements), ``n_patients``, ``mean``, ``sd``,
        ``q1``, ``q3``, ``minimum``, ``maximum``.
    suicidality : DataFrame
        ``instrument``, ``format``, ``visit``, ``state`` (endorsed, not endorsed, not answered, not in the data),
        ``n_patients``, ``of_patients``, ``share``: the same scheduled visits in both formats.
    for_review : DataFrame
        Patients who endorsed the item after answering 0 at baseline: ``patient_id``, ``instrument``, ``format``,
        ``visit``, ``day``, ``state``. For chart review, never an alarm.
    """

    events: pd.DataFrame
    asked: pd.DataFrame
    serious: pd.DataFrame
    vitals: pd.DataFrame
    suicidality: pd.DataFrame
    for_review: pd.DataFrame
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def paragraph(self) -> str:
        asked = self.asked[["n_sessions_asked", "n_sessions"]].sum(skipna=False)
        told = [
            "Adverse events were asked about at "
            f"{share(asked['n_sessions_asked'], asked['n_sessions'])} ketamine sessions"
        ]
        by_arm = self.events.groupby(FORMAT, observed=True)["n_events"].agg(lambda n: n.sum(skipna=False))
        recorded = [f"{plural(n, 'event')} in {arm} format" for arm, n in by_arm.items()]
        told.append(f"recorded: {join_words(recorded)}" if recorded else "no event was recorded")
        return f"{'; '.join(told)}. {self._listed()} {SENTENCE}"

    def _listed(self) -> str:
        """How many events and patients are listed; for a public study lists and numbers are withheld."""
        kept_back = set(self.withheld["frame"])
        n = len(self.serious)
        serious = f"{plural(n, 'serious event') if n else 'No serious event'} {'are' if n > 1 else 'is'} listed."
        if "serious" in kept_back:
            serious = "The list of serious events is withheld."
        if self.suicidality.empty:
            return serious
        if "for_review" in kept_back:
            return f"{serious} The list of patients who newly endorsed a suicidality item is withheld."
        return (
            f"{serious} {plural(self.for_review[PATIENT_ID].nunique(), 'patient')} newly endorsed a suicidality item."
        )


def review_safety(
    study: Study, *, suicidality_instrument: str = "PHQ-9", format_rule: FormatRule = "planned"
) -> Safety:
    """Describe adverse events, vital signs and a suicidality item, by format at time zero.

    Parameters
    ----------
    suicidality_instrument : str
        An instrument with a suicidality item and item answers in ``items.csv``.
    """
    patients = treated_patients(study, format_rule=format_rule)
    arms = patients.set_index(PATIENT_ID)[FORMAT].astype("str")
    sessions = held_sessions(study)
    ketamine = sessions[(sessions["kind"] == "ketamine") & sessions[PATIENT_ID].isin(arms.index)]
    states, review = _suicidality(study, patients, suicidality_instrument)
    result = Safety(
        events=_events(study, ketamine, arms),
        asked=_asked(ketamine, arms).reset_index(),
        serious=_serious(study, arms),
        vitals=_vitals(study, arms),
        suicidality=states,
        for_review=review,
    )
    return release(result, visibility=study.settings.visibility, is_simulated=study.is_simulated)


def _events(study: Study, ketamine: pd.DataFrame, arms: pd.Series) -> pd.DataFrame:
    names = [
        "event",
        FORMAT,
        "route",
        "severity",
        "n_events",
        N_PATIENTS,
        "n_sessions_asked",
        "n_sessions",
        "per_session",
    ]
    events = study.adverse_events
    events = events[events[PATIENT_ID].isin(arms.index)]
    if events.empty:
        return pd.DataFrame(columns=names)
    held = ketamine.reindex(columns=["session_id", PATIENT_ID, "route", "ae_asked"])
    route = held.dropna(subset=["session_id"]).drop_duplicates("session_id").set_index("session_id")["route"]
    events = events.reindex(columns=[PATIENT_ID, "event", "session_id", "severity"])
    events["route"] = events["session_id"].map(route.astype("object")).fillna("not in a session")
    events["severity"] = recorded_words(events["severity"])
    events[FORMAT] = events[PATIENT_ID].map(arms)
    keys = ["event", FORMAT, "route", "severity"]
    counts = events.astype(dict.fromkeys(keys, "str")).groupby(keys)[PATIENT_ID].agg(["size", "nunique"]).reset_index()
    counts.columns = [*keys, "n_events", N_PATIENTS]
    counts = counts.merge(_asked(ketamine, arms).reset_index(), on=[FORMAT, "route"], how="left")
    counts["per_session"] = counts["n_events"] / counts["n_sessions_asked"].where(counts["n_sessions_asked"] > 0)
    return counts[names]


def _asked(ketamine: pd.DataFrame, arms: pd.Series) -> pd.DataFrame:
    """Ketamine sessions at which adverse events were asked about, and all of them, by format and route."""
    held = ketamine.reindex(columns=[PATIENT_ID, "route", "ae_asked"])
    route = recorded_words(held["route"])
    by = [held[PATIENT_ID].map(arms).rename(FORMAT), route.rename("route")]
    asked = (held["ae_asked"].astype("object") == "yes").groupby(by).agg(["sum", "size"])
    return asked.set_axis(["n_sessions_asked", "n_sessions"], axis=1)


def _serious(study: Study, arms: pd.Series) -> pd.DataFrame:
    names = [PATIENT_ID, DAY, FORMAT, "event", "severity", "relatedness"]
    events = study.adverse_events
    if events.empty or "serious" not in events:
        return pd.DataFrame(columns=names)
    serious = events[(events["serious"].astype("object") == "yes") & events[PATIENT_ID].isin(arms.index)]
    serious = serious.assign(**{FORMAT: serious[PATIENT_ID].map(arms)})
    return serious.reindex(columns=names).sort_values([PATIENT_ID, DAY], ignore_index=True)


def _vitals(study: Study, arms: pd.Series) -> pd.DataFrame:
    names = ["measure", "unit", "minute", FORMAT, "n", N_PATIENTS, "mean", "sd", "q1", "q3", "minimum", "maximum"]
    measures = study.session_measures
    measures = (
        measures[measures[PATIENT_ID].isin(arms.index) & measures["value"].notna()] if len(measures) else measures
    )
    if measures.empty:
        return pd.DataFrame(columns=names)
    measures = measures.assign(**{FORMAT: measures[PATIENT_ID].map(arms)})
    grouped = measures.groupby(["measure", "unit", "minute", FORMAT], observed=True, dropna=False)
    summary = grouped["value"].agg(
        n="size", mean="mean", sd="std", q1=lambda v: v.quantile(0.25), q3=lambda v: v.quantile(0.75), minimum="min",
        maximum="max",
    )  # fmt: skip
    summary[N_PATIENTS] = grouped[PATIENT_ID].nunique()
    return summary.reset_index()[names]


def _suicidality(study: Study, patients: pd.DataFrame, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """States at baseline and every scheduled visit, and the patients for chart review."""
    columns = [INSTRUMENT, FORMAT, VISIT, "state", N_PATIENTS, "of_patients", "share"]
    review_columns = [PATIENT_ID, INSTRUMENT, FORMAT, VISIT, DAY, "state"]
    items = study.items[study.items[INSTRUMENT].astype("object") == name] if len(study.items) else study.items
    if items.empty:
        return pd.DataFrame(columns=columns), pd.DataFrame(columns=review_columns)
    scheduled = _scheduled(study, patients, items)
    states = suicidality_states(items, study.instruments.get(name) or get_instrument(name), scheduled=scheduled)
    order = [BASELINE_VISIT, *study.settings.visit_labels]
    of = states.groupby([FORMAT, VISIT])[PATIENT_ID].nunique()
    counts = states.groupby([FORMAT, VISIT, "state"], observed=False).size().rename(N_PATIENTS).reset_index()
    counts["of_patients"] = [of[row] for row in zip(counts[FORMAT], counts[VISIT], strict=True)]
    counts["share"] = counts[N_PATIENTS] / counts["of_patients"]
    counts[VISIT] = pd.Categorical(counts[VISIT], categories=order, ordered=True)
    counts = counts.assign(**{INSTRUMENT: name}).sort_values([FORMAT, VISIT, "state"], ignore_index=True)
    clear = states.loc[(states[VISIT] == BASELINE_VISIT) & (states["state"] == NOT_ENDORSED), PATIENT_ID]
    new = states[states[PATIENT_ID].isin(clear) & (states[VISIT] != BASELINE_VISIT) & (states["state"] == ENDORSED)]
    return counts[columns], new[review_columns].sort_values([PATIENT_ID, DAY], ignore_index=True)


def _scheduled(study: Study, patients: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Each treated patient at each scheduled visit, with the day on which the items were answered."""
    taken = items[[PATIENT_ID, DAY]].drop_duplicates().assign(hour=float("nan"), timing=None)
    placed = taken.join(place_in_windows(taken, study.settings))
    days = placed.loc[placed["chosen"], [PATIENT_ID, VISIT, DAY]]
    visits = pd.DataFrame({VISIT: [BASELINE_VISIT, *study.settings.visit_labels]})
    people = patients[[PATIENT_ID, FORMAT]].astype({FORMAT: "str"})
    return people.merge(visits, how="cross").merge(days, on=[PATIENT_ID, VISIT], how="left")
