"""The 18 kinds of identifiers that HIPAA's Safe Harbor names, and what the name of a column says of them.

Source: 45 CFR 164.514(b)(2)(i), (A) to (R).
"""

import re
from typing import Final

from kap_analysis.intake.values import plain_words
from kap_analysis.study.contract.identifiers import is_identifying_name

KINDS: Final = {
    "A": "name",
    "B": "place smaller than a state",
    "C": "date, or age over 89",
    "D": "telephone number",
    "E": "fax number",
    "F": "e-mail address",
    "G": "social security or other national number",
    "H": "medical record number",
    "I": "health plan number",
    "J": "account or card number",
    "K": "certificate or licence number",
    "L": "vehicle or licence plate",
    "M": "device or serial number",
    "N": "web address",
    "O": "IP or MAC address",
    "P": "biometric record",
    "Q": "photograph or other file of a person",
    "R": "other number or text that is unique to a person",
}
FREE_TEXT: Final = "free text"
#: (kind, words of the name of a column). The first that fits counts; a fax number is no telephone number.
_NAMES: Final = tuple(
    (kind, re.compile(rf"\b(?:{words})\b"))
    for kind, words in (
        ("E", r"fax|telefax|facsimile"),
        ("F", r"e ?mails?|mail address"),
        ("N", r"url|urls|web ?(site|page|address)|homepage|link|linkedin|facebook|instagram|twitter|tiktok"),
        ("O", r"ip|ip ?addr(ess)?|ipv[46]|mac ?addr(ess)?|host ?name"),
        ("Q", r"photos?|photograph|picture|image|avatar|selfie|headshot|portrait|video|audio|recording|scan|attachment|"
              r"file ?(name|path)|upload"),
        ("P", r"biometrics?|finger ?prints?|voice ?prints?|retina|iris|face ?(id|print)|faceid|palm ?print|dna"),
        ("M", r"device|serial|imei|meid|udi|udid|implant|pacemaker|pump|prosthes[ie]s"),
        ("L", r"vin|vehicle|licen[cs]e plate|number plate|plate|car|registration plate|kennzeichen"),
        ("K", r"licen[cs]e|certificate|dea|npi|passport|permit|driver s?|drivers|visa|diploma"),
        ("J", r"account|acct|iban|bic|card|credit|bank|sort code|routing|paypal|venmo|konto"),
        ("I", r"insurance|insurer id|policy|beneficiary|medicaid|medicare|mbi|subscriber|member (id|number|no)|"
              r"plan (id|number|no)|health plan|payer id|versicherung\w*|krankenkasse\w*"),
        ("G", r"ssn|social security|national (id|number)|nhs|nino|sin|tax id|tin|itin|steuer ?id|cpf|aadhaar|bsn|idnr"),
        ("H", r"mrn|medical record|chart (no|number|id)|record (no|number)|emr id|ehr id|hospital (no|number)|epic id"),
        ("D", r"phone|telephone|tel|mobile|cell|handy|telefon\w*|pager|whatsapp|contact number"),
        ("B", r"address|street|city|town|county|zip|zipcode|zip ?code|post ?code|postal|precinct|neighbou?rhood|geo\w*|"
              r"latitude|longitude|lat|lon|lng|residence|plz|wohnort|strasse|place of birth|birth ?place"),
        ("C", r"\w*dob|date of (birth|death)|\w*birth ?(date|day)|death ?date|deceased on|geburtsdatum"),
        ("A", r"initials|nick ?name|alias|maiden|surname|forename|(first|last|middle|full|given|family|legal|preferred|"
              r"patient|client|mother s?|father s?|spouse|partner|employer|guardian|emergency contact) name|"
              r"emergency contact|next of kin|employer|vorname|nachname|signature|signed by"),
        ("R", r"guid|uuid|token|barcode|qr ?code|unique (id|code)|user ?(name|id)|login|screen ?name|handle|cookie|"
              r"session key|hash"),
    )
)  # fmt: skip


def kind_of_name(name: str) -> str:
    """Return which of the 18 kinds (a letter) the name of a column says that it holds, or an empty text."""
    words = plain_words(name)
    found = next((kind for kind, fits in _NAMES if fits.search(words)), "")
    return found or ("A" if is_identifying_name(name) or is_identifying_name(words) else "")
