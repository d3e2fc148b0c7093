"""For research, patients without consent are left out, and counted."""

from kap_analysis.study.load import check_study, load_study
from tests.study.small_study import PATIENTS, write_small_study


def test_research_leaves_out_patients_without_consent_in_the_ledger(small_folder):
    study = load_study(small_folder, purpose="research")
    assert study.patients["patient_id"].tolist() == ["007", "P02", "P04"]
    assert set(study.assessments["patient_id"]) == {"007", "P02", "P04"}
    left = study.ledger.query("format == 'all' and left_out_because != ''")
    assert dict(zip(left["left_out_because"], left["n_patients"], strict=True)) == {
        "no consent to research": 1,
        "consent withdrawn": 1,
        "consent not recorded": 1,
    }
    assert study.outcomes().problems["row"].tolist() == [5]


def test_research_needs_some_consent_on_record(tmp_path):
    text = PATIENTS.replace("research_consent", "ward")
    check = check_study(write_small_study(tmp_path / "study", {"patients.csv": text}), purpose="research")
    assert check.lines() == (
        "patients.csv: research_consent: found no consent of any patient; expected yes, no, withdrawn or waived per "
        "patient: purpose = research needs it.",
    )
