"""What names of columns say: words, instruments, visits, and the roles that a name stands for."""

import re
from functools import cache
from typing import Final

from kap_analysis.instruments.registry import registry_names
from kap_analysis.intake.values import plain_words

_ALIASES: Final = {
    "BDI-II": ("bdi2", "bdiii", "beckdepressioninventoryii", "beckdepressioninventory2"),
    "BDI": ("bdi", "beckdepressioninventory"),
    "PHQ-9": ("patienthealthquestionnaire9", "patienthealthquestionnaire"),
    "GAD-7": ("generalizedanxietydisorder7", "generalisedanxietydisorder7", "gad"),
    "PCL-5": ("ptsdchecklist", "ptsdchecklistfordsm5", "pcl"),
    "HAM-D17": ("hamd", "hdrs", "hamiltondepression"),
    "QIDS-SR16": ("qids", "qidssr"),
    "Y-BOCS": ("ybocs",),
    "WHO-5": ("who5", "whowellbeing"),
    "C-SSRS": ("columbia",),
    "AUDIT": ("audit",),
}
#: Questionnaires that are none of the registry, with names that begin like those of one.
_OTHERS: Final = re.compile(r"\b(audit c|pcl [cms]|madrs s|qids c(16)?|bdi (fast screen|fs|pc))\b")
#: Instrument of another one's name -> the one that is meant more often; where nothing says which, it is asked for.
ASKED: Final = {"BDI": "BDI-II"}
#: What stands for several instruments, and for the first of them where nothing else says which.
SHORT_NAMES: Final = {"phq": ("PHQ-9", "PHQ-8")}

#: Names of columns (words, plain) -> role. The first that fits counts.
NAMES: Final = (
    ("patients.sex", r"(sex|sex at birth|birth sex|gender (at )?birth|biological sex|geschlecht|assigned sex.*)"
     r"( ?code)?"),
    ("patients.gender", r"(gender|gender identity)"),
    ("patients.age", r"(age|age (at|in) .*|patient age|age years|alter)"),
    ("patients.race_ethnicity", r"(race|ethnicity|race ethnicity)"),
    ("patients.practice", r"(practice( code)?|site ?(id|name|code)?|clinic|cent(re|er)|(redcap )?data access group|"
     r"praxis)"),
    ("patients.ace_score", r"(ace|ace score|ace total|aces)"),
    ("patients.failed_treatments", r"(failed ?(meds|medications|treatments|trials|tx)|(treatment|prior) failures)"),
    ("patients.prior_hospitalisation", r"(prior|previous) (psychiatric )?hospitali[sz]ations?"),
    ("patients.prior_suicide_attempt", r"(prior|previous) suicide attempts?"),
    ("patients.prior_ketamine", r"(prior|previous) ketamine( use| treatment)?"),
    ("patients.research_consent", r"(research )?consent( to research)?"),
    ("patients.planned_format", r"(planned format|planned|format planned)"),
    ("format", r"((treatment |session |setting )?format|(treatment )?arm|modality|behandlungsform|treatment group)"),
    ("sessions.cohort_id", r"((therapy )?(cohort|group)( ?(no|number|name|id|nr|code))?|gruppe(nnummer)?)"),
    ("sessions.facilitator_ids", r"(provider( name)?|therapist|facilitators?( ids?)?|clinician|guide|therapeut)"),
    ("sessions.route", r"(.* )?(route|route of administration|verabreichung|applikation)"),
    ("sessions.dose_mg", r"(.* )?(dose|dosage|dosis)( given| administered)?( in)?( mg( (per )?kg)?)?|"
     r"(.* )?ketamine mg( (per )?kg)?"),
    ("sessions.weight_kg", r"(.* )?(weight|weight kg|weight lb|weight lbs|gewicht|gewicht kg)"),
    ("sessions.status", r"(.* )?(\w*status|\w*attendance|attended|no ?shows?)|"
     r"((patient|client|pt|appt|appointment|session|visit) )?(came|show(ed)?( up)?|kept|arrived|check(ed)? ?in|missed|"
     r"cancel(l?ed|lation)?|(nicht )?erschienen|wahrgenommen|teilgenommen|abgesagt|storniert)|"
     r"(appt|appointment|session|visit) (outcome|state|disposition)"),
    ("sessions.kind", r"((event |appointment |session |visit |service )?type|service( name)?|"
     r"type of (session|visit|appointment|service)|appointment|(session )?kind|art|"
     r"art (der|des) (sitzung|termins|behandlung)|(sitzungs|termin|behandlungs)art)"),
    ("instrument", r"(survey( name)?|scale|instrument|questionnaire|measure|form( name)?|fragebogen|test|skala)"),
    ("item_number", r"(question|item|question number|item number|question no|item no|frage)"),
    ("answer", r"(response|answer|answer value|antwort|response value|value)"),
    ("score", r"(total|score|total score|sum score|sum|result|summe|summenscore|gesamtscore|gesamtwert|punkte|"
     r"punktzahl|raw score|wert)"),
    ("diagnoses.diagnosis", r"icd ?(10)?( code)?|((primary|main|secondary|other) )?(diagnos[ie]s?|dx|diagnose)"
     r"( code| main| other)?( ?\d)?"),
    ("diagnoses.rank", r"(rank|diagnosis rank)"),
    ("assessments.rater", r"rater"),
    ("day", r"(study day|day|days from.*|day number|tag)"),
    ("visit", r"(visit|timepoint|time point|wave|visit name|redcap event name|event name|zeitpunkt)"),
)  # fmt: skip
KEYS: Final = re.compile(
    r"((src )?(patient|pt|client|subject|participant|respondent|record|study|person|case|pat)[ ]?"
    r"(id|guid|uuid|number|no|nr|code|key|identifier)|fallnummer|pseudonym|id|mrn|usubjid|subjid|pid|patient|pt|client|subject|participant|"
    r"patienten ?(nr|nummer|id)?|chart( (number|no|nr|id))?|medical record number|"
    r"external (data )?reference)"
)
DATE_NAMES: Final = re.compile(
    r"\b(date|datum|submit\w*|complet\w*|start time|time|timestamp|day of|when|taken|administered|dt)\b"
)
_VISIT: Final = re.compile(
    r"(?:(baseline|bl|screening|pretreatment|intake)|(?:(month|mo|m|week|wk|w|day|d)[ ]?(\d{1,3}))|"
    r"(\d{1,2})[ ]?(months?|mo|m|weeks?|wk|w))"
)
_NUMBERED: Final = re.compile(r"(?:t|v|s|time|visit|wave|session|sess)[ ]?\d{1,2}")
#: What the fields of a form about sessions begin with (sess_dose, session_route).
OF_A_FORM: Final = re.compile(r"(?:sessions?|sess|ketamine|ket|kap|treatment|tx|appointment|appt) ")
#: A date of the first ketamine session: day 0.
FIRST_SESSION: Final = re.compile(
    r"(?:(?:date|datum|day) (?:of )?(?:the )?)?(?:first|1st|erste[rn]?) (?:\w+ )?"
    r"(?:session|dose|dosing|treatment|infusion|ketamine|sitzung|behandlung)(?: (?:date|datum))?"
    r"|(?:treatment|tx|ketamine|ket|therapy|behandlungs) ?(?:start|begin|beginn|first)(?: (?:date|datum))?"
    r"|(?:start|beginn) (?:of|der) (?:treatment|therapy|behandlung)"
    r"|(?:dose|dosing|session|infusion|treatment|ketamine|sitzung|behandlung) 0*1 (?:date|datum)"
    r"|(?:tx|treatment|ketamine|ket) first (?:dose|session)(?: date)?"
)


@cache
def _aliases() -> tuple[tuple[str, str], ...]:
    names = {"".join(c for c in name.lower() if c.isalnum()): name for name in registry_names()}
    names |= {alias: name for name, aliases in _ALIASES.items() for alias in aliases}
    return tuple(sorted(names.items(), key=lambda pair: -len(pair[0])))


def instrument_in(text: str, *, whole: bool = False) -> str:
    """Return the instrument that a text names (``PHQ9Total``: PHQ-9), the longest name first; else an empty text."""
    plain = "".join(c for c in text.lower() if c.isalnum())
    if whole and plain in SHORT_NAMES:
        return SHORT_NAMES[plain][0]
    if _OTHERS.search(plain_words(text)):
        return ""
    found = [name for alias, name in _aliases() if (plain == alias if whole else _names(plain, alias))]
    # Beck Depression Inventory (BDI-II) names the BDI too
    return next((name for name in found if not any(other.startswith(f"{name}-") for other in found)), "")


def instruments_called(stem: str) -> tuple[str, ...]:
    """Return the instruments of which this is the name, or the name but for its number (who: WHO-5; phq: both)."""
    plain = "".join(c for c in stem.lower() if c.isalnum())
    called = [name for alias, name in _aliases() if plain and re.fullmatch(rf"{plain}\d*", alias)]
    first = SHORT_NAMES.get(plain, ())
    return tuple(dict.fromkeys((*first, *sorted(called, key=lambda one: one not in ASKED))))


def _names(plain: str, alias: str) -> bool:
    starts = re.search(rf"(?<![a-z]){alias}(?!\d)", plain) is not None
    return starts or (len(alias) > 3 and alias in plain and not re.search(rf"{alias}\d", plain))


def rank_in(words: str) -> int:
    """Return the rank of a diagnosis that a name tells (dx 1, primary diagnosis: 1; other: 2), or 0."""
    if number := re.search(r"\b(\d)\b|[a-z](\d)$", words):
        return int(number[1] or number[2])
    return 1 if re.search(r"\b(primary|main)\b", words) else 2 if re.search(r"\b(secondary|other)\b", words) else 0


def visit_in(words: str) -> tuple[str, str, int | None]:
    """Split a visit or a session off the beginning or end of a name: the rest, the visit, its day if that is said."""
    tokens = words.split()
    for size in (2, 1):
        for tail in (True, False):
            if len(tokens) > size:
                part = " ".join(tokens[-size:] if tail else tokens[:size])
                rest = " ".join(tokens[:-size] if tail else tokens[size:])
                if _NUMBERED.fullmatch(part):
                    return rest, part, None
                if found := _VISIT.fullmatch(part):
                    if found[1]:
                        return rest, part, 0
                    unit, number = (found[2], int(found[3])) if found[2] else (found[5], int(found[4]))
                    days = {"m": 30.4375, "w": 7, "d": 1}[unit[0]]
                    return rest, part, round(number * days)
    return words, "", None
