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
