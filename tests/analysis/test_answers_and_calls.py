"""What `Study.answers` says can be answered is answered by the call, and what it says cannot is refused."""

import pytest

import kap_analysis as kap
from kap_analysis.errors import KapError
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
