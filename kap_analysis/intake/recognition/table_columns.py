"""`recognise`: what the columns of a foreign table are, by names, counts and ranges, never the wording of items."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import pandas as pd

from kap_analysis.instruments.registry import registry_names
from kap_analysis.intake.identification.columns import finding_of
from kap_analysis.intake.identification.safe_harbor import FREE_TEXT, KINDS
from kap_analysis.intake.identification.shown import shown_column
from kap_analysis.intake.recognition.blank_ids import leaves_ids_blank
from kap_analysis.intake.recognition.by_values import columns_by_values, role_of_texts
from kap_analysis.intake.recognition.column_names import KEYS, NAMES, OF_A_FORM, rank_in, visit_in
from kap_analysis.intake.recognition.dated_columns import births, dates, times
from kap_analysis.intake.recognition.guess import NOT_RECOGNISED, Guess, seen_values, share_of, told
from kap_analysis.intake.recognition.listed_values import DIAGNOSES, READERS_OF, with_levels
from kap_analysis.intake.recognition.meanings import diagnosis_of, kind_of, level_of
from kap_analysis.intake.recognition.numbered_sessions import sessions_side_by_side
from kap_analysis.intake.recognition.questionnaires import item_columns, item_runs, score_columns
from kap_analysis.intake.recognition.renamed import find_renamed
from kap_analysis.intake.recognition.session_measures import measure_columns
from kap_analysis.intake.recognition.survey_responses import response_columns
from kap_analysis.intake.recognition.withheld import without_withheld
from kap_analysis.intake.renamed_columns import with_renamed
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.values import MISSING, plain_words
from kap_analysis.study.contract.dictionary import TABLES

#: Anna Miller, or Miller, Anna: a key beside it comes first.
_NAMES_OF_PERSONS: Final = re.compile(r"[^\W\d_]+([ ,.'-]+[^\W\d_]+)+")
#: Names of therapists become codes.
_NOT_KEPT: Final = frozenset({"sessions.facilitator_ids"})


def recognise(table: SourceTable) -> list[Guess]:
    """Say of every column of a table what it is.

    A column that nothing speaks for is dropped, and so is one that looks like an identifier of a person; both are
    written into the map, where a person can change it. A column that a form renamed stands for the one that it was.
    """
    guesses = _recognised(table)
    renamed = find_renamed(table, guesses, _role_of)
    if renamed:
        whole, _ = with_renamed(table, renamed, MISSING)
        cells = {name: values for name, values in whole.cells.items() if name not in renamed}
        guesses = _recognised(replace(whole, cells=cells))
    said = [guesses.get(name) or _of_a_version(table, name, renamed[name]) for name in table.columns]
    return [without_withheld(table, guess) for guess in said]


def _of_a_version(table: SourceTable, name: str, other: str) -> Guess:
    why = f"means what {shown_column(table, other)} means, and no row fills both: renamed in a new version"
    return Guess(name, "same_as", why, {"column": other})


def _recognised(table: SourceTable) -> dict[str, Guess]:
    seen = {name: seen_values(table, name) for name in table.columns}
    taken: dict[str, Guess] = {}
    _take(taken, (_leave_redcap(name) for name in table.columns))
    key = _key(table, seen, taken)
    _take(taken, (key,))
    if key is not None and not leaves_ids_blank(table, key.column):  # lines of totals and notes below say nothing
        there = table.cells[key.column] != ""
        cells = {name: values[there] for name, values in table.cells.items()}
        table = replace(table, cells=cells, lines=table.lines[there])
        seen = {name: seen_values(table, name) for name in table.columns}
    _take(taken, response_columns(table, seen))
    _take(taken, sessions_side_by_side(table, seen, taken, _role_of))
    _take(taken, births(table))
    _take(taken, measure_columns(table, seen, taken, of_sessions=_are_sessions(table, taken)))
    _take(taken, item_columns(table, taken))
    _take(taken, item_runs(table, seen, taken))
    _take(taken, score_columns(table, seen, taken))
    _take(taken, identifiers(table, seen, taken))
    _take(taken, dates(table, seen, taken))
    _take(taken, times(table, seen, taken))
    _take(taken, checkboxes(table, seen, taken))
    _take(taken, _named(table, seen, taken))
    taken |= {guess.column: guess for guess in columns_by_values(table, seen, taken)}
    _say_most_rows(table, taken)
    _ask_for_days(taken)
    _ask_for_dates(taken)
    rest = {name: Guess(name, "drop", NOT_RECOGNISED, seen=told(seen[name])) for name in table.columns}
    return {name: taken.get(name, guess) for name, guess in rest.items()}


def _say_most_rows(table: SourceTable, taken: dict[str, Guess]) -> None:
    """Where the days of a patient's rows are asked for in order, say how many rows one has."""
    of = {guess.role: name for name, guess in taken.items() if guess.role in ("patient_id", "instrument")}
    for name, guess in taken.items():
        if "nth" in guess.said and "patient_id" in of:
            most = pd.DataFrame({role: table.cells[column] for role, column in of.items()}).value_counts().max()
            taken[name] = replace(guess, asks=f"{guess.asks}; one patient has {most:,}")


def _are_sessions(table: SourceTable, taken: Mapping[str, Guess]) -> bool:
    """Whether a name of the table's columns says that its rows hold sessions."""
    roles = {_role_of(name)[0] for name in table.columns if name not in taken}
    return bool({"sessions.dose_mg", "sessions.route", "sessions.kind", "sessions.status"} & roles)


def _ask_for_days(taken: dict[str, Guess]) -> None:
    """Scores of a visit that no date and no name dates: ask for its day, once for each instrument."""
    dated = {str(guess.said.get("at", "")) for guess in taken.values() if guess.role in ("date", "day")}
    asked: set[tuple[object, str]] = set()
    visits: dict[object, set[str]] = {}
    for guess in taken.values():
        if "day" in guess.said:
            visits.setdefault(guess.said.get("instrument"), set()).add(str(guess.said.get("at", "")))
    for name, guess in taken.items():
        at = str(guess.said.get("at", ""))
        if "day" not in guess.said or guess.said["day"] is not None:
            continue
        said = {key: value for key, value in guess.said.items() if key != "day"}
        key = (guess.said.get("instrument"), at)
        of_row = {""} if len(visits[guess.said.get("instrument")]) == 1 else set()  # a date of the row dates one visit
        if not ({at} | of_row) & dated and key not in asked:
            asked.add(key)
            taken[name] = replace(guess, said={**said, "day": "?"}, asks=f"the study day of {at}, such as 30")
        else:
            taken[name] = replace(guess, said=said)


def _ask_for_dates(taken: dict[str, Guess]) -> None:
    """Where the only dates are of one instrument by their name, ask whether they are of another of the row too."""
    if any(guess.role == "day" or "day" in guess.said for guess in taken.values()):
        return
    of_dates = {str(guess.said.get("of", "")): name for name, guess in taken.items() if guess.role == "date"}
    instruments = {str(guess.said.get("instrument", "")) for guess in taken.values() if guess.role in ("score", "item")}
    undated = sorted(instruments - set(of_dates) - {"", "?"})
    dated = sorted(instruments & set(of_dates))
    if undated and dated and "" not in of_dates:
        name = of_dates[dated[0]]
        asks = (
            f'by its name it dates {dated[0]}, and nothing dates {", ".join(undated)}: {dated[0]}, or nothing ("") '
            "if it dates all of the row"
        )
        taken[name] = replace(taken[name], said={**taken[name].said, "of": "?"}, asks=asks)


def _take(taken: dict[str, Guess], guesses: Iterable[Guess | None]) -> None:
    for guess in guesses:
        if guess is not None and guess.column not in taken:
            taken[guess.column] = guess


def key_column(table: SourceTable) -> str:
    """Return the column that is the patient's key by its name, or an empty text."""
    guess = _key(table, {name: seen_values(table, name) for name in table.columns}, {})
    return guess.column if guess else ""


def _leave_redcap(name: str) -> Guess | None:
    is_repeat = re.fullmatch(r"(redcap )?repeat (instrument|instance)", plain_words(name))
    if is_repeat or name.endswith(("_complete", "_timestamp")):
        return Guess(name, "drop", "administration of REDCap")
    return None


def _key(table: SourceTable, seen: Mapping[str, pd.Series], taken: Mapping[str, Guess]) -> Guess | None:
    fits = [n for n in table.columns if n not in taken and KEYS.fullmatch(plain_words(n)) and len(seen[n])]
    fits.sort(
        key=lambda n: (
            "name" in n.lower() or share_of(seen[n].head(300), _NAMES_OF_PERSONS.fullmatch) > 0.5,
            plain_words(n) in ("case id", "chart id", "chart"),
        )
    )
    return (
        Guess(fits[0], "patient_id", "its name; the crosswalk replaces it", seen=told(seen[fits[0]])) if fits else None
    )


def identifiers(table: SourceTable, seen: Mapping[str, pd.Series], taken: Mapping[str, Guess]) -> Iterable[Guess]:
    for name in table.columns:
        if name not in taken and _role_of(name)[0] not in _NOT_KEPT:
            finding = finding_of(name, [str(text) for text in seen[name].index], dates=False)
            # of a column that its name explains, single values are told by the import, or withheld from the map
            if finding and (finding.seen_in == "name" or not _role_of(name)[0]):
                why = f"{finding.what} ({KINDS.get(finding.kind, FREE_TEXT)})"
                yield Guess(name, "drop", why, seen=told(seen[name]))


def checkboxes(table: SourceTable, seen: Mapping[str, pd.Series], taken: Mapping[str, Guess]) -> Iterable[Guess]:
    for name in table.columns:
        if name not in taken and (found := re.fullmatch(r"(.+?)___(.+)", name)) and re.search(r"dx|diag", found[1]):
            if re.sub(r"^_", "-", found[2]).lower() in MISSING:
                yield Guess(name, "drop", "a checkbox of REDCap for missing data")
                continue
            label = table.headings.get(name, "")
            value = diagnosis_of(label.split("choice=")[-1].rstrip(")")) if label else ""
            asks = f'which diagnosis is choice {found[2]}? {DIAGNOSES}; or is = "drop"'
            when = "Checked" if {"Checked", "Unchecked"} & set(seen[name].index) else "1"
            said = {"when": when, "value": value or "?", **_ranked(plain_words(found[1]))}
            yield Guess(name, "diagnoses.diagnosis", "a checkbox of REDCap", said, "" if value else asks)


def _named(table: SourceTable, seen: Mapping[str, pd.Series], taken: Mapping[str, Guess]) -> Iterable[Guess]:
    """Columns whose name stands for a column of the study; the first of two for one thing."""
    used = {(guess.role, str(guess.said.get("at", ""))) for guess in taken.values()}
    dated = any(role in ("date", "day") for role, _ in used)
    long = any(_role_of(name)[0] == "instrument" for name in table.columns)
    for name in sorted(table.columns, key=_is_per_kilogram):
        if name in taken or not len(seen[name]):
            continue
        role, at = _role_of(name)
        is_event = "event" in plain_words(name)  # of REDCap, whose arms are formats
        kinds = {kind_of(table.label_of(name, text)) for text in seen[name].index} if role == "visit" else set()
        if "ketamine" in kinds and not is_event:
            role = "sessions.kind"
        role = _of_another_list(role, [table.label_of(name, text) for text in seen[name].index])
        if role == "visit" and dated:
            yield Guess(name, "drop", "a visit; the dates say when", seen=told(seen[name]))
        elif role and ((role, at) not in used or role == "diagnoses.diagnosis"):
            used.add((role, at))
            guess = READERS_OF.get(role, with_levels)(table, name, role, seen[name])
            if guess.role == "diagnoses.diagnosis":
                guess = replace(guess, said={**guess.said, **_ranked(plain_words(name))})
            if guess.role == "score" and not long:
                asks = f"the total of which instrument? {', '.join(registry_names())}"
                guess = replace(guess, said={"instrument": "?", **guess.said}, asks=asks)
            yield replace(guess, said={**guess.said, "at": at}) if at and guess.role != "drop" else guess


def _is_per_kilogram(name: str) -> bool:
    """Whether a column holds doses per kilogram by its name: one in mg beside it comes first."""
    return re.search(r"\bmg (per )?kg\b", plain_words(name)) is not None


def _of_another_list(role: str, texts: Sequence[str]) -> str:
    """Return the role of another list where the texts mean something in that one, and nothing in that of the name."""
    has_levels = "." in role and TABLES[role.split(".")[0]].columns[role.split(".")[1]].level_names
    if not has_levels or any(level_of(role, text) for text in texts):
        return role
    return role_of_texts(texts) or role


def _ranked(words: str) -> dict[str, int]:
    return {"rank": rank_in(words)} if rank_in(words) else {}


def _role_of(name: str) -> tuple[str, str]:
    """Return the role that a name stands for, and the visit or session that it names."""
    exact = re.sub(r"[^a-z0-9]+", "_", name.lower())
    tables = ("sessions", "patients", "diagnoses") if exact != "patient_id" else ()
    same = next((f"{table}.{exact}" for table in tables if exact in TABLES[table].columns), "")
    words = plain_words(name)
    rest, at, _ = visit_in(words)
    for text, visit in ((words, ""), (OF_A_FORM.sub("", words), ""), (rest, at), (OF_A_FORM.sub("", rest), at)):
        if role := next((role for role, names in NAMES if re.fullmatch(names, text)), ""):
            return role, visit if role.startswith(("sessions.", "assessments.")) or role == "format" else ""
        if same:
            return same, ""
    return "", ""
