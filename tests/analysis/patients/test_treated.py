"""Who was treated, and who led their first session."""

from dataclasses import replace

import pytest

from kap_analysis.analysis.patients.exposure import describe_exposure
from kap_analysis.analysis.patients.treated import first_facilitators
from kap_analysis.errors import AnalysisError


def test_nobody_treated_is_refused(small):
    none = replace(small, tables={**small.tables, "sessions": small.sessions.iloc[:0]})
    with pytest.raises(AnalysisError, match="No patient of this study had a ketamine session"):
        describe_exposure(none)


def test_the_first_named_facilitator_of_the_first_held_session(study, small):
    assert first_facilitators(small).empty  # fewer than five: nothing can be estimated from them
    who = first_facilitators(study)
    sessions = study.sessions[(study.sessions["kind"] == "ketamine") & study.sessions["facilitator_ids"].notna()]
    held = sessions[sessions["status"].isin(["attended", "stopped_early"]) | sessions["status"].isna()]
    for patient in who.index[:20]:
        first = held[held["patient_id"] == patient].sort_values("day").iloc[0]
        assert who[patient] == str(first["facilitator_ids"]).split(";")[0]
