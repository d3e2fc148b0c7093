"""The facts on the index page, taken from the frames of results: each number is the one that the result holds."""

import math
from collections.abc import Iterable
from typing import Any, Final

import pandas as pd

from kap_analysis.columns import (
    CI_HIGH,
    CI_LOW,
    DF,
    ESTIMATE,
    FORMAT,
    INSTRUMENT,
    N_PATIENTS,
    P_VALUE,
    PRACTICE,
    VISIT,
)

RECORDED: Final = "recorded"
STARTED: Final = "started"
ASSESSED: Final = "assessed"
BETTER: Final = "reliably better"
WORSE: Final = "reliably worse"
DIFFERENCE: Final = "group minus individual"
PRIMARY_ASSUMES: Final = "primary assumes"
PRACTICES: Final = "without one practice"
IMPUTED: Final = "imputed"
WEIGHTED: Final = "weighted"
#: Classes of clinically significant change that are a reliable change, and its direction.
BETTER_CLASSES: Final = ("recovered", "improved")
WORSE_CLASSES: Final = ("deteriorated",)
#: How `check_sensitivity` names the rows that leave one practice out.
WITHOUT_PRACTICE: Final = "Without practice "
ROW: Final = (ESTIMATE, CI_LOW, CI_HIGH)


def headline_facts(result: Any) -> dict[str, Any]:
    """The facts for the index page that a result provides; empty if it provides none.

    Parameters
    ----------
    result : a result with ``steps`` (participant flow), ``shares`` (clinical change), ``contrasts`` (comparison) or
        ``estimates`` (sensitivity, dropout, allocation)

    Returns
    -------
    Name of the fact -> a number, a mapping or a list of them; numbers that are withheld or unknown are None.
    """
    facts: dict[str, Any] = {}
    if hasattr(result, "steps"):
        facts |= _flow_facts(result.steps)
    if hasattr(result, "shares"):
        facts |= _change_facts(result.shares)
    if hasattr(result, "contrasts"):
        facts |= _difference_fact(result)
    if hasattr(result, "estimates"):
        facts |= _robustness_facts(result.estimates)
    return facts


def _flow_facts(steps: pd.DataFrame) -> dict[str, Any]:
    """Patients of the study, those who started (had a ketamine session), and those assessed at the primary visit."""
    whole = steps[(steps[PRACTICE].astype("str") == "all") & (steps[FORMAT].astype("str") == "all")]
    counts = whole.drop_duplicates("step").set_index("step")[N_PATIENTS]
    last = str(counts.index[-1])
    facts = {RECORDED: _number(counts.iloc[0]), STARTED: _number(counts.iloc[1])}
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


def _difference_fact(result: Any) -> dict[str, Any]:
    primary = result.contrasts[result.contrasts["is_primary"].astype("bool")]
    if primary.empty:
        return {}
    row, about = primary.iloc[0], result.model.iloc[0]
    numbers = {key: _number(row[key]) for key in (*ROW, DF, P_VALUE)}
    counts = {"n_scored": _number(row[N_PATIENTS]), "n_patients": _number(about[N_PATIENTS])}
    words = {
        "when": str(row[VISIT]),
        "instrument": str(about[INSTRUMENT]),
        "higher_is_better": bool(result.higher_is_better),
        "descriptive": str(about["why"]) if result.is_descriptive else "",
        "margin": _stated_margin(result.margins),
    }
    return {DIFFERENCE: {**numbers, **counts, **words}}


def _stated_margin(margins: pd.DataFrame) -> str:
    """What was concluded about the margin that was stated beforehand; empty without one."""
    stated = margins[margins["is_stated"].astype("bool")] if len(margins) else margins
    return str(stated["conclusion"].iloc[0]) if len(stated) else ""


def _robustness_facts(estimates: pd.DataFrame) -> dict[str, Any]:
    """The same difference under another choice: without one practice, with imputed scores, weighted."""
    if "label" in estimates:
        names = estimates["label"].astype("str")
        chosen, primary = estimates[names.str.startswith(WITHOUT_PRACTICE)], estimates[estimates["is_primary"]]
        assumed = {PRIMARY_ASSUMES: str(primary["assumes"].iloc[0])} if len(primary) else {}
        return {PRACTICES: _rows(chosen, chosen["label"]), **assumed}
    if "assumption" in estimates:
        return {IMPUTED: _rows(estimates, estimates["assumption"])}
    chosen = estimates[estimates["method"].astype("str").str.contains("weights")]
    return {WEIGHTED: _rows(chosen, chosen["method"])}


def _rows(estimates: pd.DataFrame, names: Iterable[object]) -> list[dict[str, Any]]:
    return [
        {"label": str(name), **{key: _number(row[key]) for key in ROW}, "assumes": str(row["assumes"])}
        for name, (_, row) in zip(names, estimates.iterrows(), strict=True)
    ]


def _number(value: Any) -> float | int | None:
    if value is None or value is pd.NA:
        return None
    number = float(value)
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number
