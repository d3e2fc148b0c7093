"""The flow of patients adds up, step by step and over formats and practices."""

from kap_analysis.analysis.patients.flow import participant_flow


def test_the_flow_adds_up(study):
    steps = participant_flow(study).steps
    for _, part in steps.groupby(["practice", "format"], sort=False):
        n = part["n_patients"].to_numpy()
        assert (part["n_left_out"].to_numpy()[1:] == n[:-1] - n[1:]).all()
    parts = steps[(steps["practice"] != "all") & (steps["format"] != "all")].groupby("step", observed=True)[
        "n_patients"
    ]
    whole = steps[(steps["practice"] == "all") & (steps["format"] == "all")].set_index("step")["n_patients"]
    assert parts.sum().to_dict() == whole.to_dict()
