"""What a column of a map can be, as comments at the end of a drafted map: its reader may have no other manual."""

from textwrap import wrap
from typing import Final

from kap_analysis.intake.mapping.map_content import OWN_ROLES, ROLES

_WIDTH: Final = 118
#: Role -> what a column of this role holds, and the further keys that it takes.
MEANINGS: Final = {
    "patient_id": "the patient's key in the export",
    "date": 'when the row happened; of = "sessions", an instrument, or "time_zero" (the first ketamine session); '
    'order = "month_first" or "day_first"',
    "time": "the time of day of the row, where its date tells none",
    "day": "days since the first ketamine session, or visits with the day of each in values",
    "date_of_birth": "becomes an age, over 89 pooled",
    "score": 'a total; instrument = "PHQ-9"',
    "item": 'the answer to one item; instrument = "PHQ-9", item = 1; values for answers in words',
    "instrument": "the name of the questionnaire, where each row is one score or one answer; values",
    "item_number": "the number of the item, where each row is one answer",
    "answer": "the answer, where each row is one answer; values for answers in words",
    "measure": 'a measurement in the session of the row; measure = "sbp", "dbp", "bp", "hr" or "spo2"; minute = 40',
    "extra": 'an identifier that becomes a column of your own; name, becomes = "day", "three_digits" or "age_group"',
    "same_as": "what another column held before the form was renamed; column",
    "row": "whether the row counts: a test, or a response that was not finished; values with keep and drop",
    "drop": "nothing that is wanted",
}


def manual_lines() -> list[str]:
    """Return the comments."""
    lines = ["# What a column can be (is =), with further keys; more in docs/import.md:"]
    lines += [f'#   "{role}": {meaning}' for role, meaning in MEANINGS.items()]
    others = ", ".join(role for role in ROLES if role not in OWN_ROLES)
    intro = "or a column of the study folder, with values where its words differ:"
    return lines + [f"#   {line}" for line in wrap(f"{intro} {others}", _WIDTH, break_long_words=False)]
