"""What looks like an identifier of a person: in the names of columns, and in values.

A pseudonymous study folder holds no names, dates, addresses or record numbers. The patterns find what is plainly one;
they cannot prove that a folder is clean. What is found is never repeated in full: a message that quotes an e-mail
address would carry it into a log.
"""

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_NAMES_OF_IDENTIFIERS: Final = re.compile(
    r"""^(
        (patient|client|subject|participant|first|last|given|family|middle|maiden|full|sur|fore|birth|legal)
        [ _.-]*names?
      | names? | initials? | vorname | nachname | nombre | apellidos?
      | (home|work|patient|client)?[ _.-]*e?[ _.-]*mails?([ _.-]*address)?
      | (home|work|mobile|cell|patient)?[ _.-]*(tele)?(phone|fax)([ _.-]*(number|no|nr))? | mobile | cell
      | (date|day)[ _.-]*of[ _.-]*birth | dob | d\.o\.b\.? | birth[ _.-]*(date|day) | geburtsdatum
      | (medical|health|patient|chart)?[ _.-]*(record|chart)[ _.-]*(number|no|nr|id)
      | mrn | (patient|client)?[ _.-]*mrn([ _.-]*(number|no|nr|id))? | nhs[ _.-]*(number|no) | ehr[ _.-]*id
      | ssn | social[ _.-]*security([ _.-]*(number|no|nr))? | passport([ _.-]*(number|no|nr))?
      | insurance[ _.-]*(number|id|no|nr) | member[ _.-]*id | policy[ _.-]*(number|no|nr)
      | (street|home|postal|mailing)?[ _.-]*address(es)? | street | zip([ _.-]*code)? | post(al)?[ _.-]*code
      | ip([ _.-]*address)? | licen[cs]e[ _.-]*plate
    )$""",
    re.VERBOSE | re.IGNORECASE,
)

EMAIL: Final = r"[^\s@]+@[^\s@]+\.[^\s@]+"
_MONTH: Final = r"(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY: Final = "(0?[1-9]|[12][0-9]|3[01])"
DATE: Final = (
    rf"(^|[^0-9])((19|20)[0-9]{{2}}[-/.](0?[1-9]|1[0-2])[-/.]{_DAY}|{_DAY}[-/.]{_DAY}[-/.](19|20)[0-9]{{2}}"
    rf"|{_DAY}/{_DAY}/[0-9]{{2}}|[0-3][0-9]\.[0-3][0-9]\.[0-9]{{2}}"
    rf"|[0-9]{{1,2}}\.?[ -]{_MONTH}[ -,]*(19|20)[0-9]{{2}}|{_MONTH} [0-9]{{1,2}},? (19|20)[0-9]{{2}})($|[^0-9])"
)
SOCIAL_SECURITY: Final = r"^[0-9]{3}-[0-9]{2}-[0-9]{4}$"
PHONE: Final = (
    r"^(\+[0-9]{1,3}[ .-]?)(\(?[0-9]{1,5}\)?[ .-]?){2,5}[0-9]{2,}$|^\(?[0-9]{3}\)?[ .-][0-9]{3}[ .-][0-9]{4}$"
)
FULL_NAME: Final = r"^\p{Lu}\p{Ll}+(-\p{Lu}\p{Ll}+)?(,? +\p{Lu}(\p{Ll}+|\.))*,? +\p{Lu}\p{Ll}+(-\p{Lu}\p{Ll}+)?$"
FIRST_NAME: Final = r"^\p{Lu}\p{Ll}{2,}$"

# What every pattern above needs: most codes have none of it, and need not be held against each pattern.
_MAY_BE_ONE: Final = r"[@/., +(]|(19|20)[0-9]{2}|[0-9]{3}-[0-9]{2}|^[A-Z][a-z]|[^\x00-\x7F]"

ANYWHERE: Final = (
    ("an e-mail address", EMAIL),
    ("a date", DATE),
    ("a social security number", SOCIAL_SECURITY),
    ("a telephone number", PHONE),
)
IN_CODES: Final = (*ANYWHERE, ("a person's name", FULL_NAME))
IN_PATIENT_CODES: Final = (*IN_CODES, ("a person's name", FIRST_NAME))


def is_identifying_name(name: str) -> bool:
    """Whether the name of a column says that it holds identifiers (name, e-mail, phone, date of birth, MRN, ...)."""
    return _NAMES_OF_IDENTIFIERS.match(name.strip()) is not None


def identifier_kinds(values: Sequence[str], patterns: Sequence[tuple[str, str]] = ANYWHERE) -> np.ndarray:
    """Return for each text what it looks like ("an e-mail address"), or an empty text.

    Parameters
    ----------
    values : sequence of str
        Distinct values of a column.
    patterns : sequence of pairs
        What it is, and the regular expression (RE2); the first that matches counts.
    """
    kinds = np.full(len(values), "", dtype=object)
    if len(values) == 0:
        return kinds
    suspicious = np.flatnonzero(_matches(pa.array(values, type=pa.string()), _MAY_BE_ONE))
    if len(suspicious) == 0:
        return kinds
    texts = pa.array([values[at] for at in suspicious.tolist()], type=pa.string())
    for kind, pattern in reversed(patterns):
        kinds[suspicious[_matches(texts, pattern)]] = kind
    return kinds


def are_plain_codes(values: Sequence[str], longest: int) -> np.ndarray:
    """Say of each text whether it is made of letters, digits and ``_ . : ; + -`` only, and no longer than that."""
    if len(values) == 0:
        return np.empty(0, dtype=bool)
    return _matches(pa.array(values, type=pa.string()), rf"^[A-Za-z0-9_.:;+-]{{1,{longest}}}$")


def _matches(texts: pa.Array, pattern: str) -> np.ndarray:
    return pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False).astype(bool)


def mask(value: str) -> str:
    """Return what may be quoted of a value that looks like an identifier: its first character and its length."""
    return f"'{value[:1]}…' ({len(value)} characters)"
