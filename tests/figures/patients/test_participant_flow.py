"""The flow of participants: every number of its steps is written."""

import kap_analysis as kap
from tests.figures.drawn import texts


def test_the_flow_writes_every_number_of_its_steps(study):
    steps = kap.participant_flow(study).steps
    written = texts(kap.figures.plot_participant_flow(steps=steps))
    whole = steps[steps["practice"] == "all"]
    for row in whole[whole["format"] != "all"].itertuples():
        assert f"n = {row.n_patients}" in written
    assert "no BDI-II in the baseline window" in written


def test_percentages_are_of_those_who_started_as_in_the_sentence(study):
    flow = kap.participant_flow(study)
    written = texts(kap.figures.plot_participant_flow(steps=flow.steps)).replace("\xa0", " ")
    last = flow.steps[(flow.steps["practice"] == "all") & (flow.steps["step"] == "assessed at month 3")]
    for row in last[last["format"] != "all"].itertuples():
        told = f"({round(100 * row.n_patients / row.of_started)}%)"
        assert f"n = {row.n_patients} {told[:-1]} of {row.of_started:.0f})" in written
        assert f"{row.n_patients} of {row.of_started:.0f} {told}" in flow.paragraph


def test_who_has_no_format_is_counted_below_the_boxes(study):
    """The boxes of the formats added up to 215 of 235, and only words said that somebody was not drawn."""
    flow = kap.participant_flow(study, format_rule="exclude_mixed").steps
    none = flow[(flow["practice"] == "all") & (flow["format"] == "without a format")]
    n = none.set_index(none["step"].astype(str)).loc["started treatment", "n_patients"]
    written = texts(kap.figures.plot_participant_flow(steps=flow)).replace("\xa0", " ")
    assert n > 1 and f"not drawn by format: {n} patients who started." in written
