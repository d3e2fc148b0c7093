"""Identifiers made coarse as Safe Harbor allows: three digits of a ZIP code, ages in groups, those over 89 pooled."""

import re
from typing import Final

OLDEST: Final = 90
#: ZIP3 areas of 20,000 inhabitants or fewer (census of 2000), which Safe Harbor pools as 000.
_SMALL: Final = (
    *("036", "059", "063", "102", "203", "556", "692", "790", "821", "823", "830", "831", "878", "879", "884", "890"),
    "893",
)


def first_three(text: str) -> str | None:
    """Return "ZIP" and the first three digits of a ZIP code, 000 for a small area; None where it is none.

    The word keeps it a text: digits alone are read as a number, and 021 would be 21.
    """
    found = re.fullmatch(r"(\d{3})\d{2}(-?\d{4})?", text)
    return None if found is None else f"ZIP {'000' if found[1] in _SMALL else found[1]}"


def age_group(age: float | None) -> str | None:
    """Return ten years that an age lies in (30-39); 90 and older are one group."""
    if age is None or age != age:
        return None
    return f"{OLDEST}+" if age >= OLDEST else f"{int(age) // 10 * 10}-{int(age) // 10 * 10 + 9}"
