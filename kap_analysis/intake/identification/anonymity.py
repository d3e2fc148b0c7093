"""How alike patients are: k-anonymity and l-diversity of a table of patients, and what would reach a target k.

k is the number of patients in the smallest class of patients who are alike in all quasi-identifiers (Sweeney 2002,
doi:10.1142/S0218488502001648); l the smallest number of distinct values of a sensitive column within a class
(Machanavajjhala 2007, doi:10.1145/1217299.1217302).
"""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from kap_analysis.intake.identification.generalised import age_group

QUASI_IDENTIFIERS: Final = ("practice", "age", "sex", "gender", "race_ethnicity", "start_period")
#: What is given up first comes first; before it the study's own columns.
_GIVEN_UP: Final = ("start_period", "race_ethnicity", "gender", "practice", "age", "sex")


def classes_of(patients: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return one row per class of patients who are alike in ``names``: their values, ``n_patients``; smallest first."""
    if not names or patients.empty:
        return pd.DataFrame({"n_patients": [len(patients)]})
    counts = patients.groupby(list(names), dropna=False, sort=True).size().rename("n_patients").reset_index()
    return counts.sort_values("n_patients", kind="stable", ignore_index=True)


def diversity_of(patients: pd.DataFrame, names: Sequence[str], sensitive: Sequence[str]) -> pd.DataFrame:
    """Return for each sensitive column the smallest number of distinct values in a class: ``column``, ``l``."""
    rows = []
    for column in sensitive:
        if names:
            distinct = patients.groupby(list(names), dropna=False)[column].nunique(dropna=False)
        else:
            distinct = pd.Series([patients[column].nunique(dropna=False)])
        rows.append((column, int(distinct.min())))
    return pd.DataFrame(rows, columns=["column", "l"])


def steps_to(patients: pd.DataFrame, names: Sequence[str], k: int) -> pd.DataFrame:
    """Generalise and suppress until every class has ``k`` patients.

    Returns
    -------
    pandas.DataFrame
        One row per step: ``step``, ``smallest_class``, ``n_in_smaller_classes`` (patients in classes below k).
    """
    kept, frame = list(names), patients.copy()
    rows = [_step("as it is", frame, kept, k)]
    if "age" in kept and rows[-1][1] < k:
        ages = pd.to_numeric(frame["age"], errors="coerce")
        frame["age"] = [age_group(age) or "" for age in ages]
        rows.append(_step("age in groups of ten years", frame, kept, k))
    own = [name for name in kept if name not in _GIVEN_UP]
    for name in [*own, *(name for name in _GIVEN_UP if name in kept)]:
        if rows[-1][1] >= k or 0 < rows[-1][2] <= 0.02 * len(frame):
            break
        kept.remove(name)
        rows.append(_step(f"{'and ' if len(rows) > 1 else ''}without {name}", frame, kept, k))
    if 0 < rows[-1][2] < len(frame):
        n = rows[-1][2]
        who = "the patient in a class" if n == 1 else f"the {n:,} patients in classes"
        rows.append((f"{'and ' if len(rows) > 1 else ''}without {who} below {k}", k, 0))
    return pd.DataFrame(rows, columns=["step", "smallest_class", "n_in_smaller_classes"])


def _step(name: str, frame: pd.DataFrame, kept: Sequence[str], k: int) -> tuple[str, int, int]:
    sizes = classes_of(frame, kept)["n_patients"]
    return name, int(sizes.min()), int(sizes[sizes < k].sum())
