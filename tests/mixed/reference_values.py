"""Reading the results of R that the tests of the engine are held to: data, names of terms, relative differences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

LEVELS = {"format": ["individual", "group"], "treatment": ["TAU", "BtheB"]}


def read_json(folder: Path, name: str) -> dict[str, Any]:
    return json.loads((folder / f"{name}.json").read_text())


def read_data(folder: Path, name: str) -> pd.DataFrame:
    """A CSV with factors coded as in R: treatment contrasts, `individual` and `TAU` the references."""
    data = pd.read_csv(folder / name)
    for column, levels in LEVELS.items():
        if column in data:
            data[column] = pd.Categorical(data[column], levels)
    if "visit" not in data and "month" in data:
        data["visit"] = data["month"]
    if "visit" in data:
        data["visit"] = pd.Categorical(data["visit"].astype(str), [str(v) for v in sorted(data["visit"].unique())])
    data["row"] = [f"r{i:04d}" for i in range(len(data))]
    return data


def r_term(name: str) -> str:
    """`month:format[T.group]` as R writes it, `month:formatgroup`."""
    return "(Intercept)" if name == "Intercept" else name.replace("[T.", "").replace("]", "")


def like_r(frame: pd.DataFrame) -> pd.DataFrame:
    """A coefficient table with R's names of the terms as its index."""
    return frame.set_index(frame["term"].map(r_term))


def block(rows: list[dict[str, Any]], key: str = "term") -> pd.DataFrame:
    """A block of R's results as a frame; emmeans' and lmerTest's names replaced by ours."""
    names = {"SE": "std_error", "emmean": "estimate", "t.ratio": "statistic", "t": "statistic", "F": "statistic"}
    names |= {"p.value": "p_value", "p": "p_value", "lower.CL": "ci_low", "upper.CL": "ci_high"}
    names |= {"num_df": "df_num", "den_df": "df_den", "df1": "df_num", "df2": "df_den"}
    frame = pd.DataFrame(rows).rename(columns=names)
    return frame.set_index(key) if key else frame


def relative(found: Any, expected: Any) -> float:
    """The largest relative difference."""
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    return float(np.max(np.abs(found / expected - 1)))


def in_errors(found: pd.DataFrame, expected: pd.DataFrame) -> float:
    """The largest difference of estimates, in standard errors."""
    gap = np.asarray(found["estimate"], float) - np.asarray(expected["estimate"], float)
    return float(np.max(np.abs(gap) / np.asarray(expected["std_error"], float)))
