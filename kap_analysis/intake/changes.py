"""What an import changed in the study that was there before."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.study.contract.dictionary import TABLES

_COUNTED: Final = {"patients": "patient", "sessions": "session", "assessments": "assessment"}


def changes_of(target: Path, made: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """New, changed and gone rows by table and patient; a score is changed where only its value differs."""
    rows: list[tuple[str, str, str, int]] = []
    before = {name: target / f"{name}.csv" for name in TABLES if (target / f"{name}.csv").exists()}
    for name in [name for name in TABLES if name in before or name in made] if before else ():
        was = pd.read_csv(before[name], dtype=str, keep_default_na=False) if name in before else pd.DataFrame()
        now = made.get(name, pd.DataFrame())
        key = [column for column in TABLES[name].key if column in was and column in now]
        if was.empty or now.empty or not key:
            one = now if was.empty else was
            rows += [
                (name, str(p), "new" if was.empty else "gone", int(n))
                for p, n in one.get("patient_id", pd.Series(dtype=str)).value_counts().items()
            ]
            continue
        both = [column for column in TABLES[name].columns if column in was and column in now]
        merged = was[both].merge(now[both], on=key, how="outer", suffixes=("|was", "|now"), indicator=True)
        rest = [column for column in both if column not in key]
        differs = np.zeros(len(merged), dtype=bool)
        for column in rest:
            differs |= (merged["_merge"] == "both") & (merged[f"{column}|was"] != merged[f"{column}|now"])
        what = np.where(
            differs, "changed", merged["_merge"].map({"left_only": "gone", "right_only": "new", "both": ""})
        )
        counts = merged.assign(what=what)[what != ""].groupby(["patient_id", "what"], sort=True).size()
        rows += [(name, str(p), str(w), int(n)) for (p, w), n in zip(counts.index, counts, strict=True)]
    return pd.DataFrame(rows, columns=["table", "patient_id", "what", "n_rows"])


def told_changes(changes: pd.DataFrame, scores: pd.DataFrame) -> str:
    """Say what is new, changed and gone: 12 new patients, 310 new assessments, 4 changed scores (listed), none gone."""
    if changes.empty and scores.empty:
        return "nothing changed"
    counts = changes.groupby(["table", "what"])["n_rows"].sum()
    told = []
    for what in ("new", "changed", "gone"):
        for table, word in _COUNTED.items():
            n = int(counts.get((table, what), 0))
            if (table, what) == ("assessments", "changed"):
                n, word = len(scores), "score"
            if n:
                told.append(f"{n:,} {what} {word}{'s' if n != 1 else ''}{' (listed)' if word == 'score' else ''}")
    return ", ".join([*told, *(["none gone"] if not (changes["what"] == "gone").any() else [])])


def changed_scores(target: Path, made: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Scores that are others than in the study before: ``patient_id``, ``day``, ``instrument``, ``was``, ``now``."""
    columns = ["patient_id", "day", "instrument", "was", "now"]
    file = target / "assessments.csv"
    now = made.get("assessments", pd.DataFrame())
    was = pd.read_csv(file, dtype=str, keep_default_na=False) if file.exists() else pd.DataFrame()
    key = [column for column in TABLES["assessments"].key if column in was and column in now]
    if was.empty or now.empty or "score" not in was or "score" not in now:
        return pd.DataFrame(columns=columns)
    both = was[[*key, "score"]].merge(now[[*key, "score"]], on=key, suffixes=("|was", "|now"))
    both = both.rename(columns={"score|was": "was", "score|now": "now"})
    return both.loc[both["was"] != both["now"], columns].reset_index(drop=True)
