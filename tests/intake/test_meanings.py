"""What words of record systems mean; what is not certain is no meaning, so that the map asks."""

import pytest

from kap_analysis.intake.recognition.meanings import kind_of, level_of


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("KAP Group Session", "ketamine"), ("Dosing session", "ketamine"), ("IV Ketamine infusion", "ketamine"),
        ("Medicine session", "ketamine"), ("Ketaminsitzung Gruppe", "ketamine"), ("KAP2", "ketamine"),
        ("KAP Integration Session", "integration"), ("Post-KAP integration", "integration"),
        ("KAP Preparation", "preparation"), ("Ketamine intake", "preparation"),
        ("Pre-ketamine medical evaluation", "preparation"), ("Vorgespräch", "preparation"),
        ("KAP + integration", ""), ("Preparation & Dosing", ""), ("Ketamine follow-up", ""), ("Post-KAP", ""),
        ("Medication management", ""), ("Market research", ""), ("Psychotherapy", ""),
    ],
)  # fmt: skip
def test_kinds_of_sessions(text, kind):
    assert kind_of(text) == kind


@pytest.mark.parametrize(
    ("role", "text", "level"),
    [
        ("sessions.route", "SL (RDT)", "SL"), ("sessions.route", "Intramuscular injection", "IM"),
        ("sessions.route", "SC injection", "SC"), ("sessions.route", "injection", "IM"),
        ("sessions.route", "slow IV push", "IV"), ("sessions.route", "oral dissolving tablet", "SL"),
        ("sessions.route", "IM then SL", ""), ("sessions.route", "In office", ""),
        ("sessions.status", "Cancelled by provider", "cancelled"), ("sessions.status", "Kept appt", "attended"),
        ("sessions.status", "Completed - late cancel fee waived", ""), ("sessions.status", "Scheduled", ""),
        ("sessions.format", "KAP Group", "group"), ("sessions.format", "Individual (not group)", ""),
        ("patients.sex", "Female (assigned)", "female"), ("patients.sex", "Female to male", ""),
        ("patients.research_consent", "Declined", "no"),
    ],
)  # fmt: skip
def test_levels(role, text, level):
    assert level_of(role, text) == level
