"""Numbers that carry a check digit or a country's plan: national, card, device and telephone numbers."""

import re
from collections.abc import Callable, Sequence
from typing import Final

import phonenumbers
from stdnum import iban, imei, luhn
from stdnum.de import idnr
from stdnum.es import dni
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.in_ import aadhaar
from stdnum.us import itin, ssn

#: The share of a column's values that must pass a check that one random number in ten passes too.
_MOST: Final = 0.8
_REGIONS: Final = ("US", "GB", "DE")
_LONG_DIGITS: Final = re.compile(r"[\d .\-/()+]{7,24}")
_MBI: Final = re.compile(r"[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?"
                         r"[AC-HJKMNP-RT-Y]{2}\d{2}")  # fmt: skip
_VIN: Final = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
_VIN_VALUES: Final = dict(zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ",
                              [*range(10), 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9],
                              strict=True))  # fmt: skip
_VIN_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_DEA: Final = re.compile(r"[A-Z][A-Z9](\d{7})")


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _is_vin(text: str) -> bool:
    """A vehicle identification number (ISO 3779) whose ninth character is its check digit."""
    if not _VIN.fullmatch(text) or not re.search(r"[A-Z]", text) or not re.search(r"\d", text):
        return False
    rest = sum(_VIN_VALUES[c] * w for c, w in zip(text, _VIN_WEIGHTS, strict=True)) % 11
    return text[8] == ("X" if rest == 10 else str(rest))


def _is_dea(text: str) -> bool:
    found = _DEA.fullmatch(text)
    if not found:
        return False
    n = [int(d) for d in found[1]]
    return (n[0] + n[2] + n[4] + 2 * (n[1] + n[3] + n[5])) % 10 == n[6]


def _is_card(text: str) -> bool:
    return 13 <= len(_digits(text)) <= 19 and _LONG_DIGITS.fullmatch(text) is not None and luhn.is_valid(_digits(text))


def _is_npi(text: str) -> bool:
    return re.fullmatch(r"[12]\d{9}", text) is not None and luhn.is_valid(f"80840{text}")


def is_phone_number(text: str) -> bool:
    """Whether a text is a telephone number of its country, or of the US, the United Kingdom or Germany."""
    if not _LONG_DIGITS.fullmatch(text) or not 7 <= len(_digits(text)) <= 15:
        return False
    for region in (None,) if text.startswith("+") else _REGIONS:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(text, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


#: (kind, what it is, test). These say by letters or length that they are one; a single value is enough.
_SURE: Final[tuple[tuple[str, str, Callable[[str], bool]], ...]] = (
    ("J", "an IBAN", lambda text: iban.is_valid(text)),
    ("I", "a Medicare number", lambda text: _MBI.fullmatch(text) is not None),
    ("L", "a vehicle identification number", _is_vin),
    ("K", "a DEA number", _is_dea),
    ("G", "a Spanish national number", lambda text: text[-1:].isalpha() and dni.is_valid(text)),
    ("G", "a French national number", lambda text: len(_digits(text)) in (13, 15) and nir.is_valid(text)),
)
#: These are digits only: most of a column must pass.
_LIKELY: Final[tuple[tuple[str, str, Callable[[str], bool]], ...]] = (
    ("M", "an IMEI", lambda text: len(_digits(text)) == 15 and imei.is_valid(text)),
    ("J", "a card number", _is_card),
    ("G", "a social security number", lambda text: len(text) == 9 and (ssn.is_valid(text) or itin.is_valid(text))),
    ("K", "a National Provider Identifier", _is_npi),
    ("G", "an NHS number", lambda text: len(_digits(text)) == 10 and nhs.is_valid(text)),
    ("G", "a German tax number", lambda text: len(_digits(text)) == 11 and idnr.is_valid(text)),
    ("G", "an Aadhaar number", lambda text: len(_digits(text)) == 12 and aadhaar.is_valid(text)),
    ("D", "a telephone number", is_phone_number),
)


def number_kind(values: Sequence[str]) -> tuple[str, str]:
    """Return kind and description of what distinct values of a column are, or two empty texts."""
    long = [value for value in values if 7 <= len(value) <= 42 and any(c.isdigit() for c in value)]
    for kind, what, test in _SURE:
        if any(test(value) for value in long):
            return kind, what
    numbers = [value for value in long if _LONG_DIGITS.fullmatch(value)]
    for kind, what, test in _LIKELY if numbers and len(numbers) >= _MOST * len(values) else ():
        if sum(test(value) for value in numbers) >= _MOST * len(values):
            return kind, what
    return "", ""
