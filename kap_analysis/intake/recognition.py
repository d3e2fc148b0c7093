"""What the columns of a foreign table are, and why: names, counts and ranges, never the wording of items."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final

import pandas as pd

from kap_analysis.instruments.registry import get_instrument, registry_names
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.values import MISSING, date_order, has_offset, looks_like_date, pattern, read_number
from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.contract.identifiers import identifier_kinds, is_identifying_name

MOST_LEVELS: Final = 40
LEAST_SHOWN: Final = 5
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
_ANSWERS: Final = (
    ({"not at all": 0, "several days": 1, "more than half the days": 2, "nearly every day": 3}, 4),
    ({"not at all": 0, "a little bit": 1, "moderately": 2, "quite a bit": 3, "extremely": 4}, 5),
    ({"at no time": 0, "some of the time": 1, "less than half of the time": 2, "more than half of the time": 3,
      "most of the time": 4, "all of the time": 5}, 6),
)  # fmt: skip
#: Names of columns (words, plain) -> role. The first that fits counts.
_NAMES: Final = (
    ("patients.sex", r"(sex|sex at birth|birth sex|gender at birth|biological sex|geschlecht|assigned sex.*)"),
    ("patients.gender", r"(gender|gender identity)"),
    ("patients.age", r"(age|age (at|in) .*|patient age|age years|alter)"),
    ("patients.race_ethnicity", r"(race|ethnicity|race ethnicity)"),
    ("patients.practice", r"(practice( code)?|site( id)?|clinic|cent(re|er)|(redcap )?data access group|praxis)"),
    ("patients.ace_score", r"(ace|ace score|ace total|aces)"),
    ("patients.failed_treatments", r"(failed (meds|medications|treatments|trials)|(treatment|prior) failures)"),
    ("patients.prior_hospitalisation", r"(prior|previous) (psychiatric )?hospitali[sz]ations?"),
    ("patients.prior_suicide_attempt", r"(prior|previous) suicide attempts?"),
    ("patients.prior_ketamine", r"(prior|previous) ketamine( use| treatment)?"),
    ("patients.research_consent", r"(research )?consent( to research)?"),
    ("patients.planned_format", r"(planned format|planned|format planned)"),
    ("format", r"((treatment |session |setting )?format|(treatment )?arm|modality|behandlungsform|treatment group)"),
    ("sessions.cohort_id", r"(cohort|cohort id|group|group (no|number|name|id|nr)|therapy group|gruppe)"),
    ("sessions.facilitator_ids", r"(provider( name)?|therapist|facilitators?( ids?)?|clinician|guide|therapeut)"),
    ("sessions.route", r"(.* )?(route|route of administration|verabreichung|applikation)"),
    ("sessions.dose_mg", r"(.* )?(dose|dosage|dose mg|dosis|ketamine mg|dosis mg)"),
    ("sessions.weight_kg", r"(.* )?(weight|weight kg|weight lb|weight lbs|gewicht|gewicht kg)"),
    ("sessions.status", r"(.* )?(status|attendance|appointment status|attended)"),
    ("sessions.kind", r"((event |appointment |session |visit )?type|service|appointment|(session )?kind|art)"),
    ("instrument", r"(survey( name)?|scale|instrument|questionnaire|measure|form( name)?|fragebogen|test|skala)"),
    ("item_number", r"(question|item|question number|item number|question no|item no|frage)"),
    ("answer", r"(response|answer|answer value|antwort|response value|value)"),
    ("score", r"(total|score|total score|sum score|sum|result|summe|gesamtwert|punkte|raw score|wert)"),
    ("diagnoses.diagnosis", r"(icd ?(10)?( code)?|(primary )?diagnosis( code)?|dx|diagnose)"),
    ("diagnoses.rank", r"(rank|diagnosis rank)"),
    ("assessments.rater", r"rater"),
    ("day", r"(study day|day|days from.*|day number|tag)"),
    ("visit", r"(visit|timepoint|time point|wave|visit name|redcap event name|event name|zeitpunkt)"),
)  # fmt: skip
_KEYS: Final = re.compile(
    r"((patient|client|subject|participant|record|study|person|case|pat)[ ]?"
    r"(id|guid|uuid|number|no|nr|code|key|identifier)|id|mrn|usubjid|subjid|pid|patient|client|subject|participant|"
    r"patienten ?(nr|nummer|id)?|chart (number|no|id)|medical record number)"
)
_DATE_NAMES: Final = re.compile(
    r"\b(date|datum|submit\w*|complet\w*|start time|time|timestamp|day of|when|taken|administered|dt)\b"
)
_VISIT: Final = re.compile(
    r"(?:(baseline|bl|screening|pretreatment|intake)|(?:(month|mo|m|week|wk|w|day|d)[ ]?(\d{1,3}))|"
    r"(\d{1,2})[ ]?(months?|mo|m|weeks?|wk|w))"
)
_KINDS: Final = (
    ("ketamine", r"ket|kap|dosing|dose|infusion|medicine|spravato|esketamine"),
    ("integration", r"integrat"),
    ("preparation", r"prep|intake|consult"),
)


@dataclass(frozen=True)
class Guess:
    """What a column is taken for, why, and what a person must still decide.

    ``said`` holds further keys of the map; ``asks`` is empty where nothing is open.
    """

    column: str
    role: str
    why: str
    said: Mapping[str, object] = field(default_factory=dict)
    asks: str = ""
    seen: str = ""


def plain_words(name: str) -> str:
    """Return a name in lower case, camel case and signs made spaces."""
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    return re.sub(r"[^a-z0-9äöüß]+", " ", spaced.lower()).strip()


@cache
def _aliases() -> tuple[tuple[str, str], ...]:
    names = {"".join(c for c in name.lower() if c.isalnum()): name for name in registry_names()}
    names |= {alias: name for name, aliases in _ALIASES.items() for alias in aliases}
    return tuple(sorted(names.items(), key=lambda pair: -len(pair[0])))


def instrument_in(text: str, *, whole: bool = False) -> str:
    """Return the instrument that a text names (``PHQ9Total``: PHQ-9), the longest name first; else an empty text."""
    plain = "".join(c for c in text.lower() if c.isalnum())
    for alias, name in _aliases():
        if (
            (plain == alias)
            if whole
            else re.search(rf"(?<![a-z]){alias}(?!\d)", plain)
            or (len(alias) > 3 and alias in plain and not re.search(rf"{alias}\d", plain))
        ):
            return name
    return ""


def recognise(table: SourceTable) -> list[Guess]:
    """Say of every column of a table what it is.

    A column that nothing speaks for is dropped, and so is one that looks like an identifier of a person; both are
    written into the map, where a person can change it.
    """
    seen = {name: _seen(table, name) for name in table.columns}
    taken: dict[str, Guess] = {}
    _take(taken, (_leave_redcap(name) for name in table.columns))
    key = _key(table, seen, taken)
    _take(taken, (key,))
    if key is not None and (table.cells[key.column] == "").any():  # lines of totals and notes below say nothing
        there = table.cells[key.column] != ""
        cells = {name: values[there] for name, values in table.cells.items()}
        table = replace(table, cells=cells, lines=table.lines[there])
        seen = {name: _seen(table, name) for name in table.columns}
    _take(taken, _birth(table))
    _take(taken, _item_columns(table, taken))
    _take(taken, _item_runs(table, seen, taken))
    _take(taken, _score_columns(table, seen, taken))
    _take(taken, _identifiers(table, seen, taken))
    _take(taken, _dates(table, seen, taken))
    _take(taken, _checkboxes(table, taken))
    _take(taken, _named(table, seen, taken))
    return [taken.get(name) or Guess(name, "drop", "not recognised", seen=_told(seen[name])) for name in table.columns]


def _take(taken: dict[str, Guess], guesses: Iterable[Guess | None]) -> None:
    for guess in guesses:
        if guess is not None and guess.column not in taken:
            taken[guess.column] = guess


def _seen(table: SourceTable, name: str) -> pd.Series:
    values = pd.Series(table.cells[name], dtype=object)
    counts = values[values != ""].value_counts()
    return counts[[text.lower() not in MISSING for text in counts.index]]


def _told(counts: pd.Series) -> str:
    shapes: Counter[str] = Counter()
    for text, n in counts.items():
        shapes[pattern(str(text))] += int(n)
    common = [(shape, n) for shape, n in shapes.most_common(3) if n >= LEAST_SHOWN]
    told = ", ".join(f"{shape} ({n:,})" for shape, n in common) or "no pattern that is common"
    return f"{len(counts):,} different; {told}" if len(counts) else "empty"


def _leave_redcap(name: str) -> Guess | None:
    if name in ("redcap_repeat_instrument", "redcap_repeat_instance") or name.endswith(("_complete", "_timestamp")):
        return Guess(name, "drop", "administration of REDCap")
    return None


def _key(table: SourceTable, seen: Mapping[str, pd.Series], taken: Mapping[str, Guess]) -> Guess | None:
    fits = [n for n in table.columns if n not in taken and _KEYS.fullmatch(plain_words(n)) and len(seen[n])]
    fits.sort(key=lambda n: ("name" in n.lower(), plain_words(n) in ("case id", "chart id")))
    return (
        Guess(fits[0], "patient_id", "its name; the crosswalk replaces it", seen=_told(seen[fits[0]])) if fits else None
    )


def _birth(table: SourceTable) -> Iterable[Guess]:
    for name in table.columns:
        if re.fullmatch(r"(dob|d o b|date of birth|birth ?date|birthday|geburtsdatum|patient dob)", plain_words(name)):
            yield _date_guess(table, name, "date_of_birth", "its name; it becomes an age, over 89 pooled")


def _date_guess(table: SourceTable, name: str, role: str, why: str, **said: object) -> Guess:
    texts = [t for t in pd.unique(table.cells[name]) if t]
    order, both = date_order(texts)
    asks = ""
    if order == "?":
        asks = f"month_first or day_first? {both:,} different dates can be read both ways"
    if order:
        said = {**said, "order": order}
    return Guess(
        name, role, why + (", times in UTC" if has_offset(texts) else ""), said, asks, f"{len(texts):,} different"
    )


def _at(words: str) -> tuple[str, str, int | None]:
    """Split a visit off the beginning or end of a name: the rest, the visit, its day."""
    tokens = words.split()
    for size in (2, 1):
        for tail in (True, False):
            if len(tokens) > size:
                part = " ".join(tokens[-size:] if tail else tokens[:size])
                if found := _VISIT.fullmatch(part):
                    rest = " ".join(tokens[:-size] if tail else tokens[size:])
                    if found[1]:
                        return rest, part, 0
                    unit, number = (found[2], int(found[3])) if found[2] else (found[5], int(found[4]))
                    days = {"m": 30.4375, "w": 7, "d": 1}[unit[0]]
                    return rest, part, round(number * days)
    return words, "", None


def _item_columns(table: SourceTable, taken: Mapping[str, Guess]) -> Iterable[Guess]:
    here = instrument_in(f"{table.sheet}") or instrument_in(table.file)
    for name in table.columns:
        if name in taken:
            continue
        words, at, day = _at(plain_words(name))
        if not (found := re.fullmatch(r"(.*?)[ ]?(?:q|item|question|i|frage)?[ ]?0*(\d{1,2})", words)):
            continue
        stem = found[1].removesuffix(" q").removesuffix(" item")
        instrument = instrument_in(stem, whole=True) if stem else ""
        if not instrument and re.fullmatch(r"(?:.* / )?(q|item|question)[ ]?\d{1,2}", words):
            instrument = instrument_in(table.headings.get(name, "")) or here
        # "phq9" alone is a total; its number belongs to the name
        if not instrument or instrument_in(words, whole=True):
            continue
        n_items = get_instrument(instrument).n_items
        number = int(found[2])
        if n_items is not None and 1 <= number <= n_items:
            yield _item(table, name, instrument, number, "its name", at, day)


def _item(
    table: SourceTable, name: str, instrument: str, number: int, why: str, at: str = "", day: int | None = None
) -> Guess:
    said: dict[str, object] = {"instrument": instrument, "item": number}
    if at:
        said |= {"at": at, "day": day}
    texts = {t for t in pd.unique(table.cells[name]) if t and t.lower() not in MISSING}
    words = {t for t in texts if read_number(t) != read_number(t)}
    asks = ""
    labels = table.labels.get(name, {})
    if words:
        values = answer_values(words)
        said["values"] = {t: values.get(t, "?") for t in sorted(words, key=lambda t: (str(values.get(t, "?")), t))}
        asks = "the points of each answer" if len(values) < len(words) else ""
    elif texts and not labels:
        low, high = get_instrument(instrument).item_ranges[number - 1]
        numbers = [read_number(t) for t in texts]
        if min(numbers) > low and max(numbers) == high + 1:
            said["values"] = {t: f"{read_number(t) - 1:g}" for t in sorted(texts)}
            why = f"{why}; coded from {low + 1} to {high + 1}"
    return Guess(name, "item", why, said, asks, f"{len(texts)} different answers")


def answer_values(words: Iterable[str]) -> dict[str, str]:
    """Return the points of answer texts that are known ("Several days": 1), and of texts that begin with a number."""
    words = list(words)
    best: dict[str, str] = {}
    for known, _ in _ANSWERS:
        found = {w: str(known[w.lower().strip()]) for w in words if w.lower().strip() in known}
        best = found if len(found) > len(best) else best
    for word in words:
        if word not in best and (number := re.match(r"\(?(\d)\)?\s*[-=:.)]\s*\S", word)):
            best[word] = number[1]
    return best


def _item_runs(table: SourceTable, seen: Mapping[str, pd.Series], taken: Mapping[str, Guess]) -> Iterable[Guess]:
    """Columns under the question itself: as many side by side, with one set of answers, as the instrument has items."""
    runs: list[list[str]] = [[]]
    for name in table.columns:
        if name not in taken and len(seen[name]) and len(answer_values(seen[name].index)) == len(seen[name]) > 1:
            runs[-1].append(name)
        elif runs[-1]:
            runs.append([])
    for run in filter(None, runs):
        near = [n for n in table.columns if n not in run and instrument_in(n)]
        named = {instrument_in(n) for n in near} | {instrument_in(table.sheet), instrument_in(table.file)} - {""}
        fits = [i for i in sorted(named - {""}) if get_instrument(i).n_items == len(run)]
        for number, name in enumerate(run, 1):
            if len(fits) == 1:
                why = f"one of {len(run)} columns side by side with the answers of {fits[0]}; check their order"
                yield _item(table, name, fits[0], number, why)


def _score_columns(table: SourceTable, seen: Mapping[str, pd.Series], taken: Mapping[str, Guess]) -> Iterable[Guess]:
    survey = next(names for role, names in _NAMES if role == "instrument")
    long = any(re.fullmatch(survey, plain_words(name)) for name in table.columns)
    for name in table.columns:
        if name in taken or not len(seen[name]) or _share(seen[name], _is_number) < 0.9:
            continue
        words, at, day = _at(plain_words(name))
        stem = re.sub(
            r"\b(total|score|sum|summe|gesamt|sumscore|tot|raw|summenscore|gesamtwert|gesamtscore)\b", " ", words
        ).strip()
        instrument = instrument_in(stem, whole=True) or instrument_in(
            re.sub(r"(total|score|sum)$", "", words.replace(" ", "")), whole=True
        )
        if not instrument and not long and re.fullmatch(r"total|total score|sum|score", words):
            near = (table.headings.get(name, ""), table.sheet, table.file)
            instrument = next(filter(None, map(instrument_in, near)), "")
        if instrument:
            said: dict[str, object] = {"instrument": instrument}
            if at:
                said |= {"at": at, "day": day}
            yield Guess(name, "score", "its name", said, seen=_told(seen[name]))


def _is_number(text: str) -> bool:
    return read_number(text, ",") == read_number(text, ",")


def _share(counts: pd.Series, test: object) -> float:
    total = counts.sum()
    return float(counts[[bool(test(text)) for text in counts.index]].sum() / total) if total else 0.0  # type: ignore[operator]


def _identifiers(table: SourceTable, seen: Mapping[str, pd.Series], taken: Mapping[str, Guess]) -> Iterable[Guess]:
    for name in table.columns:
        if name in taken:
            continue
        if is_identifying_name(name) or is_identifying_name(plain_words(name)):
            yield Guess(name, "drop", "its name is that of an identifier", seen=_told(seen[name]))
            continue
        kinds = [k for k in identifier_kinds([str(t) for t in seen[name].index[:2000]], "code") if k]
        plain = [k for k in kinds if k not in ("a date", "a person's name")]
        if plain:
            yield Guess(name, "drop", f"its values look like {plain[0]}", seen=_told(seen[name]))


def _dates(table: SourceTable, seen: Mapping[str, pd.Series], taken: Mapping[str, Guess]) -> Iterable[Guess]:
    found = [
        n for n in table.columns if n not in taken and len(seen[n]) and _share(seen[n].head(300), looks_like_date) > 0.8
    ]
    of = {name: _dated(plain_words(name)) for name in found}
    general = [name for name in found if not of[name]]
    general.sort(key=lambda n: _date_rank(plain_words(n)))
    for name in found:
        if of[name]:
            yield _date_guess(table, name, "date", f"dates, of {of[name]} by its name", of=of[name])
        elif name == general[0]:
            yield _date_guess(table, name, "date", "dates" + (", chosen among several" if len(general) > 1 else ""))
        else:
            yield Guess(name, "drop", "another date of the row", seen=f"{len(seen[name]):,} different dates")


def _dated(words: str) -> str:
    if instrument := instrument_in(re.sub(r"\b(date|datum|dt)\b", "", words)):
        return instrument
    return "sessions" if re.search(r"\b(sess|session|treatment|dosing|infusion)\b", words) else ""


def _date_rank(words: str) -> tuple[bool, bool, bool]:
    return (re.search(r"open|creat|birth|modif|enter|print|export", words) is not None,
            re.search(r"submit|complet|taken|administ|start|session", words) is None,
            _DATE_NAMES.search(words) is None)  # fmt: skip


def _checkboxes(table: SourceTable, taken: Mapping[str, Guess]) -> Iterable[Guess]:
    for name in table.columns:
        if name not in taken and (found := re.fullmatch(r"(.+)___(.+)", name)) and re.search(r"dx|diag", found[1]):
            label = table.headings.get(name, "")
            value = diagnosis_of(label.split("choice=")[-1].rstrip(")")) if label else ""
            asks = "" if value else f"which diagnosis is choice {found[2]}? (a name of dictionary.md, or is = drop)"
            said = {"when": "1", "value": value or "?"}
            yield Guess(name, "diagnoses.diagnosis", "a checkbox of REDCap", said, asks)


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


def _named(table: SourceTable, seen: Mapping[str, pd.Series], taken: Mapping[str, Guess]) -> Iterable[Guess]:
    used = {guess.role for guess in taken.values()}
    for name in table.columns:
        if name in taken or not len(seen[name]):
            continue
        words = plain_words(name)
        exact = re.sub(r"[^a-z0-9]+", "_", name.lower())
        role = next((f"{t}.{exact}" for t in ("sessions", "patients", "diagnoses") if exact in TABLES[t].columns), "")
        role = next((r for r, names in _NAMES if re.fullmatch(names, words)), role if exact != "patient_id" else "")
        if role == "visit" and ("day" in used or "date" in used or any(g.role == "date" for g in taken.values())):
            yield Guess(name, "drop", "a visit; the dates say when", seen=_told(seen[name]))
        elif role and role not in used and role in _READERS_OF:
            used.add(role)
            yield _READERS_OF[role](table, name, role, seen[name])
        elif role and role not in used:
            used.add(role)
            yield _with_levels(table, name, role, seen[name])


def _values(table: SourceTable, name: str, counts: pd.Series, known: object) -> tuple[dict[str, str], str]:
    """Return text -> value for the texts of a column, ? where nothing is known, and what then is asked."""
    labels = table.labels.get(name, {})
    values = {text: str(known(labels.get(text, text)) or "?") for text in sorted(counts.index)}  # type: ignore[operator]
    return values, "the value of each ?" if "?" in values.values() else ""


def _with_levels(table: SourceTable, name: str, role: str, counts: pd.Series) -> Guess:
    told = _told(counts)
    if "." not in role:
        return Guess(name, role, "its name", seen=told)
    column, field_name = role.split(".", 1)
    spec = TABLES[column].columns[field_name]
    if not spec.level_names:
        return Guess(name, role, "its name", seen=told)
    if len(counts) > MOST_LEVELS or _holds_identifiers(counts):
        return Guess(name, "drop", f"its name is that of {role}, but {len(counts):,} different texts", seen=told)
    values, asks = _values(table, name, counts, lambda text: level_of(role, text))
    if asks:
        asks = f"{asks}: {', '.join(spec.level_names[:12])}, or nothing"
    return Guess(name, role, "its name", {"values": values}, asks, told)


def _holds_identifiers(counts: pd.Series) -> bool:
    kinds = identifier_kinds([str(text) for text in counts.index], "plain")
    return any(kind for kind in kinds)


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
        ("IM", r"(im|intramuscular|i m|injection)\b.*"),
        ("IV", r"(iv|intravenous|i v|infusion)\b.*"),
        ("IN", r"(in|intranasal|nasal|spravato)\b.*"),
        ("SC", r"(sc|subcutaneous|subq|s c)\b.*"),
        ("PO", r"(po|oral|by mouth)\b.*"),
        ("PR", r"(pr|rectal)\b.*"),
    ),
    "sessions.status": (
        ("attended", r"complete\w*|attended|show\w*|arrived|checked (in|out)|done|yes|present|kept|erschienen"),
        ("no_show", r"no ?show\w*|did not attend|dna|missed|absent"),
        ("cancelled", r"cancel\w*|late cancel\w*|rescheduled|abgesagt"),
        ("stopped_early", r"stopped early|stopped|ended early"),
    ),
    "patients.research_consent": (("yes", "y|1|consented|signed"), ("no", "n|0|refused")),
}  # fmt: skip


def _kind_of(text: str) -> str:
    return next((kind for kind, fits in _KINDS if re.search(fits, plain_words(text))), "")


def _kind(table: SourceTable, name: str, role: str, counts: pd.Series) -> Guess:
    if len(counts) > MOST_LEVELS or _holds_identifiers(counts):
        return Guess(
            name, "drop", f"its name is that of {role}, but {len(counts):,} different texts", seen=_told(counts)
        )
    values, asks = _values(table, name, counts, _kind_of)
    return Guess(
        name,
        role,
        "its name",
        {"values": values},
        f"{asks}: preparation, ketamine, integration, or nothing" if asks else "",
        _told(counts),
    )


def format_of(text: str) -> str:
    """Return group or individual where an appointment type says it, else ``same``."""
    return level_of("sessions.format", text) or "same"


def _format(table: SourceTable, name: str, role: str, counts: pd.Series) -> Guess:
    if len(counts) > MOST_LEVELS:
        return Guess(name, "drop", f"{len(counts):,} different texts", seen=_told(counts))
    values, asks = _values(table, name, counts, lambda text: level_of("sessions.format", text))
    return Guess(
        name,
        "sessions.format",
        "its name",
        {"values": values},
        f"{asks}: individual, group" if asks else "",
        _told(counts),
    )


def _survey(table: SourceTable, name: str, role: str, counts: pd.Series) -> Guess:
    if len(counts) > MOST_LEVELS or not any(instrument_in(text) for text in counts.index):
        return Guess(name, "drop", "no instrument of the registry in it", seen=_told(counts))
    values, asks = _values(table, name, counts, instrument_in)
    return Guess(
        name,
        role,
        "its values name instruments",
        {"values": values},
        f"{asks}: an instrument, or nothing" if asks else "",
        _told(counts),
    )


def _answers(table: SourceTable, name: str, role: str, counts: pd.Series) -> Guess:
    words = [t for t in counts.index if not _is_number(t)]
    if not words:
        return Guess(name, role, "its name", seen=_told(counts))
    known = answer_values(words)
    if len(words) > MOST_LEVELS or not known:
        return Guess(name, "drop", "texts that are no answers of a known scale", seen=_told(counts))
    values = {text: known.get(text, "?") for text in sorted(words)}
    return Guess(
        name,
        role,
        "its name",
        {"values": values},
        "the points of each answer" if "?" in values.values() else "",
        _told(counts),
    )


def _practice(table: SourceTable, name: str, role: str, counts: pd.Series) -> Guess:
    if len(counts) > MOST_LEVELS or _holds_identifiers(counts):
        return Guess(name, "drop", f"{len(counts):,} different texts", seen=_told(counts))
    letters = [chr(65 + n % 26) + (str(n // 26) if n > 25 else "") for n in range(len(counts))]
    values = dict(zip(sorted(counts.index), letters, strict=True))
    return Guess(name, role, "its name", {"values": values}, seen=_told(counts))


def _diagnosis(table: SourceTable, name: str, role: str, counts: pd.Series) -> Guess:
    if len(counts) > 5 * MOST_LEVELS or _holds_identifiers(counts):
        return Guess(name, "drop", f"{len(counts):,} different texts", seen=_told(counts))
    values, asks = _values(table, name, counts, diagnosis_of)
    return Guess(
        name,
        role,
        "ICD-10 codes or names",
        {"values": values},
        f"{asks}: a diagnosis of dictionary.md, or nothing" if asks else "",
        _told(counts),
    )


def _visit_days(table: SourceTable, name: str, role: str, counts: pd.Series) -> Guess:
    if len(counts) > MOST_LEVELS:
        return Guess(name, "drop", "a count of rows rather than visits", seen=_told(counts))

    def day(text: str) -> str:
        found = _at(f"x {plain_words(re.sub(r'_arm_[0-9]+$', '', text))}")[2]
        return "" if found is None else str(found)

    values, _ = _values(table, name, counts, day)
    return Guess(
        name, "day", "visits", {"values": values}, "the study day of each visit (baseline: 0 or earlier)", _told(counts)
    )


_READERS_OF: Final = {
    "sessions.kind": _kind,
    "format": _format,
    "sessions.format": _format,
    "instrument": _survey,
    "answer": _answers,
    "patients.practice": _practice,
    "diagnoses.diagnosis": _diagnosis,
    "visit": _visit_days,
}
