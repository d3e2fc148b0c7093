"""What looks like an identifier of a person: in the names of columns, files and folders, and in values.

A pseudonymous study folder holds no names, dates, addresses or record numbers. Rules of shape and lists of names find
what is plainly one; they cannot prove that a folder is clean. What is found is never repeated in full: a message that
quotes an e-mail address would carry it into a log.
"""

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kap_analysis.study.contract.text_search import matches

Place = Literal["person", "code", "label", "plain", "text", "citation"]
"""Where a value stands, which decides what may be a name.

person    codes of patients and facilitators: a single word can be a name
code      codes of sessions and cohorts
label     practices, versions, columns of the study's own, columns that are not loaded, names of files
plain     anything whose names are looked at elsewhere: numbers, addresses and dates only
text      a sentence of study.toml: identifiers are looked for inside it
citation  a source: names of authors and dates belong there
"""

_MONTH: Final = r"(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY: Final = "(0?[1-9]|[12][0-9]|3[01])"
_TWO_DIGIT_DAY: Final = "(0[1-9]|[12][0-9]|3[01])"
_TWO_DIGIT_MONTH: Final = "(0[1-9]|1[0-2])"
_YEAR: Final = "(19|20)[0-9]{2}"
_DATE: Final = (
    rf"(^|[^0-9])({_YEAR}[-/._ ](0?[1-9]|1[0-2])[-/._ ]{_DAY}|{_DAY}[-/._ ]{_DAY}[-/._ ]{_YEAR}"
    rf"|{_DAY}/{_DAY}/[0-9]{{2}}|[0-3]?[0-9]\.[0-3]?[0-9]\.[0-9]{{2}}"
    rf"|[0-9]{{1,2}}(st|nd|rd|th)?\.?[ _-]?{_MONTH}[ _,-]*{_YEAR}|[0-9]{{1,2}}[ _-]{_MONTH}[ _-][0-9]{{2}}"
    rf"|{_MONTH}[ _-]?[0-9]{{1,2}}(st|nd|rd|th)?,?[ _-]{_YEAR}"
    rf"|{_YEAR}{_TWO_DIGIT_MONTH}{_TWO_DIGIT_DAY})($|[^0-9])"
    rf"|^({_TWO_DIGIT_MONTH}{_TWO_DIGIT_DAY}|{_TWO_DIGIT_DAY}{_TWO_DIGIT_MONTH}){_YEAR}$"
)
_EMAIL: Final = r"[^\s@]+@[^\s@]+\.[^\s@]+"
_SOCIAL_SECURITY: Final = r"(^|[^0-9-])[0-9]{3}[- ][0-9]{2}[- ][0-9]{4}($|[^0-9-])"
_PHONE: Final = (
    r"(^|[^0-9])(\+[0-9]{1,3}[ ./-]?(\(?[0-9]{1,5}\)?[ ./-]?){2,5}[0-9]{2,}"
    r"|(1[ .-])?\(?[0-9]{3}\)?[ ./-]?[ ]?[0-9]{3}[ .-][0-9]{4}|1?[2-9][0-9]{2}[2-9][0-9]{6})($|[^0-9-])"
    r"|^0[0-9]{2,4}[ /-][0-9]{5,}$|^(?i:tel|phone|mobile|fax)[ .:]*[0-9+(]"
)
_RECORD_NUMBER: Final = r"(?i)(^|[^a-z])(mrn|ssn|dob|nhs|passport)[ .:#_-]*(no|nr|number)?[ .:#_-]*[0-9]{2,}"
_CARD: Final = r"(^|[^0-9])[0-9]{4}([ -][0-9]{4}){3}($|[^0-9])"
_WEB_ADDRESS: Final = r"(?i)[a-z]://|(^|[^a-z])(javascript|vbscript|data|file):|(^|[^:])//[a-z0-9-]+\.|www\.[a-z]|^([0-9]{1,3}\.){3}[0-9]{1,3}$|^([0-9a-f]{2}:){5}[0-9a-f]{2}$"
_PLACE_ON_EARTH: Final = r"^-?[0-9]{1,3}\.[0-9]{3,}[,; ]+-?[0-9]{1,3}\.[0-9]{3,}$"
_STREET: Final = (
    r"(^|[^0-9])[0-9]{1,5}[a-zA-Z]?,? (\p{L}[\p{L}.'-]* ){1,4}"
    r"(?i:street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct|way)\b"
    r"|(?i:(stra(ss|ß)e|str\.|weg|gasse|allee)) [0-9]{1,4}[a-z]?($|[^0-9])|(?i:^p\.? ?o\.? box [0-9])"
)
_WORDS_OF_A_SENTENCE: Final = 7
_TWO_SENTENCES: Final = re.compile(r"\w{3,}[.!?]\s+\w{2,}\s\w")

_ALWAYS: Final = (
    ("an e-mail address", _EMAIL),
    ("a social security number", _SOCIAL_SECURITY),
    ("a number of a card", _CARD),
    ("a record number", _RECORD_NUMBER),
    ("an address on the web", _WEB_ADDRESS),
    ("a telephone number", _PHONE),
    ("a position on the map", _PLACE_ON_EARTH),
    ("a postal address", _STREET),
)
_DATED: Final = (_ALWAYS[0], ("a date", _DATE), *_ALWAYS[1:])
A_NAME: Final = "a person's name"

# What every pattern above needs: most codes have none of it, and need not be held against each pattern.
_MAY_BE_ONE: Final = (
    r"[@/(]|[.,: +_-].*[., +_-]|(19|20)[0-9]{2}|[0-9]{3}[- ][0-9]{2}|[2-9][0-9]{9}|^0[0-9]{3}|[0-9 ]\p{L}{2}"
    r"|(?i:mrn|ssn|dob|nhs|passport|tel|phone|mobile|fax|www|weg|gasse|allee|stra)"
)
_MONTH_OF_A_YEAR: Final = rf"^{_MONTH}([ -]+{_MONTH})?[ _.,'-]*{_YEAR}$"
_MAY_BE_A_NAME: Final = r"\p{L}.*\p{L}.*\p{L}|[^\x00-\x7F]"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LISTS: Final = tomllib.loads(Path(__file__).with_name("person_names.toml").read_text(encoding="utf-8"))
_GIVEN: Final = _words(_LISTS["given"])
_FAMILY: Final = _words(_LISTS["family"])
_ANY_GIVEN: Final = _GIVEN | _words(_LISTS["given_too"])
_ANY_FAMILY: Final = _FAMILY | _words(_LISTS["family_too"])
_ORDINARY: Final = _words(_LISTS["ordinary"])

_WORD: Final = re.compile(r"[^\W\d_]+(?:['’ʼ][^\W\d_]+)*")
_HUMP: Final = re.compile(r"(?<=[a-zß-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])")
_TITLE: Final = re.compile(
    r"(?:^|[\s_,(])(?:(?:Dr|Mr|Mrs|Ms|Miss|Prof|Herr|Frau|Mme|DR|MR|MRS|PROF)[\s_.]+|(?i:dr|mr|mrs|ms|prof)\.[\s_]*)"
    r"[^\W\d_]{2}"
)
_IDEOGRAPHS: Final = re.compile(r"[\u4e00-\u9fff\uac00-\ud7af]{2,4}")


def identifier_kinds(values: Sequence[str], place: Place = "label") -> np.ndarray:
    """Return for each text what it looks like ("an e-mail address"), or an empty text.

    Parameters
    ----------
    values : sequence of str
        Distinct values of a column.
    place : {"person", "code", "label", "plain", "text", "citation"}
        Where they stand: :data:`Place`.
    """
    kinds = np.full(len(values), "", dtype=object)
    if len(values) == 0:
        return kinds
    texts = pc.utf8_normalize(pc.utf8_trim_whitespace(pa.array(values, type=pa.string())), form="NFKC")
    if place not in ("plain", "citation"):
        kinds[_are_names(texts, place)] = A_NAME
    suspicious = np.flatnonzero(matches(texts, _MAY_BE_ONE))
    if len(suspicious):
        texts = texts.take(pa.array(suspicious))
        for kind, pattern in reversed(_ALWAYS if place == "citation" else _DATED):
            kinds[suspicious[matches(texts, pattern)]] = kind
    return kinds


def is_free_text(value: str) -> bool:
    """Whether a text is a sentence, which can tell of whom it is: seven words or more, or two sentences."""
    return len(value.split()) >= _WORDS_OF_A_SENTENCE or _TWO_SENTENCES.search(value) is not None


def other_shape(values: Sequence[str]) -> np.ndarray:
    """Say of each code whether it is a word among numbered codes: a column of codes has one shape.

    True for texts of three or more letters without a digit, where most other texts have a digit.
    """
    if len(values) == 0:
        return np.empty(0, dtype=bool)
    texts = pa.array(values, type=pa.string())
    words = matches(texts, r"^\P{N}*\p{L}{3}\P{N}*$")
    numbered = matches(texts, r"\p{N}")
    return words & (numbered.mean() > 0.5)


def are_plain_codes(values: Sequence[str], longest: int) -> np.ndarray:
    """Say of each text whether it is made of letters, digits and ``_ . : ; + -`` only, and no longer than that."""
    if len(values) == 0:
        return np.empty(0, dtype=bool)
    return matches(pa.array(values, type=pa.string()), rf"^[A-Za-z0-9_.:;+-]{{1,{longest}}}$")


def shown_name(name: str) -> str:
    """Return the name of a file or folder as a message may quote it."""
    return mask(name) if name_kind(name) else name


def name_kind(name: str) -> str:
    """Say what the name of a file or folder looks like; a date in it is that of an export, and no matter."""
    stem, dot, suffix = name.rpartition(".")
    kinds = {str(kind) for kind in identifier_kinds([name, stem if dot else suffix])} - {"", _DATED[1][0]}
    return min(kinds, default="")


def mask(value: str) -> str:
    """Return what may be quoted of a value that looks like an identifier: its first character and its length."""
    first = value[:1] if value[:1].isprintable() else "?"
    return f"'{first}…' ({len(value)} characters)"


# Names of persons


def _are_names(texts: pa.Array, place: Place) -> np.ndarray:
    """Look at each text once, its numbers as 0: ten thousand numbered codes are one text."""
    likely = np.flatnonzero(matches(texts, _MAY_BE_A_NAME) & ~matches(texts, _MONTH_OF_A_YEAR))
    coded = pc.replace_substring_regex(texts.take(pa.array(likely)), "[0-9]+", "0").dictionary_encode()
    named = np.array([_is_name(text, place) for text in coded.dictionary.to_pylist()], dtype=bool)
    return likely[named[coded.indices.to_numpy()]]


def _is_name(text: str, place: Place) -> bool:
    """Whether a text, its numbers as 0, holds the name of a person."""
    if _TITLE.search(text):
        return True
    if place in ("person", "code") and _IDEOGRAPHS.fullmatch(text):
        return True
    words = [part for word in _WORD.findall(text) for part in _HUMP.split(word)]
    plain = [_plain(word) for word in words]
    if place == "text":
        return _has_name_inside(text, words, plain)
    return _is_listed(words, plain, place) or _has_shape_of_name(text, words, plain, place)


def _plain(word: str) -> str:
    letters = unicodedata.normalize("NFKD", word.replace("ß", "ss").replace("ł", "l").replace("Ł", "L"))
    return "".join(letter for letter in letters.casefold() if letter.isalpha() and not unicodedata.combining(letter))


def _is_listed(words: list[str], plain: list[str], place: Place) -> bool:
    """A given beside a family name; a given name beside any word; one word that is a name."""
    if len(plain) == 1:
        return plain[0] in _GIVEN or plain[0] in _FAMILY
    if len(plain) > 4:
        return _has_name_inside(" ".join(words), words, plain)
    if _are_given_and_family(plain):
        return True
    others = [word for word in plain if len(word) > 1 and word not in _ORDINARY]
    named = [word for word in others if word in _GIVEN or word in _FAMILY]
    return len(named) > 1 or (bool(named) and (place != "label" or len(others) > 1))


def _are_given_and_family(plain: Sequence[str]) -> bool:
    """Two of the words are a given and a family name, and one of them is hardly ever anything else."""
    for at, one in enumerate(plain):
        for other in (*plain[:at], *plain[at + 1 :]):
            if one in _ANY_GIVEN and other in _ANY_FAMILY and one != other and (one in _GIVEN or other in _FAMILY):
                return True
    return False


_NAME_WORD: Final = r"(?:(?:Mc|Mac|O['’]|D['’]|De|Van|Von|Le|La)?[{U}][{l}]+(?:[-'’](?:[{U}]?[{l}]+))?)".format(
    U="A-ZÀ-ÖØ-ÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮİĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽА-ЯΑ-Ω",
    l="a-zß-öø-ÿāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįıĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷźżžа-яά-ώ",
)
_FULL_NAME: Final = re.compile(
    rf"{_NAME_WORD}(?:[ _.]{_NAME_WORD}|[ _.][A-Z]\.?|,[ _]?{_NAME_WORD}){{0,2}}(?:[ _.]|,[ _]?){_NAME_WORD}\.?"
    rf"|[A-Z]\.[ _]?(?:[A-Z]\.[ _]?)?{_NAME_WORD}|{_NAME_WORD},? [A-Z]\.(?:[A-Z]\.)?"
)
_BACKWARDS: Final = re.compile(r"[^\W\d_][^\d,;_]+,[ _]?[^\W\d_][^\d,;_]+")
_FIRST_NAME: Final = re.compile(rf"{_NAME_WORD}")


def _has_shape_of_name(text: str, words: list[str], plain: list[str], place: Place) -> bool:
    """Two words that begin with a capital, in either order; in codes of persons also a single one."""
    if place == "person" and len(text) > 2 and _FIRST_NAME.fullmatch(text):
        return True
    if any(word in _ORDINARY for word in plain):
        return False
    return bool(_FULL_NAME.fullmatch(text.strip()) or (len(words) < 5 and _BACKWARDS.fullmatch(text.strip())))


def _has_name_inside(text: str, words: list[str], plain: list[str]) -> bool:
    """Two neighbouring words of a sentence that are a given and a family name."""
    for (one, first), (other, second) in pairwise(zip(words, plain, strict=True)):
        if not re.search(rf"{re.escape(one)}[\s_,.]*(?:[A-Z]\.[\s_]*)?{re.escape(other)}", text):
            continue
        if _are_given_and_family((first, second)):
            return True
        capitals = one[:1].isupper() and other[:1].isupper() and len(first) > 1 and len(second) > 1
        ordinary = {first, second} & _ORDINARY
        if capitals and not ordinary and ({first, second} & _GIVEN):
            return True
    return False


# Names of columns

_ALONE_ENOUGH: Final = _words(
    """dob ssn mrn surname surnames lastname firstname forename forenames fullname middlename maidenname givenname
    familyname birthname vorname vornamen nachname nachnamen familienname apellido apellidos prenom nombre nom cognome
    birthdate birthday birthplace birthdt geburtstag geburtsdatum geburtsname geboren nacimiento naissance bday
    passport reisepass postcode zipcode anschrift adresse direccion strasse hausnummer plz postleitzahl wohnort
    telefon telefono telefonnummer handynummer handy phonenumber phoneno emailaddress ipaddress licenseplate nhsnumber
    krankenkassennummer versichertennummer versicherungsnummer sozialversicherungsnummer patientenname patientname
    clientname maiden initials homephone cellphone workphone mobilephone faxnumber"""
)
_WITH_OWNERS: Final = _words(
    """name names email emails mail mails phone phones telephone telephones tel fax mobile cell address addresses
    street zip"""
)
_OWNERS: Final = _words(
    """patient patients pt pat client clients subject participant person personal first last given family middle full
    legal preferred birth contact contacts emergency home work private primary secondary other alt alternate my number
    no nr num address mailing postal street of the e mail mother father mom dad parent parents guardian partner spouse
    husband wife caregiver carer next kin provider clinician therapist doctor physician facilitator staff user nick
    display sur fore code daytime evening day cell mobile line city town phone email telephone fax text"""
)
_RECORD_OWNERS: Final = _words("medical health patient pt client hospital clinic ehr emr chart")

_PAIRS: Final = tuple(
    frozenset(pair.split())
    for pair in (
        "social security", "nhs number", "nhs no", "ehr id", "emr id", "member id", "insurance id", "insurance number",
        "insurance no", "policy number", "policy no", "ip address", "license plate", "licence plate", "post code",
        "postal code",
    )
)  # fmt: skip


def is_identifying_name(name: str) -> bool:
    """Whether the name of a column says that it holds identifiers (name, e-mail, phone, date of birth, MRN, ...)."""
    text = name.strip().replace("d.o.b", "dob").replace("D.O.B", "DOB")
    text = re.sub(r"(?i)e[-_ ]mail", "email", text)
    words = [_plain(part) for word in _WORD.findall(text) for part in _HUMP.split(word)]
    words = [word for word in words if word]
    if not words:
        return False
    known = set(words)
    joined = "".join(words)
    if known & _ALONE_ENOUGH or joined in _ALONE_ENOUGH:
        return True
    for at, word in enumerate(words):
        if word in _WITH_OWNERS and set(words[:at] + words[at + 1 :]) <= _OWNERS | _WITH_OWNERS:
            return True
    if "birth" in known and known & {"date", "day", "dt", "place", "dat"}:
        return True
    if known & {"record", "chart"}:
        numbered, owned = known & {"number", "no", "nr", "num"}, known & (_RECORD_OWNERS - {"chart"})
        if numbered or ("id" in known and ("chart" in known or owned)):
            return True
    return any(pair <= known for pair in _PAIRS) or known == {"ip"}
