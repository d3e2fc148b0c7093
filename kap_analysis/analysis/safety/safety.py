"""Safety: adverse events and whether they were asked about, vital signs, and an item on suicidality."""

from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from kap_analysis.analysis.formats import formats_present, in_format
from kap_analysis.analysis.patients.treated import held_sessions, patient_formats, treated_patients
from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.analysis.safety.adverse_events import (
    count_events,
    count_serious,
    count_sessions_asked,
    list_serious,
)
from kap_analysis.analysis.safety.suicidality_items import (
    NEW_COLUMNS,
    STATES_COLUMNS,
    choose_instrument,
    count_newly_endorsed,
    count_states,
    list_for_review,
    states_at_visits,
)
from kap_analysis.analysis.safety.vital_signs import summarise_vital_signs
from kap_analysis.columns import BASELINE_VISIT, FORMAT, INSTRUMENT, PATIENT_ID
from kap_analysis.disclosure.counts import Classes
from kap_analysis.disclosure.gate import is_open, release
from kap_analysis.instruments.suicidality import SENTENCE
from kap_analysis.run_memory import once_per_run
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.study import Study
from kap_analysis.study.timing.time_zero import FormatRule
from kap_analysis.writing.numbers import rate
from kap_analysis.writing.sentences import count, join_words, plural, share

SESSIONS = ["n_sessions_asked", "n_sessions"]

#: Of a public study events are counted once, with the sessions at which they were asked about.
EVENTS_COUNTED: Final = Classes(("n_events_asked",))


@dataclass(frozen=True)
class Safety(Result):
    """Adverse events, vital signs and an item on suicidality.

    Attributes
    ----------
    events : DataFrame
        ``event``, ``format`` (at time zero, or "without a format", as in all frames), ``route`` (of the session; "not
        in a session"), ``severity``, ``n_events`` (all), ``n_events_asked`` (those at sessions where patients were
        asked about events), ``n_patients``, ``n_sessions_asked`` and ``n_sessions`` (ketamine sessions of the format
        and route at which events were asked about, of all), ``per_session`` (``n_events_asked`` by
        ``n_sessions_asked``; NaN if no patient was asked, if that was not recorded, or the event belongs to no
        session). Of a public study of real patients, severities ("any severity") and then events ("other events") are
        pooled where a count would be withheld.
    asked : DataFrame
        ``format``, ``route``, ``n_sessions_asked`` (NaN: not recorded), ``n_sessions``: all ketamine sessions held,
        with an event or not.
    serious : DataFrame
        Events that are serious, of all patients, treated or not, with their relatedness: ``patient_id``, ``day``,
        ``format``, ``event``, ``severity``, ``relatedness``.
    serious_counts : DataFrame
        ``format``, ``n_events``, ``n_patients`` (with such an event), ``of_patients``, and the same of the patients
        who were asked about events at a ketamine session or more: ``n_events_asked``, ``n_patients_asked``,
        ``of_patients_asked`` (0: nobody was asked; NaN in all three: not recorded whether anybody was). No rows if the
        data do not say which are serious.
    vitals : DataFrame
        ``measure``, ``unit``, ``minute``, ``format``, ``n`` (measurements), ``n_patients``, ``mean``, ``sd``,
        ``q1``, ``q3``, ``minimum``, ``maximum``.
    suicidality : DataFrame
        ``instrument``, ``format``, ``visit``, ``state`` (endorsed, not endorsed, not answered, not in the data),
        ``n_patients``, ``of_patients``, ``share``: the same scheduled visits in both formats.
    newly_endorsed : DataFrame
        The comparison of the formats: ``instrument``, ``format``, ``n_started``, ``n_at_risk`` (answered the item at
        baseline and did not endorse it), ``n_reassessed`` (of them, answered it again at a scheduled visit),
        ``n_endorsed`` (of them, endorsed it at one such visit or more).
    for_review : DataFrame
        Every positive answer after day 0 and every rise, at all assessments and not only at scheduled visits, of all
        patients and of all instruments with such an item, the highest answer first: ``patient_id``, ``instrument``,
        ``practice``, ``format``, ``visit`` ("between visits" outside all windows), ``day``, ``answer``,
        ``day_before`` and ``answer_before`` (the answer before this one; missing for a first answer), ``change``
        (rise, same, fall, first answer). For chart review, never an alarm.
    """

    events: pd.DataFrame
    asked: pd.DataFrame
    serious: pd.DataFrame
    serious_counts: pd.DataFrame
    vitals: pd.DataFrame
    suicidality: pd.DataFrame
    newly_endorsed: pd.DataFrame
    for_review: pd.DataFrame
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def paragraph(self) -> str:
        told = [self._asked_sentence(), self._events_sentence()]
        told += [self._serious_sentence(), self._serious_untreated_sentence()]
        if not self.suicidality.empty:
            told += [self._newly_endorsed_sentence(), self._review_sentence(), SENTENCE]
        return " ".join(sentence for sentence in told if sentence)

    def _asked_sentence(self) -> str:
        if self._asked_is_unknown:
            return "Whether patients were asked about adverse events was not recorded."
        if self.asked.empty and "asked" in self._kept_back:
            return "At how many ketamine sessions adverse events were asked about is withheld."
        asked = self.asked[SESSIONS].sum(skipna="asked" not in self._kept_back)
        told = f"Adverse events were asked about at {share(asked.iloc[0], asked.iloc[1])} ketamine sessions"
        if "asked" not in self._kept_back:
            sessions = self.asked.groupby(FORMAT)["n_sessions_asked"].sum(min_count=1)
            never = [f"nobody {in_format(arm)}" for arm in formats_present(self.asked[FORMAT]) if sessions[arm] == 0]
            told += f"; {join_words(never)} was asked" if never else ""
        return f"{told}, as far as that was recorded." if self._asked_is_unknown_somewhere else f"{told}."

    def _events_sentence(self) -> str:
        """Events where patients were asked, each with its denominator; then those that have none."""
        if self.events.empty:
            return "No adverse event of a treated patient is in the data."
        n = self.events[["n_events", "n_events_asked"]].sum(skipna="events" not in self._kept_back)
        if self._asked_is_unknown:
            return f"{plural(n.iloc[0], 'event')} {_was(n.iloc[0])} recorded; without a denominator there is no rate."
        by_arm = [told for arm in formats_present(self.events[FORMAT]) if (told := self._rate_of(arm))]
        told = f"Recorded at these sessions: {join_words(by_arm)}." if by_arm else ""
        rest = n.iloc[0] - n.iloc[1]
        if rest == 0:
            return told
        other = "Other events" if pd.isna(rest) else plural(rest, "more event" if told else "event")
        return f"{told} {other} {_was(rest)} recorded outside these sessions and {_has(rest)} no denominator.".strip()

    def _rate_of(self, arm: str) -> str:
        """The events of a format with its sessions; nothing where no patient of it is known to have been asked."""
        if "asked" in self._kept_back:
            n = self.events.loc[self.events[FORMAT] == arm, "n_events_asked"].sum(skipna=False)
            return f"{plural(n, 'event')} {in_format(arm)}"
        asked, events = self.asked[self.asked[FORMAT] == arm], self.events[self.events[FORMAT] == arm]
        sessions = asked["n_sessions_asked"].sum()
        if sessions == 0:
            return ""
        n = events["n_events_asked"].sum(skipna="events" not in self._kept_back)
        per = f", {rate(n / sessions)} per session" if pd.notna(n) else ""
        return f"{plural(n, 'event')} {in_format(arm)} ({plural(sessions, 'session')}{per})"

    def _serious_untreated_sentence(self) -> str:
        """How many events of the list are in no count, because the patient was not treated."""
        n = len(self.serious) - self.serious_counts["n_events"].sum(skipna=False)
        if "serious" in self._kept_back or not n > 0:
            return ""
        return f"{plural(n, 'serious event')} {_was(n)} recorded of patients without a ketamine session."

    def _serious_sentence(self) -> str:
        """How many events were serious, of the patients who were asked; or that their number is withheld."""
        counts = self.serious_counts
        if counts.empty and "serious_counts" not in self._kept_back:
            return "" if self.events.empty else "Which events were serious was not recorded."
        n = counts["n_events"].sum(skipna=False)
        if pd.isna(n) or "serious_counts" in self._kept_back:
            return "How many events were serious, and the list of them, are withheld."
        is_asked = counts["of_patients_asked"] > 0
        if not is_asked.any():
            many = "No serious event" if n == 0 else plural(n, "serious event")
            return f"{many} {_was(n or 1)} recorded; nobody is known to have been asked."
        if n == 0:
            of = join_words([_asked_of(row) for row in counts[is_asked].itertuples()])
            unasked = [_serious_of(row) for row in counts[~is_asked].itertuples()]
            return f"No serious event was recorded in {of}{'; ' if unasked else ''}{join_words(unasked)}."
        told = f"Serious events: {join_words(_serious_of(row) for row in counts.itertuples())}."
        rest = n - counts["n_events_asked"].sum()
        if rest == 0:
            return told
        return (
            f"{told} {plural(rest, 'serious event')} {_was(rest)} recorded of patients who are not known to have been "
            f"asked, and {_has(rest)} no denominator."
        )

    def _newly_endorsed_sentence(self) -> str:
        n = self.newly_endorsed[["n_at_risk", "n_reassessed", "n_endorsed"]].sum(skipna=False)
        name = str(self.newly_endorsed[INSTRUMENT].iloc[0])
        return (
            f"Of {plural(n.iloc[0], 'patient')} who did not endorse the item on suicidality of {name} at baseline, "
            f"{count(n.iloc[1])} answered it again at a scheduled visit, and {count(n.iloc[2])} of these endorsed it "
            "at one visit or more."
        )

    def _review_sentence(self) -> str:
        if "for_review" in self._kept_back:
            return "The list of patients for chart review is withheld."
        if self.for_review.empty:
            return "No positive answer after day 0 and no rise is in the data."
        n = self.for_review[PATIENT_ID].nunique()
        return (
            f"For chart review {plural(n, 'patient')} {'are' if n > 1 else 'is'} listed, with every positive answer "
            "after day 0 and every rise."
        )

    @property
    def _kept_back(self) -> set[str]:
        return set(self.withheld["frame"])

    @property
    def _asked_is_unknown(self) -> bool:
        """Whether the data nowhere say that anybody asked, or that nobody did."""
        return bool("asked" not in self._kept_back and self.asked["n_sessions_asked"].isna().all())

    @property
    def _asked_is_unknown_somewhere(self) -> bool:
        return bool("asked" not in self._kept_back and self.asked["n_sessions_asked"].isna().any())


@asked_of(Study)
@once_per_run
def review_safety(
    study: Study, *, suicidality_instrument: str | None = None, format_rule: FormatRule | None = None
) -> Safety:
    """Describe adverse events, vital signs and an item on suicidality, by format at time zero.

    Parameters
    ----------
    suicidality_instrument : str, optional
        The instrument whose item is shown at scheduled visits: one with such an item and answers in ``items.csv``;
        the one with most answers when absent. The list for chart review has all of them.
    format_rule : str, optional
        As in `Study.outcomes`: the rule of the plan, unless another is named.

    Raises
    ------
    AnalysisError
        If no patient was treated, or the data have no such answers of the instrument.
    """
    patients = treated_patients(study, format_rule=format_rule)
    arms = patients.set_index(PATIENT_ID)[FORMAT]
    everybody = patient_formats(study, format_rule=format_rule).set_index(PATIENT_ID)[FORMAT].astype("object")
    everybody = arms.reindex(everybody.index).fillna(everybody)
    sessions = held_sessions(study)
    ketamine = sessions[(sessions["kind"] == "ketamine") & sessions[PATIENT_ID].isin(arms.index)]
    instrument = choose_instrument(study, suicidality_instrument)
    states = states_at_visits(study, patients, instrument) if instrument else None
    visits = [BASELINE_VISIT, *study.settings.visit_labels]
    result = Safety(
        events=count_events(study, ketamine, arms, pooled=not is_open(study.visibility, study.is_simulated)),
        asked=count_sessions_asked(ketamine, arms),
        serious=list_serious(study, everybody),
        serious_counts=count_serious(study, ketamine, arms),
        vitals=summarise_vital_signs(study, arms),
        suicidality=pd.DataFrame(columns=list(STATES_COLUMNS)) if states is None else count_states(states, visits),
        newly_endorsed=pd.DataFrame(columns=list(NEW_COLUMNS)) if states is None else count_newly_endorsed(states),
        for_review=list_for_review(study, everybody),
    )
    return release(result, study, {"events": EVENTS_COUNTED})


def _serious_of(row: Any) -> str:
    """The serious events of a format with the patients who were asked."""
    if pd.isna(row.of_patients_asked):
        return f"whether anybody was asked {in_format(row.format)} was not recorded"
    if row.of_patients_asked == 0:
        return f"nobody was asked {in_format(row.format)}"
    return f"{count(row.n_events_asked)} in {count(row.n_patients_asked)} of {_asked_of(row)}"


def _asked_of(row: Any) -> str:
    """The patients of a format who were asked."""
    n = row.of_patients_asked
    return f"{plural(n, 'patient')} who {_was(n)} asked {in_format(row.format)}"


def _was(n: Any) -> str:
    return "was" if n == 1 else "were"


def _has(n: Any) -> str:
    return "has" if n == 1 else "have"
