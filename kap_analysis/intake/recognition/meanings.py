"""What the texts of a column mean: levels of the data dictionary, diagnoses, kinds and formats of sessions."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from kap_analysis.intake.values import plain_words
from kap_analysis.study.contract.dictionary import TABLES

_KINDS: Final = (
    ("ketamine", r"ket|kap|dosing|dose|infusion|medicine|spravato|esketamine"),
    ("integration", r"integrat|nachgespräch"),
    ("preparation", r"prep|intake|consult|vorbereit|vorgespräch|erstgespräch"),
)


def diagnosis_of(text: str) -> str:
    """Return the diagnosis of an ICD-10 code or of a title, or an empty text."""
    levels = TABLES["diagnoses"].columns["diagnosis"].levels
    code = text.strip().upper().replace(" ", "")
    if re.fullmatch(r"[A-Z]\d\d(\.?\w{1,4})?", code):
        code = code if "." in code or len(code) == 3 else f"{code[:3]}.{code[3:]}"
        fits = [
            (len(part), level.name)
            for level in levels
            for part in level.icd10.split(", ")
            if part and "-" not in part and code.startswith(part)
        ]
        longest = max((size for size, _ in fits), default=0)
        return next((name for size, name in fits if size == longest), "psychotic" if code[:2] == "F2" else "other")
    words = plain_words(text)
    for level in levels:
        if words and words in (plain_words(level.name), plain_words(level.title)):
            return level.name
    short = {"mdd": "major_depression", "major depression": "major_depression", "depression": "major_depression",
             "gad": "generalised_anxiety", "generalized anxiety disorder": "generalised_anxiety",
             "generalized anxiety": "generalised_anxiety", "anxiety": "generalised_anxiety", "ptsd": "ptsd",
             "posttraumatic stress disorder": "ptsd", "ocd": "ocd"}  # fmt: skip
    return short.get(words, "")


def level_of(role: str, text: str) -> str:
    """Return the level of a column that a text means (F: female, Completed: attended), or an empty text."""
    column, field_name = role.split(".", 1)
    spec = TABLES[column].columns[field_name]
    words = plain_words(text)
    for level in spec.level_names:
        if words == plain_words(level):
            return level
    for titled in spec.levels:
        if words == plain_words(titled.title):
            return titled.name
    if spec.type == "yes_no":
        return {"y": "yes", "1": "yes", "true": "yes", "n": "no", "0": "no", "false": "no", "checked": "yes",
                "unchecked": "no"}.get(words, "")  # fmt: skip
    for level, fits in _LEVELS.get(role, ()):
        if re.fullmatch(fits, words):
            return level
    return ""


_FORMATS: Final = (
    ("group", r".*\b(group|gruppe\w*|cohort)\b.*"),
    ("individual", r".*\b(indiv\w*|einzel\w*|solo|one on one|1 1)\b.*"),
)
_LEVELS: Final[Mapping[str, Sequence[tuple[str, str]]]] = {
    "patients.sex": (("female", r"f|w|weiblich|female.*|woman"), ("male", r"m|männlich|male.*|man")),
    "patients.gender": (("woman", r"f|female|w"), ("man", r"m|male"), ("nonbinary", r"non ?binary|nb")),
    "patients.planned_format": _FORMATS,
    "sessions.format": _FORMATS,
    "sessions.route": (
        ("SL", r"(sl|sublingual|troche|lozenge|rdt|odt|oral dissol).*"),
        ("IM", r"(im|intramus[ck]ul[aä]r\w*|i m|injection)\b.*"),
        ("IV", r"(iv|intraven\w+|i v|infusion)\b.*"),
        ("IN", r"(in|intranasal|nasal|spravato)\b.*"),
        ("SC", r"(sc|sub[ck]utan\w+|subq|s c)\b.*"),
        ("PO", r"(po|oral|by mouth)\b.*"),
        ("PR", r"(pr|rectal)\b.*"),
    ),
    "sessions.status": (
        ("attended", r"(visit |session |appointment )?(complete\w*|attended|kept|seen)( late| appt| appointment)?|"
         r"show\w*( up)?|arrived( late)?|check(ed)? ?(in|out)|done|yes|present|fulfilled|erschienen|wahrgenommen"),
        ("no_show", r"(.* )?no ?show\w*( .*)?|did not attend|dna|dns|missed( appt| appointment| session| visit)?|"
         r"absent|nicht erschienen"),
        ("cancelled", r"(.* )?cancel\w*( .*)?|(.* )?re ?scheduled|abgesagt|storniert"),
        ("stopped_early", r"(session )?(stopped|(ended|left|terminated) early)( early)?"),
    ),
    "patients.research_consent": (("yes", "y|1|consented|signed"), ("no", "n|0|refused")),
}  # fmt: skip


def kind_of(text: str) -> str:
    return next((kind for kind, fits in _KINDS if re.search(fits, plain_words(text))), "")


def format_of(text: str) -> str:
    """Return group or individual where an appointment type says it, else ``same``."""
    return level_of("sessions.format", text) or "same"
