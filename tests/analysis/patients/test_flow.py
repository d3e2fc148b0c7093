"""The flow of patients adds up, step by step and over formats and practices."""

import pytest

import kap_analysis as kap
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


def of_all(study, format="all", **rule):
    steps = participant_flow(study, **rule).steps
    return steps[(steps["practice"] == "all") & (steps["format"] == format)].set_index("step")


@pytest.mark.parametrize("rule", ["planned", "exclude_mixed"])
def test_scores_of_patients_without_a_format_are_no_missing_scores(rule, study, unknown_format):
    """25 of mixed format, left out by the rule, were told to have no BDI-II in the baseline window."""
    asked, n = (unknown_format, 20) if rule == "planned" else (study, 25)
    whole, without = of_all(asked, format_rule=rule), of_all(asked, "without a format", format_rule=rule)
    assert whole["n_patients"].tolist() == of_all(study)["n_patients"].tolist() == [235, 235, 230, 179, 118]
    assert without["n_patients"].iloc[0] == n
    steps = participant_flow(asked, format_rule=rule).steps
    parts = steps[(steps["practice"] == "all") & (steps["format"] != "all")].groupby("step", observed=True)
    assert parts["n_patients"].sum().tolist() == whole["n_patients"].tolist()
    told = participant_flow(asked, format_rule=rule).paragraph
    assert f"{without['n_patients'].iloc[-1]} of {n}" in told
    assert told.endswith(" without a format.")


def test_who_is_not_due_yet_is_no_loss(month_3_not_over):
    """Everybody who was due is scored: 57 of 113 were told to have no BDI-II in the window of month 3."""
    whole = of_all(month_3_not_over)
    assert list(whole.index)[2] == "due at month 3"
    assert whole["n_left_out"].tolist() == [0, 0, 57, 0, 0, 0]
    assert whole.loc["due at month 3", "left_out_because"] == "month 3 is not over yet"
    assert whole["of_started"].tolist()[2:] == [113, 56, 56, 56]
    assert "and 56 of 56 (100%) of those who were due were assessed" in participant_flow(month_3_not_over).paragraph


def test_the_flow_goes_to_the_visit_of_the_plan(planned_otherwise):
    said = participant_flow(planned_otherwise).paragraph
    assert "190 of 235 (81%) of those who started were assessed at month 1" in said
    assert kap.describe_completeness(planned_otherwise).visit == "month 1"
