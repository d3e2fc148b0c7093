"""Scores beside their items: one each, totals of the items where all were answered, and where the two differ."""

from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.errors import InstrumentError
from kap_analysis.instruments.registry import get_instrument
from kap_analysis.instruments.scoring import score_items
from kap_analysis.intake.assembly.account import WHERE, Account
from kap_analysis.intake.assembly.texts import distinct_rows
from kap_analysis.intake.identification.shown import shown_place

NO_ANSWER: Final = "no answer and no total"
THE_SAME: Final = "the same score again"
OTHER_SCORE: Final = "another score of the same day was taken"
_KEY: Final = ["pid", "day", "instrument", "rater", "version", "timing"]


class Scored:
    """Assessments and items of a study, made of the scores and answers that were placed.

    Attributes
    ----------
    disagreements : pandas.DataFrame
        Totals that differ from their items: ``file``, ``row``, ``instrument``, ``total``, ``of_items``, ``what``.
    """

    def __init__(self, account: Account, duplicates: str) -> None:
        self.account, self.rule = account, duplicates
        self.disagreements = pd.DataFrame()

    def tables(self, scores: pd.DataFrame | None, answers: pd.DataFrame | None) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return assessments and items, one row for each patient, day, instrument (and item)."""
        empty = pd.DataFrame(columns=["pid", "day", "instrument", "score", *WHERE])
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
            answers = answers[answers["answer"].notna()]
        nothing = scored["score"].isna() & (scored["n_answered"].fillna(0) == 0 if "n_answered" in scored else True)
        self.account.leave_out(scored[nothing], NO_ANSWER)
        return scored[~nothing], answers if answers is not None else empty

    def _one_each(self, frame: pd.DataFrame, key: list[str], value: str, found: str) -> pd.DataFrame:
        """One row per key: the same value again is counted; of other values the map says which counts."""
        frame = frame.sort_values([*WHERE], kind="stable")
        told = frame[frame[value].notna()]
        several = told.duplicated(key, keep=False)
        if several.any():
            first = told.groupby(key, sort=False)[value].transform("first")
            other = told[told[value] != first]
            if len(other) and self.rule == "stop":
                self._report(other, value, found)
            elif len(other):
                self.account.leave_out(
                    other if self.rule == "first" else told[several & ~told.index.isin(other.index)], OTHER_SCORE
                )
            if self.rule == "last":
                frame = pd.concat([frame[frame[value].isna()], told]).iloc[::-1]
            again = told[told.duplicated(key) & (told[value] == first)]
            self.account.leave_out(again, THE_SAME)
        frame = frame.assign(_lost=frame[value].isna()).sort_values("_lost", kind="stable")
        return frame.drop_duplicates(key).drop(columns="_lost")

    def _report(self, rows: pd.DataFrame, value: str, found: str) -> None:
        """Tell values that are one too many, by the instrument and item whose column holds them."""
        long = "answer" if value == "answer" else "score"
        wide = "item {item} {instrument}" if value == "answer" else "score  {instrument}"
        by = ["instrument", "item"] if value == "answer" else ["instrument"]
        for _, part in rows.groupby(by, sort=True):
            first = part.iloc[0]
            name = wide.format(instrument=first["instrument"], item=first.get("item", ""))
            here = {name for placed in self.account.placed if name in placed.columns}
            self.account.report(
                part, name if here else long, found, 'one; or duplicates = "first" or "last" in the map'
            )

    def _scored(self, scores: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
        """Totals of the items where all were answered; else none, with the number answered. Items count.

        Where a table has not all items of an instrument (item 9 alone), its totals count beside them.
        """
        counted = answers.groupby(_KEY, sort=False)["answer"].count().rename("n_answered").reset_index()
        totals = [self._totals(str(name), part) for name, part in answers.groupby("instrument", sort=True)]
        made = pd.concat(totals, ignore_index=True)
        sets = (
            answers.assign(whole=self._are_whole_sets(answers)).groupby(_KEY, sort=False)["whole"].any().reset_index()
        )
        merged = scores.merge(counted, on=_KEY, how="left").merge(made, on=_KEY, how="left")
        merged = merged.merge(sets, on=_KEY, how="left")
        total = pd.to_numeric(merged["total"])
        merged.loc[merged.pop("whole").eq(False) & total.notna(), "n_answered"] = np.nan
        has_items = merged["n_answered"].fillna(0) > 0
        merged["score"] = total.where(~has_items, merged["made"])
        both = merged[has_items & total.notna() & ((total - merged["made"]).abs() > 1e-9)]
        partial = merged[has_items & total.notna() & merged["made"].isna()]
        listed = pd.concat([both.assign(what="another total than the items give"),
                            partial.assign(what="a total beside items that are not all answered")])  # fmt: skip
        where = [(self.account.placed[int(s)].table, int(r)) for s, r in listed[WHERE].itertuples(index=False)]
        self.disagreements = pd.DataFrame(
            {
                "file": [shown_place(table) for table, _ in where],
                "row": [int(table.lines[row]) for table, row in where],
                "instrument": listed["instrument"].to_list(),
                "total": pd.to_numeric(listed["total"]).to_list(),
                "of_items": listed["made"].to_list(),
                "what": listed["what"].to_list(),
            }
        )
        return merged

    def _are_whole_sets(self, answers: pd.DataFrame) -> np.ndarray:
        """Whether the table that an answer comes from has answers to every item of the instrument."""
        given = answers[answers["answer"].notna()]
        n_items = given.groupby(["source", "instrument"])["item"].nunique()
        of = pd.MultiIndex.from_frame(answers[["source", "instrument"]])
        wanted = answers["instrument"].map(lambda name: get_instrument(name).n_items or 0)
        return n_items.reindex(of, fill_value=0).to_numpy() >= wanted.to_numpy()

    def _totals(self, instrument: str, answers: pd.DataFrame) -> pd.DataFrame:
        spec = get_instrument(instrument)
        codes, first = distinct_rows(answers[name] for name in _KEY)
        item, answer = answers["item"].astype(int).to_numpy(), answers["answer"].to_numpy()
        plain = pd.DataFrame({"patient_id": codes, "day": 0, "instrument": instrument, "item": item, "answer": answer})
        out = answers[_KEY].iloc[first]
        try:
            scored = score_items(plain, spec).scores
            whole = scored[scored["n_missing"] == 0].set_index("patient_id")["score"]
        except InstrumentError:  # ordinal, or answers outside the range, which were reported
            whole = pd.Series(dtype=float)
        return out.assign(made=whole.reindex(range(len(first))).to_numpy(dtype=float))
