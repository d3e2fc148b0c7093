"""One row per patient: the facts that the source tells, with ages over 89 pooled."""

import numpy as np
import pandas as pd

from kap_analysis.intake.assembly.account import WHERE, Account, of_patients
from kap_analysis.intake.assembly.time_zero import days_since, full_years
from kap_analysis.intake.identification.generalised import OLDEST, age_group


def patients_of(account: Account, facts: pd.DataFrame, zero: pd.DataFrame) -> pd.DataFrame:
    """Make the table of patients of all who have a day 0."""
    patients = pd.DataFrame({"pid": sorted(zero.index)}, dtype=np.int64)
    where = facts if len(facts) else account.frame("sessions")
    patients = patients.merge(where[["pid", *WHERE]].drop_duplicates("pid"), on="pid", how="left")
    start = of_patients(patients["pid"], zero["zero"])
    for column in [c for c in facts.columns if c not in ("pid", "zero", *WHERE)]:
        told = facts.dropna(subset=[column])
        account.one_per_patient(told, column)
        values = of_patients(patients["pid"], told.drop_duplicates("pid").set_index("pid")[column])
        if column == "birth":
            ages = _ages(account, patients, values, start)
            patients["age"] = patients["age"].fillna(ages) if "age" in patients else ages
        elif column.startswith("born:"):
            ages = _ages(account, patients, values, start)
            patients[column.replace("born:", "extra:")] = [age_group(age) for age in ages]
        elif column.startswith("date:"):
            patients[column.removeprefix("date:")] = days_since(values, patients["pid"], zero)
        else:
            patients[column] = values
    return patients


def _ages(account: Account, patients: pd.DataFrame, birth: pd.Series, start: pd.Series) -> pd.Series:
    age = full_years(birth.astype("datetime64[s]"), start)
    account.report(patients[age < 0], "date_of_birth", "a birth after the first session", "a birth before it")
    return age.clip(upper=OLDEST)
