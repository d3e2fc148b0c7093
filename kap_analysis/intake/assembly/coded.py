"""Codes instead of keys, and the tables as texts in one order: the same study gives the same bytes from any source."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from kap_analysis.intake.assembly.account import WHERE
from kap_analysis.intake.assembly.texts import distinct_rows, texts_of
from kap_analysis.intake.crosswalk import PATIENT, Crosswalk
from kap_analysis.study.contract.dictionary import TABLES

OWN: Final = "extra:"
_HASHED: Final = frozenset(
    column for spec in TABLES.values() for column in spec.columns if not column.endswith(("_id", "_ids"))
)


def _of_cohorts(tables: Mapping[str, pd.DataFrame], weights: pd.Series) -> pd.Series:
    """pid -> what the study holds of the members of its cohorts: it orders patients of whom it holds the same."""
    sessions = tables.get("sessions", pd.DataFrame())
    if "cohort_id" not in sessions:
        return pd.Series(0, index=weights.index, dtype="uint64")
    members = sessions.dropna(subset=["cohort_id"]).drop_duplicates(["pid", "cohort_id"])
    own = members["pid"].map(weights).astype("uint64")
    sums = own.groupby(members["cohort_id"]).transform("sum")
    return sums.groupby(members["pid"]).sum().reindex(weights.index, fill_value=0)


class Coded:
    """The tables of a study with codes; ``origin`` holds ``source`` and ``row`` of each of their rows."""

    def __init__(self, crosswalk: Crosswalk, keys: pd.Index) -> None:
        self.crosswalk, self.keys = crosswalk, keys
        self.tables: dict[str, pd.DataFrame] = {}
        self.origin: dict[str, pd.DataFrame] = {}

    def add(self, ready: Mapping[str, pd.DataFrame]) -> None:
        """Give every key its code and write the tables as texts."""
        tables = {n: ready[n] for n, spec in TABLES.items() if n in ready and (len(ready[n]) or spec.required)}
        weights = self._content(tables.values())
        order = pd.DataFrame({"own": weights, "of_cohort": _of_cohorts(tables, weights)}).sort_values(
            ["own", "of_cohort"], kind="stable"
        ).index  # fmt: skip
        seed = int(weights.sum()) % 2**63 if len(weights) else 0
        of_keys = self.crosswalk.add(PATIENT, list(self.keys[order]), seed)
        codes: dict[str, Mapping[Any, str]] = {PATIENT: {pid: of_keys[self.keys[pid]] for pid in order}}
        sessions = tables.get("sessions", pd.DataFrame())
        for kind, column in (("cohort", "cohort_id"), ("facilitator", "facilitator_ids")):
            if column in sessions:
                members = sessions.dropna(subset=[column])
                sums = members.assign(w=members["pid"].map(weights)).groupby(column, sort=True)["w"].sum()
                codes[kind] = self.crosswalk.add(kind, list(sums.sort_values(kind="stable").index), seed)
        measures = tables.pop("session_measures", None)
        labels = {name: self._coded(name, frame, codes) for name, frame in tables.items()}
        if measures is not None:
            self._with_session_ids(measures, labels["sessions"], codes)

    def _with_session_ids(
        self, measures: pd.DataFrame, labels: pd.Index, codes: Mapping[str, Mapping[Any, str]]
    ) -> None:
        """Number the sessions of each patient in the order of their table, and name them in the measurements."""
        sessions = self.tables["sessions"]
        number = (sessions.groupby("patient_id").cumcount() + 1).astype(str).str.zfill(2)
        ids = sessions["patient_id"] + "-" + number
        sessions.insert(list(sessions).index("format") + 1, "session_id", ids)
        named = measures.assign(session_id=measures["session"].map(pd.Series(ids.to_numpy(), index=labels)))
        self._coded("session_measures", named.drop(columns="session"), codes)

    def _content(self, frames: Iterable[pd.DataFrame]) -> pd.Series:
        """pid -> a number made of all that the study holds of the patient, and of nothing that names them."""
        parts = []
        for frame in frames:
            columns = sorted(c for c in frame.columns if c in _HASHED or c.startswith(OWN))
            if len(frame) and columns:
                numbers, first = distinct_rows(frame[column] for column in columns)
                texts = np.array(
                    ["\x1f".join(row) for row in zip(*(texts_of(frame[c].iloc[first]) for c in columns), strict=True)],
                    dtype=object,
                )
                parts.append(pd.Series((pd.util.hash_array(texts) >> 8)[numbers], index=frame["pid"].to_numpy()))
        if not parts:
            return pd.Series(dtype="uint64")
        return pd.concat(parts).groupby(level=0, sort=True).sum()

    def _coded(self, name: str, frame: pd.DataFrame, codes: Mapping[str, Mapping[Any, str]]) -> pd.Index:
        """Write one table; return the labels of its rows in the order in which they are written."""
        frame = frame.copy()
        frame["patient_id"] = frame["pid"].map(codes[PATIENT])
        for kind, column in (("cohort", "cohort_id"), ("facilitator", "facilitator_ids")):
            if column in frame:
                frame[column] = frame[column].map(codes.get(kind, {}))
        spec = TABLES[name].columns
        if name != "session_measures":
            frame = frame.drop(columns=["session_id", "group_session_id"], errors="ignore")
        own = [c for c in frame.columns if c.startswith(OWN)]
        said = {column: texts_of(frame[column]) for column in spec if column in frame}
        said = {column: texts for column, texts in said.items() if spec[column].required or (texts != "").any()}
        said |= {column.removeprefix(OWN): texts_of(frame[column]) for column in sorted(own)}
        texts = pd.DataFrame(said, dtype=object)
        numbers = {
            c: pd.to_numeric(frame[c], errors="coerce").to_numpy() for c in said if c in spec and spec[c].is_number
        }
        by = ["patient_id", *[column for column in said if column != "patient_id"]]
        order = texts.assign(**numbers).sort_values(by, kind="stable").index.to_numpy()
        self.tables[name] = texts.iloc[order].reset_index(drop=True)
        self.origin[name] = frame[WHERE].iloc[order].reset_index(drop=True)
        return frame.index[order]
