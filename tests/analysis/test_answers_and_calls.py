"""What `Study.answers` says can be answered is answered by the call, and what it says cannot is refused."""

import pytest

import kap_analysis as kap
from kap_analysis.errors import AnalysisError, KapError
from kap_analysis.instruments.registry import get_instrument, registry_names
from kap_analysis.study.answerable import DESCRIPTIVE, answer_lines
from tests.study.small_study import write_small_study

OUTCOMES = [name for name in registry_names() if get_instrument(name).role == "outcome"]


def answered(call):
    try:
        call()
    except KapError:
        return False
    return True


@pytest.mark.parametrize("name", OUTCOMES)
def test_the_predicate_is_that_of_the_call(name, tmp_path):
    instrument = get_instrument(name)
    low, high = instrument.total_range
    start, end = (low, high) if instrument.higher_is_better else (high, low)
    rows = ["patient_id,day,instrument,score"]
    rows += [f"{who},{day},{name},{end if day > 0 else start:g}" for who in ("007", "P02") for day in (-1, 30, 90)]
    text = "\n".join(rows) + "\n"
    toml = f'title = "T"\nprimary_instrument = "{name}"\nprimary_visit = "month 3"\nprovenance = "real"\n'
    study = kap.load_study(write_small_study(tmp_path / "s", {"assessments.csv": text, "study.toml": toml}))
    said = study.answers().set_index("question")["can_answer"]
    assert said["reliable change"] == answered(lambda: kap.clinical_change(study.outcomes(), "month 3"))
    assert said["durability"] == answered(lambda: kap.durability(study))
    assert said["group effect"] == answered(lambda: kap.compare_formats(study))


@pytest.mark.parametrize(("patients", "tested"), [(30, False), (235, True)])
def test_what_is_only_described_is_announced(patients, tested, tmp_path):
    study = kap.load_study(kap.write_study(kap.simulate_study(patients, seed=4), tmp_path / "study"))
    why = study.answers().set_index("question")["why"]
    compared = kap.compare_formats(study, secondary=False)
    assert compared.contrasts["p_value"].notna().any() == tested
    for question in ("group effect", "adjusted group effect"):
        assert (DESCRIPTIVE not in why[question]) == tested
    assert any(f"group effect ({DESCRIPTIVE})" in line for line in answer_lines(study.answers())) != tested


@pytest.mark.parametrize("limit", [3, 2])
def test_as_many_practices_as_can_be_adjusted_for_are_compared_and_more_are_refused(limit, study, monkeypatch):
    """Of 1,000 practices the comparison filled the memory; what does not need practice is answered without it."""
    monkeypatch.setattr("kap_analysis.study.answerable.MOST_PRACTICES", limit)
    monkeypatch.setattr("kap_analysis.analysis.patients.positivity.PRACTICES_SHOWN", limit)
    fits, answers = limit == 3, study.answers().set_index("question")
    assert bool(answers.loc["group effect", "can_answer"]) == fits
    assert kap.describe_completeness(study).predictors.empty != fits
    changed = kap.estimate_change(study.of_patients(study.patients["patient_id"][limit:]).outcomes())
    assert ("+ practice" in changed.model["formula"].iloc[0]) == fits
    assert ("and 1 further practice. " in kap.describe_positivity(study).paragraph) != fits
    if not fits:
        words = "there are 3 practices, and at most 2 can be adjusted for"
        assert answers.loc["group effect", "why"] == words
        with pytest.raises(AnalysisError, match=words):
            kap.compare_formats(study.of_patients(study.patients["patient_id"][1:]))
        assert f"Practice is not in the model: {words}." in changed.paragraph
