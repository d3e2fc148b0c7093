"""Characteristics at the start: every treated patient is counted once."""

import pytest

from kap_analysis.analysis.patients.characteristics import baseline_characteristics
from kap_analysis.analysis.patients.treated import treated_patients
from tests.analysis.trials import as_outcomes, btheb, made_up_scores


def test_characteristics_count_everybody_who_was_treated(study):
    frame = baseline_characteristics(study).characteristics
    treated = treated_patients(study)
    counts = frame.drop_duplicates("format").set_index("format")["n_patients"]
    assert counts["all"] == len(treated) == counts["individual"] + counts["group"]
    ages = treated[treated["format"] == "group"]["age"]
    row = frame[(frame["characteristic"] == "age") & (frame["format"] == "group")].iloc[0]
    assert (row["mean"], row["sd"], row["n_missing"]) == (
        pytest.approx(ages.mean()), pytest.approx(ages.std()), ages.isna().sum(),
    )  # fmt: skip
    sex = frame[(frame["characteristic"] == "sex") & (frame["format"] == "all")]
    assert sex["n"].sum() + sex["n_missing"].iloc[0] == len(treated) and sex["share"].sum() == pytest.approx(1)


def test_characteristics_of_a_real_trial_and_of_one_format():
    assert "100 patients are described (48 in individual format and 52 in group format)" in str(
        baseline_characteristics(btheb())
    )
    lone = made_up_scores(individual=1, cohorts=0)
    assert str(baseline_characteristics(as_outcomes(lone))) == "1 patient is described (1 in individual format)."


def test_patients_without_a_format_are_described_too(unknown_format):
    """Of 235 treated patients 215 were described."""
    said = baseline_characteristics(unknown_format).paragraph
    assert said.startswith(
        "235 patients are described (122 in individual format, 93 in group format and 20 without a format). "
    )


def test_the_baseline_is_that_of_the_instrument_of_the_plan(planned_otherwise):
    labels = set(baseline_characteristics(planned_otherwise).characteristics["label"])
    assert "PHQ-9 at baseline" in labels and "BDI-II at baseline" not in labels
