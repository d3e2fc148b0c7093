"""The facts on the tiles of the index page, taken from the frames of three results."""

import math
from typing import Any, Final

import pandas as pd

from kap_analysis.columns import (
    CI_HIGH,
    CI_LOW,
    ESTIMATE,
    FORMAT,
    GROUP,
    INDIVIDUAL,
    INSTRUMENT,
    N_PATIENTS,
    PRACTICE,
    VISIT,
)

STARTED: Final = "started"
DOSED: Final = "dosed"
ASSESSED: Final = "assessed"
BETTER: Final = "reliably better"
WORSE: Final = "reliably worse"
DIFFERENCE: Final = "group minus individual"
#: Classes of clinically significant change that are a reliable change, and its direction.
BETTER_CLASSES: Final = ("recovered", "improved")
WORSE_CLASSES: Final = ("deteriorated",)


def headline_facts(result: Any) -> dict[str, Any]:
    """The facts for the tiles that a result provides; empty if it provides none.

    Parameters
    ----------
    result : a result with ``steps`` (participant flow), ``shares`` (clinical change) or ``contrasts`` (comparison)

    Returns
    -------
    Name of the tile -> a number or a mapping; numbers that are withheld or unknown are None.
    """
    facts: dict[str, Any] = {}
    if hasattr(result, "steps"):
        facts |= _flow_facts(result.steps)
    if hasattr(result, "shares"):
        facts |= _change_facts(result.shares)
    if hasattr(result, "contrasts"):
        facts |= _difference_fact(result.contrasts, result.model, higher_is_better=result.higher_is_better)
    return facts


def _flow_facts(steps: pd.DataFrame) -> dict[str, Any]:
    whole = steps[(steps[PRACTICE].astype("str") == "all") & (steps[FORMAT].astype("str") == "all")]
    counts = whole.drop_duplicates("step").set_index("step")[N_PATIENTS]
    last = str(counts.index[-1])
    facts = {STARTED: _number(counts.iloc[0]), DOSED: _number(counts.iloc[1])}
    return {**facts, ASSESSED: {"n": _number(counts.iloc[-1]), "when": last.removeprefix("assessed at ")}}


def _change_facts(shares: pd.DataFrame) -> dict[str, Any]:
    formats = shares[FORMAT].astype("str")
    part = shares[formats == "all"] if (formats == "all").any() else shares
    return {BETTER: _share(part, BETTER_CLASSES), WORSE: _share(part, WORSE_CLASSES)}


def _share(shares: pd.DataFrame, classes: tuple[str, ...]) -> dict[str, Any]:
    """Patients of some classes, of those assessed and of those who started, over the formats of the frame."""
    denominators = shares.drop_duplicates(FORMAT)
    n = shares.loc[shares["class"].astype("str").isin(classes), "n"]
    return {
        "n": _number(n.sum(skipna=False)),
        "n_assessed": _number(denominators["n_assessed"].sum(skipna=False)),
        "n_started": _number(denominators["n_started"].sum(skipna=False)),
    }


def _difference_fact(contrasts: pd.DataFrame, model: pd.DataFrame, *, higher_is_better: bool) -> dict[str, Any]:
    primary = contrasts[contrasts["is_primary"].astype("bool")]
    if primary.empty:
        return {}
    row, about = primary.iloc[0], model.iloc[0]
    numbers = {key: _number(row[key]) for key in (ESTIMATE, CI_LOW, CI_HIGH)}
    favours = f"above zero favours {GROUP if higher_is_better else INDIVIDUAL} format"
    words = {"when": str(row[VISIT]), "unit": f"{about[INSTRUMENT]} points", "favours": favours}
    return {DIFFERENCE: {**numbers, **words, "label": str(about.get("label", ""))}}


def _number(value: Any) -> float | int | None:
    if value is None or value is pd.NA:
        return None
    number = float(value)
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number
