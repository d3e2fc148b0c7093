"""Where format cannot be told apart from practice or facilitator, it is said."""

from dataclasses import replace

import numpy as np
import pandas as pd

from kap_analysis.analysis.patients.positivity import describe_positivity
from kap_analysis.analysis.patients.treated import treated_patients


def test_facilitators_and_practices_tell_the_formats_apart_or_not(study):
    found = describe_positivity(study)
    assert found.patients["n_patients"].sum() == len(treated_patients(study))
    alone = study.sessions.assign(facilitator_ids=study.sessions["format"].astype(str))
    apart = describe_positivity(replace(study, tables={**study.tables, "sessions": alone}))
    assert "No facilitator saw patients in both formats: format and facilitators cannot be told apart here." in str(
        apart
    )
    patients = study.patients.assign(
        planned_format=np.where(study.patients["practice"] == "A", "group", study.patients["planned_format"])
    )
    patients["planned_format"] = patients["planned_format"].astype(study.patients["planned_format"].dtype)
    fails = describe_positivity(replace(study, tables={**study.tables, "patients": patients}))
    assert "Positivity fails: practice A has nobody in individual format" in str(fails)
    everybody = patients.assign(
        planned_format=pd.Categorical(["group"] * len(patients), patients["planned_format"].cat.categories)
    )
    one_format = describe_positivity(replace(study, tables={**study.tables, "patients": everybody}))
    assert "Only group format was given" in str(one_format) and "Positivity fails" not in str(one_format)
    none = study.sessions.assign(facilitator_ids=pd.Series(pd.NA, index=study.sessions.index, dtype="string"))
    unknown = describe_positivity(replace(study, tables={**study.tables, "sessions": none}))
    assert unknown.facilitators.empty and "Facilitators are not recorded" in str(unknown)
