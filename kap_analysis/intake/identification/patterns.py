"""Texts that say themselves what they are: addresses of machines, files, labelled numbers, unique codes."""

import re
from collections.abc import Sequence
from typing import Final

#: What follows a label: a code of letters and digits, four of them digits.
_NUMBER: Final = r"\W{0,3}(?:id|no|nr|num|number|code)?\W{0,3}\b(?=(?:[A-Z-]*\d){4})[A-Z0-9-]{4,}"
_BYTE: Final = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
#: (kind, what, pattern).
_PATTERNS: Final = tuple(
    (kind, what, re.compile(fits))
    for kind, what, fits in (
        ("O", "an IP or MAC address",
         rf"(?<![\d.])(?:{_BYTE}\.){{3}}{_BYTE}(?![\d.])|(?<![0-9a-fA-F:])(?:[0-9a-fA-F]{{1,4}}:){{3,7}}:?"
         r"[0-9a-fA-F]{1,4}\b|\b(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}\b"),
        ("Q", "a file of a person",
         r"(?i)\.(?:jpe?g|png|gif|heic|tiff?|bmp|dcm|mp4|mov|avi|wav|m4a|mp3|pdf|docx?)\b|data:image/|\b[A-Z]:\\\S"
         r"|(?:^|\s)(?:/|~/)(?:users|home|mnt|data|var|volumes)/\S|\\\\[\w.-]+\\\S"),
        ("B", "a ZIP code", r"^\d{5}-\d{4}$"),
        ("H", "a record number", r"(?i)\b(?:mrn|chart|record)\b\W{0,3}(?:no|nr|number|id)?\W{0,3}[A-Z]{0,3}\d{3,}"),
        ("E", "a fax number", r"(?i)\bfax\b[ .:#]*[(+]?\d"),
        ("M", "a serial number",
         r"(?i)\b(?:sn|s/n|serial|imei|udi)\b[ .:#]*(?:no|number)?[ .:#]*[A-Z0-9-]*\d[A-Z0-9-]{4,}|\(01\)\d{14}"),
        ("P", "a biometric record",
         r"(?i)\b(?:finger ?print|voice ?print|retina scan|iris (?:scan|code)|face ?id|minutiae)\b|^FMR\b"),
        ("L", "a licence plate", r"(?i)\bplates?\b[ .:#]*[A-Z0-9-]*\d[A-Z0-9-]{2,}"),
        ("K", "a licence number", rf"(?i)\b(?:licen[cs]e|certificate|passport|permit)\b{_NUMBER}"),
        ("I", "a health plan number", rf"(?i)\b(?:member|policy|medicaid|medicare|subscriber|beneficiary)\b{_NUMBER}"),
        ("J", "an account number", rf"(?i)\b(?:account|acct|iban|card)\b{_NUMBER}"),
        ("L", "a vehicle's number",
         r"\b(?=[A-HJ-NPR-Z0-9]*[A-Z])(?=(?:[A-Z]*\d){4})[A-HJ-NPR-Z0-9]{17}\b"),
        ("R", "a unique code", rf"(?i)\b(?:token|bar ?code|guid|uuid|hash|cookie|user ?(?:name|id)|login)\b{_NUMBER}"),
        ("R", "a unique code", r"\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{16,}\b"),
        ("R", "a unique code",
         r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b|^(?=.*\d)[0-9a-fA-F]{32,}$"),
    )
)  # fmt: skip


def pattern_kind(texts: Sequence[str]) -> tuple[str, str, int]:
    """Return kind, description and number of the texts of the first kind that any of them is, or ("", "", 0)."""
    for kind, what, fits in _PATTERNS:
        n = sum(fits.search(text) is not None for text in texts)
        if n:
            return kind, what, n
    return "", "", 0
