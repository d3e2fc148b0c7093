"""What the texts of a column mean: levels of the data dictionary, diagnoses, kinds and formats of sessions."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from kap_analysis.intake.values import plain_words
from kap_analysis.study.contract.dictionary import TABLES

#: Words of what a session is about, of what was given in it, and of sessions around it.
_KETAMINE: Final = re.compile(r"\b((ket|kap)\d*|keta|ketamin\w*|spravato|esketamin\w*)\b")
_GIVEN: Final = re.compile(r"\b(dosing|dose|infusions?|injections?|medicine (session|day|journey))\b")
_AROUND: Final = (
    ("integration", re.compile(r"integrat|nachgespräch")),
    (
        "preparation",
        re.compile(r"\bprep|intake|consult|evaluation|screening|orientation|vorbereit|vorgespräch|erstgespr"),
    ),
)
#: Words that make a session of ketamine another one (follow-up), or two sessions of one (KAP + integration).
_OTHERWISE: Final = re.compile(
    r"\b(follow ?up|check ?(in|up)|call|phone|pre|post|before|after|vor|nach|cancel\w*|refill)\b"
)
_BOTH: Final = re.compile(r"[+&/]|\b(and|with|plus|und|mit)\b")


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


def yes_or_no(text: str) -> str:
    """Return yes or no where a text says it, or an empty text."""
    words = plain_words(text)
    if words in ("yes", "y", "1", "true", "checked", "ja", "j"):
        return "yes"
    return "no" if words in ("no", "n", "0", "false", "unchecked", "nein") else ""


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
        return yes_or_no(text) or {"none": "no", "never": "no"}.get(words, "")
    for meanings in _LEVELS.get(role, ()):
        found = {level for level, fits in meanings if re.fullmatch(fits, words)}
        if found:
            return found.pop() if len(found) == 1 else ""  # IM then SL, individual in a group program: not certain
    return ""


def _somewhere(words: str) -> str:
    return rf"(.* )?({words})( .*)?"


_FORMATS: Final = (
    (
        ("group", _somewhere(r"groups?|grp|\w*gruppe\w*|cohort")),
        ("individual", _somewhere(r"indiv\w*|ind|einzel\w*|solo|(one|1) (on|to) (one|1)|1 1")),
    ),
)
_HELD: Final = r"(?!.*\b(complete\w*|attended|arrived|held)\b)"
#: Role -> lists of (level, words). The first list counts in which one level is found.
_LEVELS: Final[Mapping[str, Sequence[Sequence[tuple[str, str]]]]] = {
    "patients.sex": (
        (
            ("female", r"f|w|weiblich|female(?!.*\b(to|trans\w*)\b).*|woman"),
            ("male", r"m|männlich|male(?!.*\b(to|trans\w*)\b).*|man"),
        ),
    ),
    "patients.gender": ((("woman", r"f|female|w"), ("man", r"m|male"), ("nonbinary", r"non ?binary|nb")),),
    "patients.planned_format": _FORMATS,
    "sessions.format": _FORMATS,
    "sessions.route": (
        (
            ("SL", _somewhere(r"sl|sublingual\w*|troches?|lozenges?|rdt|odt|oral(ly)? dis\w*")),
            ("IM", _somewhere(r"im|i m|intramus[ck]ul[aä]r\w*")),
            ("IV", _somewhere(r"iv|i v|intraven\w+")),
            ("IN", rf"in|{_somewhere('intranasal|nasal|nasen.*|spravato')}"),
            ("SC", _somewhere(r"sc|s c|sub[ck]utan\w+|subq")),
            ("PO", rf"po|{_somewhere('by mouth|swallowed')}"),
            ("PR", rf"pr|{_somewhere('rectal|rectally|rektal')}"),
        ),
        (("IM", r"injection.*"), ("IV", r"infusion.*"), ("PO", r"oral.*")),
    ),
    "sessions.status": (
        (
            ("attended", r"(visit |session |appointment )?(complete\w*|attended|kept|seen)( late| appt| appointment)?|"
             r"show\w*( up)?|arrived( late)?|check(ed)? ?(in|out)|done|yes|present|fulfilled|erschienen|wahrgenommen"),
            ("no_show", rf"{_HELD}(.* )?no ?show\w*( .*)?|did not attend|dna|dns|"
             r"missed( appt| appointment| session| visit)?|absent|nicht erschienen"),
            ("cancelled", rf"{_HELD}(.* )?cancel\w*( .*)?|(.* )?re ?scheduled|abgesagt|storniert"),
            ("stopped_early", r"(session )?(stopped|(ended|left|terminated) early)( early)?"),
        ),
    ),
    "patients.research_consent": (
        (("yes", "y|1|consented|signed"), ("no", "n|0|refused|declined.*|not given")),
    ),
}  # fmt: skip


def kind_of(text: str) -> str:
    """Return the kind of session that a type of appointment names, or an empty text where that is not certain.

    KAP Integration is an integration session; of KAP + integration, Preparation & Dosing and Ketamine follow-up it is
    not certain: a wrong first ketamine session moves all days of a patient.
    """
    words = plain_words(text)
    around = [kind for kind, fits in _AROUND if fits.search(words)]
    given, named = _GIVEN.search(words), _KETAMINE.search(words)
    if around:
        is_both = given or len(around) > 1 or (named and _BOTH.search(text.lower()))
        return "" if is_both else around[0]
    return "ketamine" if (given or named) and not _OTHERWISE.search(words) else ""
