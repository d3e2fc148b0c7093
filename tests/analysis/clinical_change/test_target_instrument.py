"""Change on each patient's own target instrument."""

import dataclasses

import pandas as pd
import pytest

from kap_analysis.analysis.change.severity_bands import band_movement
from kap_analysis.analysis.clinical_change.lasting_response import durability
from kap_analysis.analysis.clinical_change.significant_change import clinical_change
from kap_analysis.analysis.clinical_change.target_instrument import NO_TARGET, target_change
from kap_analysis.errors import AnalysisError


def test_each_patient_is_judged_on_the_own_instrument(study):
    result = target_change(study)
    own = study.patients.set_index("patient_id")["target_instrument"].astype(str)
    assert (result.patients["target_instrument"] == result.patients["patient_id"].map(own)).all()
    assert not result.patients["patient_id"].duplicated().any()
    whole = result.shares[result.shares["format"] == "all"]
    assert whole["n"].sum() == result.instruments["n_assessed"].sum()
    assert whole["n_started"].iloc[0] == result.instruments["n_started"].sum()
    bdi = clinical_change(study.outcomes("BDI-II"), "month 3").patients.set_index("patient_id")["class"]
    here = result.patients.query("target_instrument == 'BDI-II'").set_index("patient_id")["class"]
    assert here.astype(object).equals(bdi.loc[here.index].astype(object))


def test_response_stays_missing_where_no_rule_is_established(study):
    result = target_change(study)
    with_rule = result.instruments.set_index("target_instrument")["n_with_response_rule"]
    assert with_rule["PCL-5"] == 0 and with_rule["EDE-QS"] == 0
    assert with_rule["BDI-II"] > 0


def test_study_without_target_instruments_is_refused(study):
    patients = study.patients.assign(target_instrument=pd.Series(pd.NA, index=study.patients.index, dtype="string"))
    without = dataclasses.replace(study, tables={**study.tables, "patients": patients})
    with pytest.raises(AnalysisError) as error:
        target_change(without)
    assert str(error.value) == NO_TARGET


@pytest.mark.slow
def test_public_real_study_keeps_its_small_counts(study):
    settings = dataclasses.replace(study.settings, visibility="public", provenance="real")
    public = dataclasses.replace(study, settings=settings)
    change, bands = target_change(public), band_movement(public.outcomes("BDI-II", population="started"))
    for result in (durability(public), change, bands):
        assert len(result.withheld) > 0
        assert "withheld" in result.paragraph and "not available" not in result.paragraph
        for name in ("patients", "boosters"):
            assert len(getattr(result, name, ())) == 0
    assert "The median time in response was withheld in individual format" in durability(public).paragraph
    shown = bands.movement["n_patients"].dropna()
    assert ((shown == 0) | (shown > 10)).all()


def test_who_is_not_counted_is_told(unknown_format, month_3_not_over, planned_otherwise):
    found = target_change(unknown_format)
    assert found.shares["n_started"].max() == 215
    assert "not counted here: 20 patients who started" in found.paragraph
    assert "57 patients of those not assessed are not due yet" in target_change(month_3_not_over).paragraph
    assert target_change(planned_otherwise).visit == "month 1"
