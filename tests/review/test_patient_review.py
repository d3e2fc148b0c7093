from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

import kap_analysis as kap
from kap_analysis.errors import AnalysisError


@pytest.fixture(scope="module")
def patient(study):
    return kap.review_patient(study, "P001", similar=True)


def test_it_holds_what_the_tables_hold(study, patient):
    taken = study.assessments[
        (study.assessments["patient_id"] == "P001") & (study.assessments["instrument"] == "BDI-II")
    ]
    found = patient.scores[patient.scores["instrument"] == "BDI-II"]
    assert found["score"].tolist() == taken.sort_values("day")["score"].tolist()
    own = study.sessions[study.sessions["patient_id"] == "P001"]
    held = own[(own["kind"] == "ketamine") & (own["status"] == "attended")]
    assert (patient.sessions["kind"] == "ketamine").sum() == len(held)
    assert set(patient.adverse_events["day"]) == set(
        study.adverse_events.loc[study.adverse_events["patient_id"] == "P001", "day"]
    )


def test_reliable_change_in_words(patient):
    row = patient.changes.set_index("instrument").loc["BDI-II"]
    assert row["change"] == row["latest"] - row["baseline"]
    assert ("reliably better" in row["words"]) == (-row["change"] >= row["reliable_change"])
    unknown = patient.changes[patient.changes["reliable_change"].isna() & (patient.changes["change"] != 0)]
    assert unknown["words"].str.contains("is not known").all()


def test_the_range_is_the_prediction_interval_of_the_others(study, patient):
    frame = study.outcomes("BDI-II", population="started").frame
    wide = frame.assign(visit=frame["visit"].astype(str)).pivot_table(
        index="patient_id", columns="visit", values="score"
    )
    own, others = wide.loc["P001"], wide.drop(index="P001")
    both = others[["baseline", "month 1", "month 2"]].dropna()
    fit = sm.OLS(both["month 2"], sm.add_constant(both[["baseline", "month 1"]])).fit()
    ends = fit.get_prediction(np.r_[1.0, own["baseline"], own["month 1"]][None]).conf_int(obs=True, alpha=0.2)[0]
    row = patient.ranges.query("instrument == 'BDI-II' and visit == 'month 2'").iloc[0]
    assert [row["low"], row["high"]] == pytest.approx(list(ends))
    assert row["n_similar"] == len(both)


@pytest.mark.slow
def test_the_range_does_not_know_later_scores(study):
    """Another score at a later visit changes no earlier range."""
    later = study.assessments.copy()
    own = (later["patient_id"] == "P001") & (later["instrument"] == "BDI-II") & (later["day"] > 60)
    later.loc[own, "score"] = 63
    changed = replace(study, tables={**study.tables, "assessments": later})
    early = "instrument == 'BDI-II' and day < 60"
    now = kap.review_patient(changed, "P001", similar=True).ranges.query(early)
    assert now.equals(kap.review_patient(study, "P001", similar=True).ranges.query(early))


def test_what_is_refused(study):
    with pytest.raises(AnalysisError, match="Found no patient 'P01'"):
        kap.review_patient(study, "P01")
    few = study.of_patients(study.patients["patient_id"].head(99))
    with pytest.raises(AnalysisError, match="needs 100 or more"):
        kap.review_patient(few, "P001", similar=True)
    assert kap.review_patient(few, "P001").ranges.empty
    public = replace(study, settings=replace(study.settings, visibility="public", provenance="real"))
    with pytest.raises(AnalysisError, match="private study only"):
        kap.review_patient(public, "P001")
