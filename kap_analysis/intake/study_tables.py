"""From placed rows to the tables of a study: time zero, days, cohorts, scores beside items, codes instead of keys."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.errors import InstrumentError
from kap_analysis.instruments.registry import get_instrument
from kap_analysis.instruments.scoring import score_items
from kap_analysis.intake.crosswalk import PATIENT, Crosswalk
from kap_analysis.intake.map_file import StudyMap
from kap_analysis.intake.placement import Placed
from kap_analysis.intake.values import on_distinct
from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.contract.problems import Problems

NO_TIME_ZERO: Final = "patient without an attended ketamine session"
OUT_OF_REACH: Final = "more than a year before day 0, or more than 20 years after"
NO_ANSWER: Final = "no answer and no total"
THE_SAME: Final = "the same score again"
OTHER_SCORE: Final = "another score of the same day was taken"
_KEY: Final = ["pid", "day", "instrument", "rater", "version", "timing"]
_WHERE: Final = ["source", "row"]


@dataclass
class StudyTables:
    """The tables of a study, and what became of the rows of the source.

    ``left_out`` is a list of frames with ``source``, ``row``, ``reason``; ``origin`` holds for each table ``source``
    and ``row`` of its rows.
    """

    tables: dict[str, pd.DataFrame]
    origin: dict[str, pd.DataFrame]
    left_out: list[pd.DataFrame] = field(default_factory=list)
    disagreements: pd.DataFrame = field(default_factory=pd.DataFrame)
    without_time_zero: int = 0
    without_cohort: int = 0


def make_tables(placed: list[Placed], study: StudyMap, crosswalk: Crosswalk, problems: Problems) -> StudyTables:
    """Make the tables of a study from the rows that were placed; new keys get codes in the crosswalk."""
    return _Assembly(placed, study, crosswalk, problems).made()


class _Assembly:
    def __init__(self, placed: list[Placed], study: StudyMap, crosswalk: Crosswalk, problems: Problems) -> None:
        self.placed, self.study, self.crosswalk, self.problems = placed, study, crosswalk, problems
        self.out = StudyTables({}, {})
        names = {name for one in placed for name in one.frames}
        self.frames = {
            name: pd.concat([part for one in placed for part in one.frames.get(name, [])], ignore_index=True)
            for name in names
        }

    def frame(self, name: str) -> pd.DataFrame:
        return self.frames.get(name, pd.DataFrame({"source": [], "row": [], "pid": []}).astype({"pid": object}))

    def made(self) -> StudyTables:
        sessions = self._filled_sessions()
        zero = self._time_zero(sessions)
        ready = {"sessions": self._dated(sessions, zero)}
        ready["sessions"] = self._same_format(ready["sessions"])
        ready["sessions"] = self._cohorts(ready["sessions"])
        for name in ("adverse_events", "treatments", "scores", "answers"):
            if name in self.frames:
                ready[name] = self._dated(self.frame(name), zero, column="start_day" if name == "treatments" else "day")
        for name in ("diagnoses", "patients"):
            ready[name] = self._known(self.frame(name), zero)
        patients = self._patients(ready["patients"], zero)
        if "diagnoses" in self.frames:
            ready["diagnoses"] = ready["diagnoses"].drop_duplicates(
                [c for c in ("pid", "diagnosis", "status") if c in ready["diagnoses"]]
            )
        assessments, items = self._assessments(ready.get("scores"), ready.get("answers"))
        self._finish({**ready, "patients": patients, "assessments": assessments, "items": items})
        return self.out

    # sessions and time zero

    def _filled_sessions(self) -> pd.DataFrame:
        sessions = self.frame("sessions")
        defaults = self.frame("session_defaults")
        for column in ("format", "cohort_id"):
            if column in defaults:
                said = defaults.dropna(subset=[column])
                self._one_per_patient(said, column)
                fill = sessions["pid"].map(said.drop_duplicates("pid").set_index("pid")[column])
                sessions[column] = sessions[column].fillna(fill) if column in sessions else fill
        if len(sessions) and "format" not in sessions:
            sessions["format"] = None
        return sessions

    def _one_per_patient(self, frame: pd.DataFrame, column: str) -> None:
        """A fact of a patient is told once, or alike each time."""
        first = frame.groupby("pid", sort=False)[column].transform("first")
        other = frame[(frame[column] != first) & first.notna()]
        self._report(other, column, "a second value for one patient", "one value per patient")

    def _report(self, rows: pd.DataFrame, column: str, found: str, expected: str) -> None:
        for source, part in rows.groupby("source", sort=True):
            table = self.placed[int(str(source))].table
            self.problems.add_rows(table.place, table.lines[part["row"].astype(int)], column, found, expected)

    def _time_zero(self, sessions: pd.DataFrame) -> pd.DataFrame:
        """pid -> the date of day 0 (NaT where days were given), of all patients who have one."""
        parts = []
        if len(sessions):
            status = sessions["status"] if "status" in sessions else pd.Series(None, index=sessions.index, dtype=object)
            first = sessions[
                (sessions["kind"] == "ketamine") & (status.isna() | status.isin(["attended", "stopped_early"]))
            ]
            dates = first.assign(zero=first["moment"].dt.normalize()).groupby("pid")["zero"].min()
            given = first[first["given"].notna()].groupby("pid")["given"].min()
            parts.append(dates.to_frame())
            off = given[given != 0].index
            self._report(first[first["pid"].isin(off) & first["given"].notna()].drop_duplicates("pid"), "day",
                         "a first ketamine session that is not on day 0", "days counted from it")  # fmt: skip
        patients = self.frame("patients")
        if "zero" in patients:
            said = patients.dropna(subset=["zero"]).drop_duplicates("pid").set_index("pid")[["zero"]]
            parts.insert(0, said.assign(zero=said["zero"].dt.normalize()))
        zero = pd.concat(parts) if parts else pd.DataFrame({"zero": pd.Series(dtype="datetime64[s]")})
        return zero[~zero.index.duplicated()]

    def _known(self, frame: pd.DataFrame, zero: pd.DataFrame) -> pd.DataFrame:
        there = frame["pid"].isin(zero.index)
        self._leave_out(frame[~there], NO_TIME_ZERO)
        return frame[there].copy()

    def _leave_out(self, rows: pd.DataFrame, reason: str) -> None:
        if len(rows):
            self.out.left_out.append(rows[_WHERE].assign(reason=reason))

    def _days(self, moments: pd.Series, pid: pd.Series, zero: pd.DataFrame) -> pd.Series:
        return (moments.dt.normalize() - pid.map(zero["zero"])).dt.days

    def _dated(self, frame: pd.DataFrame, zero: pd.DataFrame, column: str = "day") -> pd.DataFrame:
        frame = self._known(frame, zero)
        if "moment" not in frame:
            return frame
        frame[column] = self._days(frame["moment"], frame["pid"], zero).fillna(frame["given"])
        for name in [n for n in frame.columns if n.startswith("date:")]:
            frame[name.removeprefix("date:")] = self._days(frame[name], frame["pid"], zero)
        spec = TABLES["treatments" if column == "start_day" else "sessions"].columns[column]
        low, high = spec.min or 0.0, spec.max or 0.0
        near = ((frame[column] >= low) & (frame[column] <= high)) | (frame[column].isna() & (column == "start_day"))
        self._leave_out(frame[~near], OUT_OF_REACH)
        return frame[near].copy()

    def _same_format(self, sessions: pd.DataFrame) -> pd.DataFrame:
        if not len(sessions):
            return sessions
        plain = sessions[(sessions["kind"] == "ketamine") & sessions["format"].isin(["group", "individual"])]
        first = plain.sort_values("day", kind="stable").drop_duplicates("pid").set_index("pid")["format"]
        same = sessions["format"].eq("same")
        sessions.loc[same, "format"] = sessions.loc[same, "pid"].map(first)
        lost = sessions["format"].isna()
        self._report(
            sessions[lost], "format", "a session without a format", "individual or group, in the map or the file"
        )
        zero = plain[plain["day"] == 0]
        self._report(zero[zero.groupby("pid")["format"].transform("nunique") > 1], "format",
                     "a patient with two formats on day 0", "one")  # fmt: skip
        return sessions

    def _cohorts(self, sessions: pd.DataFrame) -> pd.DataFrame:
        rule = self.study.study["cohorts"]
        if not len(sessions) or rule == "none":
            return sessions.drop(columns="cohort_id", errors="ignore")
        group = sessions["format"] == "group"
        if rule == "slot":
            held = sessions[group & (sessions["kind"] == "ketamine")]
            if "status" in held:
                held = held[held["status"].isna() | held["status"].isin(["attended", "stopped_early"])]
            leader = held["facilitator_ids"].fillna("") if "facilitator_ids" in held else ""
            slot = held["moment"].dt.strftime("%Y-%m-%dT%H:%M") + "|" + leader
            sessions["cohort_id"] = sessions["pid"].map(_sat_together(held["pid"], slot)).where(group)
        elif "cohort_id" in sessions:
            named = sessions[group].dropna(subset=["cohort_id"]).sort_values("day", kind="stable")
            own = named.drop_duplicates("pid").set_index("pid")["cohort_id"]
            fill = group & sessions["cohort_id"].isna()
            sessions.loc[fill, "cohort_id"] = sessions.loc[fill, "pid"].map(own)
            alone = sessions["format"].eq("individual") & sessions["cohort_id"].notna()
            self._report(
                sessions[alone], "cohort_id", "an individual session with a cohort", "no cohort, or the format group"
            )
        if "cohort_id" in sessions:
            self.out.without_cohort = int(sessions.loc[group & sessions["cohort_id"].isna(), "pid"].nunique())
            expected = 'its cohort, or cohorts = "none" in the map'
            lost = sessions[group & sessions["cohort_id"].isna()]
            self._report(lost, "cohort_id", "a group session without a cohort", expected)
        return sessions

    # patients

    def _patients(self, facts: pd.DataFrame, zero: pd.DataFrame) -> pd.DataFrame:
        patients = pd.DataFrame({"pid": sorted(zero.index)})
        everyone = {pid for frame in self.frames.values() for pid in frame["pid"].unique()}
        self.out.without_time_zero = len(everyone - set(zero.index))
        where = pd.concat(
            [f[["pid", *_WHERE]] for n, f in self.frames.items() if n == "patients"]
            or [self.frame("sessions")[["pid", *_WHERE]]]
        )
        patients = patients.merge(where.drop_duplicates("pid"), on="pid", how="left")
        for column in [c for c in facts.columns if c not in ("pid", "zero", *_WHERE)]:
            told = facts.dropna(subset=[column])
            self._one_per_patient(told, column)
            values = patients["pid"].map(told.drop_duplicates("pid").set_index("pid")[column])
            if column.startswith("date:"):
                patients[column.removeprefix("date:")] = self._days(values, patients["pid"], zero)
            else:
                patients[column] = values
        if "birth" in patients:
            patients = self._ages(patients, patients["pid"].map(zero["zero"]))
        return patients

    def _ages(self, patients: pd.DataFrame, start: pd.Series) -> pd.DataFrame:
        birth = patients["birth"]
        had = (start.dt.month > birth.dt.month) | ((start.dt.month == birth.dt.month) & (start.dt.day >= birth.dt.day))
        age = (start.dt.year - birth.dt.year - (~had).astype(int)).where(birth.notna())
        self._report(
            patients[(age < 0).fillna(False)], "date_of_birth", "a birth after the first session", "a birth before it"
        )
        age = age.clip(upper=90)
        patients["age"] = patients["age"].fillna(age) if "age" in patients else age
        return patients.drop(columns="birth")

    # scores and items

    def _assessments(
        self, scores: pd.DataFrame | None, answers: pd.DataFrame | None
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        empty = pd.DataFrame(columns=["pid", "day", "instrument", "score", *_WHERE])
        if scores is None:
            return empty, empty
        for frame in filter(lambda f: f is not None, (scores, answers)):
            for name in _KEY:
                if name not in frame:  # type: ignore[operator]
                    frame[name] = ""  # type: ignore[index]
                frame[name] = frame[name].fillna("")  # type: ignore[index]
        scores = self._one_each(scores, [*_KEY], "total", "two scores for one patient, instrument and day")
        if answers is None or answers.empty:
            scored = scores.assign(score=pd.to_numeric(scores["total"]))
        else:
            answers["answer"] = pd.to_numeric(answers["answer"])
            answers = self._one_each(answers, [*_KEY, "item"], "answer", "two answers for one patient, item and day")
            scored = self._scored(scores, answers)
            # an assessment of which no item was answered keeps its total alone
            answered = answers.groupby(_KEY, sort=False)["answer"].transform("count") > 0
            answers = answers[answered]
        nothing = scored["score"].isna() & (scored["n_answered"].fillna(0) == 0 if "n_answered" in scored else True)
        self._leave_out(scored[nothing], NO_ANSWER)
        return scored[~nothing], answers if answers is not None else empty

    def _one_each(self, frame: pd.DataFrame, key: list[str], value: str, found: str) -> pd.DataFrame:
        """One row per key: the same value again is counted; of other values the map says which counts."""
        frame = frame.sort_values([*_WHERE], kind="stable")
        told = frame[frame[value].notna()]
        several = told.duplicated(key, keep=False)
        if several.any():
            first = told.groupby(key, sort=False)[value].transform("first")
            other = told[told[value] != first]
            rule = self.study.study["duplicates"]
            if len(other) and rule == "stop":
                self._report(other, value, found, 'one; or duplicates = "first" or "last" in the map')
            elif len(other):
                self._leave_out(
                    other if rule == "first" else told[several & ~told.index.isin(other.index)], OTHER_SCORE
                )
            if rule == "last":
                frame = pd.concat([frame[frame[value].isna()], told]).iloc[::-1]
            again = told[told.duplicated(key) & (told[value] == first)]
            self._leave_out(again, THE_SAME)
        frame = frame.assign(_lost=frame[value].isna()).sort_values("_lost", kind="stable")
        return frame.drop_duplicates(key).drop(columns="_lost")

    def _scored(self, scores: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
        """Totals of the items where all were answered; else none, with the number answered. Items count."""
        counted = answers.groupby(_KEY, sort=False)["answer"].count().rename("n_answered").reset_index()
        totals = [self._totals(str(name), part) for name, part in answers.groupby("instrument", sort=True)]
        made = pd.concat(totals, ignore_index=True)
        merged = scores.merge(counted, on=_KEY, how="left").merge(made, on=_KEY, how="left")
        total = pd.to_numeric(merged["total"])
        has_items = merged["n_answered"].fillna(0) > 0
        merged["score"] = total.where(~has_items, merged["made"])
        both = merged[has_items & total.notna() & ((total - merged["made"]).abs() > 1e-9)]
        partial = merged[has_items & total.notna() & merged["made"].isna()]
        listed = pd.concat([both.assign(what="another total than the items give"),
                            partial.assign(what="a total beside items that are not all answered")])  # fmt: skip
        self.out.disagreements = pd.DataFrame(
            {
                "file": [self.placed[int(s)].table.place for s in listed["source"]],
                "row": [
                    int(self.placed[int(s)].table.lines[int(r)])
                    for s, r in zip(listed["source"], listed["row"], strict=True)
                ],
                "instrument": listed["instrument"].to_list(),
                "total": pd.to_numeric(listed["total"]).to_list(),
                "of_items": listed["made"].to_list(),
                "what": listed["what"].to_list(),
            }
        )
        return merged

    def _totals(self, instrument: str, answers: pd.DataFrame) -> pd.DataFrame:
        spec = get_instrument(instrument)
        key = _joined(_texts(answers[name]) for name in _KEY)
        codes, _ = pd.factorize(key)
        item, answer = answers["item"].astype(int).to_numpy(), answers["answer"].to_numpy()
        plain = pd.DataFrame({"patient_id": codes, "day": 0, "instrument": instrument, "item": item, "answer": answer})
        out = answers[_KEY].assign(code=codes).drop_duplicates("code")
        try:
            scored = score_items(plain, spec).scores
            whole = scored[scored["n_missing"] == 0].set_index("patient_id")["score"]
        except InstrumentError:  # ordinal, or answers outside the range, which were reported
            whole = pd.Series(dtype=float)
        return out.assign(made=out["code"].map(whole).astype(float)).drop(columns="code")

    # codes

    def _finish(self, ready: Mapping[str, pd.DataFrame]) -> None:
        tables = {n: ready[n] for n, spec in TABLES.items() if n in ready and (len(ready[n]) or spec.required)}
        weights = self._content(tables.values())
        order = weights.sort_values(kind="stable").index
        seed = int(weights.sum()) % 2**63 if len(weights) else 0
        codes = {PATIENT: self.crosswalk.add(PATIENT, list(order), seed)}
        sessions = tables.get("sessions", pd.DataFrame())
        for kind, column in (("cohort", "cohort_id"), ("facilitator", "facilitator_ids")):
            if column in sessions:
                members = sessions.dropna(subset=[column])
                sums = members.assign(w=members["pid"].map(weights)).groupby(column, sort=True)["w"].sum()
                codes[kind] = self.crosswalk.add(kind, list(sums.sort_values(kind="stable").index), seed)
        for name, frame in tables.items():
            self._coded(name, frame, codes)

    def _content(self, frames: Iterable[pd.DataFrame]) -> pd.Series:
        """pid -> a number made of all that the study holds of the patient, and of nothing that names them."""
        parts = []
        for frame in frames:
            columns = sorted(c for c in frame.columns if c in _HASHED)
            if len(frame) and columns:
                texts = _joined(_texts(frame[column]) for column in columns)
                parts.append(pd.Series(pd.util.hash_array(texts) >> 8, index=frame["pid"].to_numpy()))
        if not parts:
            return pd.Series(dtype="uint64")
        return pd.concat(parts).groupby(level=0, sort=True).sum()

    def _coded(self, name: str, frame: pd.DataFrame, codes: Mapping[str, Mapping[str, str]]) -> None:
        frame = frame.copy()
        frame["patient_id"] = frame["pid"].map(codes[PATIENT])
        for kind, column in (("cohort", "cohort_id"), ("facilitator", "facilitator_ids")):
            if column in frame:
                frame[column] = frame[column].map(codes.get(kind, {}))
        spec = TABLES[name].columns
        for column in ("session_id", "group_session_id"):
            frame = frame.drop(columns=column, errors="ignore")
        filled = [c for c in spec if c in frame and (spec[c].required or frame[c].replace("", None).notna().any())]
        texts = pd.DataFrame({column: _texts(frame[column]) for column in filled}, index=frame.index)
        numbers = {c: pd.to_numeric(frame[c], errors="coerce") for c in filled if spec[c].is_number}
        keys = (
            texts.assign(**numbers)
            .sort_values(["patient_id", *[c for c in filled if c != "patient_id"]], kind="stable")
            .index
        )
        self.out.tables[name] = texts.loc[keys].reset_index(drop=True)
        self.out.origin[name] = frame.loc[keys, _WHERE].reset_index(drop=True)


def _sat_together(patients: pd.Series, slots: pd.Series) -> dict[str, str]:
    """Patient -> the first slot of all who sat in one session with them, directly or through others."""
    root: dict[str, str] = {}

    def top(key: str) -> str:
        while root.setdefault(key, key) != key:
            key = root[key]
        return key

    for patient, slot in zip(patients, slots, strict=True):
        first, second = sorted((top(f"p{patient}"), top(f"s{slot}")))
        root[first] = second
    return {patient: top(f"p{patient}") for patient in patients.unique()}


_HASHED: Final = frozenset(
    column for spec in TABLES.values() for column in spec.columns
    if not column.endswith(("_id", "_ids")) and column != "practice"
)  # fmt: skip


def _texts(values: pd.Series) -> np.ndarray:
    """Return a column as the texts of a study."""
    return on_distinct(values.to_numpy(dtype=object), _plain, missing="")


def _joined(columns: Iterable[np.ndarray]) -> np.ndarray:
    """Return one text per row, made of the texts of several columns."""
    first, *others = columns
    whole = first
    for column in others:
        whole = whole + "\x1f" + column
    return whole


def _plain(value: object) -> str:
    """Return a cell of a study as text: numbers in their shortest form, missing as empty."""
    if value is None or value != value or value is pd.NaT:
        return ""
    if isinstance(value, float | np.floating | int | np.integer):
        number = float(value)
        return str(int(number)) if number.is_integer() else repr(round(number, 6))
    return str(value)
