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
