"""Sentences of results with their conditions; `tests/test_project.py` holds the list of them to the code."""

from tests.sentence_conditions import sentences


def test_what_is_not_recorded_has_a_sentence_of_its_own():
    said = sentences()
    for unknown in (
        "Facilitators are not recorded",
        "Practices are not recorded",
        "Whether patients were asked about adverse events was not recorded",
        "Which events were serious was not recorded",
        "No integration session is recorded",
        "No variance between therapy cohorts could be estimated",
        "No cut-off for {name} is established",
    ):
        lines = [one for one in said if unknown in one]
        assert lines, unknown
        assert [one for one in lines if not one.endswith("]") and ": _no_cutoff: " not in one] == []
